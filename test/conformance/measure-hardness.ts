/** How hard an image is for an implementation in single precision, measured from its products. */
import type { CheckedImage } from '../../src/image.js';

/** Shares of an image's inner windows, 0 to 1. */
export interface Hardness {
  /** A t = 255 * P / |P| within 2e-6, relative, of a whole number from 1 to 254. */
  readonly nearWhole: number;
  /** The second largest product 2^-29 to 2^-24 of the largest. */
  readonly inBand: number;
  /** One or the other. */
  readonly either: number;
  /** At least one product zero and at least one positive. */
  readonly someZero: number;
}

/** The binary logarithm of the second largest product's share of the largest. */
export interface RatioBits {
  readonly least: number;
  readonly most: number;
}

export function measureHardness(
  image: CheckedImage,
  normChannels: number,
): Hardness & { readonly ratioBits: RatioBits } {
  const windows = productsOf(image, normChannels);
  const shareOf = (test: (products: number[]) => boolean) => windows.filter(test).length / windows.length;
  const bits = windows.map((products) => Math.log2(secondRatio(products))).filter(Number.isFinite);
  return {
    nearWhole: shareOf(isNearWhole),
    inBand: shareOf(isInBand),
    either: shareOf((products) => isNearWhole(products) || isInBand(products)),
    someZero: shareOf((products) => products.includes(0) && products.some((product) => product > 0)),
    ratioBits: {
      least: bits.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
      most: bits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    },
  };
}

function productsOf(image: CheckedImage, normChannels: number): number[][] {
  const windows: number[][] = [];
  for (let y = 1; y < image.height - 1; y++) {
    for (let x = 1; x < image.width - 1; x++) {
      windows.push(Array.from({ length: normChannels }, (_, c) => productAt(image, x, y, c)));
    }
  }
  return windows;
}

function productAt({ data, rowBytes, channels }: CheckedImage, x: number, y: number, c: number): number {
  let product = 1;
  for (let row = y - 1; row <= y + 1; row++) {
    for (let column = x - 1; column <= x + 1; column++) product *= data[row * rowBytes + column * channels + c];
  }
  return product;
}

function isNearWhole(products: number[]): boolean {
  const norm = Math.hypot(...products);
  return products.some((product) => {
    const t = (255 * product) / norm;
    const whole = Math.round(t);
    return whole >= 1 && whole <= 254 && Math.abs(t - whole) <= 2e-6 * t;
  });
}

function isInBand(products: number[]): boolean {
  const ratio = secondRatio(products);
  return ratio >= 2 ** -29 && ratio <= 2 ** -24;
}

function secondRatio(products: number[]): number {
  const [largest, second] = products.toSorted((a, b) => b - a);
  return second / largest;
}
