// Pages against a hostile web: planted cookies, foreign flows, posts from other sites, wrong passwords.

import assert from 'node:assert/strict';
import { Person } from '../person.mjs';

/** Follows an authorization request up to the first page. */
async function firstPage(application, person, parameters) {
  const { url, checks } = await application.request(parameters);
  let page = await person.open(url, { site: 'cross-site' });
  while (page.location) page = await person.open(page.location, { site: 'cross-site' });
  return { page, checks };
}

/** Goes on from `page` until the browser returns to the application; `undefined` if it does not. */
async function finish(application, person, page) {
  let current = page;
  for (let step = 0; step < 6; step += 1) {
    if (!current.location) {
      if (!current.form('consent-form')) return undefined;
      current = await person.submit(current, 'consent-form', { accept: '1' });
    } else if (current.location.href.startsWith(application.redirectUri)) {
      return current.location;
    } else {
      current = await person.open(current.location);
    }
  }
  return undefined;
}

export async function pages(world) {
  await passwords(world);
  await planted(world);
  await otherSites(world);
}

async function passwords({ demo, report, web }) {
  const bob = demo.user('bob');
  await report.check('a wrong password and an unknown person get the same answer; the right one works', async () => {
    const person = new Person(bob);
    const { page, checks } = await firstPage(web, person);
    const wrong = await person.submit(page, 'login-form', { email: bob.email, password: 'not this one' });
    const unknown = await person.submit(page, 'login-form', { email: 'nobody@example.com', password: 'not this one' });
    const alert = ({ html }) => /role="alert"[^>]*>([\s\S]*?)<\/div>/.exec(html)?.[1];
    assert.ok(alert(wrong));
    assert.equal(alert(wrong), alert(unknown));
    assert.equal(wrong.status, unknown.status);
    assert.equal(wrong.form('login-form').fields.email, bob.email);
    assert.equal(wrong.form('login-form').fields.password, '');
    const done = await person.submit(wrong, 'login-form', { email: bob.email, password: bob.password });
    await web.redeem(await finish(web, person, done), checks);
  });
}

async function planted({ demo, report, web }) {
  const bob = demo.user('bob');
  const signIn = (person, page) => person.submit(page, 'login-form', { email: bob.email, password: bob.password });

  await report.check('signing in changes the session id, so a planted one is worth nothing', async () => {
    const attacker = new Person(demo.user('alice'));
    await web.signIn(attacker);
    const victim = new Person(bob);
    const session = attacker.cookieNames.find((name) => name.includes('session')) ?? attacker.cookieNames[0];
    attacker.cookieNames.forEach((name) => victim.plant(name, attacker.cookie(name)));
    const { page } = await firstPage(web, victim, { prompt: 'login' });
    await signIn(victim, page);
    assert.notEqual(victim.cookie(session), attacker.cookie(session));
    // The session the browser had before is over, wherever else its cookie lies.
    await assert.rejects(web.ask(attacker, { prompt: 'none' }).then(({ callback, checks }) => web.redeem(callback, checks)), {
      error: 'login_required',
    });
  });

  await report.check('a flow works only in the browser it began in', async () => {
    const attacker = new Person(demo.user('alice'));
    const { page } = await firstPage(web, attacker);
    const victim = new Person(bob);
    const opened = await victim.open(page.url);
    assert.equal(opened.form('login-form'), undefined);
    const posted = await signIn(victim, page);
    assert.equal(posted.location, undefined);
    assert.ok(posted.status >= 400);
    assert.ok((await signIn(attacker, page)).location);
  });

  await report.check('going back and sending the sign-in form again does not break anything', async () => {
    const person = new Person(bob);
    const { page, checks } = await firstPage(web, person);
    const callback = await finish(web, person, await signIn(person, page));
    const again = await signIn(person, page);
    assert.ok(!again.location?.href.startsWith(web.redirectUri), 'a second code from one flow');
    await web.redeem(callback, checks);
  });
}

async function otherSites({ demo, report, web }) {
  const bob = demo.user('bob');
  const foreign = { site: 'cross-site', allCookies: true };
  const password = { email: bob.email, password: bob.password };

  await report.check('another site cannot post the sign-in form; the page itself can', async () => {
    const person = new Person(bob);
    const { page } = await firstPage(web, person);
    assert.equal((await person.submit(page, 'login-form', password, foreign)).status, 403);
    assert.ok((await person.submit(page, 'login-form', password)).location);
  });

  await report.check('another site cannot post the consent form; the page itself can', async () => {
    const person = new Person(bob);
    await web.signIn(person);
    const { page } = await firstPage(web, person, { prompt: 'consent' });
    assert.equal((await person.submit(page, 'consent-form', { accept: '1' }, foreign)).status, 403);
    assert.ok((await person.submit(page, 'consent-form', { accept: '1' })).location);
  });

  await report.check('a form without its own hidden value is refused', async () => {
    const person = new Person(bob);
    await web.signIn(person);
    const { page } = await firstPage(web, person, { prompt: 'consent' });
    const refused = await person.submit(page, 'consent-form', { accept: '1', csrf: 'guessed' });
    assert.equal(refused.location, undefined);
    assert.equal(refused.status, 403);
  });
}
