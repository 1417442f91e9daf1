/**
 * Compares the memory after a transform with the expected memory, byte by byte and without tolerance. Where they differ,
 * cuts out the evidence that people look at.
 */
import type { CheckedImage } from '../image.js';
import { neighbourhood } from '../reference.js';
import type { Case } from './cases.js';
import type { CaseMemory, PreparedCase } from './memory.js';

/** What the differing byte belongs to; the transform writes only a `sample`. */
export type MismatchPlace = 'sample' | 'skipped border' | 'outside the output' | 'input';

/** A sample's place in an image. */
export interface PixelPlace {
  /** Column, from 0. */
  readonly x: number;
  /** Row, from 0. */
  readonly y: number;
  /** Channel, from 0. */
  readonly channel: number;
}

/** The first differing byte, in memory order. */
export interface Mismatch {
  /** What the byte belongs to. */
  readonly place: MismatchPlace;
  /** Where it lies in the output; absent outside it. */
  readonly pixel?: PixelPlace | undefined;
  /** The nine input pixels that decide it, in reading order, with the border mode applied; only for a `sample`. */
  readonly neighbours?: readonly (readonly number[])[] | undefined;
  /** From the start of the input's or output's memory. */
  readonly byteIndex: number;
  /** The definition's byte. */
  readonly expected: number;
  /** The backend's byte. */
  readonly actual: number;
  /** Number of differing bytes in this memory. */
  readonly differingBytes: number;
}

/** The first mismatch, if any. */
export type Comparison = { readonly equal: true } | { readonly equal: false; readonly mismatch: Mismatch };

/** Compares all memory of a case, including the bytes around the images. */
export function compareMemory({ item, image, expected }: PreparedCase, actual: CaseMemory): Comparison {
  const output = compareBytes(expected.output, actual.output);
  if (output) return { equal: false, mismatch: { ...locate(item, image, output.byteIndex), ...output } };
  const input = compareBytes(expected.input, actual.input);
  return input ? { equal: false, mismatch: { place: 'input', ...input } } : { equal: true };
}

function compareBytes(expected: Uint8Array, actual: Uint8Array) {
  if (haveSameBytes(expected, actual)) return undefined;
  const differs = (at: number) => expected[at] !== actual[at];
  let byteIndex = 0;
  while (!differs(byteIndex)) byteIndex++;
  let differingBytes = 0;
  for (let at = byteIndex; at < expected.length; at++) if (differs(at)) differingBytes++;
  return { byteIndex, expected: expected[byteIndex], actual: actual[byteIndex], differingBytes };
}

/** Four bytes at a time: nearly every comparison of a run ends here. Each array is a whole buffer. */
function haveSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false; // a backend may have transferred it
  const words = one.length >> 2;
  const [a, b] = [one, other].map(({ buffer }) => new Uint32Array(buffer, 0, words));
  for (let at = 0; at < words; at++) if (a[at] !== b[at]) return false;
  for (let at = 4 * words; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

function locate(item: Case, image: CheckedImage, byteIndex: number): Pick<Mismatch, 'place' | 'pixel' | 'neighbours'> {
  const { width, height, channels } = image;
  const { byteOffset, rowBytes } = item.output;
  const y = Math.floor((byteIndex - byteOffset) / rowBytes);
  const inRow = byteIndex - byteOffset - y * rowBytes;
  if (y < 0 || y >= height || inRow >= width * channels) return { place: 'outside the output' };
  const x = Math.trunc(inRow / channels);
  const pixel = { x, y, channel: inRow % channels };
  const isBorder = x === 0 || y === 0 || x === width - 1 || y === height - 1;
  if (isBorder && item.operation.border === 'skip') return { place: 'skipped border', pixel };
  return { place: 'sample', pixel, neighbours: readNeighbours(item, image, x, y) };
}

function readNeighbours({ operation }: Case, image: CheckedImage, x: number, y: number): number[][] {
  const columns = neighbourhood(x, image.width, operation.border);
  return neighbourhood(y, image.height, operation.border).flatMap((row) =>
    columns.map((column) => {
      const at = row * image.rowBytes + column * image.channels;
      return [...image.data.subarray(at, at + image.channels)];
    }),
  );
}

/** The same pixels of three images: interleaved samples, rows from top to bottom. */
export interface Crop {
  /** Column of the crop's first pixel in the whole image. */
  readonly left: number;
  /** Row of the crop's first pixel in the whole image. */
  readonly top: number;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Samples per pixel. */
  readonly channels: 3 | 4;
  /** Of the case's input. */
  readonly input: readonly number[];
  /** Of the definition's output. */
  readonly expected: readonly number[];
  /** Of the backend's output. */
  readonly actual: readonly number[];
}

/** The image divided into cells, with the number of differing pixels in each, rows from top to bottom. */
export interface DifferenceMap {
  /** Cells in a row. */
  readonly columns: number;
  /** Rows of cells. */
  readonly rows: number;
  /** Pixels in a row of a cell. */
  readonly cellWidth: number;
  /** Rows of pixels in a cell. */
  readonly cellHeight: number;
  /** One number per cell. */
  readonly differingPixels: readonly number[];
}

/** What a report shows of a failure, besides the mismatch. */
export interface Evidence {
  /** Around the first wrong pixel. */
  readonly crop: Crop;
  /** Of the whole image. */
  readonly map: DifferenceMap;
}

const CROP_SIDE = 9;
const MAP_SIDE = 32;

/** The evidence for a wrong pixel; the crop is centred on it as far as the edges allow. */
export function gatherEvidence(
  { input, expected, actual }: Readonly<Record<'input' | 'expected' | 'actual', CheckedImage>>,
  { x, y }: Pick<PixelPlace, 'x' | 'y'>,
): Evidence {
  const width = Math.min(CROP_SIDE, input.width);
  const height = Math.min(CROP_SIDE, input.height);
  const left = clamp(x - (CROP_SIDE >> 1), input.width - width);
  const top = clamp(y - (CROP_SIDE >> 1), input.height - height);
  const place = { left, top, width, height };
  const cut = (image: CheckedImage) => cutOut(image, place);
  return {
    crop: { ...place, channels: input.channels, input: cut(input), expected: cut(expected), actual: cut(actual) },
    map: mapDifferences(expected, actual),
  };
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}

function cutOut(
  { data, rowBytes, channels }: CheckedImage,
  { left, top, width, height }: Pick<Crop, 'left' | 'top' | 'width' | 'height'>,
): number[] {
  return Array.from({ length: height }, (_, row) => {
    const start = (top + row) * rowBytes + left * channels;
    return [...data.subarray(start, start + width * channels)];
  }).flat();
}

function mapDifferences(expected: CheckedImage, actual: CheckedImage): DifferenceMap {
  const cellWidth = Math.ceil(expected.width / MAP_SIDE);
  const cellHeight = Math.ceil(expected.height / MAP_SIDE);
  const columns = Math.ceil(expected.width / cellWidth);
  const rows = Math.ceil(expected.height / cellHeight);
  const differingPixels = new Array<number>(columns * rows).fill(0);
  for (let y = 0; y < expected.height; y++) {
    for (let x = 0; x < expected.width; x++) {
      if (isSamePixel(expected, actual, x, y)) continue;
      differingPixels[Math.trunc(y / cellHeight) * columns + Math.trunc(x / cellWidth)]++;
    }
  }
  return { columns, rows, cellWidth, cellHeight, differingPixels };
}

function isSamePixel(expected: CheckedImage, actual: CheckedImage, x: number, y: number): boolean {
  const at = y * expected.rowBytes + x * expected.channels;
  for (let c = 0; c < expected.channels; c++) {
    if (expected.data[at + c] !== actual.data[at + c]) return false;
  }
  return true;
}
