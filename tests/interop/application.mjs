// An application that signs people in with the stock client library `openid-client`.

import * as client from 'openid-client';

/** The library does not only trust TLS: it also checks the signature of every ID token. */
const EXECUTE = [client.allowInsecureRequests, client.enableNonRepudiationChecks];

export class Application {
  /** Discovers the issuer as client `name` of the demo file. `redirectUri` defaults to its registered one. */
  static async discover(demo, name, redirectUri) {
    const record = demo.client(name);
    const secret = record.client_secret;
    const auth = secret ? client.ClientSecretBasic(secret) : client.None();
    const options = { execute: EXECUTE };
    const config = await client.discovery(new URL(demo.issuer), record.client_id, undefined, auth, options);
    return new Application(config, record, redirectUri ?? record.redirect_uris?.[0]);
  }

  constructor(config, record, redirectUri) {
    this.config = config;
    this.record = record;
    this.redirectUri = redirectUri;
    this.server = config.serverMetadata();
  }

  /** An authorization request with PKCE, state and nonce. A parameter set to `undefined` is left out. */
  async request(parameters = {}) {
    const checks = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
      idTokenExpected: true,
    };
    const url = client.buildAuthorizationUrl(this.config, {
      redirect_uri: this.redirectUri,
      scope: 'openid email',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...parameters,
    });
    for (const [name, value] of Object.entries(parameters)) if (value === undefined) url.searchParams.delete(name);
    return { url, checks };
  }

  /** Sends `person` to the issuer and takes the answer. Nothing is redeemed yet. */
  async ask(person, parameters = {}, options = {}) {
    const { url, checks } = await this.request(parameters);
    return { callback: await person.answer(url, this.redirectUri, options), checks };
  }

  /** Redeems the code in `callback`; the library checks state, iss, nonce, signature and times on the way. */
  redeem(callback, checks, parameters) {
    if (!(callback instanceof URL || callback instanceof Request)) {
      throw new Error(`no answer for the application, but the page "${callback.heading}" (${callback.status})`);
    }
    return client.authorizationCodeGrant(this.config, callback, checks, parameters);
  }

  /** The whole way: asks, redeems, returns the tokens. */
  async signIn(person, parameters = {}, options = {}) {
    const { callback, checks } = await this.ask(person, parameters, options);
    return this.redeem(callback, checks);
  }

  /** A request by hand, for what the library would not send. */
  async post(endpoint, fields, { authenticated = true, headers = {} } = {}) {
    const { client_id: id, client_secret: secret } = this.record;
    const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
    const body = new URLSearchParams(pairs.filter(([, value]) => value !== undefined));
    const proof = {};
    if (authenticated && secret) proof.authorization = basic(id, secret);
    else if (authenticated) body.append('client_id', id);
    const response = await fetch(endpoint, { method: 'POST', headers: { ...proof, ...headers }, body });
    const text = await response.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, json, text };
  }

  /** Redeems by hand the code in `callback`. */
  redeemByHand(callback, verifier, more = {}) {
    return this.post(this.server.token_endpoint, {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code'),
      redirect_uri: this.redirectUri,
      code_verifier: verifier,
      ...more,
    });
  }

  introspect(token) {
    return client.tokenIntrospection(this.config, token);
  }
}

/** HTTP Basic as OAuth wants it: both halves form-encoded first. */
export function basic(id, secret) {
  const encode = (text) => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}

/** The claims of a JWT access token, unchecked. */
export function claimsOf(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());
}

/** `aud` as a list. */
export const audienceOf = ({ aud }) => [aud].flat();

/** The error with which the library refuses `promise`; throws if it does not. */
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('was not refused');
}
