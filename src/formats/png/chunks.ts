/** The container of a PNG file: signature, chunks, CRC, and the header with its limits. */
import * as zlib from 'node:zlib';
import { NeighborProductError } from '../../errors.js';
import type { ByteSource, Reading } from '../../files/byte-source.js';
import { checkPixels, tooManyPixels } from '../limits.js';
import type { DecodeLimits } from './codec.js';

/** The eight bytes every PNG begins with. */
export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Bytes of a chunk besides its data: length, type and CRC. */
export const CHUNK_OVERHEAD = 12;
/** A chunk's CRC comes after its data. */
export const CRC_BYTES = 4;

const DOWNLOAD_AGAIN = 'Download or export it again';

/** The `INVALID_PNG` error: `The PNG is damaged: the CRC of ... is wrong. Download or export it again.` */
export function damaged(event: string, advice = DOWNLOAD_AGAIN): NeighborProductError {
  return new NeighborProductError('INVALID_PNG', `The PNG is damaged: ${event}. ${advice}.`);
}

/** The same for a file that ends too early. */
export function cutShort(event: string): NeighborProductError {
  return new NeighborProductError('INVALID_PNG', `The PNG was cut short: ${event}. ${DOWNLOAD_AGAIN}.`);
}

/** What a chunk begins with; its type is four letters. */
export interface ChunkHead {
  readonly type: string;
  /** Of its data. */
  readonly byteLength: number;
  /** Where it begins in the file. */
  readonly at: number;
  /** The CRC of its type. */
  readonly crc: number;
}

/** The error for more image data than the header leaves room for. */
export function tooMuchImageData(byteLength: number): NeighborProductError {
  const event = `it has many more than the ${byteLength} bytes of image data that the header implies`;
  return damaged(event, 'Do not trust this file');
}

/** Whether a file begins with the signature of PNG. */
export function isPng(file: Uint8Array): boolean {
  return PNG_SIGNATURE.every((byte, at) => file[at] === byte);
}

/** Takes length and type of the next chunk. @throws NeighborProductError `INVALID_PNG` */
export function* readChunkHead(source: ByteSource): Reading<ChunkHead> {
  const at = source.position;
  const start = yield* source.peek(CHUNK_OVERHEAD);
  if (start.length < CHUNK_OVERHEAD) throw cutShort(`another chunk expected, but ${endOf(source, start.length)}`);
  const typeBytes = start.subarray(4, 8);
  const type = String.fromCharCode(typeBytes[0], typeBytes[1], typeBytes[2], typeBytes[3]);
  if (!/^[A-Za-z]{4}$/.test(type)) throw damaged(`the type of the chunk at byte ${at} is not four letters`);
  const head = { type, byteLength: readUint32(start), at, crc: crc32(typeBytes) };
  if (head.byteLength > (source.byteLength ?? Number.POSITIVE_INFINITY) - at - CHUNK_OVERHEAD)
    throw endsWithin(head, source);
  source.takeAtOnce(CHUNK_OVERHEAD - CRC_BYTES);
  return head;
}

/**
 * Takes the data of a chunk and its CRC.
 *
 * @param takePiece gets the data, in pieces of at least one byte
 * @returns whether the CRC is right; that of a critical chunk always is
 * @throws NeighborProductError `INVALID_PNG`
 */
export function* readChunkData(
  source: ByteSource,
  head: ChunkHead,
  takePiece: (piece: Uint8Array) => void,
): Reading<boolean> {
  let actual = head.crc;
  for (let left = head.byteLength; left > 0; ) {
    const piece = source.takeAtOnce(left) ?? (yield* source.takeSome(left));
    if (piece.length === 0) throw endsWithin(head, source);
    actual = crc32(piece, actual);
    takePiece(piece);
    left -= piece.length;
  }
  const crc = source.takeAtOnce(CRC_BYTES) ?? (yield* source.take(CRC_BYTES));
  if (crc.length < CRC_BYTES) throw endsWithin(head, source);
  const isIntact = actual === readUint32(crc);
  if (!isIntact && isCritical(head.type))
    throw damaged(`the CRC of the ${head.type} chunk at byte ${head.at} is wrong`);
  return isIntact;
}

function readUint32(bytes: Uint8Array): number {
  return ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
}

function uint32Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** A chunk as the bytes of a file. */
export function chunkBytes(type: string, data: Uint8Array): Uint8Array[] {
  const typeBytes = Uint8Array.from(type, (letter) => letter.charCodeAt(0));
  const crc = crc32(data, crc32(typeBytes));
  return [uint32Bytes(data.length), typeBytes, data, uint32Bytes(crc)];
}

/** Whether a decoder must understand a chunk: an upper case first letter says so. */
export function isCritical(type: string): boolean {
  return type[0] <= 'Z';
}

/** The error for a file that ends within a chunk. */
export function endsWithin({ type, byteLength }: ChunkHead, source: ByteSource): NeighborProductError {
  return cutShort(`${byteLength} bytes of ${type} data expected, but ${endOf(source)}`);
}

/** @param left bytes that were looked at and not taken */
function endOf({ byteLength, position }: ByteSource, left = 0): string {
  return `the file ends after ${byteLength ?? position + left} bytes`;
}

/** The remainder of each byte value, for the reflected polynomial of ISO 3309 that PNG prescribes. */
const REMAINDERS = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

/**
 * The CRC-32 of bytes as PNG defines it, 0 to 2^32 - 1. Node has one from 20.15 on, which is ten times as fast;
 * importing it by name would keep this package from loading on older versions.
 *
 * @param before the CRC of the bytes before these
 */
export const crc32: (bytes: Uint8Array, before?: number) => number = zlib.crc32 ?? crc32InJavaScript;

/** {@link crc32} where Node has none. */
export function crc32InJavaScript(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at++) crc = REMAINDERS[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The IHDR chunk, in the words of the PNG specification. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** 0 greyscale, 2 truecolour, 3 palette, 4 greyscale with alpha, 6 truecolour with alpha. */
  readonly colourType: number;
  readonly interlaced: boolean;
}

/** Colour types. */
const GREYSCALE = 0;
export const PALETTE = 3;

export function isGreyscale({ colourType }: PngHeader): boolean {
  return COLOUR_TYPES[colourType].samples < 3 && colourType !== PALETTE;
}

/** Whether a pixel has a sample for alpha. */
export function hasAlpha({ colourType }: PngHeader): boolean {
  return COLOUR_TYPES[colourType].samples % 2 === 0;
}

/** Samples in a pixel as it is stored: an index is one. */
export function samplesPerPixel({ colourType }: PngHeader): number {
  return COLOUR_TYPES[colourType].samples;
}

/** Samples per pixel and the allowed bit depths, by colour type. */
const COLOUR_TYPES: Readonly<Record<number, { samples: number; bitDepths: readonly number[] }>> = {
  [GREYSCALE]: { samples: 1, bitDepths: [1, 2, 4, 8, 16] },
  2: { samples: 3, bitDepths: [8, 16] },
  [PALETTE]: { samples: 1, bitDepths: [1, 2, 4, 8] },
  4: { samples: 2, bitDepths: [8, 16] },
  6: { samples: 4, bitDepths: [8, 16] },
};

/** The image data of a file that is decoded as a whole is handed on as one chunk, and PNG has none longer. */
const MAX_IMAGE_DATA_BYTES = 2 ** 31 - 1;

/** Bytes of an IHDR chunk's data. */
export const HEADER_BYTES = 13;

/** Reads the data of an IHDR chunk. @throws NeighborProductError `INVALID_PNG` */
export function readHeader(data: Uint8Array): PngHeader {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [bitDepth, colourType, compression, filter, interlace] = data.subarray(8);
  if (width === 0 || height === 0) throw damaged(`the header says ${width}x${height} pixels`);
  if (!COLOUR_TYPES[colourType]?.bitDepths.includes(bitDepth)) {
    throw damaged(`the header says colour type ${colourType} with bit depth ${bitDepth}, which PNG does not have`);
  }
  if (compression !== 0) throw damaged(`the header says compression method ${compression}, not 0`);
  if (filter !== 0) throw damaged(`the header says filter method ${filter}, not 0`);
  if (interlace > 1) throw damaged(`the header says interlace method ${interlace}, not 0 or 1`);
  return { width, height, bitDepth, colourType, interlaced: interlace === 1 };
}

/** Refuses an image that is too large, before memory is allocated. @throws NeighborProductError `TOO_MANY_PIXELS` */
export function checkSize(header: PngHeader, limits: DecodeLimits): void {
  const isWhole = header.interlaced || limits.maxPixelsByRows === undefined;
  checkPixels(header, isWhole ? limits.maxPixels : limits.maxPixelsByRows!);
  if (isWhole && imageDataBytes(header) > MAX_IMAGE_DATA_BYTES) {
    throw tooManyPixels(header, `more than ${MAX_IMAGE_DATA_BYTES} bytes of samples`);
  }
}

/** Where each pass of Adam7 starts in the 8x8 pattern, and its steps. */
const ADAM7 = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
] as const;

/** An image within the image data: the whole one, or one of the seven that an interlaced PNG consists of. */
export interface InterlacePass {
  /** Where it starts in the 8x8 pattern. */
  readonly x: number;
  readonly y: number;
  /** The distance of its pixels in the image. */
  readonly stepX: number;
  readonly stepY: number;
  /** Pixels of a row. */
  readonly columns: number;
  readonly rows: number;
  /** Bytes of a row after its filter byte. */
  readonly rowBytes: number;
}

/** The passes that hold a pixel, in the order of the image data. */
export function interlacePasses({ width, height, bitDepth, colourType, interlaced }: PngHeader): InterlacePass[] {
  const bitsPerPixel = COLOUR_TYPES[colourType].samples * bitDepth;
  const grids = interlaced ? ADAM7 : [{ x: 0, y: 0, stepX: 1, stepY: 1 }];
  return grids
    .map((grid) => {
      const columns = Math.ceil((width - grid.x) / grid.stepX);
      const rows = Math.ceil((height - grid.y) / grid.stepY);
      return { ...grid, columns, rows, rowBytes: Math.ceil((columns * bitsPerPixel) / 8) };
    })
    .filter(({ rows, rowBytes }) => rows > 0 && rowBytes > 0);
}

/** Bytes of the inflated image data, filter bytes included. */
export function imageDataBytes(header: PngHeader): number {
  return interlacePasses(header).reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
}
