// A person looks after their account: languages, the password field, and sessions in two browsers.

import assert from 'node:assert/strict';
import { see, signIn } from './steps.mjs';

const SESSIONS = 'form[id^=session-]';

export async function accountPages({ browser, page, demo, report }) {
  const bob = demo.user('bob');
  const account = `${demo.issuer}/account`;

  await report.check('account: the language can be changed on the sign-in page, and the sign-in goes on', async () => {
    await page.goto(account);
    await page.click('.languages a[lang=de]');
    assert.equal(await page.locator('html').getAttribute('lang'), 'de');
    await page.click('.languages a[lang=en]');
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await see(page, '#login-form');
  });

  await report.check('account: the password can be shown and hidden', async () => {
    await page.fill('#password', bob.password);
    for (const type of ['text', 'password']) {
      await page.click('.reveal');
      assert.equal(await page.locator('#password').getAttribute('type'), type);
    }
  });

  await report.check('account: signing in leads to the account', async () => {
    await signIn(page, bob);
    await see(page, SESSIONS);
    assert.equal(new URL(page.url()).pathname, '/account');
    // Whatever earlier runs left behind ends here.
    await page.click('#sessions-end-all button');
    await signIn(page, bob);
    await see(page, SESSIONS);
    assert.equal(await page.locator(SESSIONS).count(), 1);
  });

  const second = await browser.newContext();
  const other = await second.newPage();
  await report.check('account: a second browser appears, and can be signed out from the first', async () => {
    await other.goto(account);
    await signIn(other, bob);
    await see(other, SESSIONS);
    await page.reload();
    assert.equal(await page.locator(SESSIONS).count(), 2);
    await page.locator('.thing').filter({ hasNot: page.locator('h3 .tag') }).locator(SESSIONS).first().locator('button').click();
    await see(page, '.notice-ok');
    assert.equal(await page.locator(SESSIONS).count(), 1);
    await other.reload();
    await see(other, '#login-form');
  });

  await report.check('account: ending all sessions ends this one too', async () => {
    await signIn(other, bob);
    await see(other, SESSIONS);
    await page.goto(account);
    await page.click('#sessions-end-all button');
    await page.waitForLoadState();
    for (const each of [page, other]) {
      await each.goto(account);
      await see(each, '#login-form');
    }
  });
  await second.close();
}
