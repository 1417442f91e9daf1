import { expect, test } from 'vitest';
import {
  cutIntoStrips,
  pixelsHeld,
  REGION_BYTES,
  regionWords,
  wholeRegion,
  workgroupsFor,
} from '../../src/gpu/strips.js';
import { BORDER_MODES } from '../../src/options.js';
import { neighbourhood } from '../../src/reference.js';

const ENOUGH = { bufferBytes: 2 ** 30 };

test('an image that fits is one strip', () => {
  expect(cutIntoStrips({ width: 5, height: 4 }, 'skip', { bufferBytes: 5 * 4 * 4 })).toEqual([
    {
      held: [{ first: 0, end: 4 }],
      region: {
        first: { x: 1, y: 1 },
        end: { x: 4, y: 3 },
        beforeFirst: { x: 0, y: 0 },
        afterLast: { x: 4, y: 3 },
        width: 5,
      },
      computed: { first: 1, end: 3 },
    },
  ]);
});

test('one byte less makes two strips, each with a row above and below', () => {
  const strips = cutIntoStrips({ width: 5, height: 4 }, 'skip', { bufferBytes: 5 * 4 * 4 - 1 });
  expect(strips.map(({ computed }) => computed)).toEqual([
    { first: 1, end: 2 },
    { first: 2, end: 3 },
  ]);
  expect(strips[1].held).toEqual([
    { first: 1, end: 2 },
    { first: 2, end: 3 },
    { first: 3, end: 4 },
  ]);
});

test('with wrap, the first and the last strip hold the row of the other end', () => {
  const strips = cutIntoStrips({ width: 2, height: 9 }, 'wrap', { bufferBytes: 5 * 2 * 4 });
  expect(strips.length).toBe(3);
  expect(strips[0].held[0]).toEqual({ first: 8, end: 9 });
  expect(strips[2].held[2]).toEqual({ first: 0, end: 1 });
});

test('nothing is computed where skip leaves nothing', () => {
  for (const [width, height] of [
    [1, 1],
    [2, 9],
    [9, 2],
  ]) {
    expect(cutIntoStrips({ width, height }, 'skip', ENOUGH)).toEqual([]);
    expect(cutIntoStrips({ width, height }, 'replicate', ENOUGH)).toHaveLength(1);
  }
});

test('three rows beyond the limit are refused', () => {
  expect(() => cutIntoStrips({ width: 100, height: 9 }, 'skip', { bufferBytes: 1199 })).toThrow(
    new RangeError('3 rows of 100 pixels exceed 1199 bytes'),
  );
});

test.each(BORDER_MODES)(
  '%s: strips stay within the limit, cover every row once, and know every neighbour',
  (border) => {
    let rowsSeen = 0;
    for (let height = 1; height <= 20; height++) {
      for (let rowsHeld = 3; rowsHeld <= 21; rowsHeld++) {
        const size = { width: 3, height };
        const strips = cutIntoStrips(size, border, { bufferBytes: rowsHeld * 12 });
        const rows = strips.flatMap((strip) => {
          expect(pixelsHeld(strip)).toBeLessThanOrEqual(rowsHeld * 3);
          return rowsOf(strip);
        });
        const skipped = border === 'skip' ? 1 : 0;
        const computed = Array.from({ length: Math.max(0, height - 2 * skipped) }, (_, index) => index + skipped);
        expect(rows).toEqual(computed.map((row) => neighbourhood(row, height, border)));
        rowsSeen += rows.length;
      }
    }
    expect(rowsSeen).toBeGreaterThan(3000);
  },
);

/** The image's rows above, at and below each computed row of a strip, as the shader finds them. */
function rowsOf({ held, region }: ReturnType<typeof cutIntoStrips>[number]): [number, number, number][] {
  const imageRows = held.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, index) => first + index));
  return Array.from({ length: region.end.y - region.first.y }, (_, index) => {
    const row = region.first.y + index;
    const above = row === region.first.y ? region.beforeFirst.y : row - 1;
    const below = row + 1 === region.end.y ? region.afterLast.y : row + 1;
    return [imageRows[above], imageRows[row], imageRows[below]];
  });
}

test('a dispatch covers the region; rows go on in z', () => {
  const tuning = { columnsPerWorkgroup: 64, rowsPerThread: 8 };
  const groups = (width: number, height: number) => workgroupsFor(wholeRegion({ width, height }, 'wrap'), tuning, 100);
  expect(groups(1, 1)).toEqual([1, 1, 1]);
  expect(groups(64, 8)).toEqual([1, 1, 1]);
  expect(groups(65, 9)).toEqual([2, 2, 1]);
  expect(groups(6400, 800)).toEqual([100, 100, 1]);
  expect(groups(6400, 801)).toEqual([100, 100, 2]);
  expect(() => groups(6401, 1)).toThrow(RangeError);
});

test('a region has the length that its buffer has', () => {
  expect(regionWords(wholeRegion({ width: 7, height: 5 }, 'skip'))).toEqual(
    Uint32Array.of(1, 1, 6, 4, 0, 0, 6, 4, 7, 0),
  );
  expect(regionWords(wholeRegion({ width: 7, height: 5 }, 'skip')).byteLength).toBe(REGION_BYTES);
});
