// What a person does on the pages, by the stable ids of the forms.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { basic } from '../application.mjs';

/** Waits until `selector` is there and can be seen. */
export const see = (page, selector) => page.locator(selector).first().waitFor({ state: 'visible' });

/** Address of an authorization request of a demo client, with PKCE and state. */
export function authorizeUrl(demo, name, parameters = {}) {
  const client = demo.client(name);
  const url = new URL(`${demo.issuer}/oauth/authorize`);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: client.redirect_uris[0],
    response_type: 'code',
    scope: 'openid profile email',
    state: 'state-of-the-client',
    // Nobody redeems the code, so nobody needs the verifier.
    code_challenge: randomBytes(32).toString('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  });
  return url.href;
}

/** Fills in the sign-in form and sends it. */
export async function signIn(page, { email, password }) {
  await page.fill('#email', email);
  await page.fill('#password', password);
  await page.click('#login-form button[type=submit]');
}

/** Agrees if the consent page came, until `selector` is there. Returns whether it came. */
export async function agreeIfAsked(page, selector) {
  await see(page, `#consent-form, ${selector}`);
  const asked = await page.locator('#consent-form').isVisible();
  if (asked) await page.click('#accept');
  await see(page, selector);
  return asked;
}

/** Address of the sample application, from the demo page. */
export async function sampleUrl(page, demo) {
  await page.goto(`${demo.issuer}/`);
  return page.locator('.page-head a.button-primary').getAttribute('href');
}

/** What a token panel of the sample application shows. */
export async function shownJson(page, id) {
  return JSON.parse(await page.locator(`#${id}`).innerText());
}

/** Checks that the browser came back to a client with these parameters. */
export async function cameBack(page, redirectUri, expected) {
  await page.waitForURL((url) => url.href.startsWith(redirectUri));
  const { searchParams } = new URL(page.url());
  for (const [name, value] of Object.entries(expected)) assert.equal(searchParams.get(name), value, name);
}

/** Makes a person by the admin API; returns the link by which they set their first password. */
export async function invite(demo) {
  const { client_id: id, client_secret: secret } = demo.client('demo-admin');
  const post = async (path, headers, body) => {
    const answer = await fetch(demo.issuer + path, { method: 'POST', headers, body });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope: 'rsp.admin' });
  const { access_token: token } = await post('/oauth/token', { authorization: basic(id, secret) }, form);
  const email = `invited-${randomBytes(4).toString('hex')}@example.com`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const { invitation } = await post('/admin/v1/users', headers, JSON.stringify({ email }));
  return { email, url: `${demo.issuer}/invite?token=${invitation}`, password: randomBytes(12).toString('hex') };
}
