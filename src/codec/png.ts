/** PNG files to rasters and back, by whichever codec there is: the pixels and the refusals are the same. */
import { NeighborProductError } from '../errors.js';
import type { Raster } from '../image.js';
import { loadNativeCodec } from './native-codec.js';
import { packPicture } from './packed-picture.js';
import { plainPng } from './plain-png.js';
import {
  type Compression,
  DEFAULT_COMPRESSION,
  type Encode,
  type PackedPicture,
  type PngCodec,
  type Samples,
} from './png-codec.js';
import { chooseSettings } from './png-encode-settings.js';
import { type CheckedPng, checkPng, checkPngOffThread } from './png-guard.js';
import type { PngHeader, PngLimits } from './png-header.js';
import { toRgba8 } from './png-samples.js';
import { pngjsCodec } from './pngjs-codec.js';

/** What @napi-rs/image may be given: it refuses to decode more than 512 MiB, the file's samples of 16 bits and copies. */
const MAX_NATIVE_PIXELS = 2 ** 25;

/** A codec, and why that one: a clause for people. */
export interface CodecChoice {
  readonly codec: PngCodec;
  readonly reason: string;
}

export interface CodecUse {
  readonly decoder: CodecChoice;
  readonly encoder: CodecChoice;
}

export interface EncodeOptions {
  /** Default {@link DEFAULT_COMPRESSION}. */
  readonly compression?: Compression;
}

let native: ReturnType<typeof loadNativeCodec> | undefined;

/** The codec for pictures of a size, the faster one where it is installed. */
export function chooseCodec({ width, height }: Pick<Raster, 'width' | 'height'>): CodecChoice {
  native ??= loadNativeCodec();
  if ('reason' in native) return { codec: pngjsCodec, reason: native.reason };
  if (width * height <= MAX_NATIVE_PIXELS) return { codec: native.codec, reason: 'it is installed' };
  return { codec: pngjsCodec, reason: `there are more than ${MAX_NATIVE_PIXELS} pixels` };
}

/** As {@link chooseCodec}, for encoding. */
export function chooseEncoder(size: Pick<Raster, 'width' | 'height'>, compression: Compression): CodecChoice {
  const choice = chooseCodec(size);
  return choice.codec.settings[compression] ? choice : { codec: pngjsCodec, reason: 'its files are the smallest' };
}

/** Which codec reads and which writes pictures of a size. */
export function describeCodecs(size: Pick<Raster, 'width' | 'height'>, compression: Compression): CodecUse {
  return { decoder: chooseCodec(size), encoder: chooseEncoder(size, compression) };
}

/** The size that a file gives for itself where it is a PNG; any numbers where it is none. Nothing is checked. */
export function declaredSize(file: Uint8Array): Pick<Raster, 'width' | 'height'> {
  if (file.length < 24) return { width: 0, height: 0 };
  const view = new DataView(file.buffer, file.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/**
 * Decodes a PNG file of any kind to 8-bit RGBA, row after row without padding: the bytes libpng gives with expand,
 * scale_16 and an added alpha of 255. gAMA, sRGB and iCCP have no effect; of an animation this is the default image.
 *
 * @throws NeighborProductError with code `INVALID_PNG`, or `TOO_MANY_PIXELS` before memory is taken for any
 */
export function decodePng(file: Uint8Array, limits: PngLimits, codec?: PngCodec): Raster {
  try {
    const png = checkPng(file, limits);
    const { readSamples } = codec ?? chooseCodec(png.header).codec;
    return toRaster(readSamples(plainPng(png), png.header), png);
  } catch (error) {
    throw error instanceof NeighborProductError ? error : undecodable(error as Error);
  }
}

/** As {@link decodePng}, the longest parts on another thread where the codec can do that. The file must not change. */
export async function decodePngOffThread(file: Uint8Array, limits: PngLimits, codec?: PngCodec): Promise<Raster> {
  const codecFor = (header: PngHeader) => codec ?? chooseCodec(header).codec;
  try {
    const png = await checkPngOffThread(file, limits, codecFor);
    const { readSamples, readSamplesOffThread } = codecFor(png.header);
    return toRaster(await (readSamplesOffThread ?? readSamples)(plainPng(png), png.header), png);
  } catch (error) {
    throw error instanceof NeighborProductError ? error : undecodable(error as Error);
  }
}

/**
 * Encodes RGB, and RGBA whose alpha is 255 everywhere, as truecolour, other RGBA as truecolour with alpha; 8 bits a
 * sample, not interlaced. The pixels are exactly the picture's; the file's bytes are the codec's.
 *
 * @throws NeighborProductError with code `TOO_MANY_PIXELS` where memory is missing
 */
export function encodePng(image: Raster, options: EncodeOptions = {}, codec?: PngCodec): Uint8Array {
  try {
    const picture = packPicture(image);
    return chooseEncode(picture, options, codec)(picture);
  } catch (error) {
    throw error instanceof RangeError ? lackOfMemory(error) : error;
  }
}

/** As {@link encodePng}, the longest part on another thread where the codec can do that. The image must not change. */
export async function encodePngOffThread(
  image: Raster,
  options: EncodeOptions = {},
  codec?: PngCodec,
): Promise<Uint8Array> {
  try {
    const picture = packPicture(image);
    const encode = chooseEncode(picture, options, codec);
    return await (encode.offThread ?? encode)(picture);
  } catch (error) {
    throw error instanceof RangeError ? lackOfMemory(error) : error;
  }
}

function chooseEncode(
  picture: PackedPicture,
  { compression = DEFAULT_COMPRESSION }: EncodeOptions,
  codec: PngCodec | undefined,
): Encode {
  const { settings } = codec ?? chooseEncoder(picture, compression).codec;
  return chooseSettings(settings[compression] ?? pngjsCodec.settings[compression], picture, compression);
}

function toRaster(samples: Samples, png: CheckedPng): Raster {
  const { width, height } = png.header;
  return { data: toRgba8(samples, png), width, height, channels: 4, rowBytes: width * 4 };
}

/** Of a checked file, nothing is left to fail but the memory; anything else is a defect here or in the codec. */
function undecodable(cause: Error): NeighborProductError {
  if (cause instanceof RangeError) return lackOfMemory(cause);
  const message = `Expected a checked PNG to decode, but the codec says: ${cause.message}. Please report the file.`;
  return new NeighborProductError('INVALID_PNG', message, { cause });
}

function lackOfMemory(cause: RangeError): NeighborProductError {
  const message = `Expected memory for the picture, but there is not enough (${cause.message}). Use a smaller one.`;
  return new NeighborProductError('TOO_MANY_PIXELS', message, { cause });
}
