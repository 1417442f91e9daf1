/**
 * Stands before the codecs. pngjs gives uninitialised memory for missing rows, has no limit of size and accepts a wrong
 * checksum; so a file is checked here as a whole or refused, and only what decides its pixels goes on. Refused and
 * accepted is what libpng 1.6 refuses and accepts by default, except that this is stricter about three things: critical
 * chunks out of order, a zlib stream damaged past the last row, and more than 64 KiB of surplus image data.
 */
import { promisify } from 'node:util';
import { inflate, inflateSync, type ZlibOptions } from 'node:zlib';
import {
  type Chunk,
  checkSize,
  cutShort,
  damaged,
  imageDataBytes,
  interlacePasses,
  isCritical,
  PALETTE,
  type PngHeader,
  readChunks,
  readHeader,
} from './chunks.js';
import type { DecodeLimits } from './codec.js';

/** Everything that decides the pixels of a PNG, checked. */
export interface CheckedPng {
  readonly header: PngHeader;
  /** Of colour type 3 only. */
  readonly palette: Palette | undefined;
  /** The one colour that is transparent; greyscale and truecolour may have one. */
  readonly colourKey: ColourKey | undefined;
  /** Filtered rows, each after its filter byte, pass by pass. */
  readonly imageData: Uint8Array;
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
 * Checks a file to the last byte that decides a pixel.
 *
 * @throws NeighborProductError `INVALID_PNG`, or `TOO_MANY_PIXELS` before memory is allocated
 */
export function checkPng(file: Uint8Array, limits: DecodeLimits): CheckedPng {
  const { compressed, ...opened } = openPng(file, limits);
  return { ...opened, imageData: inflateImageData(compressed, opened.header) };
}

/**
 * As {@link checkPng}, inflating on another thread.
 *
 * @param meanwhile runs on the calling thread while the image data is inflated
 */
export async function checkPngOffThread(
  file: Uint8Array,
  limits: DecodeLimits,
  meanwhile: (header: PngHeader) => void,
): Promise<CheckedPng> {
  const { compressed, ...opened } = openPng(file, limits);
  const inflating = inflateImageDataOffThread(compressed, opened.header);
  meanwhile(opened.header);
  return { ...opened, imageData: await inflating };
}

interface OpenedPng extends Omit<CheckedPng, 'imageData'> {
  /** The joined data of the IDAT chunks. */
  readonly compressed: Uint8Array;
}

function openPng(file: Uint8Array, { maxPixels }: DecodeLimits): OpenedPng {
  const chunks = readChunks(file);
  // There is a first one: the iteration ends with IEND or an error.
  const header = readHeader(chunks.next().value!);
  checkSize(header, maxPixels);
  const { plte, trns, compressed } = sortChunks(chunks, header);
  return {
    header,
    palette: plte && readPalette(plte, trns, header),
    colourKey: plte || !trns ? undefined : readColourKey(trns, header),
    compressed: Buffer.concat(compressed),
  };
}

/** The data of the chunks that decide pixels. */
interface SortedChunks {
  /** Of colour type 3 only: elsewhere a palette is a suggestion to displays of few colours. */
  plte?: Uint8Array;
  trns?: Uint8Array;
  compressed: Uint8Array[];
}

function sortChunks(chunks: Iterable<Chunk>, header: PngHeader): SortedChunks {
  const sorted: SortedChunks = { compressed: [] };
  const seen = new Set(['IHDR']);
  let previousType = 'IHDR';
  for (const { type, data, intact } of chunks) {
    checkOrder(type, previousType, seen, header);
    if (type === 'PLTE' && header.colourType === PALETTE) {
      checkPalette(data);
      sorted.plte = data;
    } else if (type === 'tRNS' && intact && !seen.has('IDAT') && isTransparency(data, header, sorted.plte)) {
      sorted.trns ??= data;
    } else if (type === 'IDAT') {
      sorted.compressed.push(data);
    }
    seen.add(type);
    previousType = type;
  }
  return sorted;
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
function checkPalette(plte: Uint8Array): void {
  if (plte.length >= 3 && plte.length <= 768 && plte.length % 3 === 0) return;
  throw damaged(`PLTE has ${plte.length} bytes, not 3 for each of 1 to 256 colours`);
}

/** Whether a tRNS chunk fits what came before it; libpng ignores one that does not. */
function isTransparency(trns: Uint8Array, { colourType, bitDepth }: PngHeader, plte?: Uint8Array): boolean {
  if (colourType === 0) return trns.length === 2;
  if (colourType === 2) return trns.length === 6;
  return plte !== undefined && trns.length >= 1 && trns.length <= colourCount(plte, bitDepth);
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

/** Inflate makes at most 258 bytes of two bits, so at most 1032 of a byte (zlib's technical details). */
const MAX_INFLATION = 1032;

/**
 * Bytes past the last row that are dropped. libpng drops any number with a warning; an encoder that writes a row too
 * many is that harmless, while more is what a decompression bomb looks like.
 */
const MAX_EXCESS_BYTES = 2 ** 16;

/**
 * Inflates the joined data of the IDAT chunks: exactly the rows that the header implies, each with a valid filter. What
 * follows the end of the zlib stream is ignored. Memory stays within the header's and 1032 times the compressed bytes.
 */
function inflateImageData(compressed: Uint8Array, header: PngHeader): Uint8Array {
  const settings = inflateSettings(compressed, header);
  try {
    return checkRows(inflateSync(compressed, settings), header);
  } catch (error) {
    throw explain(error, header);
  }
}

async function inflateImageDataOffThread(compressed: Uint8Array, header: PngHeader): Promise<Uint8Array> {
  const settings = inflateSettings(compressed, header);
  try {
    return checkRows(await promisify<Uint8Array, ZlibOptions, Uint8Array>(inflate)(compressed, settings), header);
  } catch (error) {
    throw explain(error, header);
  }
}

function inflateSettings(compressed: Uint8Array, header: PngHeader): ZlibOptions {
  const byteLength = imageDataBytes(header);
  if (byteLength > compressed.length * MAX_INFLATION) throw tooLittle(byteLength, `${compressed.length} compressed`);
  const maxOutputLength = byteLength + MAX_EXCESS_BYTES;
  // One piece of that size: pieces would be gathered and copied.
  return { maxOutputLength, chunkSize: maxOutputLength };
}

function checkRows(inflated: Uint8Array, header: PngHeader): Uint8Array {
  const byteLength = imageDataBytes(header);
  if (inflated.length < byteLength) throw tooLittle(byteLength, `${inflated.length}`);
  const imageData = inflated.subarray(0, byteLength);
  checkFilters(imageData, header);
  return imageData;
}

function checkFilters(imageData: Uint8Array, header: PngHeader): void {
  let at = 0;
  for (const { rows, rowBytes } of interlacePasses(header)) {
    for (let row = 0; row < rows; row++) {
      if (imageData[at] > 4) throw damaged(`a row has filter ${imageData[at]}, not 0 to 4`);
      at += 1 + rowBytes;
    }
  }
}

/** zlib's errors, in the words of a PNG; anything else as it is. */
function explain(error: unknown, header: PngHeader): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return cutShort('the image data ends before its zlib stream');
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    const event = `it has many more than the ${imageDataBytes(header)} bytes of image data that the header implies`;
    return damaged(event, 'Do not trust this file');
  }
  return code?.startsWith('Z_') ? damaged(`its image data does not inflate (${message})`) : error;
}

function tooLittle(byteLength: number, actual: string) {
  return cutShort(`the header implies ${byteLength} bytes of image data, but there are only ${actual}`);
}
