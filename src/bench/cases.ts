/** The images to measure on, and the reference's results for them. */
import { makeImage } from '../conformance/images.js';
import { type CheckedImage, createImage } from '../image.js';
import { DEFAULT_OPERATION } from '../options.js';
import { transformReference } from '../reference.js';
import type { Size } from '../regions.js';
import type { BenchKind } from './choices.js';

export interface BenchCase {
  /** `3840x2160/photograph` */
  readonly id: string;
  readonly kind: BenchKind;
  /** Where the image comes from. */
  readonly origin: string;
  readonly input: CheckedImage;
  /** The reference's result in a new image: its border is 0. */
  readonly expected: CheckedImage;
}

/** An image from a file, used for the kind `photograph` where the size is the same. */
export interface Photograph {
  readonly name: string;
  readonly image: CheckedImage;
}

export function makeCase({ width, height }: Size, kind: BenchKind, photograph?: Photograph): BenchCase {
  const isPhotograph = kind === 'photograph' && photograph?.image.width === width && photograph.image.height === height;
  const input = isPhotograph ? photograph.image : tiledImage(kind, width, height);
  const expected = createImage(width, height, input.channels);
  transformReference(input, expected, DEFAULT_OPERATION);
  const origin = isPhotograph ? photograph.name : `generated, seed ${SEED}`;
  return { id: `${width}x${height}/${kind}`, kind, origin, input, expected };
}

const SEED = 1;

/**
 * Generating takes longer than measuring, so a large image repeats one tile. Both sides of it are multiples of 3, like
 * the pattern of `worst-case`, which therefore continues across the seams.
 */
const TILE: Size = { width: 960, height: 540 };

export function tiledImage(kind: BenchKind, width: number, height: number): CheckedImage {
  const tile = makeImage(kind, Math.min(width, TILE.width), Math.min(height, TILE.height), 4, SEED);
  if (tile.width === width && tile.height === height) return tile;
  const image = createImage(width, height, 4);
  for (let y = 0; y < height; y++) {
    const from = (y % tile.height) * tile.rowBytes;
    for (let at = 0; at < image.rowBytes; at += tile.rowBytes) {
      const length = Math.min(tile.rowBytes, image.rowBytes - at);
      image.data.set(tile.data.subarray(from, from + length), y * image.rowBytes + at);
    }
  }
  return image;
}
