/**
 * A PNG file taken apart while it comes in: every chunk is checked, and what decides the pixels and what can be copied is
 * handed on. Whatever a file says of itself, no more is handed on than its header implies and some MiB.
 */
import { NeighborProductError } from '../../errors.js';
import { type ByteSource, countRest, joined, type Reading } from '../../files/byte-source.js';
import type { Extra } from '../extra.js';
import {
  CHUNK_OVERHEAD,
  type ChunkHead,
  CRC_BYTES,
  checkSize,
  damaged,
  endsWithin,
  HEADER_BYTES,
  imageDataBytes,
  isCritical,
  isPng,
  PALETTE,
  PNG_SIGNATURE,
  type PngHeader,
  readChunkData,
  readChunkHead,
  readHeader,
  tooMuchImageData,
} from './chunks.js';
import type { DecodeLimits } from './codec.js';
import { Extras } from './extras.js';

/** What decides the pixels of a PNG, besides its image data. */
export interface PngParts {
  readonly header: PngHeader;
  /** Of colour type 3 only. */
  readonly palette: Palette | undefined;
  /** The one colour that is transparent; greyscale and truecolour may have one. */
  readonly colourKey: ColourKey | undefined;
}

/** What is told of a file while it comes in. */
export interface PngListener {
  /** Called once, before any image data. What the file holds besides its pixels may not be complete yet. */
  readonly begin: (parts: PngParts, extras: readonly Extra[]) => void;
  /** A piece of the data of the IDAT chunks, which is not checked yet; of at least one byte. */
  readonly imageData: (piece: Uint8Array) => void;
}

/** The 256 colours of a palette; absent ones are opaque black, as in libpng. */
interface Palette {
  /** 768 bytes, RGB. */
  readonly colours: Uint8Array;
  /** 256 bytes. */
  readonly alphas: Uint8Array;
}

/** A raw colour of the bit depth's range: one sample for greyscale, three for truecolour. */
type ColourKey = readonly number[];

/**
 * Takes a file apart, to a little behind its IEND chunk.
 *
 * @returns what the file holds besides pixels of 8 bits
 * @throws NeighborProductError `INVALID_PNG`, or `TOO_MANY_PIXELS` once the header was read
 */
export function* readPng(source: ByteSource, limits: DecodeLimits, listener: PngListener): Reading<readonly Extra[]> {
  if (!isPng(yield* source.take(PNG_SIGNATURE.length))) {
    throw new NeighborProductError('INVALID_PNG', 'Not a PNG file. Name a PNG file.');
  }
  const header = yield* readFirstChunk(source);
  checkSize(header, limits);
  const imageData = new ImageDataCount(header);
  const extras = new Extras(header);
  let otherChunks = 0;
  const refuseExcess = () => {
    const isExcess = otherChunks > MAX_OTHER_CHUNKS || source.taken - imageData.byteLength > MAX_OTHER_BYTES;
    if (isExcess) throw damaged('it has too many chunks besides its image data', 'Do not trust this file');
  };
  const seen = new Set(['IHDR']);
  let plte: Uint8Array | undefined;
  let trns: Uint8Array | undefined;
  for (let type = 'IHDR'; type !== 'IEND'; ) {
    const head = yield* readChunkHead(source);
    checkOrder(head.type, type, seen, header);
    type = head.type;
    if (type === 'IDAT') imageData.add(CHUNK_OVERHEAD);
    else otherChunks++;
    refuseExcess();
    if (type === 'IDAT') {
      if (!seen.has(type)) {
        const palette = plte && readPalette(plte, trns, header);
        const colourKey = plte || !trns ? undefined : readColourKey(trns, header);
        listener.begin({ header, palette, colourKey }, extras.list(''));
      }
      yield* readChunkData(source, head, (piece) => {
        imageData.add(piece.length);
        listener.imageData(piece);
      });
    } else if (type === 'PLTE' && header.colourType === PALETTE) {
      checkPalette(head.byteLength);
      plte = yield* readWhole(source, head);
    } else if (isCritical(type)) {
      yield* readChunkData(source, head, refuseExcess);
    } else if (type === 'tRNS' && !seen.has('IDAT') && isTransparency(head.byteLength, header, plte)) {
      const read = yield* readWhole(source, head);
      trns ??= read;
    } else if (extras.wants(head)) {
      extras.add(type, yield* readWhole(source, head), seen.has('IDAT'));
    } else {
      extras.add(type, undefined, seen.has('IDAT'));
      yield* passOver(source, head, refuseExcess);
    }
    if (KNOWN.includes(type)) seen.add(type);
  }
  return extras.list(yield* readTail(source));
}

/** Nothing else in a file is as long as an animation, whose other frames come after the image data. */
const MAX_OTHER_BYTES = 2 ** 28;
const MAX_OTHER_CHUNKS = 2 ** 16;

/** The IHDR chunk; the type of another one says what the file is. */
function* readFirstChunk(source: ByteSource): Reading<PngHeader> {
  const head = yield* readChunkHead(source);
  if (head.type === 'CgBI') {
    const message =
      'The PNG is not a standard one: Xcode optimised it for iPhones (CgBI). On a Mac, type: ' +
      'xcrun pngcrush -revert-iphone-optimizations in.png out.png';
    throw new NeighborProductError('INVALID_PNG', `${message}. Or open it there and export it.`);
  }
  if (head.type !== 'IHDR') throw damaged(`its first chunk is ${head.type}, not IHDR`);
  if (head.byteLength !== HEADER_BYTES) throw damaged(`IHDR has ${head.byteLength} bytes, not ${HEADER_BYTES}`);
  return readHeader((yield* readWhole(source, head))!);
}

/** @returns the data of a chunk in memory of its own, or undefined if its CRC is wrong */
function* readWhole(source: ByteSource, head: ChunkHead): Reading<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  const isIntact = yield* readChunkData(source, head, (piece) => pieces.push(piece));
  return isIntact ? joined(pieces) : undefined;
}

/** @param onPiece called for each piece of a file whose length is not known, since it has to be read */
function* passOver(source: ByteSource, head: ChunkHead, onPiece: () => void): Reading<void> {
  let left = head.byteLength + CRC_BYTES;
  if (source.byteLength !== undefined) return source.skip(left);
  while (left > 0) {
    const piece = yield* source.takeSome(left);
    if (piece.length === 0) throw endsWithin(head, source);
    onPiece();
    left -= piece.length;
  }
}

/** What may stand between two files that were joined: zero, tab, line feed, carriage return, space. */
const PADDING: readonly number[] = [0, 9, 10, 13, 32];

/**
 * @returns how many bytes follow IEND, or nothing
 * @throws NeighborProductError `INVALID_PNG` if another PNG follows
 */
function* readTail(source: ByteSource): Reading<string> {
  const end = source.position;
  if (end === source.byteLength) return '';
  const start = yield* source.peek(64);
  if (isPng(start.subarray(start.findIndex((byte) => !PADDING.includes(byte))))) {
    const message = `The input holds more than one PNG: the first one has ${end} bytes`;
    const advice = 'Split it into one file for each; ffmpeg writes a single one with -frames:v 1';
    throw new NeighborProductError('INVALID_PNG', `${message}. ${advice}.`);
  }
  return yield* countRest(source);
}

/** Compressed bytes beyond twice those of the rows: more than encoders add that flush often. */
const MAX_SURPLUS_BYTES = 2 ** 23;

/** Counts the bytes of the IDAT chunks in the file, with length, type and CRC of each. */
class ImageDataCount {
  byteLength = 0;
  readonly #rowBytes: number;

  constructor(header: PngHeader) {
    this.#rowBytes = imageDataBytes(header);
  }

  add(byteLength: number): void {
    this.byteLength += byteLength;
    if (this.byteLength > 2 * this.#rowBytes + MAX_SURPLUS_BYTES) throw tooMuchImageData(this.#rowBytes);
  }
}

const KNOWN: readonly string[] = ['IHDR', 'PLTE', 'IDAT', 'IEND'];

function checkOrder(type: string, previousType: string, seen: ReadonlySet<string>, header: PngHeader): void {
  if ((type === 'IHDR' || type === 'PLTE') && seen.has(type)) throw damaged(`it has a second ${type} chunk`);
  if (type === 'PLTE' && seen.has('IDAT')) throw damaged('PLTE comes after IDAT');
  if (type === 'IDAT' && seen.has('IDAT') && previousType !== 'IDAT') {
    throw damaged(`${previousType} comes between two IDAT chunks`);
  }
  if (type === 'IDAT' && header.colourType === PALETTE && !seen.has('PLTE')) {
    throw damaged('it has no PLTE before IDAT');
  }
  if (type === 'IEND' && !seen.has('IDAT')) throw damaged('it has no IDAT chunk');
  if (isCritical(type) && !KNOWN.includes(type)) {
    throw damaged(
      `it has a critical chunk ${type}, which is not in PNG 1.2 (${KNOWN.join(', ')})`,
      'Export it as a plain PNG',
    );
  }
}

/** Refuses a PLTE chunk that no palette can be read from. */
function checkPalette(byteLength: number): void {
  if (byteLength >= 3 && byteLength <= 768 && byteLength % 3 === 0) return;
  throw damaged(`PLTE has ${byteLength} bytes, not 3 for each of 1 to 256 colours`);
}

/** Whether a tRNS chunk fits what came before it; libpng ignores one that does not. */
function isTransparency(byteLength: number, { colourType, bitDepth }: PngHeader, plte?: Uint8Array): boolean {
  if (colourType === 0) return byteLength === 2;
  if (colourType === 2) return byteLength === 6;
  return plte !== undefined && byteLength >= 1 && byteLength <= colourCount(plte, bitDepth);
}

function readPalette(plte: Uint8Array, trns: Uint8Array | undefined, { bitDepth }: PngHeader): Palette {
  const palette = { colours: new Uint8Array(768), alphas: new Uint8Array(256).fill(255) };
  palette.colours.set(plte.subarray(0, 3 * colourCount(plte, bitDepth)));
  if (trns !== undefined) palette.alphas.set(trns);
  return palette;
}

/** Bits above the bit depth do not count. */
function readColourKey(trns: Uint8Array, { bitDepth }: PngHeader): ColourKey {
  const view = new DataView(trns.buffer, trns.byteOffset, trns.byteLength);
  return Array.from({ length: trns.length / 2 }, (_, c) => view.getUint16(2 * c) & (2 ** bitDepth - 1));
}

/** Colours that indices of the bit depth can reach. */
function colourCount(plte: Uint8Array, bitDepth: number): number {
  return Math.min(plte.length / 3, 2 ** bitDepth);
}
