/** Has `toEqual` compare bytes as a whole: sample by sample, a small image takes a second. */
import { expect } from 'vitest';

expect.addEqualityTesters([
  (a: unknown, b: unknown): boolean | undefined => {
    if (!(a instanceof Uint8Array && b instanceof Uint8Array) || a.constructor !== b.constructor) return undefined;
    return Buffer.compare(a, b) === 0;
  },
]);
