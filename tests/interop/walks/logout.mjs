// Logout asked for by the application: at once for somebody it can name, after a question for everybody else.

import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { refusal } from '../application.mjs';
import { Person } from '../person.mjs';

export async function logout({ demo, report, web }) {
  const back = demo.client('demo-web').post_logout_redirect_uris[0];
  const leave = (parameters) => client.buildEndSessionUrl(web.config, parameters);
  const signedIn = async (name = 'bob') => {
    const person = new Person(demo.user(name));
    return { person, tokens: await web.signIn(person) };
  };
  const isSignedIn = async (person) => {
    const { callback, checks } = await web.ask(person, { prompt: 'none' });
    if (callback.searchParams.has('code')) return true;
    assert.equal((await refusal(web.redeem(callback, checks))).error, 'login_required');
    return false;
  };
  const asks = (page) => assert.ok(page.form('logout-form'), `a question, not "${page.heading}" (${page.status})`);
  /** Opens a logout URL as the application's link would, up to a page or to the application's own address. */
  const visit = async (person, url) => {
    let page = await person.open(url, { site: 'cross-site' });
    while (page.location && !page.location.href.startsWith(back)) {
      assert.equal(page.location.origin, new URL(demo.issuer).origin, 'stays here');
      page = await person.open(page.location, { site: 'cross-site' });
    }
    return page;
  };

  await report.check('with a hint and a registered URI: signed out, back with state, no question', async () => {
    const { person, tokens } = await signedIn();
    assert.equal(await isSignedIn(person), true);
    const url = leave({ id_token_hint: tokens.id_token, post_logout_redirect_uri: back, state: 'a b&c' });
    const page = await visit(person, url);
    assert.equal(page.location?.searchParams.get('state'), 'a b&c');
    assert.equal(await isSignedIn(person), false);
  });

  await report.check('without a hint: a question; staying changes nothing, leaving ends the session', async () => {
    const { person } = await signedIn();
    const question = await visit(person, leave({}));
    asks(question);
    await person.submit(question, 'logout-form', { stay: '1' });
    assert.equal(await isSignedIn(person), true);
    const again = await visit(person, leave({}));
    const done = await person.submit(again, 'logout-form', { logout: '1' });
    assert.ok(done.status < 400);
    assert.equal(await isSignedIn(person), false);
  });

  await report.check('a question answered with yes leads back to a registered URI', async () => {
    const { person } = await signedIn();
    const url = leave({ client_id: web.record.client_id, post_logout_redirect_uri: back, state: 's1' });
    const question = await visit(person, url);
    asks(question);
    let done = await person.submit(question, 'logout-form', { logout: '1' });
    while (done.location && !done.location.href.startsWith(back)) done = await person.open(done.location);
    const html = done.location?.href ?? done.html;
    assert.ok(html.includes(back), 'goes or links back');
    assert.equal(await isSignedIn(person), false);
  });

  const elsewhere = `${back}/x`;
  for (const [name, hint] of Object.entries({
    'an unregistered URI': (own) => ({ id_token_hint: own, post_logout_redirect_uri: elsewhere, state: 's' }),
    'a URI and no hint': () => ({ post_logout_redirect_uri: elsewhere }),
    'a broken hint': (own) => ({ id_token_hint: `${own.slice(0, -8)}AAAAAAAA`, post_logout_redirect_uri: back }),
    'the hint of another person': (own, other) => ({ id_token_hint: other, post_logout_redirect_uri: back }),
    'an access token as hint': (own, other, access) => ({ id_token_hint: access, post_logout_redirect_uri: back }),
    'a hint of one client and the name of another': (own) => ({ id_token_hint: own, client_id: demo.client('demo-spa').client_id }),
  })) {
    await report.check(`${name}: a question and no redirect`, async () => {
      const { person, tokens } = await signedIn();
      const other = await signedIn('alice');
      const url = leave(hint(tokens.id_token, other.tokens.id_token, tokens.access_token));
      asks(await visit(person, url));
      assert.equal(await isSignedIn(person), true);
    });
  }

  await report.check('another site can bring the question up, never the answer', async () => {
    const { person } = await signedIn();
    const question = await visit(person, leave({}));
    const foreign = { site: 'cross-site', allCookies: true };
    const posted = await person.submit(question, 'logout-form', { logout: '1' }, foreign);
    assert.equal(posted.location, undefined);
    assert.equal(await isSignedIn(person), true);
    await person.submit(await visit(person, leave({})), 'logout-form', { logout: '1' });
    assert.equal(await isSignedIn(person), false);
  });

  await report.check('one browser leaves, another one of the same person stays', async () => {
    const one = await signedIn();
    const two = await signedIn();
    await visit(one.person, leave({ id_token_hint: one.tokens.id_token, post_logout_redirect_uri: back }));
    assert.equal(await isSignedIn(one.person), false);
    assert.equal(await isSignedIn(two.person), true);
  });
}
