/** What people look at when a case fails: a crop round the first wrong pixel, and where in the image pixels differ. */
import type { Raster } from '../image.js';

/** The same pixels of three images: interleaved samples, rows from top to bottom. */
export interface Crop {
  /** Column and row, in the whole image, of the crop's first pixel. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly input: readonly number[];
  readonly expected: readonly number[];
  readonly got: readonly number[];
}

/** The image divided into equal cells, and how many pixels differ in each, rows from top to bottom. */
export interface DifferenceMap {
  readonly columns: number;
  readonly rows: number;
  /** Pixels along the side of a cell. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly differingPixels: readonly number[];
}

export interface Evidence {
  readonly crop: Crop;
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
