/** The registry of image formats: what can be read and written, and what is recognised only to say what a file is. */
import { extname } from 'node:path';
import { NeighborProductError } from '../errors.js';
import { ByteSource, type Input, readFrom } from '../files/byte-source.js';
import type { ImageShape } from '../image.js';
import type { RowReader, RowWriter } from '../rows.js';
import { BmpReader, isBmp } from './bmp.js';
import type { Extra, MetadataChunk } from './extra.js';
import { damaged, isPng } from './png/chunks.js';
import {
  DEFAULT_FORMAT,
  type DecodeLimits,
  type EncodeOptions,
  type MetadataChoice,
  type OutputFormat,
} from './png/codec.js';
import { PngReader } from './png/read.js';
import { type ImageToWrite, PngWriter, type TakeBytes } from './png/write.js';
import { isPam, isPgm, isPpm, PamWriter, PnmReader } from './pnm.js';
import { bytesToWrite, type SharpFormat, SharpReader, SharpWriter } from './sharp.js';

export type { DecodeLimits, Extra, MetadataChoice, TakeBytes };

/** The image of a file, as rows of 8-bit RGBA. */
export interface ImageReader extends RowReader {
  /** What the file holds that is not in the rows; complete once the reader is finished. */
  readonly extras: readonly Extra[];
  /** Whether alpha is 255 everywhere, as far as the file tells before its pixels. */
  readonly isOpaque: boolean;
  /** Bytes held besides rows; infinite where the whole image is decoded on this thread, which is then busy. */
  readonly heldBytes: number;
  readonly codec: CodecUsed;
}

/** Who reads or writes a file. */
export interface CodecUsed {
  /** The package. */
  readonly name: string;
  /** A clause for people. */
  readonly detail: string;
}

/** A file that an image is written into. */
export interface ImageWriter extends RowWriter {
  /** Bytes of the file so far. */
  readonly byteLength: number;
  readonly codec: CodecUsed;
  /** Whether metadata chunks are written; they are PNG's. */
  readonly keepsMetadata: boolean;
  /** @param metadata to write after the image */
  readonly finish: (metadata?: readonly MetadataChunk[]) => Promise<void>;
}

/** A format that can be read, and perhaps written. */
interface Format {
  readonly name: string;
  /** In lower case, with the dot; the first one is suggested. */
  readonly extensions: readonly string[];
  /** @param start the first {@link START_BYTES} of a file, or all of a shorter one */
  readonly matches: (start: Uint8Array) => boolean;
  /** @param source the bytes that were looked at, of the input */
  readonly open: (source: ByteSource, input: Input, limits: DecodeLimits) => Promise<ImageReader>;
  /** Whether {@link open} reads the whole file. */
  readonly isReadWhole?: boolean;
  /** Absent for a format that is only read. */
  readonly create?: (take: TakeBytes, image: ImageToWrite, options: EncodeOptions) => ImageWriter;
  /** Bytes held for an image that is written, besides rows; absent for none. */
  readonly bytesToWrite?: (image: ImageShape) => number;
}

/** A format that can be written. */
type WritableFormat = Format & Required<Pick<Format, 'create'>>;

const PNG = {
  name: 'PNG',
  extensions: ['.png'],
  matches: isPng,
  open: (source, input, limits) => PngReader.open(source, input, limits),
  create: (take, image, options) => new PngWriter(take, image, options),
} as const satisfies Format;

const PGM = { name: 'PGM', extensions: ['.pgm'], matches: isPgm, open: PnmReader.open } as const satisfies Format;

const PPM = {
  name: 'PPM',
  extensions: ['.ppm', '.pnm'],
  matches: isPpm,
  open: PnmReader.open,
} as const satisfies Format;

const PAM = {
  name: 'PAM',
  extensions: ['.pam'],
  matches: isPam,
  open: PnmReader.open,
  create: (take, image) => new PamWriter(take, image),
} as const satisfies Format;

const BMP = {
  name: 'BMP',
  extensions: ['.bmp', '.dib'],
  matches: isBmp,
  isReadWhole: true,
  open: BmpReader.open,
} as const satisfies Format;

const JPEG = bySharp('JPEG', ['.jpg', '.jpeg', '.jpe', '.jfif'], (start) => start.startsWith('\xff\xd8\xff'));
const GIF = bySharp('GIF', ['.gif'], (start) => /^GIF8[79]a/.test(start));
const AVIF = bySharp('AVIF', ['.avif'], (start) => /^.{4}ftyp(.{4})*?avi[fs]/s.test(start));
const WEBP = writtenBySharp('WebP', ['.webp'], (start) => /^RIFF.{4}WEBP/s.test(start));
const TIFF = writtenBySharp('TIFF', ['.tiff', '.tif'], (start) => /^(II[*+]\0|MM\0[*+])/.test(start));

/** @param matches gets the first bytes as Latin-1 */
function bySharp<Name extends SharpFormat>(
  name: Name,
  extensions: readonly string[],
  matches: (start: string) => boolean,
) {
  return {
    name,
    extensions,
    matches: (start: Uint8Array) => matches(Buffer.from(start).toString('latin1')),
    isReadWhole: true,
    open: (source, input, limits) => SharpReader.open(name, source, input, limits),
  } as const satisfies Format;
}

function writtenBySharp(name: 'WebP' | 'TIFF', extensions: readonly string[], matches: (start: string) => boolean) {
  return {
    ...bySharp(name, extensions, matches),
    create: (take, image, options) => new SharpWriter(name, take, image, options),
    bytesToWrite,
  } as const satisfies Format;
}

/** Every format. Importing this loads no codec: each is loaded when it is first used. */
const FORMATS: readonly Format[] = [PNG, JPEG, WEBP, TIFF, AVIF, GIF, PAM, PPM, PGM, BMP];

/** Of every file that can be read, in lower case, with the dot. */
export const READABLE_EXTENSIONS: readonly string[] = FORMATS.flatMap(({ extensions }) => extensions);

/** Whether a file of this name can be read, if it is what its name says. */
export function isReadable(path: string): boolean {
  return READABLE_EXTENSIONS.some((extension) => path.toLowerCase().endsWith(extension));
}

/** A format that can be neither read nor written. */
interface ForeignFormat {
  /** With its article. */
  readonly noun: string;
  /** Where a signature stands, and its bytes as Latin-1. */
  readonly signatures?: readonly (readonly [at: number, bytes: string])[];
  /** What is in the beginning of a text. */
  readonly pattern?: RegExp;
  readonly extensions?: readonly string[];
  /** Default {@link CONVERT}. */
  readonly advice?: string;
}

const CONVERT = `Convert it to ${PNG.name} first`;
const NAME_ANOTHER = 'Name an image file';
const UNPACK = 'Unpack it first';

/** In this order signatures are compared: two letters say little, so those come last. */
const FOREIGN_FORMATS: readonly ForeignFormat[] = [
  { noun: 'a JPEG 2000 image', signatures: [[4, 'jP  \r\n']], extensions: ['.jp2'] },
  {
    noun: 'a JPEG XL image',
    signatures: [
      [4, 'JXL \r\n'],
      [0, '\xff\x0a'],
    ],
    extensions: ['.jxl'],
  },
  { noun: 'a raw photograph', extensions: ['.dng', '.cr2', '.nef', '.arw'] },
  {
    noun: 'a HEIC image',
    signatures: [
      [4, 'ftyphei'],
      [4, 'ftypmif1'],
    ],
    extensions: ['.heic', '.heif'],
  },
  { noun: 'an OpenEXR image', signatures: [[0, '\x76\x2f\x31\x01']], extensions: ['.exr'] },
  { noun: 'a QOI image', signatures: [[0, 'qoif']], extensions: ['.qoi'] },
  { noun: 'an icon', signatures: [[0, '\0\0\x01\0']], extensions: ['.ico'] },
  { noun: 'a Photoshop document', signatures: [[0, '8BPS']], extensions: ['.psd'] },
  { noun: 'an MNG animation', signatures: [[0, '\x8aMNG']], extensions: ['.mng'] },
  { noun: 'a web page', pattern: /^\s*<(!doctype )?html/i, advice: 'Download the image that it shows' },
  { noun: 'an SVG drawing', pattern: /<svg[\s>]/i, extensions: ['.svg'] },
  { noun: 'a PDF document', signatures: [[0, '%PDF']], extensions: ['.pdf'], advice: NAME_ANOTHER },
  { noun: 'a ZIP archive', signatures: [[0, 'PK\x03\x04']], advice: UNPACK },
  { noun: 'a gzip archive', signatures: [[0, '\x1f\x8b']], advice: UNPACK },
  { noun: 'a Targa image', extensions: ['.tga'] },
  { noun: 'a plain (ASCII) PBM, PGM or PPM image', pattern: /^P[123]\s/ },
  { noun: 'a BMP image', signatures: [[0, 'BM']] },
  { noun: 'a PBM image', signatures: [[0, 'P4']], extensions: ['.pbm'] },
];

/** Enough of a file to tell its format. */
const START_BYTES = 64;

/**
 * Opens a file of any format that can be read, up to its pixels. What is no image is refused by its first bytes. The input
 * is closed if that fails.
 *
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_PNG`, `INPUT_UNREADABLE`, or `TOO_MANY_PIXELS` once the
 * header was read
 */
export async function openImage(input: Input, limits: DecodeLimits): Promise<ImageReader> {
  try {
    const source = new ByteSource(input.byteLength);
    const start = await readFrom(input, source.peek(START_BYTES));
    const format = FORMATS.find(({ matches }) => matches(start));
    if (format === undefined) throw unreadableFormat(start);
    return await format.open(source, input, limits);
  } catch (error) {
    await input.close();
    throw error;
  }
}

/** Whether a file of this name is probably read into memory as a whole when it is opened. */
export function isReadWhole(path: string): boolean {
  const extension = splitExtension(path)[1].toLowerCase();
  return FORMATS.some((format) => format.isReadWhole === true && format.extensions.includes(extension));
}

/** Begins a file. @param take gets its bytes in their order */
export function createImageFile(
  take: TakeBytes,
  image: ImageToWrite,
  options: EncodeOptions = {},
  format = DEFAULT_FORMAT,
): ImageWriter {
  return formatNamed(format).create(take, image, options);
}

/** Bytes that writing an image holds besides rows. */
export function writerBytes(format: OutputFormat, image: ImageShape): number {
  return formatNamed(format).bytesToWrite?.(image) ?? 0;
}

/** The format of an output: the one asked for, that of its extension, or the default. */
export function outputFormat(path: string, asked?: OutputFormat): OutputFormat {
  if (asked !== undefined) return asked;
  const extension = splitExtension(path)[1].toLowerCase();
  const format = FORMATS.find((known) => isWritable(known) && known.extensions.includes(extension));
  return format === undefined ? DEFAULT_FORMAT : (format.name.toLowerCase() as OutputFormat);
}

/**
 * Refuses an output path with the extension of another format than the one that is written.
 *
 * @param asked the format, absent where the extension decides
 * @param suggest the command line to type, for a path that can be written
 * @throws NeighborProductError `INVALID_OPTION`
 */
export function refuseForeignExtension(
  path: string,
  asked: OutputFormat | undefined,
  suggest: (path: string) => string,
): void {
  const suggested = withOwnExtension(path, asked);
  if (suggested === path) return;
  const names = FORMATS.filter(isWritable).map(({ name }) => name);
  const reason =
    asked === undefined
      ? `only ${names.slice(0, -1).join(', ')} and ${names.at(-1)} can be written`
      : `its extension is not that of --format ${asked}`;
  throw new NeighborProductError('INVALID_OPTION', `Cannot write '${path}': ${reason}. Type: ${suggest(suggested)}`);
}

/** A path with the extension of a format, where it has that of another one. */
export function withOwnExtension(path: string, asked?: OutputFormat): string {
  const [stem, extension] = splitExtension(path);
  const { extensions } = formatNamed(outputFormat(path, asked));
  return extension === '' || extensions.includes(extension.toLowerCase()) ? path : stem + extensions[0];
}

/** `photo-product.png` for `photo.jpg`. */
export function productName(path: string, format = DEFAULT_FORMAT): string {
  return `${splitExtension(path)[0]}-product${formatNamed(format).extensions[0]}`;
}

/** A path in two, the second part empty unless it is the extension of an image. */
function splitExtension(path: string): [stem: string, extension: string] {
  const extension = extname(path);
  const isKnown =
    path.endsWith(extension) && // extname('a.jpg/') is .jpg, but that is a folder
    [...FORMATS, ...FOREIGN_FORMATS].some(({ extensions = [] }) => extensions.includes(extension.toLowerCase()));
  return isKnown ? [path.slice(0, path.length - extension.length), extension] : [path, ''];
}

function isWritable(format: Format): format is WritableFormat {
  return format.create !== undefined;
}

function formatNamed(name: OutputFormat): WritableFormat {
  return FORMATS.filter(isWritable).find((format) => format.name.toLowerCase() === name)!;
}

/** Says what a file seems to be that no format matches. */
function unreadableFormat(firstBytes: Uint8Array): NeighborProductError {
  const start = Buffer.from(firstBytes).toString('latin1');
  const foreign = FOREIGN_FORMATS.find(
    ({ signatures = [], pattern }) =>
      signatures.some(([at, bytes]) => start.startsWith(bytes, at)) || pattern?.test(start),
  );
  if (foreign === undefined && /PNG|IHDR/.test(start)) {
    return damaged('its signature is wrong', 'Transfer it again in binary mode');
  }
  const { noun, advice = CONVERT } = foreign ?? { noun: `${unknownKind(start)} as an image`, advice: NAME_ANOTHER };
  return new NeighborProductError('INVALID_IMAGE', `Cannot read ${noun}. ${advice}.`);
}

function unknownKind(start: string): string {
  if (start === '') return 'an empty file';
  if (/^[\t\n\r -~]+$/.test(start)) return 'text';
  const bytes = Array.from(start.slice(0, 8), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0'));
  return `a file that begins with the bytes ${bytes.join(' ')}`;
}
