/** What people look at when a case fails: a crop round the first wrong pixel, and where in the image pixels differ. */
import type { Raster } from '../image.js';

/** The same pixels of three images: interleaved samples, rows from top to bottom. */
export interface Crop {
  /** Column of the crop's first pixel in the whole image. */
  readonly left: number;
  /** Row of the crop's first pixel in the whole image. */
  readonly top: number;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Samples a pixel. */
  readonly channels: 3 | 4;
  /** Of the case's input. */
  readonly input: readonly number[];
  /** Of the definition's output. */
  readonly expected: readonly number[];
  /** Of the backend's output. */
  readonly got: readonly number[];
}

/** The image divided into equal cells, and how many pixels differ in each, rows from top to bottom. */
export interface DifferenceMap {
  /** Cells in a row. */
  readonly columns: number;
  /** Rows of cells. */
  readonly rows: number;
  /** Pixels in a row of a cell. */
  readonly cellWidth: number;
  /** Rows of pixels in a cell. */
  readonly cellHeight: number;
  /** One number a cell. */
  readonly differingPixels: readonly number[];
}

/** What a report shows of a failure. */
export interface Evidence {
  /** Round the first wrong pixel. */
  readonly crop: Crop;
  /** Of the whole image. */
  readonly map: DifferenceMap;
}

const CROP_SIDE = 9;
const MAP_SIDE = 32;

/** The crop is centred on `x`, `y` as far as the edges allow. */
export function gatherEvidence(input: Raster, expected: Raster, got: Raster, x: number, y: number): Evidence {
  const width = Math.min(CROP_SIDE, input.width);
  const height = Math.min(CROP_SIDE, input.height);
  const left = clamp(x - (CROP_SIDE >> 1), input.width - width);
  const top = clamp(y - (CROP_SIDE >> 1), input.height - height);
  const cut = (image: Raster) => cutOut(image, left, top, width, height);
  return {
    crop: {
      left,
      top,
      width,
      height,
      channels: input.channels,
      input: cut(input),
      expected: cut(expected),
      got: cut(got),
    },
    map: mapDifferences(expected, got),
  };
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}

function cutOut(
  { data, rowBytes, channels }: Raster,
  left: number,
  top: number,
  width: number,
  height: number,
): number[] {
  return Array.from({ length: height }, (_, row) => {
    const start = (top + row) * rowBytes + left * channels;
    return [...data.subarray(start, start + width * channels)];
  }).flat();
}

function mapDifferences(expected: Raster, got: Raster): DifferenceMap {
  const cellWidth = Math.ceil(expected.width / MAP_SIDE);
  const cellHeight = Math.ceil(expected.height / MAP_SIDE);
  const columns = Math.ceil(expected.width / cellWidth);
  const rows = Math.ceil(expected.height / cellHeight);
  const differingPixels = new Array<number>(columns * rows).fill(0);
  for (let y = 0; y < expected.height; y++) {
    for (let x = 0; x < expected.width; x++) {
      if (isSamePixel(expected, got, x, y)) continue;
      differingPixels[Math.trunc(y / cellHeight) * columns + Math.trunc(x / cellWidth)]++;
    }
  }
  return { columns, rows, cellWidth, cellHeight, differingPixels };
}

function isSamePixel(expected: Raster, got: Raster, x: number, y: number): boolean {
  const at = y * expected.rowBytes + x * expected.channels;
  for (let c = 0; c < expected.channels; c++) {
    if (expected.data[at + c] !== got.data[at + c]) return false;
  }
  return true;
}
