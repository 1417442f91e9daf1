/** What people do with the page, in a real browser; every picture that comes out is compared with Node's, byte by byte. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { decodePngSync } from '../../src/formats/png/decode.js';
import type { CheckedImage } from '../../src/image.js';
import type { Operation } from '../../src/options.js';
import { firstDifference, referenceOf } from '../transforms.js';
import { describeInBrowser, download, openPage, productDone, type StaticServer, serveBuiltPage } from './browser.js';

const PIZZA = 'fixtures/watermelon-pizza.png';
const pizza = decode(PIZZA);

function decode(file: string): CheckedImage {
  return decodePngSync(readFileSync(file), { maxPixels: 1e8 });
}

function expectProduct(
  actual: { width: number; height: number; data: Uint8Array },
  input: CheckedImage,
  options: Partial<Operation> = {},
) {
  const image = { ...actual, channels: 4, rowBytes: 4 * actual.width } as const;
  expect([actual.width, actual.height]).toEqual([input.width, input.height]);
  expect(firstDifference(referenceOf(input, options), image)).toBeUndefined();
}

let server: StaticServer;
beforeAll(async () => {
  server = await serveBuiltPage();
});

describeInBrowser('the page', () => {
  test('has the pizza at the start, and its product with the bytes of Node', async () => {
    const { page, complaints } = await openPage(server.url);
    await productDone(page);
    const product = await download(page);
    expect(product.name).toBe('watermelon-pizza-product.png');
    expectProduct(product, pizza);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
