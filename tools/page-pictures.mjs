/**
 * Draws the pictures of the page that README.md and docs/page.md show, in the Chromium of the tests: `node
 * tools/page-pictures.mjs`. With --all it draws the page in .cache/page/ at 1280 and 390 pixels, light and dark, after a comparison
 * and a run of the suite: to be looked at after a change of its style.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startChromium } from './chromium.mjs';
import { setUp } from './set-up.mjs';
import { buildPage, servePage } from './web.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const WIDE = { viewport: { width: 1280, height: 880 }, deviceScaleFactor: 1 };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

/** Compares two backends and runs the suite. */
async function runEverything(page) {
  await page.click('#compare');
  await page.waitForSelector('#difference .outcome');
  await page.click('#conformance-run');
  await page.waitForSelector('#conformance-verdict', { timeout: 120_000 });
}

const SHOWN = [
  { file: 'docs/page.jpg', address: '?pixel=587,231', settings: WIDE },
  {
    file: 'docs/page-phone.jpg',
    address: '?pixel=587,231&zoom=12&split=0.3&border=wrap',
    settings: { ...PHONE, viewport: { width: 390, height: 1500 }, colorScheme: 'dark' },
  },
];

const ALL = [WIDE, PHONE].flatMap((size) =>
  ['light', 'dark'].map((colorScheme) => ({
    file: `.cache/page/${size.viewport.width}-${colorScheme}.png`,
    address: '?pixel=587,231',
    settings: { ...size, colorScheme },
    act: runEverything,
    isWhole: true,
  })),
);

await setUp();
await buildPage();
mkdirSync(`${ROOT}.cache/page`, { recursive: true });
const server = await servePage(0);
const browser = await startChromium();
for (const { file, address, settings, act, isWhole = false } of process.argv.includes('--all') ? ALL : SHOWN) {
  const context = await browser.newContext(settings);
  const page = await context.newPage();
  await page.goto(server.url + address);
  await page.waitForSelector('#pixel .outcome');
  await act?.(page);
  await page.waitForTimeout(500); // what is drawn last
  const type = file.endsWith('.jpg') ? { type: 'jpeg', quality: 84 } : {};
  await page.screenshot({ path: ROOT + file, fullPage: isWhole, ...type });
  process.stdout.write(`${file}\n`);
  await context.close();
}
await browser.close();
await server.close();
