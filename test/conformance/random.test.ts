import { describe, expect, test } from 'vitest';
import { Random } from '../../src/conformance/random.js';

describe('Random', () => {
  test('gives the same numbers in every engine and version', () => {
    const random = new Random(1);
    expect([random.next(), random.next(), random.next(), random.next()]).toEqual([
      3359835970, 1182520828, 4267878529, 3063500945,
    ]);
  });

  test('one seed one sequence, another seed another', () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 8 }, () => random.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(new Set([1, 2, 3, 2 ** 31, 2 ** 32 - 1].flatMap(draw)).size).toBe(40);
  });

  test('between meets both ends and nothing beyond', () => {
    const random = new Random(3);
    const drawn = new Set(Array.from({ length: 1000 }, () => random.between(-2, 2)));
    expect([...drawn].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });

  test('every byte about equally often', () => {
    const random = new Random(4);
    const counts = new Array<number>(256).fill(0);
    for (let draw = 0; draw < 256_000; draw++) counts[random.below(256)]++;
    // 1000 expected each; five standard deviations are 158.
    expect(Math.min(...counts)).toBeGreaterThan(842);
    expect(Math.max(...counts)).toBeLessThan(1158);
  });
});
