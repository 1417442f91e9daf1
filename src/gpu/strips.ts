/**
 * How an image is cut for a device: pure arithmetic. A strip is a band of rows that fits the device's buffers, with a
 * row of neighbours above and below; mostly the whole image is one strip.
 */
import type { Raster } from '../image.js';
import type { BorderMode } from '../options.js';

/** A pixel on the device is one u32, whatever the image's channels. */
export const PIXEL_BYTES = 4;

/** A place in pixels, from the left and from the top. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/** `Region` of neighbor-product.wgsl: which pixels of a buffer are computed and what lies beyond them. */
export interface Region {
  readonly first: Place;
  /** One beyond the last. */
  readonly end: Place;
  readonly beforeFirst: Place;
  readonly afterLast: Place;
  readonly width: number;
}

/** Rows of an image, from `first` up to, but not including, `end`. */
export interface Rows {
  readonly first: number;
  readonly end: number;
}

export interface Strip {
  /** The image's rows that the strip's buffers hold, from top to bottom. */
  readonly held: readonly Rows[];
  /** Which of them are computed, as rows of the buffers. */
  readonly region: Region;
  /** Which of them are computed, as rows of the image. */
  readonly computed: Rows;
}

/** What a device takes; strips stay within it. */
export interface StripLimits {
  /** The most bytes of one buffer. */
  readonly bufferBytes: number;
}

type Size = Pick<Raster, 'width' | 'height'>;

/**
 * Cuts an image into as few strips as the limits allow, of as equal height as possible, from top to bottom. None where
 * no pixel is computed.
 *
 * @throws RangeError where even one row with its neighbours does not fit
 */
export function cutIntoStrips(size: Size, border: BorderMode, limits: StripLimits): Strip[] {
  const region = wholeRegion(size, border);
  const rows = region.end.y - region.first.y;
  if (rows <= 0 || region.end.x <= region.first.x) return [];
  const rowsHeld = Math.floor(limits.bufferBytes / (size.width * PIXEL_BYTES));
  if (size.height <= rowsHeld) {
    return [{ held: [{ first: 0, end: size.height }], region, computed: { first: region.first.y, end: region.end.y } }];
  }
  if (rowsHeld < 3) throw new RangeError(`3 rows of ${size.width} pixels exceed ${limits.bufferBytes} bytes`);
  const count = Math.ceil(rows / (rowsHeld - 2));
  const start = (index: number) => region.first.y + Math.floor((rows * index) / count);
  return Array.from({ length: count }, (_, index) => strip(region, { first: start(index), end: start(index + 1) }));
}

/** The pixels of a strip's buffers. */
export function pixelsHeld({ held, region }: Strip): number {
  return region.width * held.reduce((sum, rows) => sum + rows.end - rows.first, 0);
}

/** The region of an image that is held as a whole. */
export function wholeRegion({ width, height }: Size, border: BorderMode): Region {
  const skipped = border === 'skip' ? 1 : 0;
  return {
    first: { x: skipped, y: skipped },
    end: { x: width - skipped, y: height - skipped },
    beforeFirst: { x: neighbour(skipped - 1, width, border), y: neighbour(skipped - 1, height, border) },
    afterLast: { x: neighbour(width - skipped, width, border), y: neighbour(height - skipped, height, border) },
    width,
  };
}

/** A band of a region with the rows of its neighbours, wherever in the image those are, placed above and below it. */
function strip(whole: Region, computed: Rows): Strip {
  const above = computed.first === whole.first.y ? whole.beforeFirst.y : computed.first - 1;
  const below = computed.end === whole.end.y ? whole.afterLast.y : computed.end;
  const height = computed.end - computed.first;
  return {
    held: [{ first: above, end: above + 1 }, computed, { first: below, end: below + 1 }],
    region: {
      first: { x: whole.first.x, y: 1 },
      end: { x: whole.end.x, y: 1 + height },
      beforeFirst: { x: whole.beforeFirst.x, y: 0 },
      afterLast: { x: whole.afterLast.x, y: 1 + height },
      width: whole.width,
    },
    computed,
  };
}

/** Where the border mode finds the neighbour at place `at` of a side, one beyond its ends at most. */
function neighbour(at: number, length: number, border: BorderMode): number {
  if (at >= 0 && at < length) return at;
  if (border === 'wrap') return (at + length) % length;
  if (border === 'reflect' && length > 1) return at < 0 ? 1 : length - 2;
  return at < 0 ? 0 : length - 1;
}

/** Workgroups in x, y and z: the rows go on in z where y is full. */
export type Workgroups = readonly [number, number, number];

/**
 * The dispatch over a region.
 *
 * @throws RangeError where the region is wider than one dispatch may be
 */
export function workgroupsFor(
  { first, end }: Region,
  tuning: { readonly columnsPerWorkgroup: number; readonly rowsPerThread: number },
  mostInADimension: number,
): Workgroups {
  const columns = Math.ceil((end.x - first.x) / tuning.columnsPerWorkgroup);
  const runs = Math.ceil((end.y - first.y) / tuning.rowsPerThread);
  if (columns > mostInADimension)
    throw new RangeError(`${end.x - first.x} columns exceed the device's widest dispatch`);
  const perLayer = Math.min(runs, mostInADimension);
  return [columns, perLayer, Math.ceil(runs / perLayer)];
}

/** A `Region` as neighbor-product.wgsl lays it out: four places and the width, padded to a multiple of 8 bytes. */
export function regionWords({ first, end, beforeFirst, afterLast, width }: Region): Uint32Array<ArrayBuffer> {
  const places = [first, end, beforeFirst, afterLast].flatMap(({ x, y }) => [x, y]);
  return Uint32Array.of(...places, width, 0);
}

export const REGION_BYTES = 40;
