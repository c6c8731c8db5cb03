// Ways to look at a page: pictures in every width and theme, an accessibility check, and the German words.

import assert from 'node:assert/strict';
import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const WIDTHS = [320, 768, 1280];
const THEMES = ['light', 'dark'];
const HEIGHT = 900;

/** WCAG 2.2 A and AA, and what else axe holds for good practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** No page scrolls sideways: whatever is wide wraps, or scrolls in its own box. */
async function expectNoOverflow(page, width) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${overflow} px too wide at ${width} px`);
}

/** Colour of the text as the browser has it. */
const ink = (page) => page.evaluate(() => getComputedStyle(document.body).color);

async function shoot(page, folder, name, widths, themes) {
  mkdirSync(folder, { recursive: true });
  for (const width of widths) {
    const inks = new Set();
    await page.setViewportSize({ width, height: HEIGHT });
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      inks.add(await ink(page));
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
    assert.equal(inks.size, themes.length, 'each theme has colours of its own');
    await expectNoOverflow(page, width);
  }
  await page.setViewportSize({ width: 1280, height: HEIGHT });
}

/** Pictures of every page in three widths and two themes. */
export function pictures(folder) {
  return (page, stop) => shoot(page, folder, stop, WIDTHS, THEMES);
}

/** axe finds nothing, in both themes, on a wide and on a narrow screen. */
export function axe() {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  return async (page) => {
    await page.evaluate(source);
    const found = [];
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: HEIGHT });
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await page.evaluate(
          (values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values } }),
          RULES,
        );
        for (const { id, help, nodes } of violations) {
          found.push(...nodes.map((node) => `${colorScheme} ${width}: ${id} (${help}) at ${node.target.join(' ')}: ${node.failureSummary}`));
        }
      }
    }
    assert.equal(found.length, 0, found.join('\n'));
  };
}

/** German words everywhere: the page says so, no word's key shows, and long words do not break the layout. */
export function german(folder) {
  return async (page, stop) => {
    assert.equal(await page.locator('html').getAttribute('lang'), 'de');
    const text = await page.locator('body').innerText();
    const key = /(?:^|\s)(?:login|claim|consent|console|passkey|logout|account|session|sample|demo|flow|problem)-[a-z]+(?:-[a-z]+)+(?:\s|$)/.exec(text);
    assert.equal(key, null, `a key instead of words: ${key?.[0]}`);
    await shoot(page, folder, `${stop}-de`, [320, 1280], ['light']);
  };
}
