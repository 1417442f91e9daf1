/** Claims that Gappa cannot state, checked in whole numbers, which are exact: each for every case there is. */

/** @typedef {import('./scripts.mjs').Outcome & { text: string, relation: '<' }} ExactClaim */

/** @returns {ExactClaim[]} */
export function exactClaims() {
  return [rootOfSquare(), rootOfSquareInBinary32(), estimateOfNeon()];
}

/**
 * sqrt(x * x) = x in binary64. Let x be m units, m a whole number from 2^52 to 2^53. Rounding changes m^2 by d, half a unit
 * of the product at most: 2^51 where m^2 is below 2^105, else 2^52. Then the root lies within half a unit of m if
 * |d| < m - 1/4, for (m - 1/2)^2 = m^2 - m + 1/4. (Units are halved below m = 2^52, but there d is 0.)
 */
function rootOfSquare() {
  const leastOfLarge = ceilOfRoot(2n ** 105n);
  const cases = [
    { most: 2n ** 51n, least: 2n ** 52n },
    { most: 2n ** 52n, least: leastOfLarge },
  ];
  return {
    text: 'sqrt(x * x) = x in binary64: rounding the square changes it by at most (of what would change the root)',
    relation: '<',
    holds: cases.every(({ most, least }) => 4n * most < 4n * least - 1n),
    proved: rounded(Math.max(...cases.map(({ most, least }) => Number(most) / (Number(least) - 0.25)))),
    used: rounded(1),
  };
}

function ceilOfRoot(square) {
  let root = BigInt(Math.floor(Math.sqrt(Number(square)))) - 2n ** 10n;
  while (root * root < square) root++;
  return root;
}

/** The same in binary32, where every significand can be tried; a product and a root of a double, rounded again, are right. */
function rootOfSquareInBinary32() {
  let wrong = 0;
  for (let m = 2 ** 23; m < 2 ** 24; m++) {
    if (Math.fround(Math.sqrt(Math.fround(m * m))) !== m) wrong++;
  }
  return {
    text: 'sqrt(x * x) = x in binary32: significands of 2^23 for which it does not hold',
    relation: '<',
    holds: wrong === 0,
    proved: rounded(wrong),
    used: rounded(1),
  };
}

/**
 * What frsqrte gives by the Arm ARM (RecipSqrtEstimate) for a number from 1/4 to 1, of which it sees nine bits, a / 512:
 * r / 256, from the root of the middle of what looks alike. Its error is largest at the ends of that.
 */
function estimateOfNeon() {
  const ends = [];
  for (let a = 128; a < 512; a++) {
    const middle = a < 256 ? 2 * a + 1 : 4 * (a >> 1) + 2; // in 1 / 1024
    let root = 512;
    while (middle * (root + 1) ** 2 < 2 ** 28) root++;
    const estimate = (root + 1) >> 1;
    ends.push({ estimate, x: a }, { estimate, x: a + 1 });
  }
  return {
    text: "NEON's estimate of 1 / sqrt(x), as the Arm ARM defines it, has a relative error of at most (in 2^-8)",
    relation: '<',
    // |r / 256 * sqrt(x / 512) - 1| < 2^-8, squared
    holds: ends.every(({ estimate: r, x }) => 255 ** 2 * 512 < r * r * x && r * r * x < 257 ** 2 * 512),
    proved: rounded(
      256 * Math.max(...ends.map(({ estimate, x }) => Math.abs((estimate / 256) * Math.sqrt(x / 512) - 1))),
    ),
    used: rounded(1),
  };
}

/** For the table only: what holds was decided in whole numbers. */
function rounded(number) {
  return { significand: BigInt(Math.round(number * 2 ** 50)), exponent: -50 };
}
