/** tools/hard-cases.mjs: the committed table is what it finds, of the whole numbers for two of them, in seconds. */
import { beforeAll, expect, test } from 'vitest';
import { Random } from '../../src/conformance/canvas.js';
import { NEAREST_INTEGERS, NEAREST_THRESHOLDS } from '../../src/conformance/nearest-table.js';
import { findNearInteger } from '../../tools/hard-cases/integers.mjs';
import { findQuotients, makeMantissas, productOf, samplesOf } from '../../tools/hard-cases/mantissas.mjs';
import { findNearThresholds } from '../../tools/hard-cases/thresholds.mjs';
import { findPairsAtTurns, integerText, pairText, THRESHOLD_BITS } from '../../tools/hard-cases.mjs';

let mantissas: Float64Array;
beforeAll(() => {
  mantissas = makeMantissas();
}, 120_000);

test('mantissas ascend, each once, and are products of five samples', () => {
  expect(mantissas.length).toBe(8_239_808);
  expect(mantissas.every((mantissa, at) => at === 0 || mantissa > mantissas[at - 1])).toBe(true);
  for (let at = 0; at < mantissas.length; at += 1_000_003) {
    const product = productOf(mantissas[at]);
    expect(samplesOf(product)!.reduce((a, b) => a * b)).toBe(product);
    expect(Math.log2(product / mantissas[at]) % 1).toBe(0);
  }
});

test('one walk finds the pairs that all pairs have', () => {
  // At random: every nth mantissa would be nearly a geometric sequence, whose quotients all look alike.
  const random = new Random(1);
  const few = mantissas.filter(() => random.below(16_000) === 0);
  for (const quotient of [1.25, 0.3, 7 / 3]) {
    const found = new Set<string>();
    findQuotients(few, quotient, 2 ** -17, (u, v) => found.add(`${u} ${v}`));
    const all = [...few].flatMap((v) =>
      [0.25, 0.5, 1, 2, 4].flatMap((power) => {
        const near = [...few].filter((u) => Math.abs(u - v * quotient * power) < 2 ** -17);
        return near.map((u) => `${u} ${v}`);
      }),
    );
    expect(all.length).toBeGreaterThan(0);
    expect([...found].sort()).toEqual([...new Set(all)].sort());
  }
});

test.each([57, 246])('the nearest to %d', (k) => {
  const line = findNearInteger(mantissas, k).map(integerText).join(' ');
  expect(NEAREST_INTEGERS.trim().split('\n')[k - 1]).toBe(line);
});

test('the nearest to the thresholds and to the turns', () => {
  const pairs = [...findNearThresholds(mantissas, THRESHOLD_BITS), ...findPairsAtTurns(mantissas)];
  expect(NEAREST_THRESHOLDS.trim().split('\n')).toEqual(pairs.map(pairText));
});
