/** `npm run prove`: that all is proved, and that a constant which no longer suffices is found. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CannotSetUp } from '../../tools/debian-packages.mjs';
import { exactClaims } from '../../tools/prove/exact.mjs';
import { compare, resultsOf, setUpGappa } from '../../tools/prove/gappa.mjs';
import { isProved, prove, textOf } from '../../tools/prove.mjs';

const FAST_PASS = 'native-fallback/fast_pass.h';

function installed() {
  try {
    return setUpGappa();
  } catch (error) {
    if (!(error instanceof CannotSetUp)) throw error;
    process.stderr.write(`NOT RUN, for want of Gappa: the proofs of docs/proofs/. ${error.message}\n`);
    return undefined;
  }
}

const gappa = installed();

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** Reads the project with one text replaced in one file. */
function withChange(file: string, from: string, to: string) {
  return (path: string) => {
    if (path !== file) return read(path);
    expect(read(path)).toContain(from);
    return read(path).replace(from, to);
  };
}

describe.skipIf(gappa === undefined)('the proofs', () => {
  test('hold', () => {
    const proof = prove(gappa!);
    expect(textOf(proof)).toMatch(/^\d+ claims proved\.$/m);
    expect(isProved(proof)).toBe(true);
    expect(proof.claims.length).toBeGreaterThanOrEqual(40);
  });

  test.each([
    ['fast-pass', 'exceeds the computed one by at least', FAST_PASS, 'error_bound = 16;', 'error_bound = 14;'],
    ['fast-pass', 'exceeds the computed one by at most', FAST_PASS, '65536 - 2 * error', '65536 - 1 * error'],
    ['fast-pass', 'exceeds the computed one by at most', FAST_PASS, '0x1p-100f', '0x1p-60f'],
    ['fast-pass', 'gets a sum of at most', 'native-fallback/simd/portable.cc', 'to 0x1p99', 'to 0x1p97'],
    ['at-255', 'the squares of the other products', FAST_PASS, 'full_scale * 0x1p-29f', 'full_scale * 0x1p-27f'],
    ['at-255', 'lies below 255 by', FAST_PASS, 'full_scale * 0x1p-24f', 'full_scale * 0x1p-26f'],
    ['at-255', 'the computed t of the dominating', FAST_PASS, 'middle_of_254 = 254.5f', 'middle_of_254 = 254.9999f'],
    ['columns', 'is a whole number of', 'native-fallback/tile.h', '0x1p-32f', '0x1p-31f'],
    ['definition', 'beside the smallest sum', 'native-fallback/exact_pass.h', '0x1p-300', '0x1p-196'],
    ['definition', 'differ from the real ones', 'docs/numerics.md', 'than 42 * 2^-53', 'than 39 * 2^-53'],
    ['sse2', 'differs from factor', 'native-fallback/simd/portable.cc', 'below 7 * 2^-24', 'below 6.8 * 2^-24'],
    ['wgsl', 'v is below the definition', 'shaders/fast_pass.wgsl', '0x1.02032cp-46', '0x1.020318p-46'],
    ['wgsl', 'is above v: for each sample', 'shaders/fast_pass.wgsl', '* vec4u(5u)', '* vec4u(4u)'],
    [
      'wgsl',
      'has the largest distance',
      'shaders/fast_pass.wgsl',
      'MOST_UNDECIDED_UNITS = 22u',
      'MOST_UNDECIDED_UNITS = 21u',
    ],
    ['wgsl', 'the largest, in any order', 'shaders/fast_pass.wgsl', 'RESCALE_EXPONENT = 24u', 'RESCALE_EXPONENT = 7u'],
    ['sse2', 'constants differ', FAST_PASS, 'sample_unit = 65536.0f', 'sample_unit = 1048576.0f'],
  ])('of %s do not show what they should (%s) where %s has not %s, but %s', (name, claim, file, from, to) => {
    const proof = prove(gappa!, { readSource: withChange(file, from, to), names: [name], instructionSets: [] });
    const failed = proof.claims.filter(({ outcome }) => !outcome.holds);
    expect(failed.map(({ text }) => text)).toContainEqual(expect.stringContaining(claim));
    expect(isProved(proof)).toBe(false);
    expect(textOf(proof)).toMatch(/\| NOT PROVED +\|[\s\S]*\d NOT PROVED\.$/m);
  });

  test.each([
    ['sse2', 'native-fallback/simd/sse2.cc', 'all(1.5f * factor)', 'all(1.25f * factor)', 'not trivially equal'],
    ['sse2', 'native-fallback/simd/sse2.cc', 'mul(half, mul(y, y))', 'mul(mul(half, y), y)', 'This code is not in'],
    ['fast-pass', FAST_PASS, 'error_bound = 16;', 'error_bound = margin;', 'This code is not in'],
  ])('of %s are refused where %s has not %s, but %s', (name, file, from, to, message) => {
    const proof = prove(gappa!, { readSource: withChange(file, from, to), names: [name], instructionSets: [] });
    expect(proof.problems).toEqual([expect.stringContaining(message)]);
    expect(isProved(proof)).toBe(false);
  });

  test('have to be there for every instruction set', () => {
    const proof = prove(gappa!, { names: ['sse2'], instructionSets: ['native-fallback/simd/sse2.cc', 'simd/new.cc'] });
    expect(proof.problems).toEqual([expect.stringContaining('simd/new.cc')]);
  });
});

test('what is checked in whole numbers holds', () => {
  expect(exactClaims().filter(({ holds }) => !holds)).toEqual([]);
});

test('without Gappa, the message says what to do', () => {
  expect(() => setUpGappa({ PATH: '' }, '')).toThrow(/There is no program gappa\. Install it, .*apt-get install gappa/);
});

test("Gappa's numbers are read exactly", () => {
  const { bounds, rest } = resultsOf('Results:\n  (a - b) / c in [-3b-26 {-4.5e-08, -2^(-24.4)}, 255]\nWarning: x\n');
  const number = (significand: bigint, exponent: number) => ({ significand, exponent });
  expect(bounds.get('(a - b) / c')).toEqual({ least: number(-3n, -26), most: number(255n, 0) });
  expect(rest).toBe('Warning: x');
  expect(compare(number(1n, 60), number(2n ** 60n, 0))).toBe(0);
  expect(compare(number(-1n, -200), number(0n, 0))).toBeLessThan(0);
});
