/**
 * sfc32, the Small Fast Counting generator of Chris Doty-Humphrey's PractRand: four words in 32-bit arithmetic only, so
 * that one seed gives the same numbers in every engine.
 */
export class Random {
  #a = 0x9e3779b9 | 0;
  #b = 0x243f6a88 | 0;
  #c: number;
  #counter = 1;

  /** @param seed any whole number; its low 32 bits count */
  constructor(seed: number) {
    this.#c = seed | 0;
    // Twelve rounds, as its author seeds it, until one bit of the seed has changed every word.
    for (let round = 0; round < 12; round++) this.next();
  }

  /** The next whole number from 0 to 2^32 - 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    this.#counter = (this.#counter + 1) | 0;
    return sum >>> 0;
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return this.next() % count;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}
