/** The memory a case runs in, and the memory it must leave behind. */
import { createRaster, type Raster } from '../image.js';
import { transformReference } from '../reference.js';
import type { Case, Fixtures } from './cases.js';
import { makeImage } from './images.js';
import { byteLengthOf, GUARD_BYTES, type Layout } from './placements.js';

/** Input and output with all bytes round them; one and the same array where a case has them share memory. */
export interface CaseMemory {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

/** A case with its input and its memory before and after, made once for all backends. */
export interface PreparedCase {
  readonly item: Case;
  /** The input without padding. */
  readonly image: Raster;
  readonly before: CaseMemory;
  readonly expected: CaseMemory;
}

/** The fixtures are those that the case was listed with. */
export function prepareCase(item: Case, fixtures: Fixtures): PreparedCase {
  const image = makeInput(item, fixtures);
  const before = makeMemory(item, image);
  return { item, image, before, expected: makeExpectedMemory(item, image, before) };
}

function makeInput({ image }: Case, fixtures: Fixtures): Raster {
  if ('kind' in image) return makeImage(image.kind, image.width, image.height, image.channels, image.seed);
  return fixtures.get(image.fixture)!;
}

/** The memory of a case before it runs: the input in its place, canaries everywhere else. */
function makeMemory(item: Case, image: Raster): CaseMemory {
  const input = makeCanaries(
    item.shared ? Math.max(endOf(item, item.input), endOf(item, item.output)) : endOf(item, item.input),
  );
  copyRows(image, viewAt(input, item, item.input), 0);
  return { input, output: item.shared ? input : makeCanaries(endOf(item, item.output)) };
}

/** Memory to run a case in again. */
export function copyMemory({ input, output }: CaseMemory): CaseMemory {
  const copy = input.slice();
  return { input: copy, output: output === input ? copy : output.slice() };
}

/** What a backend is given: the two images, each ending with its last sample. */
export function viewImages(item: Case, memory: CaseMemory): { input: Raster; output: Raster } {
  return { input: viewAt(memory.input, item, item.input), output: viewAt(memory.output, item, item.output) };
}

/**
 * The memory of a case after it ran: the samples the reference computes from the input alone, without padding or
 * overlap, in their place, and every other byte as it was.
 */
function makeExpectedMemory(item: Case, image: Raster, before: CaseMemory): CaseMemory {
  const computed = createRaster(image.width, image.height, image.channels);
  transformReference(image, computed, item.operation);
  const after = copyMemory(before);
  copyRows(computed, viewAt(after.output, item, item.output), item.operation.border === 'skip' ? 1 : 0);
  return after;
}

function endOf({ image }: Case, { byteOffset, rowBytes }: Layout): number {
  return byteOffset + byteLengthOf(image, rowBytes) + GUARD_BYTES;
}

/** Bytes that differ from their neighbours near and far, so that a copy from the wrong place shows. */
function makeCanaries(byteLength: number): Uint8Array {
  const canaries = new Uint8Array(byteLength);
  for (let at = 0; at < byteLength; at++) canaries[at] = Math.imul(at + 1, 0x9e3779b1) >>> 24;
  return canaries;
}

function viewAt(memory: Uint8Array, { image }: Case, { byteOffset, rowBytes }: Layout): Raster {
  const { width, height, channels } = image;
  const data = memory.subarray(byteOffset, byteOffset + byteLengthOf(image, rowBytes));
  return { data, width, height, channels, rowBytes };
}

/** Copies all but the outermost `margin` pixels on each side. */
function copyRows(from: Raster, to: Raster, margin: number): void {
  const { width, height, channels } = from;
  for (let y = margin; y < height - margin; y++) {
    const start = y * from.rowBytes + margin * channels;
    const row = from.data.subarray(start, start + Math.max(width - 2 * margin, 0) * channels);
    to.data.set(row, y * to.rowBytes + margin * channels);
  }
}
