/**
 * Uncompressed BMP files of 1, 4, 8, 16, 24 and 32 bits, as Microsoft's documentation of BITMAPINFOHEADER,
 * BITMAPV4HEADER and BITMAPV5HEADER defines them. Most have their last row first, so the file is kept in memory.
 */
import { NeighborProductError } from '../errors.js';
import type { ByteSource, Input } from '../files/byte-source.js';
import type { RowReader } from '../rows.js';
import { type Extra, withoutCopies } from './extra.js';
import { checkPixels } from './limits.js';
import type { DecodeLimits } from './png/codec.js';
import { bytesOfSamples } from './samples.js';
import { readWholeFile } from './whole-file.js';

/** Bytes of the header of the file, before that of the image. */
const FILE_HEADER_BYTES = 14;

/** Of the image's header: OS/2's, BITMAPINFOHEADER, the same with masks, OS/2's second, V4, V5. */
const [CORE, INFO, INFO_RGB, INFO_RGBA, OS2, V4, V5] = [12, 40, 52, 56, 64, 108, 124];
const HEADER_BYTES: readonly number[] = [CORE, INFO, INFO_RGB, INFO_RGBA, OS2, V4, V5];

/** Two letters say little, so the length of the next header counts, too. */
export function isBmp(start: Uint8Array): boolean {
  const isNamed = start[0] === 0x42 && start[1] === 0x4d; // BM
  return isNamed && HEADER_BYTES.includes(start[14]) && start[15] === 0 && start[16] === 0 && start[17] === 0;
}

/** What `compression` says. */
const [UNCOMPRESSED, RLE8, RLE4, MASKS, MASKS_WITH_ALPHA] = [0, 1, 2, 3, 6];

/** The first mask stands here in every header that has some, or behind the header that has none. */
const MASKS_AT = FILE_HEADER_BYTES + INFO;

interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Whether the first row in the file is the topmost. */
  readonly isTopDown: boolean;
  readonly bits: number;
  /** Where the rows begin, and how long they are: a multiple of four bytes. */
  readonly at: number;
  readonly rowBytes: number;
  /** RGB of each colour; absent above 8 bits. */
  readonly palette: Uint8Array | undefined;
  /** Red, green, blue and alpha, the last one 0 where there is none; absent below 16 bits. */
  readonly masks: readonly number[] | undefined;
  readonly hasProfile: boolean;
}

/** Reads a file as a whole, and its rows from there. */
export class BmpReader implements RowReader {
  readonly width: number;
  readonly height: number;
  readonly channels = 4;
  readonly codec = { name: 'neighbor-product', detail: 'uncompressed samples' } as const;
  readonly extras: readonly Extra[];
  readonly heldBytes: number;
  readonly isOpaque: boolean;
  readonly #header: BmpHeader;
  readonly #input: Input;
  #file: Uint8Array;
  #y = 0;

  /** @throws NeighborProductError `INVALID_IMAGE`, `TOO_MANY_PIXELS`, `OUT_OF_MEMORY`, `INPUT_UNREADABLE` */
  static async open(source: ByteSource, input: Input, limits: DecodeLimits): Promise<BmpReader> {
    const file = await readWholeFile('BMP', source, input);
    const header = readHeader(file);
    checkPixels(header, limits.maxPixels);
    const end = header.at + header.height * header.rowBytes;
    if (end > file.length) throw cutShort(end, file.length);
    return new BmpReader(header, file, input);
  }

  private constructor(header: BmpHeader, file: Uint8Array, input: Input) {
    this.width = header.width;
    this.height = header.height;
    this.heldBytes = file.length;
    this.isOpaque = !header.masks?.[3];
    this.extras = header.hasProfile ? [withoutCopies('colour-profile', 'colour profile')] : [];
    this.#header = header;
    this.#file = file;
    this.#input = input;
  }

  /** @throws NeighborProductError `INVALID_IMAGE` */
  async read(rgba: Uint8Array): Promise<void> {
    const { width, height, isTopDown, at, rowBytes, palette, masks } = this.#header;
    for (let to = 0; to < rgba.length; to += width * 4, this.#y++) {
      const first = at + (isTopDown ? this.#y : height - 1 - this.#y) * rowBytes;
      const row = this.#file.subarray(first, first + rowBytes);
      const pixels = rgba.subarray(to, to + width * 4);
      if (palette !== undefined) paint(row, this.#header.bits, palette, pixels);
      else separate(row, this.#header.bits / 8, masks!, pixels);
    }
  }

  async finish(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    this.#file = new Uint8Array();
    await this.#input.close();
  }
}

/** A row of indices, the first one in the highest bits of a byte. */
function paint(row: Uint8Array, bits: number, palette: Uint8Array, rgba: Uint8Array): void {
  const most = 2 ** bits - 1;
  for (let x = 0, to = 0; to < rgba.length; x++, to += 4) {
    const bit = x * bits;
    const index = (row[bit >> 3] >> (8 - bits - (bit & 7))) & most;
    if (3 * index >= palette.length) throw damaged(`a pixel has colour ${index} of ${palette.length / 3}`);
    rgba[to] = palette[3 * index];
    rgba[to + 1] = palette[3 * index + 1];
    rgba[to + 2] = palette[3 * index + 2];
    rgba[to + 3] = 255;
  }
}

/** A row of pixels of two to four bytes, the lowest one first, whose bits the masks deal out. */
function separate(row: Uint8Array, pixelBytes: number, masks: readonly number[], rgba: Uint8Array): void {
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift };
  });
  const tables = channels.map(({ most }) => (most > 0 && most <= 0xffff ? bytesOfSamples(most) : undefined));
  for (let at = 0, to = 0; to < rgba.length; at += pixelBytes, to += 4) {
    let pixel = 0;
    for (let byte = 0; byte < pixelBytes; byte++) pixel |= row[at + byte] << (8 * byte);
    for (let c = 0; c < 4; c++) {
      const { mask, shift, most } = channels[c];
      const sample = (pixel & mask) >>> shift;
      if (most === 0) rgba[to + c] = c === 3 ? 255 : 0;
      else rgba[to + c] = tables[c]?.[sample] ?? Math.round((sample * 255) / most);
    }
  }
}

const DEFAULT_MASKS: Readonly<Record<number, readonly number[]>> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  24: [0xff0000, 0x00ff00, 0x0000ff, 0],
  32: [0xff0000, 0x00ff00, 0x0000ff, 0],
};

function readHeader(file: Uint8Array): BmpHeader {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = file[FILE_HEADER_BYTES];
  if (file.length < FILE_HEADER_BYTES + headerBytes) throw cutShort(FILE_HEADER_BYTES + headerBytes, file.length);
  const isCore = headerBytes === CORE;
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? UNCOMPRESSED : view.getUint32(30, true);
  checkKind(headerBytes, bits, compression);
  const [height, isTopDown] = [Math.abs(signedHeight), signedHeight < 0];
  if (width < 1 || height < 1) throw damaged(`its header says ${width}x${signedHeight} pixels`);
  const at = view.getUint32(10, true);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  return {
    width,
    height,
    isTopDown,
    bits,
    at,
    rowBytes,
    palette: bits <= 8 ? readPalette(file, headerBytes, bits, isCore ? 0 : view.getUint32(46, true), at) : undefined,
    masks: bits <= 8 ? undefined : readMasks(view, headerBytes, bits, compression),
    // PROFILE_EMBEDDED, as text.
    hasProfile: headerBytes === V5 && view.getUint32(70, true) === 0x4d424544,
  };
}

function checkKind(headerBytes: number, bits: number, compression: number): void {
  if (compression === RLE8 || compression === RLE4) {
    throw refused('it is compressed (RLE). Save it without compression, or convert it to PNG first');
  }
  const hasMasks = (compression === MASKS || compression === MASKS_WITH_ALPHA) && headerBytes !== OS2;
  const isKnown = compression === UNCOMPRESSED ? [1, 4, 8, 16, 24, 32] : hasMasks ? [16, 32] : [];
  if (isKnown.includes(bits)) return;
  throw refused(`it has ${bits} bits a pixel with compression ${compression}. Convert it to PNG first`);
}

function readPalette(file: Uint8Array, headerBytes: number, bits: number, used: number, rowsAt: number): Uint8Array {
  const entryBytes = headerBytes === CORE ? 3 : 4;
  const first = FILE_HEADER_BYTES + headerBytes;
  const room = Math.max(0, Math.floor((Math.min(rowsAt, file.length) - first) / entryBytes));
  const count = Math.min(used === 0 ? 2 ** bits : used, 2 ** bits, room);
  const palette = new Uint8Array(3 * count);
  for (let index = 0; index < count; index++) {
    const [blue, green, red] = file.subarray(first + index * entryBytes);
    palette.set([red, green, blue], 3 * index);
  }
  return palette;
}

function readMasks(view: DataView, headerBytes: number, bits: number, compression: number): readonly number[] {
  if (compression === UNCOMPRESSED) return DEFAULT_MASKS[bits];
  const hasAlpha = compression === MASKS_WITH_ALPHA || (headerBytes >= INFO_RGBA && headerBytes !== OS2);
  const count = hasAlpha ? 4 : 3;
  if (view.byteLength < MASKS_AT + 4 * count) throw cutShort(MASKS_AT + 4 * count, view.byteLength);
  const masks = Array.from({ length: 4 }, (_, c) => (c < count ? view.getUint32(MASKS_AT + 4 * c, true) : 0));
  if (masks.some((mask) => !isRun(mask))) throw damaged('a mask of its header is not one run of bits');
  return masks;
}

/** Whether the bits that are set stand side by side. */
function isRun(mask: number): boolean {
  return mask === 0 || /^1+0*$/.test(mask.toString(2));
}

function damaged(event: string): NeighborProductError {
  return new NeighborProductError('INVALID_IMAGE', `The BMP is damaged: ${event}. Download or export it again.`);
}

function cutShort(needed: number, byteLength: number): NeighborProductError {
  const event = `${needed} bytes expected, but the file ends after ${byteLength} bytes`;
  return new NeighborProductError('INVALID_IMAGE', `The BMP was cut short: ${event}. Download or export it again.`);
}

/** @param reason with advice */
function refused(reason: string): NeighborProductError {
  return new NeighborProductError('INVALID_IMAGE', `Cannot read this BMP: ${reason}.`);
}
