/** The bytes of a backend against the reference's. */
import { BACKENDS } from '../backends.js';
import { NeighborProductError } from '../errors.js';
import { type CheckedImage, createImage, rowsOf } from '../image.js';
import type { Operation } from '../options.js';
import { transformReference } from '../reference.js';
import type { StripRows } from '../rows.js';

/** How two images of the same size differ, by the first different pixel in reading order. */
export interface Difference {
  readonly x: number;
  readonly y: number;
  /** The samples of that pixel. */
  readonly expected: readonly number[];
  readonly actual: readonly number[];
  /** Pixels with at least one different sample. */
  readonly differingPixels: number;
}

/**
 * Compares every byte that is computed of a strip with the reference's.
 *
 * @param actual a backend's transform of `input`
 * @throws NeighborProductError `DIFFERENCES_FOUND`
 */
export function verify(input: CheckedImage, actual: CheckedImage, operation: Operation, strip: StripRows): void {
  const expected = createImage(input.width, input.height, input.channels);
  transformReference(input, expected, operation);
  const computed = (image: CheckedImage) =>
    rowsOf(image, strip.firstRow - strip.firstHeld, strip.endRow - strip.firstHeld);
  const difference = findDifference(computed(expected), computed(actual));
  if (difference === undefined) return;
  throw new NeighborProductError('DIFFERENCES_FOUND', differenceText(difference, input.width, strip));
}

/** @param actual an image of the same size and channels */
export function findDifference(expected: CheckedImage, actual: CheckedImage): Difference | undefined {
  let first: Omit<Difference, 'differingPixels'> | undefined;
  let differingPixels = 0;
  for (let y = 0; y < expected.height; y++) {
    if (Buffer.compare(samplesOf(expected, y), samplesOf(actual, y)) === 0) continue;
    for (let x = 0; x < expected.width; x++) {
      const pixels = { expected: pixelOf(expected, x, y), actual: pixelOf(actual, x, y) };
      if (Buffer.compare(pixels.expected, pixels.actual) === 0) continue;
      differingPixels++;
      first ??= { x, y, expected: [...pixels.expected], actual: [...pixels.actual] };
    }
  }
  return first && { ...first, differingPixels };
}

function samplesOf(image: CheckedImage, y: number): Uint8Array {
  return rowsOf(image, y, y + 1).data.subarray(0, image.width * image.channels);
}

function pixelOf(image: CheckedImage, x: number, y: number): Uint8Array {
  return samplesOf(image, y).subarray(x * image.channels, (x + 1) * image.channels);
}

const ORACLE = BACKENDS.find((entry) => entry.isOracle)!.name;

function differenceText(difference: Difference, width: number, { firstRow, endRow }: StripRows): string {
  const { x, y, expected, actual, differingPixels } = difference;
  return (
    `${differingPixels} of ${width * (endRow - firstRow)} pixels differ from the reference, first at x = ${x}, y = ` +
    `${firstRow + y}: expected ${expected.join(' ')}, actual ${actual.join(' ')}. Nothing was written. Use --backend ` +
    `${ORACLE}, and report this with the image.`
  );
}
