/** The geometry of a transform: which pixels are computed, where the neighbours beyond an edge lie, and strips of rows. */

/**
 * For each border mode, the place of the pixel that stands in before the first and after the last one of a side of `length`
 * pixels. `skip` computes no pixel at an edge, so it needs none.
 */
const NEIGHBOURS = {
  skip: undefined,
  replicate: { before: () => 0, after: (length) => length - 1 },
  reflect: { before: (length) => Math.min(1, length - 1), after: (length) => Math.max(0, length - 2) },
  wrap: { before: (length) => length - 1, after: () => 0 },
} as const satisfies Record<string, SideNeighbours | undefined>;

interface SideNeighbours {
  readonly before: (length: number) => number;
  readonly after: (length: number) => number;
}

/**
 * What lies beyond the edge.
 *
 * - `skip`: border pixels are not written: 0 in a new output, untouched in a caller's
 * - `replicate`: `aaa|abc`
 * - `reflect`: `cb|abc`, the edge not repeated; a side of length 1 reflects onto itself
 * - `wrap`: `bc|abc`, as if the image were tiled
 *
 * @useDeclaredType
 */
export type BorderMode = keyof typeof NEIGHBOURS;

export const BORDER_MODES = Object.keys(NEIGHBOURS) as readonly BorderMode[];

/** Whether pixels at the edge are left as they are. */
export function leavesEdges(border: BorderMode): boolean {
  return NEIGHBOURS[border] === undefined;
}

/** Whether pixels at one edge need those at the other. */
export function needsOtherEdge(border: BorderMode): boolean {
  const length = 3;
  return NEIGHBOURS[border]?.before(length) === length - 1;
}

/** A column and a row. */
export interface Place {
  /** Column, from 0. */
  readonly x: number;
  /** Row, from 0. */
  readonly y: number;
}

/** The pixels to compute, and the places of their neighbours beyond its edges: how every border mode reaches a backend. */
export interface Region {
  /** The first column and row to compute. */
  readonly first: Place;
  /** One beyond the last column and row to compute. */
  readonly end: Place;
  /** Column and row of the neighbours before the first. */
  readonly beforeFirst: Place;
  /** Column and row of the neighbours after the last. */
  readonly afterLast: Place;
}

/** Width and height in pixels. */
export interface Size {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** The region of a whole image. It may be empty, as that of an image with fewer than 3 rows or columns with `skip`. */
export function regionOf({ width, height }: Size, border: BorderMode): Region {
  const [x, y] = [sideOf(width, border), sideOf(height, border)];
  return {
    first: { x: x.first, y: y.first },
    end: { x: x.end, y: y.end },
    beforeFirst: { x: x.before, y: y.before },
    afterLast: { x: x.after, y: y.after },
  };
}

function sideOf(length: number, border: BorderMode) {
  const neighbours = NEIGHBOURS[border];
  if (neighbours === undefined) return { first: 1, end: length - 1, before: 0, after: length - 1 };
  return { first: 0, end: length, before: neighbours.before(length), after: neighbours.after(length) };
}

export function countPixels({ first, end }: Region): number {
  return Math.max(0, end.x - first.x) * Math.max(0, end.y - first.y);
}

export function isEmpty({ first, end }: Region): boolean {
  return end.x <= first.x || end.y <= first.y;
}

/**
 * Cuts a region into as few strips as possible, from top to bottom and of about the same height.
 *
 * @param maxRows the most rows computed in a strip, at least 1
 */
export function cutIntoStrips(region: Region, maxRows: number): Region[] {
  const rows = region.end.y - region.first.y;
  if (rows <= maxRows) return [region];
  const count = Math.ceil(rows / maxRows);
  const start = (index: number) => region.first.y + Math.floor((rows * index) / count);
  return Array.from({ length: count }, (_, index) => band(region, { first: start(index), end: start(index + 1) }));
}

/** The first rows of a region, and the others. @param rows at least 1, and less than all */
export function splitRows(region: Region, rows: number): readonly [top: Region, bottom: Region] {
  const { first, end } = region;
  const middle = first.y + rows;
  return [band(region, { first: first.y, end: middle }), band(region, { first: middle, end: end.y })];
}

/** Rows in which there is a pixel to compute. */
export function countRows(region: Region): number {
  return isEmpty(region) ? 0 : region.end.y - region.first.y;
}

/** Some rows of a region. */
export function band(region: Region, { first, end }: Rows): Region {
  return {
    first: { x: region.first.x, y: first },
    end: { x: region.end.x, y: end },
    beforeFirst: { x: region.beforeFirst.x, y: first === region.first.y ? region.beforeFirst.y : first - 1 },
    afterLast: { x: region.afterLast.x, y: end === region.end.y ? region.afterLast.y : end },
  };
}

/** Rows from `first` up to, but not including, `end`. */
export interface Rows {
  readonly first: number;
  readonly end: number;
}

/**
 * The rows that a region needs, for a backend that copies them one run after another, and the region in rows of that copy.
 * One run suffices where the neighbours beyond lie within or next to the computed rows, as in a whole image or in a strip
 * from its middle.
 */
export function rowsToCopy(region: Region): { readonly runs: readonly Rows[]; readonly region: Region } {
  const { first, end, beforeFirst, afterLast } = region;
  const isNear = (row: number) => row >= first.y - 1 && row <= end.y;
  if (isNear(beforeFirst.y) && isNear(afterLast.y)) {
    const top = Math.min(first.y, beforeFirst.y, afterLast.y);
    const bottom = Math.max(end.y, beforeFirst.y + 1, afterLast.y + 1);
    return { runs: [{ first: top, end: bottom }], region: shiftRows(region, -top) };
  }
  const height = end.y - first.y;
  return {
    runs: [
      { first: beforeFirst.y, end: beforeFirst.y + 1 },
      { first: first.y, end: end.y },
      { first: afterLast.y, end: afterLast.y + 1 },
    ],
    region: {
      first: { x: first.x, y: 1 },
      end: { x: end.x, y: 1 + height },
      beforeFirst: { x: beforeFirst.x, y: 0 },
      afterLast: { x: afterLast.x, y: 1 + height },
    },
  };
}

function shiftRows({ first, end, beforeFirst, afterLast }: Region, rows: number): Region {
  const shift = ({ x, y }: Place) => ({ x, y: y + rows });
  return { first: shift(first), end: shift(end), beforeFirst: shift(beforeFirst), afterLast: shift(afterLast) };
}
