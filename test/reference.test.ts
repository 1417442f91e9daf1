import { describe, expect, test } from 'vitest';
import { type CheckedImage, createImage } from '../src/image.js';
import type { Operation } from '../src/options.js';
import { neighbourhood } from '../src/reference.js';
import type { BorderMode } from '../src/regions.js';
import { referenceOf } from './transforms.js';

function imageOf(width: number, channels: 3 | 4, samples: number[]): CheckedImage {
  const raster = createImage(width, samples.length / channels / width, channels);
  raster.data.set(samples);
  return raster;
}

function transformed(input: CheckedImage, operation: Partial<Operation> = {}): number[] {
  return [...referenceOf(input, { alpha: 'opaque', border: 'skip', passes: 1, ...operation }).data];
}

/** 3x3 pixels: `centre` in the middle, `around` everywhere else. */
function window(centre: number[], around: number[]): CheckedImage {
  return imageOf(3, centre.length as 3 | 4, Array.from({ length: 9 }, (_, k) => (k === 4 ? centre : around)).flat());
}

function centreOf(samples: number[]): number[] {
  const channels = samples.length / 9;
  return samples.slice(4 * channels, 5 * channels);
}

describe('a pixel, computed by hand', () => {
  test('equal channels: 255 / sqrt(3) is 147.2', () => {
    expect(centreOf(transformed(window([9, 9, 9], [200, 200, 200])))).toEqual([147, 147, 147]);
  });

  test('the ratio is that of the products of all nine', () => {
    // 2^9 : 1 : 1, so 512 / sqrt(512^2 + 2) * 255 = 254.999 and 1 / 512 * 255 = 0.498.
    expect(centreOf(transformed(window([100, 50, 50], [100, 50, 50])))).toEqual([254, 0, 0]);
    // One neighbour alone decides: 3 : 4 : 0, norm 5, and 0.6 * 255 = 153 exactly in binary64, 0.8 * 255 = 204.
    expect(centreOf(transformed(window([3, 4, 0], [255, 255, 255])))).toEqual([153, 204, 0]);
  });

  test('one channel alone is 255, and no channel at all is black, not white', () => {
    expect(centreOf(transformed(window([7, 0, 0], [255, 255, 255])))).toEqual([255, 0, 0]);
    expect(centreOf(transformed(window([0, 0, 0], [255, 255, 255])))).toEqual([0, 0, 0]);
  });

  test('alpha: opaque, a channel like the others, or kept', () => {
    const image = window([3, 4, 0, 12], [255, 255, 255, 255]);
    expect(centreOf(transformed(image))).toEqual([153, 204, 0, 255]);
    expect(centreOf(transformed(image, { alpha: 'keep' }))).toEqual([153, 204, 0, 12]);
    // Norm 13: 255 * 3/13 = 58.8, 4/13 = 78.5, 12/13 = 235.4.
    expect(centreOf(transformed(image, { alpha: 'channel' }))).toEqual([58, 78, 0, 235]);
  });

  test('an image of three channels has no alpha to treat', () => {
    const image = window([3, 4, 5], [255, 255, 255]);
    expect(transformed(image, { alpha: 'channel' })).toEqual(transformed(image));
    expect(transformed(image, { alpha: 'keep' })).toEqual(transformed(image));
  });
});

describe('the border', () => {
  test.each<[BorderMode, number[]]>([
    ['replicate', [0, 0, 1]],
    ['reflect', [1, 0, 1]],
    ['wrap', [3, 0, 1]],
  ])('%s at the first of four', (border, places) => {
    expect(neighbourhood(0, 4, border)).toEqual(places);
  });

  test.each<[BorderMode, number[]]>([
    ['replicate', [2, 3, 3]],
    ['reflect', [2, 3, 2]],
    ['wrap', [2, 3, 0]],
  ])('%s at the last of four', (border, places) => {
    expect(neighbourhood(3, 4, border)).toEqual(places);
  });

  test.each<BorderMode>(['replicate', 'reflect', 'wrap'])('%s: a side of length 1 lies beside itself', (border) => {
    expect(neighbourhood(0, 1, border)).toEqual([0, 0, 0]);
  });

  test('skip leaves the border at 0, alpha too', () => {
    const samples = transformed(window([9, 9, 9, 9], [9, 9, 9, 9]));
    expect(samples.filter((sample) => sample !== 0)).toEqual([147, 147, 147, 255]);
  });

  test.each([
    [1, 1],
    [2, 9],
    [9, 2],
  ])('skip computes no pixel of %ix%i', (width, height) => {
    expect(new Set(transformed(imageOf(width, 3, new Array(width * height * 3).fill(200))))).toEqual(new Set([0]));
  });

  test('one pixel is its own neighbourhood in every other mode', () => {
    for (const border of ['replicate', 'reflect', 'wrap'] as const) {
      expect(transformed(imageOf(1, 3, [1, 2, 2]), { border })).toEqual(
        transformed(window([1, 2, 2], [1, 2, 2])).slice(12, 15),
      );
    }
  });
});

test('passes: as if called again with the output', () => {
  const image = imageOf(
    5,
    3,
    Array.from({ length: 75 }, (_, k) => (k * 97 + 31) % 256),
  );
  const once = referenceOf(image, { alpha: 'opaque', border: 'wrap', passes: 1 });
  expect(transformed(image, { border: 'wrap', passes: 3 })).toEqual(transformed(once, { border: 'wrap', passes: 2 }));
});

test('binary64 decides an exact ratio by its rounding, factor by factor', () => {
  // 8 : 9 : 12 has norm 17, which divides 255: 120, 135 and 180 but for the rounding noise of nine quotients.
  const results = new Set<string>();
  for (let grey = 1; grey < 256; grey++) {
    results.add(String(centreOf(transformed(window([120, 135, 180], [grey, grey, grey])))));
  }
  expect(results).toContain('120,135,180');
  expect(results.size).toBeGreaterThan(3);
  for (const result of results) expect(result).toMatch(/^(119|120),(134|135),(179|180)$/);
});
