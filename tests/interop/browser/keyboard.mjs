// From the demo page to signed out again without a mouse: Tab, Enter and typing only.

import assert from 'node:assert/strict';
import { sampleUrl, see } from './steps.mjs';

/** More stops than any page has before its main action. */
const MOST_TABS = 60;

/** Presses Tab until `selector` has the focus; every stop on the way shows where it is. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < MOST_TABS; presses += 1) {
    const here = await page.evaluate((wanted) => {
      const { activeElement: element } = document;
      if (!element || element === document.body) return { name: 'body', visible: true };
      const style = getComputedStyle(element);
      const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
      const name = element.id || element.outerHTML.slice(0, 80);
      return { name, visible: ring || style.boxShadow !== 'none', found: element.matches(wanted) };
    }, selector);
    assert.ok(here.visible, `no visible focus on ${here.name}`);
    if (here.found) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${selector} was not reached with ${MOST_TABS} Tabs`);
}

export async function keyboard({ page, demo, report }) {
  const { email, password } = demo.user('alice');

  await report.check('keyboard: to the sample application and its sign-in', async () => {
    await sampleUrl(page, demo);
    await tabTo(page, '.page-head a.button-primary');
    await page.keyboard.press('Enter');
    await see(page, '#sign-in');
    await tabTo(page, '#sign-in');
    await page.keyboard.press('Enter');
    await see(page, '#login-form');
  });

  await report.check('keyboard: the first Tab on a wide page skips to the content', async () => {
    const other = await page.context().newPage();
    await other.goto(`${demo.issuer}/`);
    await other.keyboard.press('Tab');
    await other.keyboard.press('Enter');
    assert.equal(new URL(other.url()).hash, '#main');
    await other.close();
  });

  await report.check('keyboard: sign in, agree if asked, see the tokens', async () => {
    await tabTo(page, '#email');
    await page.keyboard.type(email);
    await tabTo(page, '#password');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await see(page, '#consent-form, #sign-out');
    if (await page.locator('#consent-form').count()) {
      await tabTo(page, '#accept');
      await page.keyboard.press('Enter');
    }
    await see(page, '#id-token-claims');
  });

  await report.check('keyboard: refresh, then sign out', async () => {
    await tabTo(page, '#refresh');
    await page.keyboard.press('Enter');
    await see(page, '.notice-ok');
    await tabTo(page, '#sign-out');
    await page.keyboard.press('Enter');
    await see(page, '#sign-in');
  });
}
