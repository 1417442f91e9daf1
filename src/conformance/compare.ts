/** Compares what a case left in memory with what it must leave, byte by byte: no tolerance, and the answer is a value. */
import type { Raster } from '../image.js';
import { neighbourhood } from '../reference.js';
import type { Case } from './cases.js';
import type { CaseMemory } from './memory.js';

/** What the byte that differs belongs to; only `sample` is a byte that the transform writes. */
export type Place = 'sample' | 'skipped border' | 'outside the output' | 'input';

/** A sample's place in an image. */
export interface PixelPlace {
  /** Column, from 0. */
  readonly x: number;
  /** Row, from 0. */
  readonly y: number;
  /** Channel, from 0. */
  readonly channel: number;
}

/** The first byte that differs, in memory order. */
export interface Mismatch {
  /** What the byte belongs to. */
  readonly place: Place;
  /** Column, row and channel in the output, from 0; absent outside it. */
  readonly pixel?: PixelPlace;
  /** The input's nine pixels that decide it, in reading order, with the border mode applied; absent outside the output. */
  readonly neighbours?: readonly (readonly number[])[];
  /** From the start of the case's memory. */
  readonly byteIndex: number;
  /** The byte of the definition. */
  readonly expected: number;
  /** The byte of the backend. */
  readonly got: number;
  /** How many bytes of this memory differ. */
  readonly differingBytes: number;
}

export type Comparison = { readonly equal: true } | { readonly equal: false; readonly mismatch: Mismatch };

/** Compares all memory of a case, the bytes round the images included. `image` is the case's input without padding. */
export function compareMemory(item: Case, image: Raster, expected: CaseMemory, got: CaseMemory): Comparison {
  const output = findDifference(expected.output, got.output);
  if (output) {
    return { equal: false, mismatch: { ...locate(item, image, output.byteIndex), ...output } };
  }
  const input = findDifference(expected.input, got.input);
  return input ? { equal: false, mismatch: { place: 'input', ...input } } : { equal: true };
}

type Difference = Pick<Mismatch, 'byteIndex' | 'expected' | 'got' | 'differingBytes'>;

function findDifference(expected: Uint8Array, got: Uint8Array): Difference | undefined {
  let byteIndex = -1;
  let differingBytes = 0;
  for (let at = 0; at < expected.length; at++) {
    if (expected[at] === got[at]) continue;
    if (differingBytes === 0) byteIndex = at;
    differingBytes++;
  }
  return differingBytes === 0
    ? undefined
    : { byteIndex, expected: expected[byteIndex], got: got[byteIndex], differingBytes };
}

function locate(item: Case, image: Raster, byteIndex: number): Pick<Mismatch, 'place' | 'pixel' | 'neighbours'> {
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

function readNeighbours({ operation }: Case, image: Raster, x: number, y: number): number[][] {
  const columns = neighbourhood(x, image.width, operation.border);
  return neighbourhood(y, image.height, operation.border).flatMap((row) =>
    columns.map((column) => {
      const at = row * image.rowBytes + column * image.channels;
      return [...image.data.subarray(at, at + image.channels)];
    }),
  );
}
