import { describe, expect, test } from 'vitest';
import { gatherEvidence } from '../../src/conformance/evidence.js';
import { makeImage } from '../../src/conformance/images.js';
import type { Raster } from '../../src/image.js';

const image = makeImage('noise', 100, 60, 3, 1);

function changed(pixels: readonly (readonly [number, number])[]): Raster {
  const data = image.data.slice();
  for (const [x, y] of pixels) data[y * image.rowBytes + x * 3 + 1] ^= 1;
  return { ...image, data };
}

describe('the crop', () => {
  test.each([
    ['in the middle is centred', 50, 30, 46, 26],
    ['at the first corner stays inside', 0, 0, 0, 0],
    ['at the last corner stays inside', 99, 59, 91, 51],
  ])('%s', (_, x, y, left, top) => {
    const { crop } = gatherEvidence(image, image, changed([[x, y]]), x, y);
    expect(crop).toMatchObject({ left, top, width: 9, height: 9, channels: 3 });
    const at = ((y - top) * 9 + x - left) * 3 + 1;
    expect(crop.got[at]).toBe(crop.expected[at] ^ 1);
    expect(crop.input).toEqual(crop.expected);
    expect(crop.got.filter((sample, index) => sample !== crop.expected[index])).toHaveLength(1);
  });

  test('of a smaller image is all of it', () => {
    const small = makeImage('noise', 2, 3, 4, 1);
    const { crop } = gatherEvidence(small, small, small, 1, 1);
    expect(crop).toMatchObject({ left: 0, top: 0, width: 2, height: 3, input: [...small.data] });
  });
});

test('the map counts the pixels that differ in each cell', () => {
  const { map } = gatherEvidence(
    image,
    image,
    changed([
      [0, 0],
      [1, 1],
      [4, 4],
      [99, 59],
    ]),
    0,
    0,
  );
  expect(map).toMatchObject({ columns: 25, rows: 30, cellWidth: 4, cellHeight: 2 });
  const cells = map.differingPixels.flatMap((count, cell) =>
    count ? [[cell % 25, Math.trunc(cell / 25), count]] : [],
  );
  expect(cells).toEqual([
    [0, 0, 2],
    [1, 2, 1],
    [24, 29, 1],
  ]);
});
