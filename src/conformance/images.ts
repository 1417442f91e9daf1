/**
 * Generated images to compare backends on: a seed gives the same bytes in Node and in every browser. Each kind aims at
 * one place where a nearly right implementation goes wrong; test/conformance/images.test.ts measures that it hits it.
 */
import { type CheckedImage, createImage } from '../image.js';
import { type Canvas, type Paint, Random } from './canvas.js';
import { HARD_KINDS } from './hard-images.js';

/** Alpha is a fourth channel of the same kind, except where a kind says otherwise. */
const PLAIN_KINDS = {
  /** Uniform over all bytes: products spread over 2^72. */
  noise: ({ random }) => sampled(() => random.below(256)),
  /** Samples of 1 to 12: few distinct ratios of products, so equal channels are common. */
  'dark-noise': ({ random }) => sampled(() => random.between(1, 12)),
  /** Channels within 2 of each other. */
  'near-grey': ({ random }) => {
    let grey = 0;
    return sampled((c) => {
      if (c === 0) grey = random.between(2, 253);
      return grey + random.between(-2, 2);
    });
  },
  /** One strong channel, the others weak: results at or just below 255. */
  saturated: ({ random }) => {
    const strong = random.below(3);
    return sampled((c) => (c === strong ? random.between(180, 255) : random.below(90)));
  },
  /** Smooth gradients and grain, like a camera's image; alpha is opaque. */
  photograph: ({ random, width, height }) => {
    const corners = [0, 1, 2].map(() => Uint8Array.from({ length: 4 }, () => random.between(30, 225)));
    return sampled((c, x, y) => {
      return c === 3 ? 255 : blend(corners[c], x / width, y / height) + random.between(-9, 9);
    });
  },
  /** Zeros scattered over none to all of a pixel's channels: zero products beside positive ones. */
  zeros: ({ random }) => {
    let zeroed = 0;
    return sampled((c) => {
      if (c === 0) zeroed = random.below(12) === 0 ? random.below(16) : 0;
      return (zeroed >> c) & 1 ? 0 : random.between(1, 255);
    });
  },
  /** The largest and the smallest positive products side by side, and a zero now and then. */
  extremes: ({ random }) => sampled(() => (random.below(17) === 0 ? 0 : random.pick([1, 2, 254, 255]))),
  black: () => sampled(() => 0),
  ones: () => sampled(() => 1),
  'all-255': () => sampled(() => 255),
  /** Two alternating colours. */
  checkerboard: ({ random }) => {
    const colours = [0, 1].map(() => Uint8Array.from({ length: 4 }, () => random.between(1, 255)));
    return sampled((c, x, y) => colours[(x + y) % 2][c]);
  },
  /** All ones but one pixel: nine windows with one bright factor, the rest flat. */
  'single-bright': ({ random, width, height }) => {
    const bright = { x: random.below(width), y: random.below(height) };
    return sampled((_, x, y) => (x === bright.x && y === bright.y ? random.between(128, 255) : 1));
  },
  /** Noise under patches of alpha 0, 1, 254, 255 and random; every other column of patches dark, so alpha dominates. */
  'alpha-patches': ({ random }) => {
    const first = random.below(ALPHAS.length);
    return sampled((c, x, y) => {
      if (c < 3) return random.between(1, (x >> 2) % 2 ? 40 : 255);
      return ALPHAS[(first + (x >> 2) + 2 * (y >> 2)) % ALPHAS.length] ?? random.below(256);
    });
  },
} satisfies Record<string, (canvas: Canvas) => Paint>;

const KINDS = { ...PLAIN_KINDS, ...HARD_KINDS };

/**
 * The generators of images.
 *
 * @useDeclaredType
 */
export type ImageKind = keyof typeof KINDS;

export const IMAGE_KINDS = Object.keys(KINDS) as ImageKind[];

/** A generated image without padding; the same arguments give the same bytes everywhere. */
export function makeImage(kind: ImageKind, width: number, height: number, channels: 3 | 4, seed: number): CheckedImage {
  const image = createImage(width, height, channels);
  const paint = KINDS[kind]({ width, height, channels, random: new Random(seed) });
  const pixel = new Uint8Array(channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      paint(pixel, x, y);
      image.data.set(pixel, y * image.rowBytes + x * channels);
    }
  }
  return image;
}

/** `undefined`: at random. */
const ALPHAS = [0, 1, 254, 255, undefined];

function sampled(sample: (channel: number, x: number, y: number) => number): Paint {
  return (pixel, x, y) => {
    for (let c = 0; c < pixel.length; c++) pixel[c] = sample(c, x, y);
  };
}

/** Bilinear between the four corners; exact to the bit in every engine, since the order of operations is fixed. */
function blend([topLeft, topRight, bottomLeft, bottomRight]: Uint8Array, right: number, down: number): number {
  const top = topLeft + (topRight - topLeft) * right;
  const bottom = bottomLeft + (bottomRight - bottomLeft) * right;
  return Math.trunc(top + (bottom - top) * down);
}
