/** Neighbourhoods whose T = 255 P_c / |P| lies nearest to a whole number k: see docs/numerics.md. */
import { findQuotients, productOf, samplesOf } from './mantissas.mjs';

/**
 * @typedef {object} NearInteger products, as samples
 * @property {number} k
 * @property {'below' | 'above'} side where T lies
 * @property {number[]} u five samples of the first product
 * @property {number[]} v five samples that the second and the third have in common
 * @property {number} second one more of the second
 * @property {number} third one more of the third, which is the one of T
 * @property {number} twos factors of 2 that the first has besides; below 0, that the second and the third have
 * @property {number} distance of T from k
 */

/** Quotients of the second and third product to try for each k. */
const TRIES = 4;

/**
 * The third product is the one of T. The second divided by it is a quotient of two samples a little too small for T = k,
 * and the first, small beside both, makes up for that: so the error of its best quotient counts little.
 *
 * @returns {NearInteger[]} the nearest found below and above k
 */
export function findNearInteger(mantissas, k) {
  const nearest = new Map();
  const square = 255 * 255 - k * k; // (|P| / P_c)^2 - 1 = square / k^2
  let tries = 0;
  for (const { second, third } of quotientsBelow(Math.sqrt(square) / k)) {
    if (tries++ >= TRIES && nearest.size === 2) break;
    const first = Math.sqrt(square * third * third - k * k * second * second) / (k * third); // of the third product
    findQuotients(mantissas, first * third, 2 ** -43, (mantissaOfU, mantissaOfV) => {
      const [u, v] = [productOf(mantissaOfU), productOf(mantissaOfV)];
      const twos = Math.round(Math.log2((first * third * v) / u));
      const found = { k, second, third, twos };
      const error = exactError({ ...found, u, v });
      if (error === 0) return;
      const side = error < 0 ? 'below' : 'above';
      const distance = Math.abs(error);
      if (distance >= (nearest.get(side)?.distance ?? 1)) return;
      nearest.set(side, { ...found, u: samplesOf(u), v: samplesOf(v), side, distance });
    });
  }
  return ['below', 'above'].map((side) => nearest.get(side));
}

/** Below a limit by 2^-9 of the square or more, the nearest first. */
function quotientsBelow(limit) {
  const quotients = new Map();
  for (let third = 1; third <= 255; third++) {
    const most = Math.floor(limit * third);
    for (const second of [most, most - 1]) {
      const gap = 1 - (second / third / limit) ** 2;
      if (second < 1 || second > 255 || gap < 2 ** -9 || quotients.has(second / third)) continue;
      quotients.set(second / third, { second, third, gap });
    }
  }
  return [...quotients.values()].sort((a, b) => a.gap - b.gap);
}

/** T - k, from whole numbers: T^2 - k^2 = (255^2 P_c^2 - k^2 |P|^2) / |P|^2. Rounded only in the last quotient. */
function exactError({ k, u, v, second, third, twos }) {
  const first = BigInt(u) << BigInt(Math.max(twos, 0));
  const others = BigInt(v) << BigInt(Math.max(-twos, 0));
  return errorOf([first, others * BigInt(second), others * BigInt(third)], 2, k);
}

/** @param {readonly bigint[]} products @returns {number} T of a channel minus k; the sign, and 0, are exact */
export function errorOf(products, channel, k) {
  const square = products.reduce((sum, product) => sum + product * product, 0n);
  const difference = 255n ** 2n * products[channel] ** 2n - BigInt(k * k) * square;
  const t = (255 * Number(products[channel])) / Math.sqrt(Number(square));
  return Number(difference) / Number(square) / (t + k);
}
