/**
 * A whole file in memory, checked and inflated on the calling thread; and what is said of image data that is wrong. Refused
 * and accepted is what libpng 1.6 refuses and accepts by default, except that this is stricter about four things: critical
 * chunks out of order, a zlib stream damaged past the last row, more than 64 KiB of surplus image data (8 MiB
 * compressed), and a second PNG after the first.
 */
import { inflateSync } from 'node:zlib';
import { NeighborProductError } from '../../errors.js';
import { readInMemory } from '../../files/byte-source.js';
import { cutShort, damaged, imageDataBytes, interlacePasses, type PngHeader, tooMuchImageData } from './chunks.js';
import type { DecodeLimits } from './codec.js';
import { type PngParts, readPng } from './png-file.js';

/** Everything that decides the pixels of a PNG. */
export interface CheckedPng extends PngParts {
  /** Filtered rows, each after its filter byte, pass by pass. */
  readonly imageData: Uint8Array;
}

/**
 * Checks a file to the last byte that decides a pixel.
 *
 * @throws NeighborProductError `INVALID_PNG`, or `TOO_MANY_PIXELS` before memory is allocated
 */
export function checkPng(file: Uint8Array, limits: DecodeLimits): CheckedPng {
  const compressed: Uint8Array[] = [];
  let parts: PngParts | undefined;
  const begin = (begun: PngParts) => {
    parts = begun;
  };
  const listener = { begin, imageData: (piece: Uint8Array) => compressed.push(piece) };
  readInMemory(file, (source) => readPng(source, limits, listener));
  const { header } = parts!;
  try {
    const imageData = inflateImageData(Buffer.concat(compressed), header);
    checkFilters(imageData, header);
    return { ...parts!, imageData };
  } catch (error) {
    throw explainInflation(error, header);
  }
}

/** Inflate makes at most 258 bytes of two bits, so at most 1032 of a byte (zlib's technical details). */
const MAX_INFLATION = 1032;

/**
 * Bytes past the last row that are dropped. libpng drops any number with a warning; an encoder that writes a row too
 * many is that harmless, while more is what a decompression bomb looks like.
 */
export const MAX_EXCESS_BYTES = 2 ** 16;

/**
 * Exactly the rows that the header implies. What follows the end of the zlib stream is ignored. Memory stays within the
 * header's and 1032 times the compressed bytes.
 */
function inflateImageData(compressed: Uint8Array, header: PngHeader): Uint8Array {
  const byteLength = imageDataBytes(header);
  const lack = findLack(compressed.length, header);
  if (lack !== undefined) throw lack;
  const maxOutputLength = byteLength + MAX_EXCESS_BYTES;
  // One piece of that size: pieces would be gathered and copied.
  const inflated = inflateSync(compressed, { maxOutputLength, chunkSize: maxOutputLength });
  if (inflated.length < byteLength) throw tooLittleImageData(header, inflated.length);
  return inflated.subarray(0, byteLength);
}

/** @throws NeighborProductError `INVALID_PNG` for a filter that does not exist */
export function checkFilters(imageData: Uint8Array, header: PngHeader): void {
  let at = 0;
  for (const { rows, rowBytes } of interlacePasses(header)) {
    for (let row = 0; row < rows; row++) {
      if (imageData[at] > 4) throw wrongFilter(imageData[at]);
      at += 1 + rowBytes;
    }
  }
}

export function wrongFilter(filter: number): NeighborProductError {
  return damaged(`a row has filter ${filter}, not 0 to 4`);
}

/** zlib's errors, in the words of a PNG; anything else as it is. */
export function explainInflation(error: unknown, header: PngHeader): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof NeighborProductError) return error;
  if (code === 'Z_BUF_ERROR') return cutShort('the image data ends before its zlib stream');
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooMuchImageData(imageDataBytes(header));
  return code?.startsWith('Z_') ? damaged(`its image data does not inflate (${message})`) : error;
}

/** The error for compressed bytes that no rows of this image can come from. */
export function findLack(compressedBytes: number, header: PngHeader): NeighborProductError | undefined {
  if (imageDataBytes(header) <= compressedBytes * MAX_INFLATION) return undefined;
  return tooLittleImageData(header, `${compressedBytes} compressed`);
}

export function tooLittleImageData(header: PngHeader, actual: number | string): NeighborProductError {
  return cutShort(`the header implies ${imageDataBytes(header)} bytes of image data, but there are only ${actual}`);
}
