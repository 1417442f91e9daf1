/** Images to PNG files. The pixels are exactly the image's; the file's bytes are the codec's. */
import type { CheckedImage } from '../../image.js';
import type { Size } from '../../regions.js';
import { CHUNK_OVERHEAD, chunkBytes, HEADER_BYTES, PNG_SIGNATURE } from './chunks.js';
import {
  type CodecChoice,
  type Compression,
  DEFAULT_COMPRESSION,
  type Encode,
  type EncodeOptions,
  type PackedImage,
  type PngCodec,
} from './codec.js';
import { chooseDecoder, lackOfMemory } from './decode.js';
import { pngjsCodec } from './pngjs-codec.js';

/**
 * Encodes RGB, and RGBA whose alpha is 255 everywhere, as truecolour, other RGBA as truecolour with alpha; 8 bits a
 * sample, not interlaced.
 *
 * @throws NeighborProductError `OUT_OF_MEMORY`
 */
export function encodePng(image: CheckedImage, options: EncodeOptions = {}, codec?: PngCodec): Uint8Array {
  try {
    const packed = packImage(image);
    return withMetadata(chooseEncode(packed, options, codec)(packed), options);
  } catch (error) {
    throw error instanceof RangeError ? lackOfMemory(error) : error;
  }
}

/** As {@link encodePng}, the longest part on another thread where the codec can. The image must not change. */
export async function encodePngOffThread(
  image: CheckedImage,
  options: EncodeOptions = {},
  codec?: PngCodec,
): Promise<Uint8Array> {
  try {
    const packed = packImage(image);
    const encode = chooseEncode(packed, options, codec);
    return withMetadata(await (encode.offThread ?? encode)(packed), options);
  } catch (error) {
    throw error instanceof RangeError ? lackOfMemory(error) : error;
  }
}

/** Where the chunk after IHDR begins. */
const HEADER_END = PNG_SIGNATURE.length + CHUNK_OVERHEAD + HEADER_BYTES;

function withMetadata(file: Uint8Array, { metadata = [] }: EncodeOptions): Uint8Array {
  if (metadata.length === 0) return file;
  const chunks = metadata.flatMap(({ type, data }) => chunkBytes(type, data));
  return Buffer.concat([file.subarray(0, HEADER_END), ...chunks, file.subarray(HEADER_END)]);
}

/** As {@link chooseDecoder}, for encoding; pngjs where the faster codec has no settings for the compression. */
export function chooseEncoder(size: Size, compression: Compression): CodecChoice {
  const choice = chooseDecoder(size);
  return choice.codec.settings[compression] ? choice : { codec: pngjsCodec, reason: 'its files are the smallest' };
}

function chooseEncode(
  image: PackedImage,
  { compression = DEFAULT_COMPRESSION }: EncodeOptions,
  codec: PngCodec = chooseEncoder(image, compression).codec,
): Encode {
  return chooseSettings(codec.settings[compression] ?? pngjsCodec.settings[compression], image, compression);
}

/** How much larger than the smallest file a faster setting's may be. */
const TOLERANCE: Readonly<Record<Compression, number>> = { fast: Number.POSITIVE_INFINITY, balanced: 1.15, small: 1 };

/**
 * The first of several settings that is good enough for an image, judged by a sample of its rows: which one is differs by
 * factors between photographs and drawings, and trying each on the whole image would take their times together.
 */
export function chooseSettings(settings: readonly Encode[], image: PackedImage, compression: Compression): Encode {
  if (settings.length === 1) return settings[0];
  const sample = sampleRows(image);
  const byteLengths = settings.map((encode) => encode(sample).length);
  const enough = Math.min(...byteLengths) * TOLERANCE[compression];
  return settings[byteLengths.findIndex((byteLength) => byteLength <= enough)];
}

/** The sample is this many bands of rows, evenly spaced. */
const BANDS = 4;
const BAND_PIXELS = 2 ** 12;
/** Filters look at the row above, matching at more of them. */
const LEAST_BAND_ROWS = 4;

/** An image of some of an image's rows; a low one is its own sample. */
export function sampleRows(image: PackedImage): PackedImage {
  const { data, width, height, channels } = image;
  const bandRows = Math.max(LEAST_BAND_ROWS, Math.floor(BAND_PIXELS / width));
  if (height <= BANDS * bandRows) return image;
  const rowBytes = width * channels;
  const bands = Array.from({ length: BANDS }, (_, band) => {
    const top = Math.floor(((band + 0.5) * height) / BANDS - bandRows / 2);
    return data.subarray(top * rowBytes, (top + bandRows) * rowBytes);
  });
  return { data: Buffer.concat(bands), width, height: BANDS * bandRows, channels };
}

/** The samples in one piece, without alpha where it is 255 everywhere. Their memory is the image's or new. */
function packImage(image: CheckedImage): PackedImage {
  const { width, height, channels } = image;
  if (channels === 4 && isOpaque(image)) return { data: withoutAlpha(image), width, height, channels: 3 };
  return { data: withoutPadding(image), width, height, channels };
}

function isOpaque({ data, width, height, rowBytes }: CheckedImage): boolean {
  for (let y = 0; y < height; y++) {
    const end = y * rowBytes + width * 4;
    for (let at = y * rowBytes + 3; at < end; at += 4) if (data[at] !== 255) return false;
  }
  return true;
}

function withoutAlpha({ data, width, height, rowBytes }: CheckedImage): Buffer {
  const rgb = Buffer.allocUnsafe(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const end = y * rowBytes + width * 4;
    for (let from = y * rowBytes; from < end; from += 4) {
      rgb[to++] = data[from];
      rgb[to++] = data[from + 1];
      rgb[to++] = data[from + 2];
    }
  }
  return rgb;
}

/** The image's memory where rows follow each other, a copy where they do not. */
function withoutPadding({ data, width, height, channels, rowBytes }: CheckedImage): Buffer {
  const byteLength = width * channels;
  if (rowBytes === byteLength) return Buffer.from(data.buffer, data.byteOffset, byteLength * height);
  const rows = Buffer.alloc(byteLength * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * rowBytes, y * rowBytes + byteLength), y * byteLength);
  return rows;
}
