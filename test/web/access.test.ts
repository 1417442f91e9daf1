/** The page for everybody: axe finds nothing, all of it works by keyboard, in light and dark, on a phone. */
import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { describeInBrowser, openPage, productDone, type StaticServer, serveBuiltPage } from './browser.js';

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

let server: StaticServer;
beforeAll(async () => {
  server = await serveBuiltPage();
});

async function violations(page: Page): Promise<string[]> {
  const results: AxeResults = await page.evaluate('axe.run({ resultTypes: ["violations"] })');
  expect(results.passes.length).toBeGreaterThan(10);
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
  );
}

describeInBrowser('access', () => {
  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('axe finds nothing, and nothing scrolls sideways: %s, %i pixels', async (colorScheme, width) => {
    const viewport = { width, height: 844 };
    const { page } = await openPage(`${server.url}?backend=reference`, { colorScheme, viewport, bypassCSP: true });
    await productDone(page);
    await page.evaluate(AXE);
    expect(await violations(page), 'at the start').toEqual([]);
    await page.click('#compare');
    await page.waitForSelector('#difference .outcome');
    await page.click('#conformance-run');
    await page.waitForSelector('#conformance-stop:not([hidden])');
    expect(await violations(page), 'while the suite runs').toEqual([]);
    await page.click('#conformance-stop');
    await page.setInputFiles('#file', 'LICENSE');
    await page.waitForSelector('#error:not([hidden])');
    expect(await violations(page), 'with an error').toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await page.context().close();
  });

  test('axe finds a fault that is made', async () => {
    const { page } = await openPage(`${server.url}?backend=reference`, { bypassCSP: true });
    await productDone(page);
    await page.evaluate(AXE);
    await page.evaluate(() => document.querySelector('#split')!.removeAttribute('aria-label'));
    expect((await violations(page)).join()).toContain('label');
    await page.context().close();
  });

  test('everything can be reached by keyboard, in the order in which it is seen, and is seen to have the focus', async () => {
    const { page } = await openPage(`${server.url}?backend=reference`);
    await productDone(page);
    const reached: string[] = [];
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(() => {
        const focused = document.activeElement as HTMLElement;
        if (focused === document.body) return '';
        const marked = [focused, focused.parentElement!, focused.closest('.figure')].some(
          (one) => one !== null && getComputedStyle(one).outlineStyle !== 'none',
        );
        return `${focused.id || (focused as HTMLInputElement).name || focused.className}${marked ? '' : ' not seen'}`;
      });
      if (name === '') break;
      reached.push(name);
    }
    expect(reached).toEqual([
      'skip',
      'figure',
      'split',
      'file',
      'zoom-out',
      'zoom-fit',
      'zoom-in',
      'download',
      'backend',
      'border',
      'alpha',
      'passes',
      'pixel-x',
      'pixel-y',
      'first',
      'second',
      'compare',
      'conformance-run',
      'conformance-quick',
    ]);
    await page.context().close();
  });

  test('settings change by arrow keys, and a screen reader hears the result', async () => {
    const { page } = await openPage(`${server.url}?backend=reference`);
    await productDone(page);
    await page.focus('[name=border]:checked');
    await page.keyboard.press('ArrowRight');
    await productDone(page);
    await page.waitForURL('**border=replicate*');
    const tree = await page.locator('body').ariaSnapshot();
    for (const line of [
      'heading "neighbor-product"',
      'application "The picture before and after"',
      'slider "Where before',
      'group "Backend"',
      'radio "Replicate" [checked]',
      'status',
      'button "Download PNG"',
    ]) {
      expect(tree).toContain(line);
    }
    await page.context().close();
  });
});
