/** Files in memory, read as the command reads them. */
import type { Input, Reading } from '../../src/files/byte-source.js';
import { type DecodeLimits, type ImageReader, openImage } from '../../src/formats/formats.js';
import { readWholeImage } from '../../src/formats/png/read.js';
import type { CheckedImage } from '../../src/image.js';

export async function decode(file: Uint8Array, limits: DecodeLimits): Promise<CheckedImage> {
  return readWholeImage(await openPieces([file], limits, file.length));
}

/** @param byteLength of the file, where the reader is told */
export function openPieces(
  pieces: Iterable<Uint8Array>,
  limits: DecodeLimits,
  byteLength?: number,
): Promise<ImageReader> {
  return openImage(inputOf(pieces, byteLength), limits);
}

/** An input that brings pieces; a file of a known length must be one piece. */
export function inputOf(pieces: Iterable<Uint8Array>, byteLength?: number): Input {
  const iterator = pieces[Symbol.iterator]();
  let isClosed = false;
  const read = async () => {
    for (;;) {
      const { value, done } = iterator.next();
      if (done || isClosed) return new Uint8Array();
      if (value.length > 0) return value;
    }
  };
  const close = async () => {
    isClosed = true;
  };
  return { byteLength, read, close };
}

/** Gives pieces to a reading until it has enough; a file of a known length must be one piece. */
export function feed<T>(reading: Reading<T>, pieces: Iterable<Uint8Array>): T {
  let step = reading.next();
  for (const piece of pieces) {
    if (step.done) return step.value;
    if (piece.length > 0) step = reading.next(piece);
  }
  while (!step.done) step = reading.next(new Uint8Array());
  return step.value;
}

export function* pieceByPiece(file: Uint8Array, byteLength: number): Generator<Uint8Array> {
  for (let at = 0; at < file.length; at += byteLength) yield file.subarray(at, at + byteLength);
}

/** Pieces of a stream that goes on for ever, and how many bytes of it were taken. */
export class Endless implements Iterable<Uint8Array> {
  taken = 0;
  readonly #start: Uint8Array;
  readonly #repeated: Uint8Array;

  constructor(start: Uint8Array, repeated: Uint8Array) {
    this.#start = start;
    this.#repeated = Buffer.concat(Array(Math.ceil(2 ** 16 / repeated.length)).fill(repeated));
  }

  *[Symbol.iterator]() {
    // For ever, but a test that fails ends.
    for (let piece = this.#start; this.taken < 2 ** 30; piece = this.#repeated) {
      this.taken += piece.length;
      yield Buffer.from(piece);
    }
  }
}
