/**
 * Stands before pngjs, which gives uninitialised memory for missing rows, has no limit of size and accepts a wrong
 * checksum: a file passes here as a whole or is refused, and only what is needed of it goes on. What is refused and
 * what is let pass is what libpng 1.6 does by default, except that this is stricter with three things: critical chunks
 * out of order, a zlib stream damaged past the last row, and more than 64 KiB of image data too many.
 */
import { type Chunk, isCritical, readChunks } from './png-chunks.js';
import {
  type ColourKey,
  checkPalette,
  isTransparency,
  type Palette,
  readColourKey,
  readPalette,
} from './png-colours.js';
import { damaged } from './png-error.js';
import { checkSize, PALETTE, type PngHeader, type PngLimits, readHeader } from './png-header.js';
import { inflateImageData, inflateImageDataOffThread } from './png-image-data.js';

const KNOWN: readonly string[] = ['IHDR', 'PLTE', 'IDAT', 'IEND'];

/** All that decides the pixels of a PNG, checked. */
export interface CheckedPng {
  readonly header: PngHeader;
  /** Colour type 3 has one, no other. */
  readonly palette: Palette | undefined;
  /** The one colour that is transparent; greyscale and truecolour may have one. */
  readonly colourKey: ColourKey | undefined;
  /** Filtered rows, each after its filter byte, pass by pass. */
  readonly imageData: Uint8Array;
}

/**
 * Checks a file to the last byte that decides a pixel.
 *
 * @throws NeighborProductError with code `INVALID_PNG`, or `TOO_MANY_PIXELS` before any memory is taken
 */
export function checkPng(file: Uint8Array, limits: PngLimits): CheckedPng {
  const { compressed, ...opened } = openPng(file, limits);
  return { ...opened, imageData: inflateImageData(compressed, opened.header) };
}

/**
 * As {@link checkPng}, with the image data inflated on another thread.
 *
 * @param prepare what the calling thread may do meanwhile
 */
export async function checkPngOffThread(
  file: Uint8Array,
  limits: PngLimits,
  prepare: (header: PngHeader) => void,
): Promise<CheckedPng> {
  const { compressed, ...opened } = openPng(file, limits);
  const inflating = inflateImageDataOffThread(compressed, opened.header);
  prepare(opened.header);
  return { ...opened, imageData: await inflating };
}

interface OpenedPng extends Omit<CheckedPng, 'imageData'> {
  /** What the IDAT chunks hold. */
  readonly compressed: Uint8Array;
}

function openPng(file: Uint8Array, limits: PngLimits): OpenedPng {
  const chunks = readChunks(file);
  // There is a first one: the iteration ends with IEND or an error.
  const header = readHeader(chunks.next().value!);
  checkSize(header, limits);
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
  /** Colour type 3 only: elsewhere a palette is a suggestion to displays of few colours. */
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

function checkOrder(type: string, previousType: string, seen: ReadonlySet<string>, header: PngHeader): void {
  if ((type === 'IHDR' || type === 'PLTE') && seen.has(type)) throw damaged(`one ${type} chunk`, 'there is a second');
  if (type === 'PLTE' && seen.has('IDAT')) throw damaged('PLTE before IDAT', 'it comes after');
  if (type === 'IDAT' && seen.has('IDAT') && previousType !== 'IDAT') {
    throw damaged('all IDAT chunks in a row', `${previousType} comes between`);
  }
  if (type === 'IDAT' && header.colourType === PALETTE && !seen.has('PLTE')) {
    throw damaged('PLTE before IDAT', 'there is none');
  }
  if (type === 'IEND' && !seen.has('IDAT')) throw damaged('an IDAT chunk', 'there is none');
  if (isCritical(type) && !KNOWN.includes(type)) {
    throw damaged(
      `only critical chunks of PNG 1.2 (${KNOWN.join(', ')})`,
      `there is ${type}`,
      'Export it as a plain PNG',
    );
  }
}
