// People sign in: the code flow with PKCE, and what a client may ask of it.

import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { Application, refusal } from '../application.mjs';
import { Person } from '../person.mjs';

/** `auth_time` counts in seconds, so two sign-ins are told apart only across one. */
const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 1100));

export async function signIn(world) {
  const alice = new Person(world.demo.user('alice'));
  const first = await firstTime(world, alice);
  await answersOnTheWay(world, alice);
  await asking(world, alice, first);
  await claims(world, alice);
  await publicClient(world, alice);
  await world.report.check('pages, cookies and redirects kept their safety rules all the way', () => {
    assert.deepEqual([...new Set(alice.complaints)], []);
  });
}

async function firstTime({ demo, report, web }, alice) {
  const tokens = await report.check('demo-web: sign-in, code, PKCE, tokens', async () => {
    const got = await web.signIn(alice);
    assert.deepEqual(alice.shown.slice(0, 1), ['login-form']);
    assert.equal(got.token_type, 'bearer');
    return got;
  });
  const claims = tokens?.claims();

  await report.check('the ID token says who, how and when', () => {
    assert.equal(claims.sub, demo.user('alice').sub);
    assert.equal(claims.iss, demo.issuer);
    assert.deepEqual([claims.aud].flat(), [web.record.client_id]);
    assert.equal(claims.acr, 'aal1');
    assert.deepEqual(claims.amr, ['pwd']);
    assert.ok(Math.abs(Date.now() / 1000 - claims.auth_time) < 60);
    assert.ok(claims.at_hash && claims.nonce && claims.exp > claims.iat);
  });

  await report.check('userinfo answers GET and POST, by header only', async () => {
    const info = await client.fetchUserInfo(web.config, tokens.access_token, claims.sub);
    assert.equal(info.email, demo.user('alice').email);
    const endpoint = web.server.userinfo_endpoint;
    const bearer = { headers: { authorization: `Bearer ${tokens.access_token}` } };
    const posted = await fetch(endpoint, { method: 'POST', ...bearer });
    assert.deepEqual(await posted.json(), info);
    const inQuery = await fetch(`${endpoint}?access_token=${tokens.access_token}`);
    assert.equal(inQuery.status, 401);
    assert.match(inQuery.headers.get('www-authenticate'), /^Bearer/);
  });

  await report.check('userinfo refuses a broken token', async () => {
    const error = await refusal(client.fetchUserInfo(web.config, `${tokens.access_token}x`, claims.sub));
    assert.equal(error.status, 401);
    assert.equal(error.cause[0].parameters.error, 'invalid_token');
  });
  return claims;
}

async function answersOnTheWay({ demo, report, web }, alice) {
  await report.check('answer by form post', async () => {
    const { callback, checks } = await web.ask(alice, { response_mode: 'form_post' });
    assert.ok(callback instanceof Request, 'a form that posts to the application');
    await web.redeem(callback, checks);
  });

  await report.check('answer in the fragment', async () => {
    const { callback, checks } = await web.ask(alice, { response_mode: 'fragment' });
    assert.equal(callback.search, '');
    // What a script in the page does: it hands the fragment on as parameters.
    await web.redeem(new URL(`${web.redirectUri}?${callback.hash.slice(1)}`), checks);
  });

  await report.check('an authorization request may come as a POST', async () => {
    const { url, checks } = await web.request();
    const form = Object.fromEntries(url.searchParams);
    await web.redeem(await alice.answer(web.server.authorization_endpoint, web.redirectUri, { form }), checks);
  });

  for (const [name, change] of [
    ['iss', 'https://elsewhere.example'],
    ['state', 'planted'],
  ]) {
    await report.check(`the library notices a wrong ${name}, and takes the right one`, async () => {
      const { callback, checks } = await web.ask(alice);
      const forged = new URL(callback);
      forged.searchParams.set(name, change);
      await refusal(web.redeem(forged, checks));
      assert.equal(callback.searchParams.get('iss'), demo.issuer);
      await web.redeem(callback, checks);
    });
  }

  await report.check('the library notices a foreign nonce', async () => {
    const { callback, checks } = await web.ask(alice);
    await refusal(web.redeem(callback, { ...checks, expectedNonce: 'another' }));
  });
}

/** prompt, max_age, hints: each asks for a page, or for none. */
async function asking({ demo, report, web }, alice, first) {
  const { user } = demo;
  const silent = { prompt: 'none' };
  const errorOf = async (person, parameters, options) => {
    const { callback, checks } = await web.ask(person, parameters, options);
    return (await refusal(web.redeem(callback, checks))).error;
  };

  await report.check('prompt=none: refused to a stranger, silent for somebody signed in', async () => {
    assert.equal(await errorOf(new Person(user('alice')), silent), 'login_required');
    await web.signIn(alice, silent);
    assert.deepEqual(alice.shown, []);
  });

  await report.check('a second request shows no sign-in page and keeps auth_time', async () => {
    const again = (await web.signIn(alice)).claims();
    assert.deepEqual(alice.shown, []);
    assert.equal(again.auth_time, first.auth_time);
  });

  await report.check('prompt=login asks again and moves auth_time', async () => {
    await nextSecond();
    const again = (await web.signIn(alice, { prompt: 'login' })).claims();
    assert.ok(alice.shown.includes('login-form'));
    assert.ok(again.auth_time > first.auth_time);
  });

  await report.check('max_age: a young sign-in will do, an old one will not', async () => {
    const young = await web.ask(alice, { max_age: '3600' });
    assert.deepEqual(alice.shown, []);
    await web.redeem(young.callback, { ...young.checks, maxAge: 3600 });
    await nextSecond();
    assert.equal(await errorOf(alice, { max_age: '0', ...silent }), 'login_required');
    const old = await web.ask(alice, { max_age: '0' });
    assert.ok(alice.shown.includes('login-form'));
    await web.redeem(old.callback, { ...old.checks, maxAge: 5 });
  });

  await report.check('login_hint fills in the address', async () => {
    const stranger = new Person(user('bob'));
    const { url } = await web.request({ login_hint: user('bob').email });
    let page = await stranger.open(url, { site: 'cross-site' });
    while (page.location) page = await stranger.open(page.location, { site: 'cross-site' });
    assert.equal(page.form('login-form').fields.email, user('bob').email);
  });

  await report.check('id_token_hint: the same person passes, another one does not', async () => {
    const hint = (await web.signIn(alice)).id_token;
    await web.signIn(alice, { ...silent, id_token_hint: hint });
    const bob = new Person(user('bob'));
    await web.signIn(bob);
    assert.equal(await errorOf(bob, { ...silent, id_token_hint: hint }), 'login_required');
  });

  await report.check('a person who says no: access_denied; who says yes: a code', async () => {
    assert.equal(await errorOf(alice, { prompt: 'consent' }, { decide: 'deny' }), 'access_denied');
    assert.ok(alice.shown.includes('consent-form'));
    await web.signIn(alice, { prompt: 'consent' });
    assert.equal(await errorOf(alice, { prompt: 'none consent' }), 'invalid_request');
  });

  await report.check('an essential acr: reached or refused', async () => {
    const wish = (value) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, value } } }) });
    assert.equal((await web.signIn(alice, wish('aal1'))).claims().acr, 'aal1');
    assert.equal(await errorOf(alice, wish('aal3')), 'unmet_authentication_requirements');
  });
}

async function claims({ demo, report, web }, alice) {
  await report.check('scopes decide what userinfo tells', async () => {
    const told = async (scope) => {
      const tokens = await web.signIn(alice, { scope });
      return client.fetchUserInfo(web.config, tokens.access_token, tokens.claims().sub);
    };
    assert.deepEqual(Object.keys(await told('openid')), ['sub']);
    const more = await told('openid profile email');
    assert.equal(more.email, demo.user('alice').email);
    assert.equal(typeof more.email_verified, 'boolean');
    assert.ok(more.name);
  });

  await report.check('the claims parameter brings single claims, and only those', async () => {
    const wish = { userinfo: { name: null }, id_token: { email: { essential: true } } };
    const tokens = await web.signIn(alice, { scope: 'openid', claims: JSON.stringify(wish) });
    assert.equal(tokens.claims().email, demo.user('alice').email);
    const info = await client.fetchUserInfo(web.config, tokens.access_token, tokens.claims().sub);
    assert.deepEqual(Object.keys(info).sort(), ['name', 'sub']);
  });
}

async function publicClient({ demo, report, spa }, alice) {
  await report.check('demo-spa: no secret, a loopback port of its own choice', async () => {
    const tokens = await spa.signIn(alice);
    assert.ok(alice.shown.includes('consent-form'), 'a client that proves nothing is asked about');
    assert.equal(tokens.claims().sub, demo.user('alice').sub);
  });

  await report.check('demo-spa: another port works too, another path does not', async () => {
    const moved = await Application.discover(demo, 'demo-spa', 'http://127.0.0.1:61001/callback');
    await moved.signIn(alice);
    const strayed = await Application.discover(demo, 'demo-spa', 'http://127.0.0.1:61001/elsewhere');
    const { callback: page } = await strayed.ask(alice);
    assert.equal(page.status, 400);
  });

  await report.check('demo-spa: an unproven client never gets past the person unseen', async () => {
    const { callback, checks } = await spa.ask(alice, { prompt: 'none' });
    assert.equal((await refusal(spa.redeem(callback, checks))).error, 'consent_required');
    await spa.signIn(alice);
    assert.ok(alice.shown.includes('consent-form'));
  });
}
