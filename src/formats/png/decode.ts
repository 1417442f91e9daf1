/** PNG files to images, by whichever codec is chosen: the pixels and the refusals are the same. */
import { deflateSync } from 'node:zlib';
import { NeighborProductError } from '../../errors.js';
import { readInMemory } from '../../files/byte-source.js';
import type { CheckedImage } from '../../image.js';
import type { Size } from '../../regions.js';
import { type CheckedPng, checkPng, inflatePngOffThread } from './check.js';
import { chunkBytes, HEADER_BYTES, PNG_SIGNATURE } from './chunks.js';
import type { CodecChoice, DecodeLimits, PngCodec, Samples } from './codec.js';
import { loadNativeCodec } from './native-codec.js';
import { type PngFile, readPng } from './png-file.js';
import { pngjsCodec } from './pngjs-codec.js';

/** @napi-rs/image refuses to decode more than 512 MiB: the file's samples of 16 bits and copies. */
const MAX_NATIVE_PIXELS = 2 ** 25;

let native: ReturnType<typeof loadNativeCodec> | undefined;

/** The codec for images of a size: the faster one where it is installed. */
export function chooseDecoder({ width, height }: Size): CodecChoice {
  native ??= loadNativeCodec();
  if ('reason' in native) return { codec: pngjsCodec, reason: native.reason };
  if (width * height <= MAX_NATIVE_PIXELS) return { codec: native.codec, reason: 'it is installed' };
  return { codec: pngjsCodec, reason: `the image has more than ${MAX_NATIVE_PIXELS} pixels` };
}

/**
 * Decodes a PNG file to 8-bit RGBA without padding: the bytes libpng gives with expand, scale_16 and an added alpha of
 * 255. gAMA, sRGB and iCCP have no effect; of an animation this is the default image.
 *
 * @throws NeighborProductError `INVALID_PNG`, `OUT_OF_MEMORY`, or `TOO_MANY_PIXELS` before memory is allocated
 */
export function decodePng(file: Uint8Array, limits: DecodeLimits, codec?: PngCodec): CheckedImage {
  try {
    const png = checkPng(file, limits);
    const { readSamples } = codec ?? chooseDecoder(png.header).codec;
    return toImage(readSamples(plainPng(png), png.header), png);
  } catch (error) {
    throw error instanceof NeighborProductError ? error : undecodable(error as Error);
  }
}

/** As {@link decodePng}, the longest parts on another thread where the codec can. The file must not change. */
export async function decodePngOffThread(
  file: Uint8Array,
  limits: DecodeLimits,
  codec?: PngCodec,
): Promise<CheckedImage> {
  return decodePngFile(
    readInMemory(file, (source) => readPng(source, limits)),
    codec,
  );
}

/** As {@link decodePngOffThread}, of a file that is taken apart already. */
export async function decodePngFile(file: PngFile, codec?: PngCodec): Promise<CheckedImage> {
  try {
    const inflating = inflatePngOffThread(file);
    // Loaded while the image data is inflated.
    const { readSamples, readSamplesOffThread } = codec ?? chooseDecoder(file.header).codec;
    const png = await inflating;
    return toImage(await (readSamplesOffThread ?? readSamples)(plainPng(png), png.header), png);
  } catch (error) {
    throw error instanceof NeighborProductError ? error : undecodable(error as Error);
  }
}

/** Of a checked file, only memory can be missing; anything else is a defect here or in the codec. */
function undecodable(cause: Error): NeighborProductError {
  if (cause instanceof RangeError) return lackOfMemory(cause);
  const message = `The codec failed on a checked PNG: ${cause.message}. Please report the file.`;
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

function toImage(samples: Samples, png: CheckedPng): CheckedImage {
  const { width, height } = png.header;
  return { data: toRgba8(samples, png), width, height, channels: 4, rowBytes: width * 4 };
}

/**
 * Raw RGBA samples of the image's bit depth as 8-bit ones, in place where they are bytes already: what libpng gives
 * with expand, scale_16 and an added alpha of 255.
 *
 * @param samples four a pixel, alpha the greatest value where the image has none; of a palette, its own 8-bit colours
 */
export function toRgba8(samples: Samples, { header, palette, colourKey }: CheckedPng): Uint8Array {
  if (palette !== undefined) return samples as Uint8Array;
  if (colourKey !== undefined) clearKeyedAlpha(samples, colourKey);
  if (samples instanceof Uint16Array) return roundTo8Bits(samples);
  if (header.bitDepth < 8) widenTo8Bits(samples, header.bitDepth);
  return samples;
}

/** Keyed pixels keep their colour. Compared before rounding, or colours near the key would vanish with it. */
function clearKeyedAlpha(samples: Samples, colourKey: readonly number[]): void {
  // Greyscale came as three equal samples.
  const [red, green = red, blue = red] = colourKey;
  for (let at = 0; at < samples.length; at += 4) {
    if (samples[at] === red && samples[at + 1] === green && samples[at + 2] === blue) samples[at + 3] = 0;
  }
}

/** To the nearest: equals Math.round(sample * 255 / 65535) for every sample. */
function roundTo8Bits(samples: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let at = 0; at < samples.length; at++) bytes[at] = (samples[at] * 255 + 32895) >> 16;
  return bytes;
}

/** The greatest values of 1, 2 and 4 bits divide 255. */
function widenTo8Bits(samples: Uint8Array, bitDepth: number): void {
  const step = 255 / (2 ** bitDepth - 1);
  for (let at = 0; at < samples.length; at++) samples[at] *= step;
}
