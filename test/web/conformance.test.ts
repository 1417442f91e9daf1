/** The conformance suite in the page gives the report that Node gives. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { type ConformanceReport, runConformance } from '../../src/conformance/index.js';
import { referenceTransformer } from '../../src/reference.js';
import { compare } from '../../web/difference.js';
import { describeInBrowser, openPage, productDone, type StaticServer, serveBuiltPage } from './browser.js';

let server: StaticServer;
beforeAll(async () => {
  server = await serveBuiltPage();
});

async function saved(page: Page, button: string): Promise<{ name: string; text: string }> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(`button:text-is("${button}")`)]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
}

describeInBrowser('the suite', () => {
  test('passes on every backend, with the cases and inputs of Node; the report is saved', async () => {
    const { page, complaints } = await openPage(`${server.url}?backend=reference`);
    await productDone(page);
    await page.click('#conformance-run');
    await page.waitForFunction(() =>
      /^[1-9]\d* of \d+ cases, 0 failed$/.test(document.getElementById('conformance-status')!.textContent!),
    );
    await page.waitForSelector('#conformance-verdict', { timeout: 60_000 });
    expect(await page.locator('#conformance-verdict').innerText()).toMatch(
      /^Passed\s+Every byte of \d+ cases equals the definition\./,
    );
    const json = await saved(page, 'Save as JSON');
    const report: ConformanceReport = JSON.parse(json.text);
    expect(json.name).toMatch(/^neighbor-product-conformance-\d{4}-\d\d-\d\d\.json$/);
    const node = await runConformance({
      subjects: [{ name: 'reference', backend: referenceTransformer }],
      quick: true,
    });
    expect(report.passed).toBe(true);
    expect(report.caseIds).toEqual(node.caseIds);
    expect(report.corpusHash).toBe(node.corpusHash);
    expect(report.subjects.map(({ subject }) => subject)).toContain('gpu');
    for (const { groups } of report.subjects)
      expect(groups.map(({ group, cases, bytes }) => [group, cases, bytes])).toEqual(
        node.subjects[0].groups.map(({ group, cases, bytes }) => [group, cases, bytes]),
      );
    const html = await saved(page, 'Save as HTML');
    expect(html.text).toMatch(/^<!doctype html>.*Passed.*HeadlessChrome/s);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('a wrong byte of a device is found', async () => {
    // This device multiplies the pixel's own row twice, and the row below not at all.
    const beforeWorker = `{
      const { createShaderModule } = GPUDevice.prototype;
      GPUDevice.prototype.createShaderModule = function (descriptor) {
        const code = descriptor.code.replace('times(above_and_here, below)', 'times(above_and_here, here)');
        if (code === descriptor.code && code.includes('fast_pass')) throw new Error('The shader has changed.');
        return createShaderModule.call(this, { ...descriptor, code });
      };
    }`;
    const { page } = await openPage(`${server.url}?backend=reference`, { beforeWorker });
    await productDone(page);
    await page.click('#conformance-run');
    await page.waitForSelector('#conformance-verdict', { timeout: 60_000 });
    expect(await page.locator('#conformance-verdict').innerText()).toMatch(/^Failed\s+gpu failed \d+ of \d+ cases\./);
    await page.context().close();
  });

  test('stops when asked to, and says so', async () => {
    const { page } = await openPage(`${server.url}?backend=reference`);
    await productDone(page);
    await page.click('#conformance-run');
    await page.click('#conformance-stop');
    await page.waitForSelector('#conformance-status:text("Stopped.")');
    expect(await page.isVisible('#conformance-run')).toBe(true);
    await page.context().close();
  });
});

describe('the difference of two products', () => {
  const image = makeImage('photograph', 2100, 40, 4, 1);

  test('none', async () => {
    const { differing, bytes, first, picture } = await compare(image, { ...image, data: image.data.slice() });
    expect({ differing, bytes, first }).toEqual({ differing: 0, bytes: 2100 * 40 * 4, first: undefined });
    expect([picture.width, picture.height]).toEqual([700, 14]);
    expect(new Set(new Uint32Array(picture.data.buffer))).toEqual(new Set([0xff000000]));
  });

  test('one byte of alpha and two of another pixel: counted, the first one named, and their blocks lit', async () => {
    const data = image.data.slice();
    const at = (x: number, y: number, c: number) => 4 * (y * 2100 + x) + c;
    for (const place of [at(2099, 39, 3), at(5, 3, 0), at(5, 3, 2)]) data[place] ^= 1;
    const { differing, first, picture } = await compare(image, { ...image, data });
    expect({ differing, first }).toEqual({ differing: 3, first: { x: 5, y: 3 } });
    const words = new Uint32Array(picture.data.buffer);
    const lit = [...words.keys()].filter((k) => words[k] !== 0xff000000);
    expect(lit.map((k) => [k, words[k]])).toEqual([
      [700 + 1, 0xffff00ff],
      [14 * 700 - 1, 0xffffffff],
    ]);
  });
});
