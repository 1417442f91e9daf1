/**
 * JPEG, WebP, AVIF, TIFF and GIF, by the optional package sharp, which works on whole images on threads of its own. The
 * only file that loads it, when such a file is opened.
 */
import { deflateSync } from 'node:zlib';
import { messageOf, NeighborProductError } from '../errors.js';
import type { ByteSource, Input } from '../files/byte-source.js';
import { type CheckedImage, createImage, type ImageShape, sizeText } from '../image.js';
import { requirePart } from '../package.js';
import type { RowReader, RowWriter } from '../rows.js';
import { readEntry, withoutOrientation } from './exif.js';
import { type Extra, type MetadataChunk, withoutCopies } from './extra.js';
import { checkPixels } from './limits.js';
import { type Compression, DEFAULT_COMPRESSION, type DecodeLimits, type EncodeOptions } from './png/codec.js';
import type { ImageToWrite, TakeBytes } from './png/write.js';
import { packRows, toBytes, widenToRgba } from './samples.js';
import { readWholeFile } from './whole-file.js';

type Sharp = typeof import('sharp')['default'];
type Metadata = import('sharp').Metadata;

export type SharpFormat = 'JPEG' | 'WebP' | 'AVIF' | 'TIFF' | 'GIF';

/** The colours that become RGB in a known way; CMYK by a profile that libvips brings. */
const SPACES: readonly string[] = ['srgb', 'rgb', 'rgb16', 'b-w', 'grey16', 'cmyk'];

/** Reads the first image of a file, turned as its orientation says. Colour profiles have no effect. */
export class SharpReader implements RowReader {
  readonly width: number;
  readonly height: number;
  readonly channels = 4;
  readonly isOpaque: boolean;
  readonly extras: readonly Extra[];
  readonly heldBytes: number;
  readonly codec: { readonly name: 'sharp'; readonly detail: string };
  readonly #sharp: Sharp;
  readonly #format: SharpFormat;
  readonly #input: Input;
  readonly #file: Uint8Array;
  readonly #bits: number;
  #decoded: Promise<Decoded> | undefined;
  #y = 0;

  /**
   * Reads a file, and what it says of its image.
   *
   * @param source the bytes that were taken from the input so far
   * @throws NeighborProductError `INVALID_IMAGE`, `TOO_MANY_PIXELS` before memory for pixels is allocated, `OUT_OF_MEMORY`
   * for a file that is too large, `INPUT_UNREADABLE`, also where sharp is not installed
   */
  static async open(format: SharpFormat, source: ByteSource, input: Input, limits: DecodeLimits): Promise<SharpReader> {
    const sharp = loadSharp('INPUT_UNREADABLE', `${article(format)} image is read by sharp`);
    const file = await readWholeFile(format, source, input);
    if (format === 'TIFF' && isRawPhotograph(file)) {
      throw unreadable('Cannot read a raw photograph of a camera: as a TIFF, its first image is a small preview');
    }
    const metadata = await sharp(file, READ_OPTIONS)
      .metadata()
      .catch((error) => {
        throw damaged(format, error);
      });
    checkPixels(metadata, limits.maxPixels);
    const { space, depth, channels } = metadata;
    if (!SPACES.includes(space) || (depth !== 'uchar' && depth !== 'ushort') || channels > 4) {
      throw unreadable(`Cannot read a ${format} image with ${channels} channels of the kind ${space}, ${depth}`);
    }
    return new SharpReader(sharp, format, input, file, metadata);
  }

  private constructor(sharp: Sharp, format: SharpFormat, input: Input, file: Uint8Array, metadata: Metadata) {
    const { autoOrient, orientation = 1, channels, hasAlpha, depth, bitsPerSample = 16 } = metadata;
    this.width = autoOrient.width;
    this.height = autoOrient.height;
    this.isOpaque = !hasAlpha;
    // AVIF has samples of 10 and 12 bits, which libvips shifts to 16.
    this.#bits = depth === 'uchar' ? 8 : format === 'AVIF' ? bitsPerSample : 16;
    this.extras = extrasOf(format, metadata, this.#bits);
    const imageBytes = metadata.width * metadata.height * Math.max(3, channels) * (this.#bits > 8 ? 2 : 1);
    this.heldBytes = file.length + imageBytes * (orientation > 1 ? 2 : 1);
    const turned = orientation > 1 ? `, orientation ${orientation} applied` : '';
    this.codec = { name: 'sharp', detail: `libvips ${sharp.versions.vips}, as a whole${turned}` };
    this.#sharp = sharp;
    this.#format = format;
    this.#input = input;
    this.#file = file;
  }

  /** @throws NeighborProductError `INVALID_IMAGE`, `OUT_OF_MEMORY` */
  async read(rgba: Uint8Array): Promise<void> {
    this.#decoded ??= this.#decode();
    const { samples, depth } = await this.#decoded;
    const first = this.#y * this.width * depth;
    const part = samples.subarray(first, first + (rgba.length / 4) * depth);
    widenToRgba(part instanceof Uint16Array ? toBytes(part, this.#bits) : part, depth, rgba);
    this.#y += rgba.length / (4 * this.width);
  }

  async finish(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    this.#decoded = undefined;
    await this.#input.close();
  }

  async #decode(): Promise<Decoded> {
    const isDeep = this.#bits > 8;
    try {
      const { data, info } = await this.#sharp(this.#file, { ...READ_OPTIONS, autoOrient: true })
        .toColourspace(isDeep ? 'rgb16' : 'srgb')
        .raw({ depth: isDeep ? 'ushort' : 'uchar' })
        .toBuffer({ resolveWithObject: true });
      const isAsDeclared = info.width === this.width && info.height === this.height && info.channels <= 4;
      if (!isAsDeclared) throw new Error(`${info.width}x${info.height}x${info.channels} samples came`);
      const samples = isDeep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
      return { samples, depth: info.channels };
    } catch (error) {
      throw damaged(this.#format, error);
    }
  }
}

interface Decoded {
  readonly samples: Uint8Array | Uint16Array;
  /** In a pixel. */
  readonly depth: number;
}

/** Damaged data of a JPEG and a palette that is cut off from a TIFF are only warnings. */
const READ_OPTIONS = { failOn: 'warning', ignoreIcc: true, limitInputPixels: false, unlimited: false } as const;

/** @param use a clause */
function loadSharp(code: 'INPUT_UNREADABLE' | 'OUTPUT_UNWRITABLE', use: string): Sharp {
  try {
    const sharp = requirePart('sharp') as Sharp;
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const reason = isMissing ? 'is not installed' : `does not load: ${reasonOf(cause)}`;
    const message = `${use}, which ${reason}. Install it beside neighbor-product: npm install sharp. Or use PNG.`;
    throw new NeighborProductError(code, message, { cause });
  }
}

/** Tags of TIFF: whether the first image is a reduced one, as in raw files of most cameras, and the version of DNG. */
const [NEW_SUBFILE_TYPE, DNG_VERSION] = [254, 50706];

function isRawPhotograph(file: Uint8Array): boolean {
  const isReduced = ((readEntry(file, NEW_SUBFILE_TYPE) ?? 0) & 1) === 1;
  const isCanon = file[8] === 0x43 && file[9] === 0x52; // CR
  return isReduced || isCanon || readEntry(file, DNG_VERSION) !== undefined;
}

function extrasOf(format: SharpFormat, metadata: Metadata, bits: number): Extra[] {
  const { space, icc, exif, xmp, iptc, density, resolutionUnit, pages = 1 } = metadata;
  const more = pages - 1;
  const kind = format === 'TIFF' ? 'image' : 'frame';
  return [
    ...(bits > 8 ? [withoutCopies('16-bit', `${bits}-bit samples`)] : []),
    ...(space === 'cmyk' ? [withoutCopies('colour-space', 'CMYK, converted to RGB')] : []),
    ...(icc ? [colourProfile(icc)] : []),
    // Without a unit, libvips makes a density up.
    ...(density && resolutionUnit ? [copied('density', 'density', 'pHYs', densityData(density))] : []),
    ...(exif ? [copied('exif', 'Exif data', 'eXIf', exifData(exif))] : []),
    ...(xmp ? [copied('text', 'XMP', 'iTXt', xmpData(xmp))] : []),
    ...(more > 0 ? [withoutCopies('animation', `${more} more ${kind}${more === 1 ? '' : 's'}`)] : []),
    ...(iptc ? [withoutCopies('other', 'IPTC data')] : []),
  ];
}

function copied(id: Extra['id'], term: string, type: string, data: Uint8Array): Extra {
  const chunk: MetadataChunk = { type, data };
  return { id, term, copies: [chunk] };
}

/** Only a profile of RGB fits the output. Its kind is in bytes 16 to 19 of its header (ICC.1, 7.2.6). */
function colourProfile(icc: Uint8Array): Extra {
  const kind = Buffer.from(icc.subarray(16, 20)).toString('latin1').trim();
  if (kind !== 'RGB') return withoutCopies('colour-profile', `colour profile of ${kind}`);
  const data = Buffer.concat([Buffer.from('ICC profile\0\0', 'latin1'), deflateSync(icc)]);
  return copied('colour-profile', 'colour profile', 'iCCP', data);
}

const METRES_IN_INCH = 0.0254;

/** Pixels in a metre, across and down, and the unit metre. */
function densityData(perInch: number): Uint8Array {
  const data = Buffer.alloc(9);
  const perMetre = Math.round(perInch / METRES_IN_INCH);
  data.writeUInt32BE(perMetre, 0);
  data.writeUInt32BE(perMetre, 4);
  data[8] = 1;
  return data;
}

const EXIF_MARKER = Buffer.from('Exif\0\0', 'latin1');

/** The pixels are turned already. */
function exifData(exif: Uint8Array): Uint8Array {
  const hasMarker = EXIF_MARKER.equals(exif.subarray(0, EXIF_MARKER.length));
  return withoutOrientation(exif.subarray(hasMarker ? EXIF_MARKER.length : 0));
}

/** A keyword, no compression, no language, no translated keyword, the text; the pixels are turned already. */
function xmpData(xmp: Uint8Array): Uint8Array {
  const text = Buffer.from(xmp)
    .toString('utf8')
    .replace(/(tiff:Orientation\s*(?:=\s*["']|>\s*))[2-8]/g, '$11');
  return Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${text}`);
}

/** The longest side of a WebP image: 14 bits. */
const WEBP_MAX_SIDE = 16383;

/** Of lossless images, the quality is the share of the effort that is spent. 6 and 100 take 30 times as long, for 2 %. */
const WEBP_EFFORT: Readonly<Record<Compression, { effort: number; quality: number }>> = {
  fast: { effort: 0, quality: 1 },
  balanced: { effort: 4, quality: 20 },
  small: { effort: 6, quality: 75 },
};

/** From here on, offsets of 32 bits might not be enough for a TIFF. */
const BIG_TIFF_BYTES = 2 ** 31;

/** Bytes held for an image that is written. */
export function bytesToWrite({ width, height, channels }: ImageShape): number {
  return 2 * width * height * channels; // the samples, and the file in memory
}

/** Writes lossless WebP or TIFF, the whole image at its end. The pixels are exactly the image's, also transparent ones. */
export class SharpWriter implements RowWriter {
  /** Bytes of the file so far. */
  byteLength = 0;
  readonly keepsMetadata = false;
  readonly codec: { readonly name: 'sharp'; readonly detail: string };
  readonly #sharp: Sharp;
  readonly #format: 'WebP' | 'TIFF';
  readonly #take: TakeBytes;
  readonly #compression: Compression;
  readonly #image: CheckedImage;
  #at = 0;

  /** @throws NeighborProductError `OUTPUT_UNWRITABLE`, `OUT_OF_MEMORY` */
  constructor(
    format: 'WebP' | 'TIFF',
    take: TakeBytes,
    { width, height, channels, isOpaque }: ImageToWrite,
    { compression = DEFAULT_COMPRESSION }: EncodeOptions = {},
  ) {
    if (format === 'WebP' && Math.max(width, height) > WEBP_MAX_SIDE) {
      const message = `A WebP image has sides of at most ${WEBP_MAX_SIDE} pixels, but this one has ${width}x${height}.`;
      throw new NeighborProductError('OUTPUT_UNWRITABLE', `${message} Write a PNG or a TIFF.`);
    }
    this.#sharp = loadSharp('OUTPUT_UNWRITABLE', `${article(format)} image is written by sharp`);
    this.codec = { name: 'sharp', detail: `libvips ${this.#sharp.versions.vips}, as a whole` };
    this.#format = format;
    this.#take = take;
    this.#compression = compression;
    this.#image = createImage(width, height, isOpaque ? 3 : channels);
  }

  async write(rows: CheckedImage): Promise<void> {
    const samples = packRows(rows, this.#image.channels);
    this.#image.data.set(samples, this.#at);
    this.#at += samples.length;
  }

  /** @throws NeighborProductError `OUTPUT_UNWRITABLE` */
  async finish(): Promise<void> {
    const file = await this.#encode();
    this.byteLength = file.length;
    await this.#take([file]);
  }

  async #encode(): Promise<Uint8Array> {
    const { data, width, height, channels } = this.#image;
    const image = this.#sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
    const bigtiff = data.length >= BIG_TIFF_BYTES;
    const encoding =
      this.#format === 'WebP'
        ? image.webp({ lossless: true, exact: true, ...WEBP_EFFORT[this.#compression] })
        : image.tiff({ compression: 'deflate', predictor: 'horizontal', bigtiff });
    try {
      return await encoding.toBuffer();
    } catch (cause) {
      const message = `sharp cannot write ${sizeText(this.#image)} as ${this.#format}: ${reasonOf(cause)}. Write a PNG.`;
      throw new NeighborProductError('OUTPUT_UNWRITABLE', message, { cause });
    }
  }
}

const CONVERT = 'Convert it to PNG first';

function article(format: SharpFormat): string {
  return format === 'AVIF' ? `An ${format}` : `A ${format}`;
}

/** What libvips says, without what sharp puts before it. */
function reasonOf(error: unknown): string {
  const lines = messageOf(error).split('\n');
  return lines.find((line) => line !== '' && !line.startsWith('Warning treated as error')) ?? lines[0];
}

function damaged(format: SharpFormat, cause: unknown): NeighborProductError {
  const advice = 'Download or export it again, or convert it to PNG first';
  const message = `sharp cannot read this ${format}: ${reasonOf(cause).replace(/\.$/, '')}. ${advice}.`;
  return new NeighborProductError('INVALID_IMAGE', message, { cause });
}

function unreadable(event: string): NeighborProductError {
  return new NeighborProductError('INVALID_IMAGE', `${event}. ${CONVERT}.`);
}
