import { NeighborProductError } from '../errors.js';
import type { Chunk } from './png-chunks.js';
import { damaged } from './png-error.js';

/** Pixels a picture may have where nothing else is asked for: 16384 x 16384, a gibibyte of RGBA. */
export const DEFAULT_MAX_PIXELS = 2 ** 28;

/** What a decoder will do before it gives up. */
export interface PngLimits {
  /** Width times height at most. */
  readonly maxPixels: number;
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

/** A picture of its own within the image data: the whole one, or one of the seven an interlaced PNG consists of. */
export interface Pass {
  readonly rows: number;
  /** Bytes of a row after its filter byte. */
  readonly rowBytes: number;
}

/** Colour types. */
export const GREYSCALE = 0;
export const PALETTE = 3;

/** Samples a pixel and the bit depths there are, by colour type. */
const COLOUR_TYPES: Readonly<Record<number, { samples: number; bitDepths: readonly number[] }>> = {
  [GREYSCALE]: { samples: 1, bitDepths: [1, 2, 4, 8, 16] },
  2: { samples: 3, bitDepths: [8, 16] },
  [PALETTE]: { samples: 1, bitDepths: [1, 2, 4, 8] },
  4: { samples: 2, bitDepths: [8, 16] },
  6: { samples: 4, bitDepths: [8, 16] },
};

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

/** The longest side, as libpng has it by default; below it, no count of bits in a row leaves 32 bits. */
const MAX_SIDE = 1_000_000;

/** The image data is handed on as one chunk, and PNG has none longer. */
const MAX_IMAGE_DATA_BYTES = 2 ** 31 - 1;

/** Reads the first chunk of a file, which must be IHDR. @throws NeighborProductError with code `INVALID_PNG` */
export function readHeader({ type, data }: Chunk): PngHeader {
  if (type !== 'IHDR') throw damaged('IHDR as the first chunk', `it is ${type}`);
  if (data.length !== 13) throw damaged('13 bytes of IHDR data', `there are ${data.length}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [bitDepth, colourType, compression, filter, interlace] = data.subarray(8);
  if (width === 0 || height === 0) throw damaged('at least one pixel', `the header says ${width}x${height}`);
  if (!COLOUR_TYPES[colourType]?.bitDepths.includes(bitDepth)) {
    throw damaged('a colour type with a bit depth of PNG', `the header says ${colourType} with ${bitDepth}`);
  }
  if (compression !== 0) throw damaged('compression method 0', `the header says ${compression}`);
  if (filter !== 0) throw damaged('filter method 0', `the header says ${filter}`);
  if (interlace > 1) throw damaged('interlace method 0 or 1', `the header says ${interlace}`);
  return { width, height, bitDepth, colourType, interlaced: interlace === 1 };
}

/** Refuses a picture too large, before any memory is taken. @throws NeighborProductError with code `TOO_MANY_PIXELS` */
export function checkSize(header: PngHeader, { maxPixels }: PngLimits): void {
  const { width, height } = header;
  if (!(width * height <= maxPixels)) {
    throw tooManyPixels(
      header,
      `at most ${maxPixels} pixels`,
      'Raise it (--max-pixels, maxPixels) if you trust the file',
    );
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw tooManyPixels(header, `sides of at most ${MAX_SIDE} pixels`, 'Cut the picture into smaller ones');
  }
  if (imageDataBytes(header) > MAX_IMAGE_DATA_BYTES) {
    throw tooManyPixels(
      header,
      `at most ${MAX_IMAGE_DATA_BYTES} bytes of samples`,
      'Cut the picture into smaller ones',
    );
  }
}

/** The passes that hold a pixel, in the order of the image data. */
export function imagePasses({ width, height, bitDepth, colourType, interlaced }: PngHeader): Pass[] {
  const bitsPerPixel = COLOUR_TYPES[colourType].samples * bitDepth;
  const grids = interlaced ? ADAM7 : [{ x: 0, y: 0, stepX: 1, stepY: 1 }];
  return grids
    .map(({ x, y, stepX, stepY }) => ({
      rows: Math.ceil((height - y) / stepY),
      rowBytes: Math.ceil((Math.ceil((width - x) / stepX) * bitsPerPixel) / 8),
    }))
    .filter(({ rows, rowBytes }) => rows > 0 && rowBytes > 0);
}

/** Bytes of the image data once it is inflated, filter bytes included. */
export function imageDataBytes(header: PngHeader): number {
  return imagePasses(header).reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
}

function tooManyPixels({ width, height }: PngHeader, what: string, advice: string): NeighborProductError {
  const message = `Expected ${what}, but the header says ${width}x${height}. ${advice}.`;
  return new NeighborProductError('TOO_MANY_PIXELS', message);
}
