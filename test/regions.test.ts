import { expect, test } from 'vitest';
import { neighbourhood } from '../src/reference.js';
import {
  BORDER_MODES,
  type BorderMode,
  cutIntoStrips,
  isEmpty,
  type Region,
  regionOf,
  rowsToCopy,
} from '../src/regions.js';

test('the region of an image, by hand', () => {
  expect(regionOf({ width: 5, height: 4 }, 'skip')).toEqual({
    first: { x: 1, y: 1 },
    end: { x: 4, y: 3 },
    beforeFirst: { x: 0, y: 0 },
    afterLast: { x: 4, y: 3 },
  });
  expect(regionOf({ width: 5, height: 4 }, 'wrap')).toMatchObject({
    first: { x: 0, y: 0 },
    end: { x: 5, y: 4 },
    beforeFirst: { x: 4, y: 3 },
    afterLast: { x: 0, y: 0 },
  });
});

test('skip leaves nothing of an image with a side below 3', () => {
  for (const [width, height] of [
    [1, 1],
    [2, 9],
    [9, 2],
  ]) {
    expect(isEmpty(regionOf({ width, height }, 'skip'))).toBe(true);
    expect(isEmpty(regionOf({ width, height }, 'replicate'))).toBe(false);
  }
  expect(isEmpty(regionOf({ width: 3, height: 3 }, 'skip'))).toBe(false);
});

test.each(BORDER_MODES.filter((border) => border !== 'skip'))(
  '%s: the neighbours beyond are those of the reference, for every length',
  (border) => {
    for (let length = 1; length <= 9; length++) {
      const { first, end, beforeFirst, afterLast } = regionOf({ width: length, height: 3 }, border);
      expect([first.x, end.x]).toEqual([0, length]);
      expect(beforeFirst.x).toBe(neighbourhood(0, length, border)[0]);
      expect(afterLast.x).toBe(neighbourhood(length - 1, length, border)[2]);
    }
  },
);

test('a region that fits is one strip, the same object', () => {
  const region = regionOf({ width: 5, height: 4 }, 'skip');
  expect(cutIntoStrips(region, 2)[0]).toBe(region);
  expect(cutIntoStrips(region, Number.POSITIVE_INFINITY)).toEqual([region]);
});

test('one row more makes two strips', () => {
  const strips = cutIntoStrips(regionOf({ width: 5, height: 5 }, 'skip'), 2);
  expect(strips.map(({ first, end }) => [first.y, end.y])).toEqual([
    [1, 2],
    [2, 4],
  ]);
});

test('with wrap, the first and the last strip need the row of the other end', () => {
  const strips = cutIntoStrips(regionOf({ width: 2, height: 9 }, 'wrap'), 3);
  expect(strips).toHaveLength(3);
  expect(rowsToCopy(strips[0]).runs[0]).toEqual({ first: 8, end: 9 });
  expect(rowsToCopy(strips[2]).runs[2]).toEqual({ first: 0, end: 1 });
});

test.each<[BorderMode, number]>([
  ['skip', 1],
  ['replicate', 1],
  ['reflect', 1],
  ['wrap', 1],
])('a whole image with %s is copied in one run of its rows', (border, runs) => {
  for (let height = 3; height < 9; height++) {
    const { runs: copied } = rowsToCopy(regionOf({ width: 4, height }, border));
    expect(copied).toHaveLength(runs);
    expect(copied[0]).toEqual({ first: 0, end: height });
  }
});

test('a strip in the middle is copied in one run with a row above and below', () => {
  const [, middle] = cutIntoStrips(regionOf({ width: 2, height: 9 }, 'wrap'), 3);
  expect(rowsToCopy(middle).runs).toEqual([{ first: 2, end: 7 }]);
});

test.each(BORDER_MODES)(
  '%s: strips stay within the limit, cover every row once, and know every neighbour',
  (border) => {
    let rowsSeen = 0;
    for (let height = 1; height <= 20; height++) {
      for (let maxRows = 1; maxRows <= 21; maxRows++) {
        const whole = regionOf({ width: 3, height }, border);
        if (isEmpty(whole)) continue;
        const strips = cutIntoStrips(whole, maxRows);
        const rows = strips.flatMap((strip) => {
          const copiedRows = rowsToCopy(strip).runs.reduce((sum, { first, end }) => sum + end - first, 0);
          expect(strip.end.y - strip.first.y).toBeLessThanOrEqual(maxRows);
          expect(copiedRows).toBeLessThanOrEqual(maxRows + 2);
          expect(rowsAround(strip, (row) => row)).toEqual(rowsInCopy(strip));
          return rowsInCopy(strip);
        });
        const skipped = border === 'skip' ? 1 : 0;
        const computed = Array.from({ length: height - 2 * skipped }, (_, index) => index + skipped);
        expect(rows).toEqual(computed.map((row) => neighbourhood(row, height, border)));
        rowsSeen += rows.length;
      }
    }
    expect(rowsSeen).toBeGreaterThan(3000);
  },
);

/** The rows above, at and below each computed row. */
function rowsAround({ first, end, beforeFirst, afterLast }: Region, nameOf: (row: number) => number): number[][] {
  return Array.from({ length: end.y - first.y }, (_, index) => {
    const row = first.y + index;
    const above = row === first.y ? beforeFirst.y : row - 1;
    const below = row + 1 === end.y ? afterLast.y : row + 1;
    return [above, row, below].map(nameOf);
  });
}

/** The same by a copy of the rows, as a device has them. */
function rowsInCopy(strip: Region): number[][] {
  const { runs, region } = rowsToCopy(strip);
  const copy = runs.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, index) => first + index));
  return rowsAround(region, (row) => copy[row]);
}
