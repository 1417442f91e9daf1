/** What generators of images paint with: random numbers, and the pixels of a canvas. */

/** Writes the samples of the pixel at x, y; called for every pixel in reading order. */
export type Paint = (pixel: Uint8Array, x: number, y: number) => void;

/** What a kind knows about the image before its first pixel. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly random: Random;
}

/**
 * Random numbers by sfc32, the Small Fast Counting generator of Chris Doty-Humphrey's PractRand: four words, in 32-bit
 * arithmetic only, so that a seed gives the same numbers in every engine.
 */
export class Random {
  #a = 0x9e3779b9 | 0;
  #b = 0x243f6a88 | 0;
  #c: number;
  #counter = 1;

  /** @param seed any whole number, of which the low 32 bits are used */
  constructor(seed: number) {
    this.#c = seed | 0;
    // Twelve rounds, as in PractRand, so that every bit of the seed changes every word.
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
