/** Neighbourhoods at which one channel just dominates: by the thresholds of the fast pass, and by binary64 itself. */
import { findQuotients, productOf, samplesOf } from './mantissas.mjs';

/**
 * @typedef {object} NearThreshold two products, as samples
 * @property {number} bits the threshold is 2^-bits
 * @property {'below' | 'above'} side where the ratio of the second to the largest product lies
 * @property {number[]} largest
 * @property {number[]} second
 * @property {number} distance of the ratio from the threshold, relative
 */

/** Three more samples of the largest product, so that it is 2^22 times the second without factors of 2. */
const TRIPLES = Array.from({ length: 16 }, (_, index) => [255 - 2 * index, 249 - 4 * index, 241 - 6 * index]);

/** How many to keep of each threshold and side. */
const KEPT = 10;

/** @returns {NearThreshold[]} for each threshold 2^-bits and each side the nearest found */
export function findNearThresholds(mantissas, thresholds) {
  const found = [];
  for (const triple of TRIPLES) {
    const three = triple[0] * triple[1] * triple[2];
    findQuotients(mantissas, three, 2 ** -42, (mantissaOfU, mantissaOfV) => {
      const [u, v] = [productOf(mantissaOfU), productOf(mantissaOfV)];
      const twos = Math.round(Math.log2(u / (v * three))); // below 0
      const largest = BigInt(v) * BigInt(three);
      const difference = (BigInt(u) << BigInt(-twos)) - largest;
      if (difference === 0n) return;
      found.push({ u, v, triple, twos, error: Number(difference) / Number(largest) });
    });
  }
  found.sort((a, b) => Math.abs(a.error) - Math.abs(b.error));
  return thresholds.flatMap((bits) =>
    ['below', 'above'].flatMap((side) => {
      const fitting = found.filter(({ twos, error }) => {
        const missing = bits + twos; // factors of 2 of the largest product; of the second, where below 0
        return (side === 'below') === error < 0 && missing <= 7 && missing >= -28;
      });
      return distinct(fitting)
        .slice(0, KEPT)
        .map(({ u, v, triple, twos, error }) => ({
          bits,
          side,
          largest: [...samplesOf(v), ...triple, 2 ** Math.max(bits + twos, 0)],
          second: [...samplesOf(u), ...powersOfTwo(Math.max(-bits - twos, 0), 4)],
          distance: Math.abs(error),
        }));
    }),
  );
}

/** Without the same two products times a common factor: their errors are equal but for rounding. */
function distinct(found) {
  return found.filter(({ error }, index) => !(Math.abs(error / found[index - 1]?.error - 1) < 1e-9));
}

/** @returns {number[]} samples, some of them 1, whose product is 2^exponent */
function powersOfTwo(exponent, count) {
  return Array.from({ length: count }, (_, index) => 2 ** Math.max(0, Math.min(exponent - 7 * index, 7)));
}

/**
 * @typedef {object} Turn where binary64 turns from 255 to 254 as the second product grows
 * @property {number[]} largest samples in reading order, for binary64 rounds after each
 * @property {number[]} still255 samples of the largest second product found that leaves the largest channel at 255
 * @property {number[]} already254 of the smallest found that does not
 */

/** @returns {Turn} */
export function findTurn(mantissas, largest) {
  const product = productInBinary64(largest);
  const is255 = (mantissa, exponent) => {
    const second = productInBinary64(samplesOfScaled(mantissa, exponent));
    return (product / Math.sqrt(product * product + second * second)) * 255 === 255;
  };
  const whole = largest.reduce((a, b) => a * b);
  let exponent = Math.round(Math.log2(whole)) - 29;
  while (is255(mantissas.at(-1), exponent)) exponent++;
  let first = 0; // still 255
  let end = mantissas.length - 1; // already 254
  while (end - first > 1) {
    const middle = (first + end) >> 1;
    if (is255(mantissas[middle], exponent)) first = middle;
    else end = middle;
  }
  return {
    largest,
    still255: samplesOfScaled(mantissas[first], exponent),
    already254: samplesOfScaled(mantissas[end], exponent),
  };
}

/** The mantissa times 2^exponent. */
function samplesOfScaled(mantissa, exponent) {
  const product = productOf(mantissa);
  return [...samplesOf(product), ...powersOfTwo(exponent - Math.floor(Math.log2(product)), 4)];
}

function productInBinary64(samples) {
  return samples.reduce((product, sample) => product * (sample / 255), 1);
}
