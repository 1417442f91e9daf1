/** `--verify`: the picture once more by the reference, and where the two differ. */
import { createRaster, type Raster } from '../image.js';
import type { Operation } from '../options.js';
import { transformReference } from '../reference.js';
import { DifferencesFound } from './exit-codes.js';

/** How two pictures of the same size differ, told by the first differing pixel in reading order. */
export interface Difference {
  readonly x: number;
  readonly y: number;
  /** The samples of that pixel. */
  readonly expected: readonly number[];
  readonly received: readonly number[];
  /** Pixels with at least one differing sample. */
  readonly differingPixels: number;
}

/**
 * @param received what a backend made of `input`
 * @throws DifferencesFound
 */
export function verify(input: Raster, received: Raster, operation: Operation): void {
  const expected = createRaster(input.width, input.height, input.channels);
  transformReference(input, expected, operation);
  const difference = findDifference(expected, received);
  if (difference !== undefined) throw new DifferencesFound(differenceSentence(difference, input));
}

/** @param received a picture of the same size and channels */
export function findDifference(expected: Raster, received: Raster): Difference | undefined {
  let first: Omit<Difference, 'differingPixels'> | undefined;
  let differingPixels = 0;
  for (let y = 0; y < expected.height; y++) {
    if (Buffer.compare(rowOf(expected, y), rowOf(received, y)) === 0) continue;
    for (let x = 0; x < expected.width; x++) {
      const pixels = { expected: pixelOf(expected, x, y), received: pixelOf(received, x, y) };
      if (Buffer.compare(pixels.expected, pixels.received) === 0) continue;
      differingPixels++;
      first ??= { x, y, expected: [...pixels.expected], received: [...pixels.received] };
    }
  }
  return first && { ...first, differingPixels };
}

function rowOf({ data, width, channels, rowBytes }: Raster, y: number): Uint8Array {
  return data.subarray(y * rowBytes, y * rowBytes + width * channels);
}

function pixelOf({ data, channels, rowBytes }: Raster, x: number, y: number): Uint8Array {
  const at = y * rowBytes + x * channels;
  return data.subarray(at, at + channels);
}

function differenceSentence(
  { x, y, expected, received, differingPixels }: Difference,
  { width, height }: Raster,
): string {
  return (
    `Expected the reference's bytes, but ${differingPixels} of ${width * height} pixels differ, first at x = ${x}, ` +
    `y = ${y}: expected ${expected.join(' ')}, received ${received.join(' ')}. Nothing was written. ` +
    'Use --backend reference, and report this with the picture.'
  );
}
