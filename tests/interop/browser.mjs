// A real browser, walked through a running `rsp demo` and its sample application.
//
//   RSP_CREDENTIALS=demo.json RSP_OUT=out node tests/interop/browser.mjs [part ...]
//
// Parts: look (pictures in every width and theme), axe (accessibility), german, noscript, keyboard, account, passkeys.
// Pictures are written to $RSP_OUT/screenshots.

import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { accountPages } from './browser/account.mjs';
import { keyboard } from './browser/keyboard.mjs';
import { axe, german, pictures } from './browser/looks.mjs';
import { passkeys } from './browser/passkeys.mjs';
import { tour } from './browser/tour.mjs';
import { readDemo } from './demo.mjs';
import { Report } from './report.mjs';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const OWN_HOSTS = ['localhost', '127.0.0.1', '[::1]'];
// Without motion a page is at once what it becomes, so that no colour is measured halfway to another.
const USUAL = { locale: 'en-GB', viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' };
const PATIENCE = 15_000;
const CALLBACK = '<!doctype html><title>callback</title><link rel="icon" href="data:,"><h1 id="callback">Back</h1>';

const demo = readDemo();
const report = new Report();
const screenshots = join(demo.out, 'screenshots');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGUMENTS });

/** Opens a fresh browser profile, runs `body` in it, and checks that it stayed quiet and at home. */
async function inContext(name, settings, body) {
  const context = await browser.newContext({ ...USUAL, ...settings });
  context.setDefaultTimeout(PATIENCE);
  const noise = [];
  const strangers = new Set();
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== 'data:' && !OWN_HOSTS.includes(hostname)) strangers.add(request.url());
  });
  context.on('console', (message) => {
    // The browser notes the status of an error page itself; that page was asked for.
    // So does it for a passkey that was refused: the page says it.
    const from = message.location().url;
    const expected = from === message.page()?.url() || from.endsWith('/passkey/finish');
    const ownStatus = expected && /status of 4\d\d/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !ownStatus) noise.push(message.text());
  });
  context.on('weberror', (error) => noise.push(String(error.error())));
  // The demo clients' own addresses: nobody listens there, so the browser gets this page.
  for (const client of ['demo-web', 'demo-spa']) {
    for (const uri of demo.client(client).redirect_uris) {
      await context.route((url) => url.href.startsWith(uri), (route) =>
        route.fulfill({ contentType: 'text/html', body: CALLBACK }));
    }
  }
  const page = await context.newPage();
  await body({ name, browser, context, page, demo, report });
  await report.check(`${name}: no error on the console, no request to elsewhere`, () => {
    if (noise.length > 0) throw new Error(`console: ${noise.join('\n')}`);
    if (strangers.size > 0) throw new Error(`requests: ${[...strangers].join('\n')}`);
  });
  await context.close();
}

const PARTS = {
  look: () => inContext('look', {}, (world) => tour(world, pictures(screenshots))),
  // axe is injected into the page, which the content security policy rightly forbids.
  axe: () => inContext('axe', { bypassCSP: true }, (world) => tour(world, axe())),
  german: () => inContext('german', { locale: 'de-DE' }, (world) => tour(world, german(screenshots))),
  noscript: () => inContext('noscript', { javaScriptEnabled: false }, (world) => tour({ ...world, scripts: false })),
  keyboard: () => inContext('keyboard', {}, keyboard),
  account: () => inContext('account', {}, accountPages),
  passkeys: () => inContext('passkeys', {}, passkeys),
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in PARTS));
if (unknown.length > 0) throw new Error(`no part is called ${unknown}; there are ${Object.keys(PARTS)}`);
for (const part of chosen.length > 0 ? chosen : Object.keys(PARTS)) await PARTS[part]();
await browser.close();
report.finish();
