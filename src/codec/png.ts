/** PNG files to rasters and back. The only file that imports pngjs. */
import { deflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { NeighborProductError } from '../errors.js';
import type { Raster } from '../image.js';
import { CHUNK_OVERHEAD, PNG_SIGNATURE } from './png-chunks.js';
import { type CheckedPng, checkPng } from './png-guard.js';
import type { PngLimits } from './png-header.js';
import { toRgba8 } from './png-samples.js';

/**
 * Paeth for every row: choosing a filter row by row would take longer than the rest of the encoding, for 0.02 % of the
 * bytes. pngjs's other defaults stay: it compresses by run length alone, where the level has no effect.
 */
const ENCODER_SETTINGS = { filterType: 4 } as const;

/** How PNG calls pixels of three and of four samples. */
const COLOUR_TYPES = { 3: 2, 4: 6 } as const;

/**
 * Decodes a PNG file of any kind to 8-bit RGBA, row after row without padding: the bytes libpng gives with expand,
 * scale_16 and an added alpha of 255. gAMA, sRGB and iCCP have no effect; of an animation this is the default image.
 *
 * @throws NeighborProductError with code `INVALID_PNG`, or `TOO_MANY_PIXELS` before memory is taken for any
 */
export function decodePng(file: Uint8Array, limits: PngLimits): Raster {
  try {
    return decodeChecked(checkPng(file, limits));
  } catch (error) {
    throw error instanceof NeighborProductError ? error : undecodable(error as Error);
  }
}

/** Encodes RGB as truecolour, RGBA as truecolour with alpha, 8 bits a sample, not interlaced. */
export function encodePng(image: Raster): Uint8Array {
  const { width, height, channels } = image;
  const colorType = COLOUR_TYPES[channels];
  // A new object each time: pngjs writes its defaults into the settings.
  const settings = { ...ENCODER_SETTINGS, colorType, inputColorType: colorType };
  return PNG.sync.write(Object.assign(new PNG(), { width, height, data: withoutPadding(image) }), settings);
}

function decodeChecked(png: CheckedPng): Raster {
  const { width, height } = png.header;
  const { data } = PNG.sync.read(plainPng(png), { checkCRC: false, skipRescale: true });
  return { data: toRgba8(data, png), width, height, channels: 4, rowBytes: width * 4 };
}

/** Of a checked file, nothing is left to fail but the memory; anything else is a defect here or in pngjs. */
function undecodable(cause: Error): NeighborProductError {
  if (cause instanceof RangeError) {
    const message = `Expected memory for the picture, but there is not enough (${cause.message}). Use a smaller one.`;
    return new NeighborProductError('TOO_MANY_PIXELS', message, { cause });
  }
  const message = `Expected a checked PNG to decode, but pngjs says: ${cause.message}. Please report the file.`;
  return new NeighborProductError('INVALID_PNG', message, { cause });
}

/**
 * A PNG of nothing but what the guard checked. Left out are ancillary chunks, among them a colour key, whose pixels
 * pngjs would turn black; the image data is stored, not compressed again; CRCs stay 0, since nobody checks them.
 */
function plainPng({ header, palette, imageData }: CheckedPng): Buffer {
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(header.width, 0);
  ihdr.writeUInt32BE(header.height, 4);
  ihdr.set([header.bitDepth, header.colourType, 0, 0, header.interlaced ? 1 : 0], 8);
  const stored = deflateSync(imageData, { level: 0, chunkSize: imageData.length + (imageData.length >> 12) + 64 });
  return Buffer.concat([
    PNG_SIGNATURE,
    ...chunk('IHDR', ihdr),
    ...(palette ? [...chunk('PLTE', palette.colours), ...chunk('tRNS', palette.alphas)] : []),
    ...chunk('IDAT', stored),
    ...chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array[] {
  const lengthAndType = Buffer.alloc(8);
  lengthAndType.writeUInt32BE(data.length);
  lengthAndType.write(type, 4, 'latin1');
  return [lengthAndType, data, new Uint8Array(CHUNK_OVERHEAD - lengthAndType.length)];
}

/** The samples in one piece: the caller's memory where rows follow each other, a copy where they do not. */
function withoutPadding({ data, width, height, channels, rowBytes }: Raster): Buffer {
  const byteLength = width * channels;
  if (rowBytes === byteLength) return Buffer.from(data.buffer, data.byteOffset, byteLength * height);
  const rows = Buffer.alloc(byteLength * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * rowBytes, y * rowBytes + byteLength), y * byteLength);
  return rows;
}
