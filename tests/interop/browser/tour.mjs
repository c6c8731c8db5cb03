// One tour through every page, in the order a person meets them. At each stop `look` may take a picture or an
// accessibility check; the tour itself checks that the page does its work.

import assert from 'node:assert/strict';
import { agreeIfAsked, authorizeUrl, cameBack, invite, sampleUrl, see, shownJson, signIn } from './steps.mjs';

const heading = (page) => page.locator('h1').innerText();

/** Name of the stop, what is checked there, and how to get there. */
const STOPS = [
  ['demo-home', 'the demo page names accounts and clients', async ({ page, demo, memory }) => {
    memory.sample = new URL(await sampleUrl(page, demo), demo.issuer).href;
    const text = await page.locator('main').innerText();
    for (const part of [demo.user('alice').email, demo.client('demo-web').client_id]) assert.ok(text.includes(part), part);
  }],
  ['sample-home', 'it leads to the sample application, on an origin of its own', async ({ page, demo, memory }) => {
    await page.click('.page-head a.button-primary');
    await see(page, '#sign-in');
    assert.notEqual(new URL(page.url()).origin, new URL(demo.issuer).origin);
    assert.equal(new URL(page.url()).origin, new URL(memory.sample).origin);
  }],
  ['login', 'the application sends the browser to the sign-in page, ready to type', async ({ page, memory }) => {
    await page.click('#sign-in');
    await see(page, '#login-form');
    memory.login = page.url();
    await expectFocus(page, '#email');
  }],
  ['login-error', 'a wrong password is said above the form, with the focus', async ({ page, demo }) => {
    const { email } = demo.user('alice');
    await signIn(page, { email, password: 'not this one' });
    await see(page, '[role=alert]:not([hidden])');
    assert.equal(await page.inputValue('#email'), email);
    assert.equal(await page.inputValue('#password'), '');
    const alert = await page.locator('[role=alert]:not([hidden])').getAttribute('id');
    for (const field of ['#email', '#password']) {
      assert.equal(await page.locator(field).getAttribute('aria-describedby'), alert);
    }
    await expectFocus(page, `#${alert}`);
  }],
  ['sample-signed-in', 'the right password leads back, and the tokens are shown', async ({ page, demo }) => {
    await signIn(page, demo.user('alice'));
    await agreeIfAsked(page, '#id-token-claims');
    const claims = await shownJson(page, 'id-token-claims');
    assert.equal(claims.sub, demo.user('alice').sub);
    assert.equal(claims.iss, demo.issuer);
    assert.equal((await shownJson(page, 'userinfo')).email, demo.user('alice').email);
  }],
  ['sample-refreshed', 'a refresh brings new tokens', async ({ page }) => {
    const before = await page.locator('#access-token-claims').innerText();
    await page.click('#refresh');
    await see(page, '.notice-ok');
    assert.notEqual(await page.locator('#access-token-claims').innerText(), before);
  }],
  ['consent', 'the consent page says who asks and offers two equal answers', async ({ page, demo }) => {
    await page.goto(authorizeUrl(demo, 'demo-spa', { prompt: 'consent' }));
    await see(page, '#consent-form');
    const [accept, deny] = await Promise.all(['#accept', '#deny'].map((id) => page.locator(id).boundingBox()));
    assert.ok(Math.abs(accept.width - deny.width) <= 1 && accept.height === deny.height, 'equal in size');
    assert.ok((await page.locator('main').innerText()).includes(demo.user('alice').email));
  }],
  [null, 'saying no sends the browser back with access_denied', async ({ page, demo }) => {
    await page.click('#deny');
    await cameBack(page, demo.client('demo-spa').redirect_uris[0], { error: 'access_denied', iss: demo.issuer });
  }],
  [null, 'saying yes sends it back with a code', async ({ page, demo }) => {
    await page.goto(authorizeUrl(demo, 'demo-spa', { prompt: 'consent' }));
    await page.click('#accept');
    await cameBack(page, demo.client('demo-spa').redirect_uris[0], { state: 'state-of-the-client', iss: demo.issuer });
    assert.ok(new URL(page.url()).searchParams.get('code'));
  }],
  ['account', 'the account page lists this session and the applications', async ({ page, demo }) => {
    await page.goto(`${demo.issuer}/account`);
    assert.ok((await page.locator('main').innerText()).includes(demo.user('alice').email));
    assert.ok((await page.locator('form[id^=session-]').count()) >= 1);
    assert.ok((await page.locator('form[id^=app-]').count()) >= 1);
  }],
  ['account-app-revoked', 'an application loses its access there', async ({ page }) => {
    const apps = page.locator('form[id^=app-]');
    const before = await apps.count();
    await apps.first().locator('button').click();
    await see(page, '.notice-ok');
    assert.equal(await apps.count(), before - 1);
  }],
  ['login-again', 'prompt=login asks for the password once more', async ({ page, demo }) => {
    await page.goto(authorizeUrl(demo, 'demo-web', { prompt: 'login', login_hint: demo.user('alice').email }));
    await see(page, '#login-form');
    assert.equal(await page.inputValue('#email'), demo.user('alice').email);
    await expectFocus(page, '#password');
  }],
  [null, 'and once it is given, the browser goes back with a code', async ({ page, demo }) => {
    await page.fill('#password', demo.user('alice').password);
    await page.click('#login-form button[type=submit]');
    await agreeIfAsked(page, '#callback');
    await cameBack(page, demo.client('demo-web').redirect_uris[0], { iss: demo.issuer });
  }],
  ['form-post', 'an answer by form post goes by itself, and by its button without scripts', async ({ page, demo, scripts, look }) => {
    const redirectUri = demo.client('demo-web').redirect_uris[0];
    const ask = async () => {
      const posted = page.waitForRequest((request) => request.method() === 'POST' && request.url() === redirectUri);
      await page.goto(authorizeUrl(demo, 'demo-web', { response_mode: 'form_post' }), { waitUntil: 'commit' });
      return posted;
    };
    const arrives = async (request) => {
      const body = new URLSearchParams(request.postData());
      assert.ok(body.get('code'));
      assert.equal(body.get('iss'), demo.issuer);
      await page.waitForURL(redirectUri);
    };
    if (scripts) await arrives(await ask());
    const script = /\/form-post\.[^/]*js/;
    await page.route(script, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    const waiting = ask();
    await see(page, '#form-post');
    await look('form-post');
    await page.click('#form-post button');
    await arrives(await waiting);
    await page.unroute(script);
  }, { looksItself: true }],
  ['error', 'an unregistered redirect URI ends on a page here', async ({ page, demo }) => {
    const answer = await page.goto(authorizeUrl(demo, 'demo-web', { redirect_uri: 'https://elsewhere.example/callback' }));
    assert.equal(answer.status(), 400);
    assert.equal(new URL(page.url()).origin, new URL(demo.issuer).origin);
    assert.ok(await heading(page));
  }],
  ['not-found', 'an address that does not exist gets a page that says so', async ({ page, demo }) => {
    const answer = await page.goto(`${demo.issuer}/account/nowhere`);
    assert.equal(answer.status(), 404);
    assert.ok(await heading(page));
  }],
  ['flow-ended', 'a sign-in that is over says what to do next', async ({ page, memory }) => {
    await page.goto(memory.login);
    assert.equal(await page.locator('#login-form').count(), 0);
    assert.ok(await heading(page));
  }],
  ['sample-signed-out', 'signing out of the application ends at the application', async ({ page, memory }) => {
    await page.goto(memory.sample);
    if (!(await page.locator('#sign-out').count())) {
      await page.click('#sign-in');
      await agreeIfAsked(page, '#sign-out');
    }
    await page.click('#sign-out');
    await see(page, '#sign-in');
    assert.equal(new URL(page.url()).origin, new URL(memory.sample).origin);
  }],
  ['login-account', 'the session is over: the account page asks to sign in', async ({ page, demo }) => {
    await page.goto(`${demo.issuer}/account`);
    await see(page, '#login-form');
  }],
  ['login-no-passkey', 'without scripts the passkey choice says what it needs, and the password still works', async ({ page, scripts }) => {
    if (scripts) await page.goto(`${page.url()}&passkey=1`);
    else await page.click('#passkey-button');
    await see(page, '.notice-info');
    assert.ok((await page.locator('.notice-info').innerText()).length > 0);
    await see(page, '#login-form');
  }],
  ['console', 'the console page says what does its work', async ({ page, demo, look }) => {
    const login = page.url();
    const answer = await page.goto(`${demo.issuer}/console/`);
    assert.equal(answer.status(), 200);
    assert.ok((await page.locator('main').innerText()).includes(`${demo.issuer}/admin/v1`));
    await look('console');
    await page.goto(login);
  }, { looksItself: true }],
  ['logout', 'the logout page asks before it acts', async ({ page, demo }) => {
    await signIn(page, demo.user('alice'));
    await see(page, 'form[id^=session-]');
    await page.goto(`${demo.issuer}/oauth/logout`);
    await see(page, '#logout-form');
  }],
  ['stayed', 'staying changes nothing', async ({ page, demo, look }) => {
    await page.click('#stay');
    await page.locator('#logout-form').waitFor({ state: 'detached' });
    await look('stayed');
    await page.goto(`${demo.issuer}/account`);
    await see(page, 'form[id^=session-]');
  }, { looksItself: true }],
  ['logged-out', 'leaving ends the session', async ({ page, demo, look }) => {
    await page.goto(`${demo.issuer}/oauth/logout`);
    await page.click('#logout');
    await page.locator('#logout-form').waitFor({ state: 'detached' });
    await look('logged-out');
    await page.goto(`${demo.issuer}/account`);
    await see(page, '#login-form');
  }, { looksItself: true }],
  ['sample-error', 'an application that lost its access asks again; a no is shown there', async ({ page, demo, memory }) => {
    await signIn(page, demo.user('alice'));
    await page.click(`[id="app-${demo.client('demo-web').client_id}"] button`);
    await see(page, '.notice-ok');
    await page.goto(memory.sample);
    await page.click('#sign-in');
    await see(page, '#consent-form');
    await page.click('#deny');
    await page.waitForURL((url) => url.origin === new URL(memory.sample).origin);
    assert.ok((await page.locator('main').innerText()).includes('access_denied'));
  }],
  [null, 'and a yes brings it back', async ({ page, memory }) => {
    await page.goto(memory.sample);
    await page.click('#sign-in');
    assert.ok(await agreeIfAsked(page, '#id-token-claims'), 'asked again');
  }],
  ['invite', 'an invited person finds their address and the rules for a password', async ({ page, demo, memory }) => {
    memory.invited = await invite(demo);
    await page.goto(memory.invited.url);
    assert.equal(await page.inputValue('#email'), memory.invited.email);
    await see(page, '#password-rules');
  }],
  ['invite-used', 'the password they set works; the link does not work twice', async ({ page, demo, memory }) => {
    const { url, email, password } = memory.invited;
    await page.context().clearCookies();
    await page.fill('#password', password);
    await page.click('#invite-form button[type=submit]');
    await see(page, '#login-form');
    await signIn(page, { email, password });
    await see(page, 'form[id^=session-]');
    await page.goto(url);
    assert.equal(await page.locator('#invite-form').count(), 0);
    assert.ok(await heading(page));
  }],
];

async function expectFocus(page, selector) {
  const focused = page.locator(`${selector}:focus`);
  await focused.waitFor({ state: 'attached' });
}

/** Goes to every stop. `look(page, stop)` is called at each that has a name. */
export async function tour({ name, page, demo, report, scripts = true }, look = async () => {}) {
  const memory = {};
  const here = (stop) => look(page, stop);
  for (const [stop, what, go, { looksItself = false } = {}] of STOPS) {
    await report.check(`${name}: ${what}`, async () => {
      await go({ page, demo, memory, scripts, look: here });
      if (stop && !looksItself) await here(stop);
    });
  }
}
