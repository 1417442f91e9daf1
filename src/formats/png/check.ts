/**
 * Stands before the codecs. pngjs gives uninitialised memory for missing rows, has no limit of size and accepts a wrong
 * checksum; so a file is checked here as a whole or refused, and only what decides its pixels goes on. Refused and
 * accepted is what libpng 1.6 refuses and accepts by default, except that this is stricter about four things: critical
 * chunks out of order, a zlib stream damaged past the last row, more than 64 KiB of surplus image data (8 MiB
 * compressed), and a second PNG after the first.
 */
import { promisify } from 'node:util';
import { inflate, inflateSync, type ZlibOptions } from 'node:zlib';
import { readInMemory } from '../../files/byte-source.js';
import { cutShort, damaged, imageDataBytes, interlacePasses, type PngHeader, tooMuchImageData } from './chunks.js';
import type { DecodeLimits } from './codec.js';
import { type PngFile, type PngParts, readPng } from './png-file.js';

/** Everything that decides the pixels of a PNG, checked. */
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
  return inflatePng(readInMemory(file, (source) => readPng(source, limits)));
}

/** Inflates the image data of a file and checks it. @throws NeighborProductError `INVALID_PNG` */
function inflatePng({ compressed, ...parts }: PngFile): CheckedPng {
  return { ...parts, imageData: inflateImageData(join(compressed), parts.header) };
}

/** As {@link inflatePng}, on another thread. */
export async function inflatePngOffThread({ compressed, ...parts }: PngFile): Promise<CheckedPng> {
  return { ...parts, imageData: await inflateImageDataOffThread(join(compressed), parts.header) };
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}

/** Inflate makes at most 258 bytes of two bits, so at most 1032 of a byte (zlib's technical details). */
const MAX_INFLATION = 1032;

/**
 * Bytes past the last row that are dropped. libpng drops any number with a warning; an encoder that writes a row too
 * many is that harmless, while more is what a decompression bomb looks like.
 */
const MAX_EXCESS_BYTES = 2 ** 16;

/**
 * Inflates the data of the IDAT chunks: exactly the rows that the header implies, each with a valid filter. What
 * follows the end of the zlib stream is ignored. Memory stays within the header's and 1032 times the compressed bytes.
 */
function inflateImageData(compressed: Uint8Array, header: PngHeader): Uint8Array {
  const settings = inflateSettings(compressed, header);
  try {
    return checkRows(inflateSync(compressed, settings), header);
  } catch (error) {
    throw explain(error, header);
  }
}

async function inflateImageDataOffThread(compressed: Uint8Array, header: PngHeader): Promise<Uint8Array> {
  const settings = inflateSettings(compressed, header);
  try {
    return checkRows(await promisify<Uint8Array, ZlibOptions, Uint8Array>(inflate)(compressed, settings), header);
  } catch (error) {
    throw explain(error, header);
  }
}

function inflateSettings(compressed: Uint8Array, header: PngHeader): ZlibOptions {
  const byteLength = imageDataBytes(header);
  if (byteLength > compressed.length * MAX_INFLATION) throw tooLittle(byteLength, `${compressed.length} compressed`);
  const maxOutputLength = byteLength + MAX_EXCESS_BYTES;
  // One piece of that size: pieces would be gathered and copied.
  return { maxOutputLength, chunkSize: maxOutputLength };
}

function checkRows(inflated: Uint8Array, header: PngHeader): Uint8Array {
  const byteLength = imageDataBytes(header);
  if (inflated.length < byteLength) throw tooLittle(byteLength, `${inflated.length}`);
  const imageData = inflated.subarray(0, byteLength);
  checkFilters(imageData, header);
  return imageData;
}

function checkFilters(imageData: Uint8Array, header: PngHeader): void {
  let at = 0;
  for (const { rows, rowBytes } of interlacePasses(header)) {
    for (let row = 0; row < rows; row++) {
      if (imageData[at] > 4) throw damaged(`a row has filter ${imageData[at]}, not 0 to 4`);
      at += 1 + rowBytes;
    }
  }
}

/** zlib's errors, in the words of a PNG; anything else as it is. */
function explain(error: unknown, header: PngHeader): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return cutShort('the image data ends before its zlib stream');
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooMuchImageData(imageDataBytes(header));
  return code?.startsWith('Z_') ? damaged(`its image data does not inflate (${message})`) : error;
}

function tooLittle(byteLength: number, actual: string) {
  return cutShort(`the header implies ${byteLength} bytes of image data, but there are only ${actual}`);
}
