/**
 * The binary formats of Netpbm: PGM (P5), PPM (P6) and PAM (P7), as https://netpbm.sourceforge.net/doc/ defines them.
 * Samples are not compressed, so rows are read and written as they come, and no package is needed.
 */
import { NeighborProductError } from '../errors.js';
import { type ByteSource, countRest, type Input, type Reading, readFrom } from '../files/byte-source.js';
import type { CheckedImage } from '../image.js';
import type { RowReader, RowWriter } from '../rows.js';
import { type Extra, withoutCopies } from './extra.js';
import { checkPixels } from './limits.js';
import type { DecodeLimits } from './png/codec.js';
import type { ImageToWrite, TakeBytes } from './png/write.js';
import { bytesOfSamples, packRows, widenToRgba } from './samples.js';

type FormatName = 'PGM' | 'PPM' | 'PAM';

interface PnmHeader {
  readonly format: FormatName;
  readonly width: number;
  readonly height: number;
  /** Samples in a pixel: greyscale, greyscale with alpha, RGB, RGB with alpha. */
  readonly depth: number;
  /** The sample of full intensity, 1 to 65535; above 255 a sample takes two bytes, the greater one first. */
  readonly maxval: number;
}

const CODEC = { name: 'neighbor-product', detail: 'uncompressed samples' } as const;

/** Bytes of rows that are decoded at a time. */
const PIECE_BYTES = 2 ** 20;

export function isPgm(start: Uint8Array): boolean {
  return begins(start, '5');
}

export function isPpm(start: Uint8Array): boolean {
  return begins(start, '6');
}

/** Not `P7 332`, which is a thumbnail of xv. */
export function isPam(start: Uint8Array): boolean {
  return begins(start, '7') && start[2] === LINE_FEED;
}

const [LINE_FEED, CARRIAGE_RETURN, HASH] = [10, 13, 35];
const WHITESPACE: readonly number[] = [9, LINE_FEED, 11, 12, CARRIAGE_RETURN, 32];

function begins(start: Uint8Array, digit: string): boolean {
  const isP = start[0] === 0x50 && start[1] === digit.charCodeAt(0);
  return isP && (WHITESPACE.includes(start[2]) || start[2] === HASH);
}

/** Reads the first image of a file. Samples become bytes: the nearest of `sample * 255 / maxval`. */
export class PnmReader implements RowReader {
  readonly width: number;
  readonly height: number;
  readonly channels = 4;
  readonly heldBytes = 0;
  readonly codec = CODEC;
  readonly isOpaque: boolean;
  readonly #header: PnmHeader;
  readonly #source: ByteSource;
  readonly #input: Input;
  /** The byte of each sample; absent where they are the same. */
  readonly #byteOf: Uint8Array | undefined;
  /** What the file holds besides the pixels; complete after {@link finish}. */
  #extras: readonly Extra[];

  /**
   * Reads a file up to its samples.
   *
   * @param source the bytes that were taken from the input so far
   * @throws NeighborProductError `INVALID_IMAGE`, `TOO_MANY_PIXELS`, `INPUT_UNREADABLE`
   */
  static async open(source: ByteSource, input: Input, limits: DecodeLimits): Promise<PnmReader> {
    const header = await readFrom(input, readHeader(source));
    checkPixels(header, limits.maxPixelsByRows ?? limits.maxPixels);
    const needed = source.position + rowBytesOf(header) * header.height;
    if (needed > (source.byteLength ?? Number.POSITIVE_INFINITY)) throw cutShort(header, needed, source.byteLength!);
    return new PnmReader(header, source, input);
  }

  private constructor(header: PnmHeader, source: ByteSource, input: Input) {
    this.width = header.width;
    this.height = header.height;
    this.isOpaque = header.depth % 2 === 1;
    this.#header = header;
    this.#source = source;
    this.#input = input;
    this.#byteOf = header.maxval === 255 ? undefined : bytesOfSamples(header.maxval);
    this.#extras = header.maxval > 255 ? [withoutCopies('16-bit', '16-bit samples')] : [];
  }

  get extras(): readonly Extra[] {
    return this.#extras;
  }

  /** @throws NeighborProductError `INVALID_IMAGE`, `INPUT_UNREADABLE` */
  async read(rgba: Uint8Array): Promise<void> {
    const stored = rowBytesOf(this.#header);
    const rowsAtOnce = Math.max(1, Math.floor(PIECE_BYTES / stored));
    const count = rgba.length / (this.width * 4);
    for (let y = 0; y < count; y += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, count - y);
      const samples = this.#toBytes(await this.#gather(rows * stored));
      widenToRgba(samples, this.#header.depth, rgba.subarray(y * this.width * 4, (y + rows) * this.width * 4));
    }
  }

  /** Says what follows the image. @throws NeighborProductError `INPUT_UNREADABLE` */
  async finish(): Promise<void> {
    this.#extras = [...this.#extras, ...(await readFrom(this.#input, readTail(this.#source, this.#header.format)))];
    await this.#input.close();
  }

  async close(): Promise<void> {
    await this.#input.close();
  }

  async #gather(byteLength: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(byteLength);
    for (let at = 0; at < byteLength; ) {
      const part = await readFrom(this.#input, this.#source.takeSome(byteLength - at));
      if (part.length === 0)
        throw cutShort(this.#header, this.#source.position + byteLength - at, this.#source.position);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** In place where a sample is a byte already. */
  #toBytes(stored: Uint8Array): Uint8Array {
    const { maxval } = this.#header;
    const byteOf = this.#byteOf;
    if (byteOf === undefined) return stored;
    const width = maxval > 255 ? 2 : 1;
    const bytes = width === 1 ? stored : new Uint8Array(stored.length / 2);
    for (let at = 0; at < bytes.length; at++) {
      const sample = width === 1 ? stored[at] : (stored[2 * at] << 8) | stored[2 * at + 1];
      if (sample > maxval) throw damaged(this.#header.format, `a sample is ${sample}, above its maxval ${maxval}`);
      bytes[at] = byteOf[sample];
    }
    return bytes;
  }
}

function rowBytesOf({ width, depth, maxval }: PnmHeader): number {
  return width * depth * (maxval > 255 ? 2 : 1);
}

function* readHeader(source: ByteSource): Reading<PnmHeader> {
  const magic = yield* source.take(2);
  if (magic[1] === 0x37) return yield* readPamHeader(source);
  const [format, depth] = magic[1] === 0x35 ? (['PGM', 1] as const) : (['PPM', 3] as const);
  const width = yield* readNumber(source, format, 'width');
  const height = yield* readNumber(source, format, 'height');
  const maxval = yield* readNumber(source, format, 'maxval');
  return checked({ format, width, height, depth, maxval });
}

/** A header is short, but its comments are anyone's. */
const MAX_HEADER_BYTES = 2 ** 16;

function* readByte(source: ByteSource, format: FormatName): Reading<number> {
  const [byte] = source.takeAtOnce(1) ?? (yield* source.take(1));
  if (byte === undefined) throw endsInHeader(format, source.position);
  if (source.position > MAX_HEADER_BYTES) throw damaged(format, `its header is longer than ${MAX_HEADER_BYTES} bytes`);
  return byte;
}

/**
 * The next number and one byte of whitespace after it. A comment is skipped where whitespace may stand. One that touches
 * a number is refused: by the specification its line end separates nothing, but libnetpbm and ImageMagick take it for the
 * whitespace after the number.
 */
function* readNumber(source: ByteSource, format: FormatName, name: string): Reading<number> {
  let digits = '';
  for (;;) {
    const byte = yield* readByte(source, format);
    if (byte === HASH) {
      if (digits !== '') {
        throw damaged(
          format,
          `a comment touches its ${name}`,
          'Put a space before the #: programs read it differently',
        );
      }
      yield* skipComment(source, format);
    } else if (WHITESPACE.includes(byte)) {
      if (digits !== '') return Number(digits);
    } else if (byte >= 0x30 && byte <= 0x39 && digits.length < 10) {
      digits += String.fromCharCode(byte);
    } else {
      throw damaged(format, `its ${name} is not a whole number`);
    }
  }
}

function* skipComment(source: ByteSource, format: FormatName): Reading<void> {
  let byte: number;
  do byte = yield* readByte(source, format);
  while (byte !== LINE_FEED && byte !== CARRIAGE_RETURN);
}

/** Samples in a pixel of each kind of tuple. */
const TUPLES: Readonly<Record<string, number>> = {
  BLACKANDWHITE: 1,
  GRAYSCALE: 1,
  BLACKANDWHITE_ALPHA: 2,
  GRAYSCALE_ALPHA: 2,
  RGB: 3,
  RGB_ALPHA: 4,
};

const NUMBERS = ['WIDTH', 'HEIGHT', 'DEPTH', 'MAXVAL'] as const;

/** Lines of a keyword and its value, in any order, to `ENDHDR`. */
function* readPamHeader(source: ByteSource): Reading<PnmHeader> {
  const numbers = new Map<string, number>();
  const types: string[] = [];
  for (let line = yield* readLine(source); line !== 'ENDHDR'; line = yield* readLine(source)) {
    if (line === '' || line.startsWith('#')) continue;
    const [, keyword, value] = /^(\S+)\s*(.*)$/s.exec(line)!;
    if (keyword === 'TUPLTYPE') types.push(value);
    else if (!NUMBERS.some((name) => name === keyword)) throw damaged('PAM', 'its header has a line without a meaning');
    else if (numbers.has(keyword)) throw damaged('PAM', `its header has a second ${keyword}`);
    else if (!/^\d{1,10}$/.test(value)) throw damaged('PAM', `its ${keyword} is not a whole number`);
    else numbers.set(keyword, Number(value));
  }
  const [width, height, depth, maxval] = NUMBERS.map((name) => {
    const number = numbers.get(name);
    if (number === undefined) throw damaged('PAM', `its header has no ${name}`);
    return number;
  });
  checkTuples(types.join(' '), depth, maxval);
  return checked({ format: 'PAM', width, height, depth, maxval });
}

function* readLine(source: ByteSource): Reading<string> {
  let line = '';
  for (let byte = yield* readByte(source, 'PAM'); byte !== LINE_FEED; byte = yield* readByte(source, 'PAM')) {
    line += String.fromCharCode(byte);
  }
  return line.trim();
}

/** Without a type, the depth says what a tuple is. */
function checkTuples(type: string, depth: number, maxval: number): void {
  if (type !== '' && !Object.hasOwn(TUPLES, type)) {
    const message = `The PAM holds tuples that are no pixels of ${Object.keys(TUPLES).join(', ')}. ${CONVERT}.`;
    throw new NeighborProductError('INVALID_IMAGE', message);
  }
  if (depth < 1 || depth > 4 || depth !== (TUPLES[type] ?? depth)) {
    throw damaged('PAM', `its depth is ${depth}, not ${TUPLES[type] ?? '1 to 4'}`);
  }
  if (type.startsWith('BLACKANDWHITE') && maxval !== 1) throw damaged('PAM', `its MAXVAL is ${maxval}, not 1`);
}

function checked(header: PnmHeader): PnmHeader {
  const { format, width, height, maxval } = header;
  if (width === 0 || height === 0) throw damaged(format, `its header says ${width}x${height} pixels`);
  if (maxval < 1 || maxval > 65535) throw damaged(format, `its maxval is ${maxval}, not 1 to 65535`);
  return header;
}

/** Images may follow one another, with nothing between them. */
function* readTail(source: ByteSource, format: FormatName): Reading<Extra[]> {
  const start = yield* source.peek(3);
  if (isPgm(start) || isPpm(start) || isPam(start)) return [withoutCopies('animation', 'more images after the first')];
  const rest = yield* countRest(source);
  return rest ? [withoutCopies('trailing-bytes', `${rest} after the end of the ${format}`)] : [];
}

const EXPORT_AGAIN = 'Download or export it again';
const CONVERT = 'Convert it to PNG first';

function damaged(format: FormatName, event: string, advice = EXPORT_AGAIN): NeighborProductError {
  return new NeighborProductError('INVALID_IMAGE', `The ${format} is damaged: ${event}. ${advice}.`);
}

function endsInHeader(format: FormatName, byteLength: number): NeighborProductError {
  const event = `the file ends within its header, after ${byteLength} bytes`;
  return new NeighborProductError('INVALID_IMAGE', `The ${format} was cut short: ${event}. ${EXPORT_AGAIN}.`);
}

function cutShort({ format }: PnmHeader, needed: number, byteLength: number): NeighborProductError {
  const event = `${needed} bytes expected, but the file ends after ${byteLength} bytes`;
  return new NeighborProductError('INVALID_IMAGE', `The ${format} was cut short: ${event}. ${EXPORT_AGAIN}.`);
}

/** Writes a PAM: RGB where every pixel is opaque, else RGB with alpha. */
export class PamWriter implements RowWriter {
  /** Bytes of the file so far. */
  byteLength = 0;
  readonly codec = CODEC;
  readonly keepsMetadata = false;
  readonly #take: TakeBytes;
  readonly #channels: 3 | 4;
  #head: readonly Uint8Array[];
  /** Resolves when all rows so far are written. */
  #written: Promise<void> = Promise.resolve();

  constructor(take: TakeBytes, { width, height, channels, isOpaque }: ImageToWrite) {
    this.#take = take;
    this.#channels = isOpaque ? 3 : channels;
    const type = this.#channels === 3 ? 'RGB' : 'RGB_ALPHA';
    const lines = [`WIDTH ${width}`, `HEIGHT ${height}`, `DEPTH ${this.#channels}`, 'MAXVAL 255', `TUPLTYPE ${type}`];
    this.#head = [Buffer.from(`P7\n${lines.join('\n')}\nENDHDR\n`)];
  }

  /** Other rows may come before these are written. */
  write(rows: CheckedImage): Promise<void> {
    const samples = packRows(rows, this.#channels);
    const pieces = [...this.#head, samples];
    this.#head = [];
    this.byteLength += pieces.reduce((sum, { length }) => sum + length, 0);
    this.#written = this.#written.then(() => this.#take(pieces));
    this.#written.catch(() => {}); // heard by those who wait for it
    return this.#written;
  }

  finish(): Promise<void> {
    return this.#written;
  }
}
