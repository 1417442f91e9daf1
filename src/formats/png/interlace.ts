/** Interlaced PNGs, by pngjs. They are checked as a whole before it sees them. The only file that loads pngjs. */
import { deflateSync } from 'node:zlib';
import { NeighborProductError } from '../../errors.js';
import { requirePart } from '../../package.js';
import { toBytes } from '../samples.js';
import { type CheckedPng, checkFilters } from './check.js';
import { chunkBytes, HEADER_BYTES, PNG_SIGNATURE } from './chunks.js';

/**
 * Decodes an interlaced image to 8-bit RGBA.
 *
 * @throws NeighborProductError `INVALID_PNG` for a filter that does not exist, `OUT_OF_MEMORY`
 */
export function decodeInterlaced(png: CheckedPng): Uint8Array {
  checkFilters(png.imageData, png.header);
  try {
    const { PNG } = requirePart('pngjs') as typeof import('pngjs');
    const rgba = toRgba8(PNG.sync.read(plainPng(png), { checkCRC: false, skipRescale: true }).data, png);
    return new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.length);
  } catch (error) {
    throw undecodable(error as Error);
  }
}

/** Of a checked file, only memory can be missing; anything else is a defect here or in pngjs. */
function undecodable(cause: Error): NeighborProductError {
  if (cause instanceof RangeError) return lackOfMemory(cause);
  const message = `pngjs failed on a checked PNG: ${cause.message}. Please report the file.`;
  return new NeighborProductError('INVALID_PNG', message, { cause });
}

/** The error for a `RangeError` of an allocation. */
export function lackOfMemory(cause: RangeError): NeighborProductError {
  const message = `Not enough memory for the image: ${cause.message}. Free some memory, or use a smaller image.`;
  return new NeighborProductError('OUT_OF_MEMORY', message, { cause });
}

/**
 * A PNG that contains nothing but what was checked. Ancillary chunks are left out, among them a colour key, whose pixels
 * pngjs would turn black; the image data is stored, not compressed again.
 */
function plainPng({ header, palette, imageData }: CheckedPng): Buffer {
  const ihdr = Buffer.alloc(HEADER_BYTES);
  ihdr.writeUInt32BE(header.width, 0);
  ihdr.writeUInt32BE(header.height, 4);
  ihdr.set([header.bitDepth, header.colourType, 0, 0, header.interlaced ? 1 : 0], 8);
  const stored = deflateSync(imageData, { level: 0, chunkSize: imageData.length + (imageData.length >> 12) + 64 });
  return Buffer.concat([
    PNG_SIGNATURE,
    ...chunkBytes('IHDR', ihdr),
    ...(palette ? chunkBytes('PLTE', palette.colours) : []),
    ...(palette ? chunkBytes('tRNS', palette.alphas) : []),
    ...chunkBytes('IDAT', stored),
    ...chunkBytes('IEND', new Uint8Array()),
  ]);
}

/**
 * Raw RGBA samples of the image's bit depth as 8-bit ones, in place where they are bytes already.
 *
 * @param samples four a pixel, alpha the greatest value where the image has none; of a palette, its own 8-bit colours
 */
function toRgba8(samples: Uint8Array | Uint16Array, { header, palette, colourKey }: CheckedPng): Uint8Array {
  if (palette !== undefined) return samples as Uint8Array;
  if (colourKey !== undefined) clearKeyedAlpha(samples, colourKey);
  if (samples instanceof Uint16Array) return toBytes(samples);
  if (header.bitDepth < 8) widenTo8Bits(samples, header.bitDepth);
  return samples;
}

/** Keyed pixels keep their colour. Compared before rounding, or colours near the key would vanish with it. */
function clearKeyedAlpha(samples: Uint8Array | Uint16Array, colourKey: readonly number[]): void {
  // Greyscale came as three equal samples.
  const [red, green = red, blue = red] = colourKey;
  for (let at = 0; at < samples.length; at += 4) {
    if (samples[at] === red && samples[at + 1] === green && samples[at + 2] === blue) samples[at + 3] = 0;
  }
}

/** The greatest values of 1, 2 and 4 bits divide 255. */
function widenTo8Bits(samples: Uint8Array, bitDepth: number): void {
  const step = 255 / (2 ** bitDepth - 1);
  for (let at = 0; at < samples.length; at++) samples[at] *= step;
}
