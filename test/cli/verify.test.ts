import { expect, test } from 'vitest';
import { findDifference, verify } from '../../src/cli/verify.js';
import { createRaster, type Raster } from '../../src/image.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { transformReference } from '../../src/reference.js';
import { picture } from './command.js';

function changed(raster: Raster, changes: Readonly<Record<number, number>>): Raster {
  const data = raster.data.slice();
  for (const [at, by] of Object.entries(changes)) data[Number(at)] += by;
  return { ...raster, data };
}

test('equal pictures have no difference, whatever lies between their rows', () => {
  const expected = picture(7, 5);
  const received = { ...createRaster(9, 5, 4), width: 7 };
  received.data.fill(77);
  for (let y = 0; y < 5; y++) received.data.set(expected.data.subarray(y * 28, y * 28 + 28), y * 36);
  expect(findDifference(expected, received)).toBeUndefined();
  received.data[36 + 2 * 4 + 3]++;
  expect(findDifference(expected, received)).toMatchObject({ x: 2, y: 1, differingPixels: 1 });
});

test.each([
  ['the first byte', 0, { x: 0, y: 0 }],
  ['a byte in the middle', (2 * 7 + 3) * 4 + 1, { x: 3, y: 2 }],
  ['the last byte', 7 * 5 * 4 - 1, { x: 6, y: 4 }],
])('one less in %s is found', (_, at, place) => {
  const expected = picture(7, 5);
  const difference = findDifference(expected, changed(expected, { [at]: -1 }))!;
  const pixel = [...expected.data.subarray(at - (at % 4), at - (at % 4) + 4)];
  expect(difference).toMatchObject({ ...place, expected: pixel, differingPixels: 1 });
  expect(difference.received[at % 4]).toBe(pixel[at % 4] - 1);
});

test('pixels are counted, not bytes, and the first is told', () => {
  const expected = createRaster(4, 4, 3);
  const difference = findDifference(expected, changed(expected, { 47: 1, 15: 2, 16: 3 }));
  expect(difference).toEqual({ x: 1, y: 1, expected: [0, 0, 0], received: [2, 3, 0], differingPixels: 2 });
});

test('a picture is compared with what the reference makes of the input, in the mode asked for', () => {
  const input = picture(7, 5);
  const received = createRaster(7, 5, 4);
  transformReference(input, received, { ...DEFAULT_OPERATION, border: 'wrap' });
  verify(input, received, { ...DEFAULT_OPERATION, border: 'wrap' });
  expect(() => verify(input, received, DEFAULT_OPERATION)).toThrow(/^Expected the reference's bytes, but \d+ of 35/);
});
