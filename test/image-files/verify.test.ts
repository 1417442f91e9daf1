import { describe, expect, test } from 'vitest';
import { type CheckedImage, createImage } from '../../src/image.js';
import { findDifference, verify } from '../../src/image-files/verify.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { transformReference } from '../../src/reference.js';
import { testImage } from '../cli/command.js';

describe('verification', () => {
  function changed(image: CheckedImage, changes: Readonly<Record<number, number>>): CheckedImage {
    const data = image.data.slice();
    for (const [at, by] of Object.entries(changes)) data[Number(at)] += by;
    return { ...image, data };
  }

  test('equal images have no difference, whatever is between their rows', () => {
    const expected = testImage(7, 5);
    const actual = { ...createImage(9, 5, 4), width: 7 };
    actual.data.fill(77);
    for (let y = 0; y < 5; y++) actual.data.set(expected.data.subarray(y * 28, y * 28 + 28), y * 36);
    expect(findDifference(expected, actual)).toBeUndefined();
    actual.data[36 + 2 * 4 + 3]++;
    expect(findDifference(expected, actual)).toMatchObject({ x: 2, y: 1, differingPixels: 1 });
  });

  test.each([
    ['the first byte', 0, { x: 0, y: 0 }],
    ['a byte in the middle', (2 * 7 + 3) * 4 + 1, { x: 3, y: 2 }],
    ['the last byte', 7 * 5 * 4 - 1, { x: 6, y: 4 }],
  ])('one less in %s is found', (_, at, place) => {
    const expected = testImage(7, 5);
    const difference = findDifference(expected, changed(expected, { [at]: -1 }))!;
    const pixel = [...expected.data.subarray(at - (at % 4), at - (at % 4) + 4)];
    expect(difference).toMatchObject({ ...place, expected: pixel, differingPixels: 1 });
    expect(difference.actual[at % 4]).toBe(pixel[at % 4] - 1);
  });

  test('pixels are counted, not bytes, and the first one is reported', () => {
    const expected = createImage(4, 4, 3);
    const difference = findDifference(expected, changed(expected, { 47: 1, 15: 2, 16: 3 }));
    expect(difference).toEqual({ x: 1, y: 1, expected: [0, 0, 0], actual: [2, 3, 0], differingPixels: 2 });
  });

  test('an image is compared with the reference in the mode of the request', () => {
    const input = testImage(7, 5);
    const actual = createImage(7, 5, 4);
    transformReference(input, actual, { ...DEFAULT_OPERATION, border: 'wrap' });
    const whole = { firstHeld: 0, firstRow: 0, endRow: 5, endHeld: 5 };
    verify(input, actual, { ...DEFAULT_OPERATION, border: 'wrap' }, whole);
    expect(() => verify(input, actual, DEFAULT_OPERATION, whole)).toThrow(
      /^\d+ of 35 pixels differ from the reference,/,
    );
  });

  test('of a strip only the rows that are computed count, and places are those of the image', () => {
    const input = testImage(7, 5);
    const actual = createImage(7, 5, 4);
    transformReference(input, actual, DEFAULT_OPERATION);
    const strip = { firstHeld: 100, firstRow: 101, endRow: 104, endHeld: 105 };
    actual.data[0] = 99;
    actual.data[actual.data.length - 1] = 99;
    verify(input, actual, DEFAULT_OPERATION, strip);
    actual.data[3 * 28 + 2 * 4]++;
    expect(() => verify(input, actual, DEFAULT_OPERATION, strip)).toThrow(
      /^1 of 21 pixels differ from the reference, first at x = 2, y = 103:/,
    );
  });
});
