import { describe, expect, test } from 'vitest';
import { listCases } from '../../src/conformance/cases.js';
import { compareMemory, gatherEvidence, type Mismatch } from '../../src/conformance/compare.js';
import { makeImage } from '../../src/conformance/images.js';
import { type CaseMemory, copyMemory, type PreparedCase, prepareCase } from '../../src/conformance/memory.js';
import type { CheckedImage } from '../../src/image.js';

/** Compares a case with itself after `spoil`; the mismatch, or undefined where all is equal. */
function compareSpoiled(prepared: PreparedCase, spoil: (memory: CaseMemory) => void): Mismatch | undefined {
  const actual = copyMemory(prepared.expected);
  spoil(actual);
  const comparison = compareMemory(prepared, actual);
  return comparison.equal ? undefined : comparison.mismatch;
}

const prepare = (id: string) => prepareCase(listCases({ id })[0], new Map());
const CASE = prepare('border/wrap/rgba/33x7');
/** Of a case without padding: 64 guard bytes come first. */
const indexOf = (x: number, y: number, channel: number) => 64 + (y * 33 + x) * 4 + channel;

test('equal memory is equal', () => {
  expect(compareSpoiled(CASE, () => {})).toBeUndefined();
});

test.each([
  ['rgba/33x7', 0],
  ['rgb/33x7', 1],
  ['rgb/3x2', 2],
  ['rgb/31x7', 3],
])('%s, 4 n + %d bytes: one byte off by one, anywhere, is found', (size, rest) => {
  const prepared = prepare(`border/wrap/${size}`);
  const { length } = prepared.expected.output;
  expect(length % 4).toBe(rest);
  for (let at = 0; at < length; at++) {
    for (const side of ['input', 'output'] as const) {
      const mismatch = compareSpoiled(prepared, (memory) => {
        memory[side][at] ^= 1;
      });
      expect(mismatch).toMatchObject({ byteIndex: at, differingBytes: 1 });
    }
  }
});

test('memory that the backend transferred differs', () => {
  const mismatch = compareSpoiled(CASE, ({ output }) =>
    structuredClone(output.buffer, { transfer: [output.buffer as ArrayBuffer] }),
  );
  expect(mismatch).toMatchObject({ byteIndex: 0, differingBytes: 64 + 33 * 7 * 4 + 64 });
});

describe('the first mismatch', () => {
  test('names pixel, channel, both values and the number of bytes', () => {
    const mismatch = compareSpoiled(CASE, ({ output }) => {
      output[indexOf(20, 3, 2)] ^= 0xff;
      output[indexOf(21, 3, 0)] ^= 0xff;
      output[indexOf(32, 6, 3)] ^= 0xff;
    });
    expect(mismatch).toMatchObject({ place: 'sample', pixel: { x: 20, y: 3, channel: 2 }, differingBytes: 3 });
    expect(mismatch!.actual).toBe(mismatch!.expected ^ 0xff);
  });

  test('has the nine neighbours with the border mode applied', () => {
    const { image } = CASE;
    const pixelAt = (x: number, y: number) => [...image.data.subarray((y * 33 + x) * 4, (y * 33 + x) * 4 + 4)];
    const mismatch = compareSpoiled(CASE, ({ output }) => {
      output[indexOf(0, 0, 1)] ^= 1;
    });
    const wrapped = [6, 0, 1].flatMap((y) => [32, 0, 1].map((x) => pixelAt(x, y)));
    expect(mismatch!.neighbours).toEqual(wrapped);
  });

  test.each([
    ['before the output', 63, 'outside the output'],
    ['behind the output', 64 + 33 * 7 * 4, 'outside the output'],
  ])('%s', (_, at, place) => {
    const mismatch = compareSpoiled(CASE, ({ output }) => {
      output[at]++;
    });
    expect(mismatch).toMatchObject({ place, byteIndex: at });
    expect(mismatch).not.toHaveProperty('pixel');
  });

  test('in the padding between rows', () => {
    const mismatch = compareSpoiled(prepare('memory/padding/output/rgb/5'), ({ output }) => {
      output[64 + 33 * 3]++;
    });
    expect(mismatch).toMatchObject({ place: 'outside the output', byteIndex: 64 + 99 });
  });

  test('in a border pixel that is skipped', () => {
    const mismatch = compareSpoiled(prepare('border/skip/rgba/33x7'), ({ output }) => {
      output[indexOf(0, 2, 0)]++;
    });
    expect(mismatch).toMatchObject({ place: 'skipped border', pixel: { x: 0, y: 2, channel: 0 } });
    expect(mismatch).not.toHaveProperty('neighbours');
  });

  test('in the input', () => {
    const mismatch = compareSpoiled(CASE, ({ input }) => {
      input[100]++;
    });
    expect(mismatch).toMatchObject({ place: 'input', byteIndex: 100 });
  });
});

const image = makeImage('noise', 100, 60, 3, 1);

function changed(pixels: readonly (readonly [number, number])[]): CheckedImage {
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
    const { crop } = gatherEvidence({ input: image, expected: image, actual: changed([[x, y]]) }, { x, y });
    expect(crop).toMatchObject({ left, top, width: 9, height: 9, channels: 3 });
    const at = ((y - top) * 9 + x - left) * 3 + 1;
    expect(crop.actual[at]).toBe(crop.expected[at] ^ 1);
    expect(crop.input).toEqual(crop.expected);
    expect(crop.actual.filter((sample, index) => sample !== crop.expected[index])).toHaveLength(1);
  });

  test('of a smaller image is all of it', () => {
    const small = makeImage('noise', 2, 3, 4, 1);
    const { crop } = gatherEvidence({ input: small, expected: small, actual: small }, { x: 1, y: 1 });
    expect(crop).toMatchObject({ left: 0, top: 0, width: 2, height: 3, input: [...small.data] });
  });
});

test('the map counts the pixels that differ in each cell', () => {
  const actual = changed([
    [0, 0],
    [1, 1],
    [4, 4],
    [99, 59],
  ]);
  const { map } = gatherEvidence({ input: image, expected: image, actual }, { x: 0, y: 0 });
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
