// What the authorization and token endpoints refuse, each next to the request that differs by one thing and works.

import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { basic, refusal } from '../application.mjs';
import { Person } from '../person.mjs';

export async function refusals(world) {
  const alice = new Person(world.demo.user('alice'));
  await clientProof(world);
  await proofKey(world, alice);
  await codes(world, alice);
  await malformed(world, alice);
}

async function clientProof({ report, web }) {
  const endpoint = web.server.token_endpoint;
  const ask = (headers, more = {}) =>
    web.post(endpoint, { grant_type: 'client_credentials', ...more }, { authenticated: false, headers });
  const { client_id: id, client_secret: secret } = web.record;

  await report.check('a wrong secret: 401, invalid_client, WWW-Authenticate; the right one works', async () => {
    for (const wrong of [basic(id, `${secret}x`), basic('nobody', secret), 'Basic %%%', 'Bearer x']) {
      const answer = await ask({ authorization: wrong });
      assert.equal(answer.status, 401);
      assert.equal(answer.json.error, 'invalid_client');
      assert.match(answer.headers.get('www-authenticate'), /^Basic realm=/);
    }
    const good = await ask({ authorization: basic(id, secret) });
    assert.equal(good.status, 200);
    assert.match(good.headers.get('cache-control'), /no-store/);
  });

  await report.check('two ways to prove oneself at once are refused, and so is another than the registered', async () => {
    const twice = await ask({ authorization: basic(id, secret) }, { client_id: id, client_secret: secret });
    assert.equal(twice.status, 400);
    assert.equal(twice.json.error, 'invalid_request');
    const other = await ask({}, { client_id: id, client_secret: secret });
    assert.equal(other.json.error, 'invalid_client');
  });
}

async function proofKey({ report, web }, alice) {
  const challenge = { code_challenge: undefined, code_challenge_method: undefined };

  await report.check('no challenge, an empty, a plain or a short one: invalid_request', async () => {
    for (const parameters of [
      challenge,
      { code_challenge: '' },
      { code_challenge_method: 'plain' },
      { code_challenge_method: undefined },
      { code_challenge: 'short' },
    ]) {
      const { callback, checks } = await web.ask(alice, parameters);
      const { error } = await refusal(web.redeem(callback, checks));
      assert.equal(error, 'invalid_request', JSON.stringify(parameters));
    }
    await web.signIn(alice);
  });

  for (const [name, verifier] of Object.entries({
    absent: () => undefined,
    empty: () => '',
    wrong: () => client.randomPKCECodeVerifier(),
    short: (right) => right.slice(0, 42),
    'the challenge itself': (right, challenged) => challenged,
  })) {
    await report.check(`verifier ${name}: invalid_grant, and the right one still works`, async () => {
      const { url, checks } = await web.request();
      const callback = await alice.answer(url, web.redirectUri);
      const right = checks.pkceCodeVerifier;
      const wrong = verifier(right, url.searchParams.get('code_challenge'));
      const refused = await web.redeemByHand(callback, wrong);
      assert.equal(refused.status, 400);
      assert.match(refused.json.error, name === 'wrong' ? /^invalid_grant$/ : /^invalid_(grant|request)$/);
      await web.redeem(callback, checks);
    });
  }
}

async function codes({ report, web, spa }, alice) {
  await report.check('a code used twice: invalid_grant, and the tokens of the first use are dead', async () => {
    const { callback, checks } = await web.ask(alice);
    const tokens = await web.redeem(callback, checks);
    assert.equal((await web.introspect(tokens.access_token)).active, true);
    assert.equal((await refusal(web.redeem(callback, checks))).error, 'invalid_grant');
    assert.deepEqual(await web.introspect(tokens.access_token), { active: false });
    const dead = await refusal(client.refreshTokenGrant(web.config, tokens.refresh_token));
    assert.equal(dead.error, 'invalid_grant');
  });

  await report.check('a code is bound to its client and its redirect URI', async () => {
    const { callback, checks } = await web.ask(alice);
    const verifier = checks.pkceCodeVerifier;
    const stolen = await spa.redeemByHand(callback, verifier, { redirect_uri: web.redirectUri });
    assert.equal(stolen.json.error, 'invalid_grant');
    const elsewhere = await web.redeemByHand(callback, verifier, { redirect_uri: `${web.redirectUri}/x` });
    assert.equal(elsewhere.json.error, 'invalid_grant');
    await web.redeem(callback, checks);
  });

  await report.check('a code nobody issued: invalid_grant', async () => {
    const { callback } = await web.ask(alice);
    callback.searchParams.set('code', 'A'.repeat(43));
    const answer = await web.redeemByHand(callback, client.randomPKCECodeVerifier());
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_grant']);
  });
}

async function malformed({ report, web }, alice) {
  const endpoint = web.server.token_endpoint;

  await report.check('a parameter twice: invalid_request at the token endpoint, no code at authorize', async () => {
    const once = ['grant_type', 'client_credentials'];
    const twice = await web.post(endpoint, [once, once]);
    assert.deepEqual([twice.status, twice.json.error], [400, 'invalid_request']);
    assert.equal((await web.post(endpoint, [once])).status, 200);
    const { url } = await web.request();
    url.searchParams.append('scope', 'openid');
    const answer = await alice.answer(url, web.redirectUri);
    if (answer instanceof URL) assert.equal(answer.searchParams.get('error'), 'invalid_request');
    else assert.equal(answer.status, 400);
  });

  await report.check('only response_type=code and known response modes', async () => {
    const others = ['token', 'id_token', 'code id_token', 'code token', 'none', ''];
    for (const parameters of [...others.map((type) => ({ response_type: type })), { response_mode: 'smoke' }]) {
      const { callback, checks } = await web.ask(alice, parameters);
      const { error } = await refusal(web.redeem(callback, checks));
      assert.match(error, /^(unsupported_response_type|invalid_request)$/, JSON.stringify(parameters));
    }
  });

  await report.check('unknown scopes and resources never widen a grant', async () => {
    const { callback } = await web.ask(alice, { resource: 'https://nobody.example' });
    assert.equal(callback.searchParams.get('error'), 'invalid_target');
    const odd = await web.ask(alice, { scope: 'openid rsp.admin' });
    if (odd.callback.searchParams.get('error')) {
      assert.equal(odd.callback.searchParams.get('error'), 'invalid_scope');
    } else {
      const tokens = await web.redeem(odd.callback, odd.checks);
      assert.ok(!tokens.scope.includes('rsp.admin'));
    }
  });

  await report.check('unknown grants, wrong methods and wrong content types have their own answers', async () => {
    const password = { grant_type: 'password', username: 'alice@example.com', password: 'x' };
    assert.equal((await web.post(endpoint, password)).json.error, 'unsupported_grant_type');
    const get = await fetch(`${endpoint}?grant_type=client_credentials`);
    assert.equal(get.status, 405);
    assert.match(get.headers.get('allow'), /POST/);
    const authorization = basic(web.record.client_id, web.record.client_secret);
    const json = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: '{"grant_type":"client_credentials"}',
    });
    assert.equal(json.status, 415);
    const big = await web.post(endpoint, { grant_type: 'client_credentials', scope: 'x'.repeat(200_000) });
    assert.equal(big.status, 413);
  });

  await report.check('an error text never repeats what was sent', async () => {
    const marker = 'zq7<script>"';
    const answers = await Promise.all([
      web.post(endpoint, { grant_type: marker }),
      web.post(endpoint, { grant_type: 'client_credentials', scope: marker }),
      web.post(endpoint, { grant_type: 'client_credentials', resource: marker }),
    ]);
    for (const { status, text } of answers) {
      assert.equal(status, 400);
      assert.ok(!text.includes('zq7'));
    }
    const { url } = await web.request({ redirect_uri: `https://zq7.example/${marker}` });
    const page = await alice.open(url);
    assert.equal(page.status, 400);
    assert.ok(!page.html.includes('<script>"') && !page.html.includes('zq7'));
  });
}
