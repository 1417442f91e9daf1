/**
 * Rows of a PNG file to pixels: undoes the filters, and widens the samples to 8-bit RGBA as libpng does with expand,
 * scale_16 and an added alpha of 255. The twin of native-fallback/unfilter.cc, and what decides where they differ.
 */
import { type PngHeader, samplesPerPixel } from './chunks.js';
import type { PngParts } from './png-file.js';

/** How the pixels of an image lie in its rows, and what their samples mean. */
export interface RowLayout {
  /** In pixels. */
  readonly width: number;
  /** Bytes of a row without its filter byte. */
  readonly rowBytes: number;
  /** The distance of the bytes that a filter compares; 1 where pixels are smaller than a byte. */
  readonly bytesPerPixel: number;
  /** In a pixel: 1 to 4. */
  readonly samples: number;
  readonly bitDepth: number;
  /** RGBA of each value of a sample, 1024 bytes; of one sample of up to 8 bits. */
  readonly colours: Uint8Array | undefined;
  /** The samples of the colour that is transparent, three of them; of one sample of 16 bits, or of three. */
  readonly key: Uint16Array | undefined;
}

/** Some rows, and where to write them. */
export interface RowsToDecode extends RowLayout {
  /** Each row after its filter byte. The filters are undone in place. */
  readonly rows: Uint8Array;
  /** The number of rows. */
  readonly count: number;
  /** The row before the first, without its filter byte; zeros before an image. */
  readonly above: Uint8Array;
  /** Receives the pixels, four bytes each, without padding. */
  readonly rgba: Uint8Array;
}

export function layOutRows({ header, palette, colourKey }: PngParts): RowLayout {
  const { width, bitDepth } = header;
  const samples = samplesPerPixel(header);
  const bitsPerPixel = samples * bitDepth;
  const isLookedUp = samples === 1 && bitDepth <= 8;
  return {
    width,
    rowBytes: Math.ceil((width * bitsPerPixel) / 8),
    bytesPerPixel: Math.max(1, bitsPerPixel / 8),
    samples,
    bitDepth,
    colours: isLookedUp ? (palette ? rgbaOf(palette) : greys(header, colourKey)) : undefined,
    key: isLookedUp || colourKey === undefined ? undefined : Uint16Array.of(...colourKey, 0, 0).subarray(0, 3),
  };
}

function rgbaOf({ colours, alphas }: NonNullable<PngParts['palette']>): Uint8Array {
  return Uint8Array.from({ length: 1024 }, (_, at) =>
    at % 4 === 3 ? alphas[at >> 2] : colours[(at >> 2) * 3 + (at % 4)],
  );
}

/** The greatest values of 1, 2 and 4 bits divide 255. */
function greys({ bitDepth }: PngHeader, colourKey: PngParts['colourKey']): Uint8Array {
  const step = 255 / (2 ** bitDepth - 1);
  return Uint8Array.from({ length: 1024 }, (_, at) => {
    if (at % 4 === 3) return at >> 2 === colourKey?.[0] ? 0 : 255;
    return (at >> 2) * step;
  });
}

/** @returns the number of the first row whose filter byte is none of 0 to 4, or -1 */
export function decodeRows(job: RowsToDecode): number {
  const { rows, count, rowBytes } = job;
  let { above } = job;
  for (let y = 0; y < count; y++) {
    const at = y * (1 + rowBytes);
    const row = rows.subarray(at + 1, at + 1 + rowBytes);
    if (rows[at] > 4) return y;
    undoFilter(rows[at], row, above, job.bytesPerPixel);
    expandRow(row, job, job.rgba.subarray(y * job.width * 4, (y + 1) * job.width * 4));
    above = row;
  }
  return -1;
}

function undoFilter(filter: number, row: Uint8Array, above: Uint8Array, pixel: number): void {
  switch (filter) {
    case 1:
      for (let at = pixel; at < row.length; at++) row[at] += row[at - pixel];
      break;
    case 2:
      for (let at = 0; at < row.length; at++) row[at] += above[at];
      break;
    case 3:
      for (let at = 0; at < row.length; at++) row[at] += ((at < pixel ? 0 : row[at - pixel]) + above[at]) >> 1;
      break;
    case 4:
      for (let at = 0; at < pixel; at++) row[at] += above[at];
      for (let at = pixel; at < row.length; at++) row[at] += nearest(row[at - pixel], above[at], above[at - pixel]);
  }
}

/** What the filter Paeth predicts. */
export function nearest(left: number, above: number, corner: number): number {
  const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

function expandRow(row: Uint8Array, layout: RowLayout, rgba: Uint8Array): void {
  if (layout.colours !== undefined) lookUp(row, layout, rgba);
  else if (layout.samples === 4 && layout.bitDepth === 8) rgba.set(row);
  else widen(row, layout, rgba);
}

function lookUp(row: Uint8Array, { width, bitDepth, colours }: RowLayout, rgba: Uint8Array): void {
  const inAByte = 8 / bitDepth;
  for (let x = 0; x < width; x++) {
    const shift = 8 - bitDepth - (x % inAByte) * bitDepth;
    const value = (row[Math.floor(x / inAByte)] >> shift) & (2 ** bitDepth - 1);
    for (let c = 0; c < 4; c++) rgba[4 * x + c] = colours![4 * value + c];
  }
}

function widen(row: Uint8Array, { width, samples, bitDepth, key }: RowLayout, rgba: Uint8Array): void {
  const sample = bitDepth === 8 ? (at: number) => row[at] : (at: number) => (row[2 * at] << 8) | row[2 * at + 1];
  // To the nearest: equals Math.round(value * 255 / 65535) for every value of 16 bits.
  const byte = bitDepth === 8 ? sample : (at: number) => (sample(at) * 255 + 32895) >> 16;
  const colours = samples < 3 ? [0, 0, 0] : [0, 1, 2];
  const hasAlpha = samples % 2 === 0;
  for (let x = 0; x < width; x++) {
    const at = x * samples;
    for (let c = 0; c < 3; c++) rgba[4 * x + c] = byte(at + colours[c]);
    // Compared before rounding, or colours near the key would vanish with it. Keyed pixels keep their colour.
    const isKey = key !== undefined && colours.every((c) => sample(at + c) === key[c]);
    rgba[4 * x + 3] = hasAlpha ? byte(at + samples - 1) : isKey ? 0 : 255;
  }
}
