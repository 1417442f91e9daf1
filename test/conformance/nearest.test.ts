/** The hardest neighbourhoods: how near they are, in whole numbers, and that the images hold them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { NEAREST_INTEGER_PRODUCTS, NEAREST_THRESHOLD_PRODUCTS, type Products } from '../../src/conformance/nearest.js';
import type { CheckedImage } from '../../src/image.js';
import { errorOf } from '../../tools/hard-cases/integers.mjs';
import { ulpsOf } from '../../tools/hard-cases.mjs';
import { referenceOf } from '../transforms.js';

const NUMERICS = readFileSync(new URL('../../docs/numerics.md', import.meta.url), 'utf8');

const productOf = (samples: readonly number[]) => samples.reduce((product, sample) => product * BigInt(sample), 1n);
const exactly = (products: Products) => products.map(productOf);

test('every product is one of at most nine samples', () => {
  const all = [...NEAREST_INTEGER_PRODUCTS, ...NEAREST_THRESHOLD_PRODUCTS].flat();
  expect(all.length).toBeGreaterThan(1500);
  for (const samples of all) {
    expect(samples.length).toBeLessThanOrEqual(9);
    expect(samples.every((sample) => Number.isInteger(sample) && sample >= 0 && sample <= 255)).toBe(true);
  }
});

describe('T and a whole number', () => {
  const errors = NEAREST_INTEGER_PRODUCTS.map((products, index) => {
    const k = 1 + (index >> 1);
    return { k, side: index % 2 ? 'above' : 'below', error: errorOf(exactly(products), 2, k) };
  });
  const nearest = errors
    .map((one) => ({ ...one, ulps: Math.abs(ulpsOf(one.error, one.k, 53)) }))
    .sort((a, b) => a.ulps - b.ulps);

  test('there are two of each from 1 to 254: below and above', () => {
    expect(errors).toHaveLength(508);
    expect(errors.filter(({ side, error }) => (side === 'below' ? error >= 0 : error <= 0))).toEqual([]);
  });

  test('T lies within two and a half units in the last place of binary64, most within a quarter', () => {
    expect(nearest.at(-1)!.ulps).toBeLessThan(2.5);
    expect(nearest[254].ulps).toBeLessThan(0.25);
  });

  test('the ten nearest are those of docs/numerics.md', () => {
    for (const { k, side, error, ulps } of nearest.slice(0, 10)) {
      const inSingle = Math.abs(ulpsOf(error, k, 24)).toExponential(1);
      expect(NUMERICS).toContain(`| ${side} ${k} | ${ulps.toPrecision(2)} | ${inSingle} |`);
    }
  });
});

describe('the ratio and a threshold', () => {
  const ratios = NEAREST_THRESHOLD_PRODUCTS.map((products) => {
    const [largest, second] = exactly(products);
    const bits = BigInt(Math.round(Math.log2(Number(largest) / Number(second))));
    return { bits, error: Number((second << bits) - largest) / Number(largest) };
  });
  const nearest = ratios
    .filter(({ error }) => Math.abs(error) < 2 ** -40)
    .sort((a, b) => Math.abs(a.error) - Math.abs(b.error));

  test.each([29n, 24n])('2^-%s: at least ten below and above, within 2^-44 of it', (bits) => {
    const near = nearest.filter((ratio) => ratio.bits === bits && Math.abs(ratio.error) < 2 ** -44);
    expect(near.filter(({ error }) => error < 0).length).toBeGreaterThanOrEqual(10);
    expect(near.filter(({ error }) => error > 0).length).toBeGreaterThanOrEqual(10);
  });

  test('the ten nearest are those of docs/numerics.md', () => {
    for (const { bits, error } of nearest.slice(0, 10)) {
      const units = Math.abs(error * 2 ** 52).toPrecision(2);
      expect(NUMERICS).toContain(`| ${error < 0 ? 'below' : 'above'} 2^-${bits} | ${units} |`);
    }
  });

  test('in order, the others give 255 and 254 in turn, by less than 10^-6 of the ratio', () => {
    const turns = NEAREST_THRESHOLD_PRODUCTS.filter((_, index) => Math.abs(ratios[index].error) >= 2 ** -40);
    expect(turns).toHaveLength(16);
    const samples = turns.map(([largest, second]) => {
      const data = Uint8Array.from(largest.flatMap((sample, at) => [sample, second[at] ?? 1, 0]));
      const image = { data, width: 3, height: 3, channels: 3, rowBytes: 9 } as const;
      return referenceOf(image).data[12];
    });
    expect(samples).toEqual(turns.map((_, index) => 255 - (index % 2)));
    for (let at = 0; at < turns.length; at += 2) {
      const [still255, already254] = turns.slice(at, at + 2).map(([, second]) => Number(productOf(second)));
      expect(already254 / still255 - 1).toBeGreaterThan(0);
      expect(already254 / still255 - 1).toBeLessThan(1e-6);
    }
  });
});

test('of the windows of nearest-integer, binary64 puts many on the wrong side of the whole number, both ways', () => {
  const image = makeImage('nearest-integer', 261, 195, 3, 1);
  const output = referenceOf(image);
  let [tooLarge, tooSmall, windows] = [0, 0, 0];
  for (let y = 1; y < image.height - 1; y++) {
    for (let x = 1; x < image.width - 1; x++) {
      const products = [0, 1, 2].map((c) => productOf(windowOf(image, x, y, c)));
      for (const [c, product] of products.entries()) {
        const k = Math.round((255 * Number(product)) / Math.hypot(...products.map(Number)));
        const error = k >= 1 && k <= 254 ? errorOf(products, c, k) : 1;
        if (Math.abs(ulpsOf(error, k, 53)) > 2.5) continue;
        windows++;
        const sample = output.data[y * output.rowBytes + x * 3 + c];
        if (error < 0 && sample === k) tooLarge++;
        if (error > 0 && sample === k - 1) tooSmall++;
      }
    }
  }
  expect(windows / (image.width * image.height)).toBeGreaterThan(0.5); // the others lie across a seam of two areas
  expect(tooLarge).toBeGreaterThan(1000);
  expect(tooSmall).toBeGreaterThan(1000);
});

function windowOf({ data, rowBytes, channels }: CheckedImage, x: number, y: number, c: number): number[] {
  return [y - 1, y, y + 1].flatMap((row) =>
    [x - 1, x, x + 1].map((column) => data[row * rowBytes + column * channels + c]),
  );
}
