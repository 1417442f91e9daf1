import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/conformance/canvas.js';
import { IMAGE_KINDS, type ImageKind, makeImage } from '../../src/conformance/images.js';
import { transformReference } from '../../src/reference.js';
import { type Hardness, measureHardness } from './measure-hardness.js';

const SEEDS = [1, 2, 3];

/** Pixel formats by the number of channels in memory and in the norm. */
const NORMS = [
  { channels: 3, normChannels: 3 },
  { channels: 4, normChannels: 3 },
  { channels: 4, normChannels: 4 },
] as const;

/** The least share of windows that a kind makes hard in its own way, and in which formats. */
const PROMISES: readonly [ImageKind, keyof Hardness, number, (typeof NORMS)[number][]][] = [
  ['exact-integers', 'nearWhole', 0.99, [...NORMS]],
  ['near-integers', 'nearWhole', 0.99, [NORMS[0]]],
  ['near-integers', 'nearWhole', 0.45, [NORMS[1], NORMS[2]]],
  ['domination', 'inBand', 0.4, [...NORMS]],
  ['domination-band', 'inBand', 0.99, [...NORMS]],
  ['domination-turn', 'inBand', 0.99, [...NORMS]],
  ['flat', 'either', 0.3, [...NORMS]],
  ['worst-case', 'either', 0.95, [...NORMS]],
  ['nearest-integer', 'nearWhole', 0.55, [...NORMS]],
  ['nearest-threshold', 'inBand', 0.3, [...NORMS]],
  ['saturated', 'inBand', 0.1, [...NORMS]],
  ['zeros', 'someZero', 0.25, [...NORMS]],
  ['extremes', 'someZero', 0.5, [...NORMS]],
  ['alpha-patches', 'someZero', 0.4, [NORMS[2]]],
  ['alpha-patches', 'inBand', 0.02, [NORMS[2]]],
];

describe('each kind hits what it is made for', () => {
  test.each(PROMISES)('%s: %s of at least %f', (kind, measure, least, formats) => {
    expect(formats.length).toBeGreaterThan(0);
    for (const { channels, normChannels } of formats) {
      for (const seed of SEEDS) {
        const hardness = measureHardness(makeImage(kind, 129, 97, channels, seed), normChannels);
        expect(hardness[measure]).toBeGreaterThanOrEqual(least);
      }
    }
  });

  test('domination reaches below and above the band', () => {
    const { ratioBits } = measureHardness(makeImage('domination', 129, 97, 3, 1), 3);
    expect(ratioBits.least).toBeLessThan(-31);
    expect(ratioBits.most).toBeGreaterThan(-22.5);
  });

  test('domination-turn gives 254 and 255, both often', () => {
    const image = makeImage('domination-turn', 129, 97, 3, 1);
    const output = { ...image, data: new Uint8Array(image.data.length) };
    transformReference(image, output, { alpha: 'opaque', border: 'wrap', passes: 1 });
    const countOf = (sample: number) => output.data.filter((value) => value === sample).length;
    expect(countOf(254)).toBeGreaterThan(1000);
    expect(countOf(255)).toBeGreaterThan(1000);
  });

  test.each([
    ['black', 0],
    ['ones', 1],
    ['all-255', 255],
  ] as const)('%s is nothing else', (kind, sample) => {
    expect(new Set(makeImage(kind, 5, 4, 4, 1).data)).toEqual(new Set([sample]));
  });

  test('single-bright has one bright pixel, wherever it lies', () => {
    for (const seed of SEEDS) {
      const bright = makeImage('single-bright', 9, 7, 3, seed).data.filter((sample) => sample > 1);
      expect(bright).toHaveLength(3);
    }
  });

  test('alpha-patches holds every special alpha', () => {
    const { data } = makeImage('alpha-patches', 40, 40, 4, 1);
    const alphas = new Set(data.filter((_, at) => at % 4 === 3));
    for (const alpha of [0, 1, 254, 255]) expect(alphas).toContain(alpha);
    expect(alphas.size).toBeGreaterThan(50);
  });
});

test.each(IMAGE_KINDS)('%s: the arguments decide the bytes, at any size', (kind) => {
  for (const channels of [3, 4] as const) {
    const image = makeImage(kind, 7, 5, channels, 1);
    expect(image).toMatchObject({ width: 7, height: 5, channels, rowBytes: 7 * channels });
    expect(makeImage(kind, 7, 5, channels, 1)).toEqual(image);
    expect(makeImage(kind, 1, 1, channels, 1).data).toHaveLength(channels);
  }
});

test('another seed gives another image, but for those of one value', () => {
  const constant = IMAGE_KINDS.filter((kind) => {
    return Buffer.compare(makeImage(kind, 16, 16, 4, 1).data, makeImage(kind, 16, 16, 4, 2).data) === 0;
  });
  expect(constant).toEqual(['black', 'ones', 'all-255']);
});

/** Kinds are added at the end; those before it stay as they are. */
test.each([
  ['noise', 'worst-case', '3f6e3939b103e579beec465a54a59c4b4f202e1f87dcfa9eeacf18250aec73b1'],
  ['nearest-integer', 'nearest-threshold', '7d20167f1cfbf9f76631a3287de889082128736639118ec0019e6fff2458a7dc'],
] as const)('the bytes of %s to %s are those that every engine and version makes', (first, last, expected) => {
  const hash = createHash('sha256');
  for (const kind of IMAGE_KINDS.slice(IMAGE_KINDS.indexOf(first), IMAGE_KINDS.indexOf(last) + 1)) {
    for (const channels of [3, 4] as const) hash.update(makeImage(kind, 40, 30, channels, 1).data);
  }
  expect(hash.digest('hex')).toBe(expected);
});

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
