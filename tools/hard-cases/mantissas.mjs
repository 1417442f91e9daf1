/**
 * Products of five odd samples, and the pairs of them whose quotient lies nearest to a number.
 *
 * A factor of 2 costs little, since one sample has up to seven of them; so only what is left of a product when it is
 * halved until it lies in [1, 2) matters: its mantissa.
 */

/** Odd samples of eight bits: the product of five is below 2^40, so exact in binary64. */
export const SAMPLES = Array.from({ length: 64 }, (_, index) => 129 + 2 * index);

/** @returns {Float64Array} the mantissas of all products of five such samples, ascending, each once */
export function makeMantissas() {
  const count = (64 * 65 * 66 * 67 * 68) / 120;
  const mantissas = new Float64Array(count);
  let size = 0;
  for (let a = 0; a < 64; a++) {
    for (let b = a; b < 64; b++) {
      for (let c = b; c < 64; c++) {
        for (let d = c; d < 64; d++) {
          const four = SAMPLES[a] * SAMPLES[b] * SAMPLES[c] * SAMPLES[d];
          for (let e = d; e < 64; e++) {
            let mantissa = (four * SAMPLES[e]) / 2 ** 35;
            while (mantissa >= 2) mantissa /= 2;
            mantissas[size++] = mantissa;
          }
        }
      }
    }
  }
  mantissas.sort();
  let kept = 0;
  for (const mantissa of mantissas) if (kept === 0 || mantissa !== mantissas[kept - 1]) mantissas[kept++] = mantissa;
  return mantissas.slice(0, kept);
}

/** @returns {number} the odd whole number of a mantissa */
export function productOf(mantissa) {
  let product = mantissa * 2 ** 35;
  while (!Number.isInteger(product)) product *= 2;
  return product;
}

/** @returns {number[] | undefined} samples from {@link SAMPLES} whose product it is, the largest first */
export function samplesOf(product, count = 5, largest = 255) {
  if (count === 1) return product >= SAMPLES[0] && product <= largest ? [product] : undefined;
  for (let sample = largest; sample >= SAMPLES[0]; sample -= 2) {
    if (product % sample !== 0) continue;
    const others = samplesOf(product / sample, count - 1, sample);
    if (others) return [sample, ...others];
  }
  return undefined;
}

/** The place of the first mantissa that is not below a number. */
function placeOf(mantissas, number) {
  let first = 0;
  let end = mantissas.length;
  while (first < end) {
    const middle = (first + end) >> 1;
    if (mantissas[middle] < number) first = middle + 1;
    else end = middle;
  }
  return first;
}

/**
 * Calls `found(u, v)` for mantissas for which u / v is a power of 2 times `quotient` but for a relative error below
 * `tolerance`: of the u beside each quotient * v. Takes one walk through the sorted list, for all of its pairs.
 *
 * @param {Float64Array} mantissas
 * @param {number} quotient
 * @param {number} tolerance
 * @param {(u: number, v: number) => void} found
 */
export function findQuotients(mantissas, quotient, tolerance, found) {
  let scaled = quotient;
  while (scaled >= 2) scaled /= 2;
  while (scaled < 1) scaled *= 2;
  const wrapped = placeOf(mantissas, 2 / scaled);
  const walk = (first, end, factor) => {
    let at = placeOf(mantissas, first < mantissas.length ? mantissas[first] * factor : 2);
    for (let place = first; place < end; place++) {
      const v = mantissas[place];
      const target = v * factor;
      while (at < mantissas.length && mantissas[at] < target) at++;
      if (at < mantissas.length && mantissas[at] - target < tolerance) found(mantissas[at], v);
      if (at > 0 && target - mantissas[at - 1] < tolerance) found(mantissas[at - 1], v);
    }
  };
  walk(0, wrapped, scaled);
  walk(wrapped, mantissas.length, scaled / 2);
}
