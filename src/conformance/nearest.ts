/**
 * Images of the hardest neighbourhoods that tools/hard-cases.mjs found: whole areas in which every window has the products
 * of one of them, its samples arranged in nine ways.
 */
import type { Canvas, Paint, Random } from './canvas.js';
import { DIGITS, NEAREST_INTEGERS, NEAREST_THRESHOLDS } from './nearest-table.js';

/** Samples whose products are those of the first three channels, at most nine each. */
export type Products = readonly [readonly number[], readonly number[], readonly number[]];

/**
 * T = 255 * P / |P| of the third product lies within a unit in the last place of binary64 of a whole number: of each from 1
 * to 254 first below it, then above it.
 */
export const NEAREST_INTEGER_PRODUCTS: readonly Products[] = wordsOf(NEAREST_INTEGERS).map((word) => {
  const odd = Array.from(word.slice(0, 10), (digit) => 129 + 2 * DIGITS.indexOf(digit));
  const shared = odd.slice(5);
  const [second, third] = samplesIn(word.slice(10, 14));
  const twos = DIGITS.indexOf(word[14]) - 32;
  const twosOfOthers = powerOfTwo(-twos);
  return [
    [...odd.slice(0, 5), ...powerOfTwo(twos)],
    [...shared, second, ...twosOfOthers],
    [...shared, third, ...twosOfOthers],
  ];
});

/** The first product dominates, just so or just not: see {@link NEAREST_THRESHOLDS}. */
export const NEAREST_THRESHOLD_PRODUCTS: readonly Products[] = pairsOf(wordsOf(NEAREST_THRESHOLDS)).map(
  ([largest, second]) => [samplesIn(largest), samplesIn(second), [0]],
);

function wordsOf(table: string): string[] {
  return table.trim().split(/\s+/);
}

function pairsOf(words: readonly string[]): [string, string][] {
  return words.flatMap((word, index): [string, string][] => (index % 2 ? [] : [[word, words[index + 1]]]));
}

function samplesIn(digits: string): number[] {
  return Array.from({ length: digits.length / 2 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

/** As samples; none below 2. */
function powerOfTwo(exponent: number): number[] {
  return exponent <= 0 ? [] : [2 ** Math.min(exponent, 7), ...powerOfTwo(Math.max(exponent - 7, 0))];
}

/** Pixels across and down. A multiple of 3, so that the areas join where their patterns begin. */
const AREA = 9;

/**
 * Areas, each with a pattern of 3x3 pixels over and over: every window within it holds each of the nine pixels once. The
 * product of alpha is 0, so that it does not matter whether it takes part.
 *
 * @param keepsOrder whether about half of the areas have the samples of their first product in reading order
 */
export function patterned({ random, width, channels }: Canvas, all: readonly Products[], keepsOrder = false): Paint {
  const areasAcross = Math.ceil(width / AREA);
  const first = random.below(all.length);
  const patterns: Uint8Array[] = [];
  return (pixel, x, y) => {
    const area = Math.trunc(x / AREA) + areasAcross * Math.trunc(y / AREA);
    patterns[area] ??= patternOf(
      random,
      all[(first + area) % all.length],
      channels,
      keepsOrder && random.below(2) === 0,
    );
    const at = ((x % 3) + 3 * (y % 3)) * channels;
    pixel.set(patterns[area].subarray(at, at + channels));
  };
}

/** Nine pixels: the samples of the products arranged at random, in channels chosen at random. */
function patternOf(random: Random, products: Products, channels: 3 | 4, keepsOrder: boolean): Uint8Array {
  const pattern = new Uint8Array(9 * channels);
  const longest = Math.max(...products.map(({ length }) => length));
  // Factors that all products have in common change nothing but the roundings.
  const common = Array.from({ length: 9 - longest }, () => random.between(1, 255));
  const columns = shuffled(random, products.slice()).map((samples) => {
    const ones = new Array<number>(longest - samples.length).fill(1);
    const nine = [...samples, ...ones, ...common];
    return keepsOrder && samples === products[0] ? nine : shuffled(random, nine);
  });
  if (channels === 4) columns.push(shuffled(random, [0, ...Array.from({ length: 8 }, () => random.below(256))]));
  for (let at = 0; at < pattern.length; at++) pattern[at] = columns[at % channels][Math.trunc(at / channels)];
  return pattern;
}

function shuffled<T>(random: Random, items: T[]): T[] {
  for (let end = items.length; end > 1; end--) {
    const at = random.below(end);
    [items[at], items[end - 1]] = [items[end - 1], items[at]];
  }
  return items;
}
