/**
 * Searches for the hardest neighbourhoods: node tools/hard-cases.mjs [--write], in some minutes
 *
 * Those whose T lies nearest to a whole number, below and above each from 1 to 254, and those whose second largest product
 * lies nearest to a threshold of the fast pass, or to where binary64 itself turns from 255 to 254. Prints the ten nearest of
 * each. Exit code 1 where src/conformance/nearest-table.ts has others; --write writes that file. No random numbers: the
 * search finds the same on every machine.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findNearInteger } from './hard-cases/integers.mjs';
import { makeMantissas, SAMPLES } from './hard-cases/mantissas.mjs';
import { findNearThresholds, findTurn } from './hard-cases/thresholds.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TABLE = path.join(ROOT, 'src/conformance/nearest-table.ts');

/** Of surely_255_below and surely_below_255_above in native-fallback/fast_pass.h: 2^-29 and 2^-24. */
export const THRESHOLD_BITS = [29, 24];

/** Largest products to look for a turn with. */
const TURNS = 8;

const hexOf = (samples) => samples.map((sample) => sample.toString(16).padStart(2, '0')).join('');

/** For numbers from 0 to 63. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_';

/** @param {import('./hard-cases/integers.mjs').NearInteger} found */
export function integerText({ u, v, second, third, twos }) {
  const samples = [...u, ...v].map((sample) => DIGITS[SAMPLES.indexOf(sample)]).join('');
  return `${samples}${hexOf([second, third])}${DIGITS[32 + twos]}`;
}

/** @param {Pick<import('./hard-cases/thresholds.mjs').NearThreshold, 'largest' | 'second'>} found */
export function pairText({ largest, second }) {
  return `${hexOf(largest)} ${hexOf(second.filter((sample) => sample > 1))}`;
}

function tableText(integers, pairs) {
  const lines = Array.from({ length: integers.length / 2 }, (_, index) => {
    return integers
      .slice(2 * index, 2 * index + 2)
      .map(integerText)
      .join(' ');
  });
  return `/** Written by tools/hard-cases.mjs, which found it; nearest.ts reads it. */

/** For numbers from 0 to 63. */
export const DIGITS = '${DIGITS}';

/**
 * A line for each whole number k from 1 to 254: T just below it, T just above it. T is 255 times the third product, divided by
 * the norm. Five digits are samples of the first product, five are samples that the second and the third share: 0 is 129, 1 is
 * 131, _ is 255. Then come one more sample of each, in hexadecimal, and how often the first is doubled, W standing for 0; what
 * comes before W doubles the others.
 */
export const NEAREST_INTEGERS: string = \`
${lines.join('\n')}
\`;

/**
 * Each line: samples of the largest product and of the second, in hexadecimal, whose ratio is nearly 2^-29 or 2^-24. In the
 * last 16 lines it is where binary64 turns, for the largest in this order: from 255 in a line to 254 in the next.
 */
export const NEAREST_THRESHOLDS: string = \`
${pairs.map(pairText).join('\n')}
\`;
`;
}

/** The distance of T from k in units in the last place, at k, of a format with so many bits of significand. */
export function ulpsOf(distance, k, bits) {
  return distance / 2 ** (Math.floor(Math.log2(k)) - bits + 1);
}

function nearestText(integers, near) {
  const byUlps = integers
    .map((found) => ({ ...found, ulps: ulpsOf(found.distance, found.k, 53) }))
    .sort((a, b) => a.ulps - b.ulps);
  const farthest = byUlps.at(-1);
  return [
    'T and k, in units in the last place of binary64 and binary32:',
    ...[...byUlps.slice(0, 10), farthest].map(({ k, side, distance, ulps }) => {
      return `  ${side} ${k}: ${ulps.toPrecision(2)}, ${ulpsOf(distance, k, 24).toExponential(1)}`;
    }),
    'Ratio and threshold, relative, in 2^-52:',
    ...near
      .toSorted((a, b) => a.distance - b.distance)
      .slice(0, 10)
      .map(({ bits, side, distance }) => `  ${side} 2^-${bits}: ${(distance * 2 ** 52).toPrecision(2)}`),
    '',
  ].join('\n');
}

/** @returns {0 | 1} the exit code */
function main() {
  const { values: options } = parseArgs({ options: { write: { type: 'boolean' } } });
  const mantissas = makeMantissas();
  const integers = Array.from({ length: 254 }, (_, index) => findNearInteger(mantissas, index + 1)).flat();
  const near = findNearThresholds(mantissas, THRESHOLD_BITS);
  const table = tableText(integers, [...near, ...findPairsAtTurns(mantissas)]);
  process.stdout.write(nearestText(integers, near));
  if (options.write) writeFileSync(TABLE, table);
  if (readFileSync(TABLE, 'utf8') === table) return 0;
  process.stderr.write(`${path.relative(ROOT, TABLE)} has others. --write writes these.\n`);
  return 1;
}

/** @returns {Pick<import('./hard-cases/thresholds.mjs').NearThreshold, 'largest' | 'second'>[]} 255 and 254 in turn */
export function findPairsAtTurns(mantissas) {
  return Array.from({ length: TURNS }, (_, index) => findTurn(mantissas, spreadSamples(index))).flatMap(
    ({ largest, still255, already254 }) => [still255, already254].map((second) => ({ largest, second })),
  );
}

/** Nine samples from 170 to 255, all different. */
function spreadSamples(index) {
  return Array.from({ length: 9 }, (_, at) => 170 + (((at + 1) * (29 + 6 * index)) % 86));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main();
