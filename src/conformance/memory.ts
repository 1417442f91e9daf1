/** The memory of a case: the bytes before and after it ran. */
import { type CheckedImage, createImage } from '../image.js';
import { transformReference } from '../reference.js';
import type { Case, Fixtures } from './cases.js';
import { makeImage } from './images.js';
import { GUARD_BYTES, type ImageShape, type Layout } from './placements.js';

/** Input and output with their surrounding bytes; the same array twice if the case shares memory. */
export interface CaseMemory {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

/** A case with its memory before and after the transform, made once for all subjects. */
export interface PreparedCase {
  readonly item: Case;
  /** The input without padding. */
  readonly image: CheckedImage;
  readonly before: CaseMemory;
  readonly expected: CaseMemory;
}

/** @param fixtures those that the case was listed with */
export function prepareCase(item: Case, fixtures: Fixtures): PreparedCase {
  const image = makeInput(item, fixtures);
  const before = makeMemory(item, image);
  return { item, image, before, expected: makeExpectedMemory(item, image, before) };
}

function makeInput({ image }: Case, fixtures: Fixtures): CheckedImage {
  if ('kind' in image) return makeImage(image.kind, image.width, image.height, image.channels, image.seed);
  return fixtures.get(image.fixture)!;
}

/** The memory of a case before it runs: the input in its place, canaries around it. */
function makeMemory(item: Case, image: CheckedImage): CaseMemory {
  const [inputEnd, outputEnd] = [endOf(item, item.input), endOf(item, item.output)];
  const input = makeCanaries(item.shared ? Math.max(inputEnd, outputEnd) : inputEnd);
  copyRows(image, viewAt(input, item, item.input), 0);
  return { input, output: item.shared ? input : makeCanaries(outputEnd) };
}

/** Memory for one run of the case. */
export function copyMemory({ input, output }: CaseMemory): CaseMemory {
  const copy = input.slice();
  return { input: copy, output: output === input ? copy : output.slice() };
}

/** The images in the memory, as a backend receives them: each ends with its last sample. */
export function viewImages(item: Case, memory: CaseMemory): { input: CheckedImage; output: CheckedImage } {
  return { input: viewAt(memory.input, item, item.input), output: viewAt(memory.output, item, item.output) };
}

/**
 * The memory of a case after a correct transform: the reference's samples, computed without padding or overlap, in
 * their place; every other byte as it was.
 */
function makeExpectedMemory(item: Case, image: CheckedImage, before: CaseMemory): CaseMemory {
  const computed = createImage(image.width, image.height, image.channels);
  transformReference(image, computed, item.operation);
  const after = copyMemory(before);
  copyRows(computed, viewAt(after.output, item, item.output), item.operation.border === 'skip' ? 1 : 0);
  return after;
}

function endOf({ image }: Case, { byteOffset, rowBytes }: Layout): number {
  return byteOffset + byteLengthOf(image, rowBytes) + GUARD_BYTES;
}

/** Bytes that differ from their neighbours, near and far, so that a copy from the wrong place shows. */
function makeCanaries(byteLength: number): Uint8Array {
  const canaries = new Uint8Array(byteLength);
  for (let at = 0; at < byteLength; at++) canaries[at] = Math.imul(at + 1, 0x9e3779b1) >>> 24;
  return canaries;
}

/** Bytes from the first to the last sample of an image: the last row has no padding. */
function byteLengthOf({ width, height, channels }: ImageShape, rowBytes: number): number {
  return (height - 1) * rowBytes + width * channels;
}

function viewAt(memory: Uint8Array, { image }: Case, { byteOffset, rowBytes }: Layout): CheckedImage {
  const { width, height, channels } = image;
  const data = memory.subarray(byteOffset, byteOffset + byteLengthOf(image, rowBytes));
  return { data, width, height, channels, rowBytes };
}

/** Copies all but the outermost `margin` pixels on each side. */
function copyRows(from: CheckedImage, to: CheckedImage, margin: number): void {
  const { width, height, channels } = from;
  for (let y = margin; y < height - margin; y++) {
    const start = y * from.rowBytes + margin * channels;
    const row = from.data.subarray(start, start + Math.max(width - 2 * margin, 0) * channels);
    to.data.set(row, y * to.rowBytes + margin * channels);
  }
}
