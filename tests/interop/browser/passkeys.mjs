// Passkeys, with authenticators that the browser simulates (WebAuthn level 3 section 11): made, used from the browser's own
// list, by the button and beside a password, copied, and removed.

import assert from 'node:assert/strict';
import { invite, see, signIn } from './steps.mjs';

const SESSIONS = 'form[id^=session-]';
const PASSKEYS = 'form[id^=passkey-]:not(#passkey-add)';

/** An authenticator of the browser's, in reach as long as nobody takes it away. */
async function authenticator(cdp, transport) {
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: false,
    },
  });
  const send = (command, more = {}) => cdp.send(`WebAuthn.${command}`, { authenticatorId, ...more });
  return {
    /** From now on its person answers, or does not. */
    answers: (enabled) => send('setAutomaticPresenceSimulation', { enabled }),
    verifies: (isUserVerified) => send('setUserVerified', { isUserVerified }),
    credentials: async () => (await send('getCredentials')).credentials,
    has: (credential) => send('addCredential', { credential }),
    /** Puts a credential in place of the one it has. */
    replace: async (credential) => {
      await send('removeCredential', { credentialId: credential.credentialId });
      await send('addCredential', { credential });
    },
    take: () => send('removeVirtualAuthenticator'),
  };
}

async function signOut(page, demo) {
  await page.goto(`${demo.issuer}/oauth/logout`);
  await page.click('#logout');
  await page.locator('#logout-form').waitFor({ state: 'detached' });
}

/** To the sign-in page, and for the question about a passkey to be under way. */
async function toLogin(page, demo) {
  const asked = page.waitForResponse((answer) => answer.url().endsWith('/login/passkey/options'));
  await page.goto(`${demo.issuer}/account`);
  await see(page, '#login-form');
  assert.equal((await asked).status(), 200);
}

/** Makes a passkey on the page of factors. */
async function make(page, demo, key, name) {
  await page.goto(`${demo.issuer}/account/factors`);
  await see(page, '#passkey-add');
  const before = await page.locator(PASSKEYS).count();
  await key.answers(true);
  await page.fill('#passkey-name', name);
  await page.click('#passkey-add button');
  await page.waitForURL(/done=passkey$/);
  await key.answers(false);
  assert.equal(await page.locator(PASSKEYS).count(), before + 1);
  assert.ok((await page.locator('h3').allInnerTexts()).some((title) => title.startsWith(name)), name);
}

/** Presses the button for a passkey, and shows it. A simulated person only answers what is asked from then on. */
async function choose(page, key, selector) {
  await key.answers(true);
  await page.click('#passkey-button');
  await see(page, selector);
  await key.answers(false);
}

/** Stands below a passkey that was not accepted. */
const REFUSED = '#passkey-form [data-passkey-error]:not([hidden])';

export async function passkeys({ context, page, demo, report }) {
  const bob = demo.user('bob');
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const laptop = await authenticator(cdp, 'internal');

  await report.check('passkeys: one is made, and gets another name', async () => {
    await page.goto(`${demo.issuer}/account`);
    await signIn(page, bob);
    await see(page, SESSIONS);
    await make(page, demo, laptop, 'Laptop');
    await page.click('.rename summary');
    await page.fill('.rename input[name=name]', 'Work laptop');
    await page.click('.rename button');
    await page.waitForURL(/done=passkey-renamed$/);
    assert.ok((await page.locator('h3').first().innerText()).startsWith('Work laptop'));
  });

  await report.check('passkeys: the browser offers it on the sign-in page, without an address', async () => {
    await signOut(page, demo);
    await laptop.answers(true);
    await page.goto(`${demo.issuer}/account`);
    await see(page, SESSIONS);
    await laptop.answers(false);
    assert.ok((await page.locator('main').innerText()).includes(bob.email));
  });

  await report.check('passkeys: the button works, too, and a person who is not verified gets nowhere', async () => {
    await signOut(page, demo);
    await toLogin(page, demo);
    await laptop.verifies(false);
    await choose(page, laptop, REFUSED);
    await laptop.verifies(true);
    await choose(page, laptop, SESSIONS);
  });

  await report.check('passkeys: a password alone is not enough any more; with the passkey it is', async () => {
    // It has been used often: the server knows its counter from here on.
    const [often] = await laptop.credentials();
    await laptop.replace({ ...often, signCount: 1000 });
    await signOut(page, demo);
    await toLogin(page, demo);
    await signIn(page, bob);
    await see(page, '#passkey-form');
    assert.equal(await page.locator('#login-form').count(), 0);
    await choose(page, laptop, SESSIONS);
  });

  await report.check('passkeys: one of another device signs in where this device has none', async () => {
    const key = await authenticator(cdp, 'usb');
    await laptop.answers(false);
    await make(page, demo, key, 'Security key');
    const [own] = await laptop.credentials();
    await laptop.take();
    await signOut(page, demo);
    // Nothing is offered in the field where the browser itself keeps no passkeys.
    await page.goto(`${demo.issuer}/account`);
    await see(page, '#passkey-button');
    await choose(page, key, SESSIONS);
    const twin = await authenticator(cdp, 'internal');
    // A copy that counts from where it was taken.
    await twin.has({ ...own, signCount: 1 });
    await key.take();
    await signOut(page, demo);
    await toLogin(page, demo);
    await choose(page, twin, REFUSED);
    await twin.replace({ ...own, signCount: own.signCount + 10 });
    await choose(page, twin, SESSIONS);
    Object.assign(laptop, twin);
  });

  await report.check('passkeys: removed, they open nothing, and the password is enough again', async () => {
    await page.goto(`${demo.issuer}/account/factors`);
    for (let left = await page.locator(PASSKEYS).count(); left > 0; left -= 1) {
      await page.locator(PASSKEYS).first().locator('button').click();
      await page.waitForURL(/done=passkey-removed$/);
      assert.equal(await page.locator(PASSKEYS).count(), left - 1);
    }
    await signOut(page, demo);
    await toLogin(page, demo);
    await choose(page, laptop, REFUSED);
    await signIn(page, bob);
    await see(page, SESSIONS);
    await signOut(page, demo);
    await laptop.take();
  });

  await report.check('passkeys: an invited person lives without a password, and cannot lock themself out', async () => {
    const { url, email } = await invite(demo);
    const phone = await authenticator(cdp, 'internal');
    await page.goto(url);
    await phone.answers(true);
    const asked = page.waitForResponse((answer) => answer.url().endsWith('/login/passkey/options'));
    await page.click('#invite-passkey');
    await asked;
    await see(page, SESSIONS);
    await phone.answers(false);
    assert.ok((await page.locator('main').innerText()).includes(email));
    await page.goto(`${demo.issuer}/account/factors`);
    await page.locator(PASSKEYS).first().locator('button').click();
    await page.waitForURL(/done=last-way-in$/);
    assert.equal(await page.locator(PASSKEYS).count(), 1);
    await signOut(page, demo);
    await phone.take();
  });
}
