/** The kinds of images that are built around the definition's arithmetic: see docs/numerics.md. */
import type { Canvas, Paint, Random } from './canvas.js';
import { NEAREST_INTEGER_PRODUCTS, NEAREST_THRESHOLD_PRODUCTS, patterned } from './nearest.js';

/**
 * A dominated channel's samples are this many thousandths of the dominating channel's. The ratio of the products is the
 * ninth power: 0.190^9 = 2^-21.6, 0.158^9 = 2^-24.0, 0.107^9 = 2^-29.0, 0.084^9 = 2^-32.2. Binary64 turns from
 * 254 to 255 where the ratio's square is lost beside 1, at 2^-26.5 = 0.130^9.
 */
interface RatioRange {
  readonly least: number;
  readonly most: number;
}
const ACROSS_THE_BAND: RatioRange = { least: 84, most: 190 };
const IN_THE_BAND: RatioRange = { least: 108, most: 157 };
const DEEP_IN_THE_BAND: RatioRange = { least: 112, most: 152 };
const WHERE_BINARY64_TURNS: RatioRange = { least: 124, most: 136 };

export const HARD_KINDS = {
  /** Every window's products in the ratio of whole numbers whose norm divides 255: t is a whole number. */
  'exact-integers': ({ random, channels }) => oneColourAWindow(random, wholeColours(channels)),
  /** Every window's t within 2e-6 of a whole number, mostly not on it. */
  'near-integers': ({ random, channels }) => oneColourAWindow(random, nearlyWholeColours(random, channels, firstPower)),
  /** Ratio of the second largest to the largest product sweeping 2^-22 to 2^-31. */
  domination: ({ random }) => dominated(random, ACROSS_THE_BAND),
  /** The same, from 2^-24 to 2^-29: neither surely 254 nor surely 255. */
  'domination-band': ({ random }) => dominated(random, IN_THE_BAND),
  /** The same, near 2^-26.5. */
  'domination-turn': ({ random }) => dominated(random, WHERE_BINARY64_TURNS),
  /** Areas of 8x8 of one colour each: random, dominated, and of ninth powers with t near a whole number. */
  flat: ({ random, width, channels }) => {
    const colours = flatColours(random, channels);
    const first = random.below(colours.length);
    const areasAcross = Math.ceil(width / 8);
    return (pixel, x, y) => {
      const colour = colours[(first + (x >> 3) + (y >> 3) * areasAcross) % colours.length];
      for (let c = 0; c < pixel.length; c++) pixel[c] = colour[c];
    };
  },
  /** Every pixel but a seam needs binary64: whole numbers in the left half, the domination band in the right. */
  'worst-case': ({ random, width, channels }) => {
    const left = oneColourAWindow(random, wholeColours(channels));
    const right = dominated(random, DEEP_IN_THE_BAND);
    return (pixel, x, y) => (2 * x < width ? left : right)(pixel, x, y);
  },
  /** T nearer to a whole number than binary64 can tell, on either side. */
  'nearest-integer': (canvas) => patterned(canvas, NEAREST_INTEGER_PRODUCTS),
  /** The second product nearest to where the fast pass decides between 254 and 255, or to where binary64 turns. */
  'nearest-threshold': (canvas) => patterned(canvas, NEAREST_THRESHOLD_PRODUCTS, true),
} satisfies Record<string, (canvas: Canvas) => Paint>;

type Colour = readonly number[];

/**
 * Greys with one coloured pixel in every 3x3 window, whichever way the window lies: the greys cancel in the ratio of
 * the products, which is that of the coloured pixel's samples; the rounding noise they bring does not.
 */
function oneColourAWindow(random: Random, colours: readonly Colour[]): Paint {
  return (pixel, x, y) => {
    const isColoured = x % 3 === 1 && y % 3 === 1;
    const colour = isColoured ? random.pick(colours) : undefined;
    const grey = random.between(1, 255);
    for (let c = 0; c < pixel.length; c++) pixel[c] = colour?.[c] ?? grey;
  };
}

/** Norms that divide 255 = 3 * 5 * 17. */
const NORMS = [3, 5, 15, 17, 51, 85, 255];

/** Whole triples of such a norm; with an alpha that makes the norm of all four one of them too. */
function wholeColours(channels: 3 | 4): Colour[] {
  const triples = NORMS.flatMap(triplesOfNorm);
  if (channels === 3) return triples;
  return triples.flatMap((triple) => {
    const alphas = NORMS.map((norm) => Math.sqrt(norm * norm - squaredNorm(triple)));
    return alphas.filter((alpha) => alpha > 0 && Number.isInteger(alpha)).map((alpha) => [...triple, alpha]);
  });
}

/** At least two of the three are positive: one alone is 255 to every implementation. */
function triplesOfNorm(norm: number): Colour[] {
  const triples: Colour[] = [];
  for (let a = 0; a < norm; a++) {
    for (let b = 0; b < norm && a * a + b * b <= norm * norm; b++) {
      const c = Math.sqrt(norm * norm - a * a - b * b);
      if (Number.isInteger(c) && c < norm) triples.push([a, b, c]);
    }
  }
  return triples;
}

/**
 * Random colours whose powers, which are the products of a flat area or of one colour a window, give a t near a whole
 * number. With alpha every other colour does so over three channels, the others over all four.
 */
function nearlyWholeColours(random: Random, channels: 3 | 4, power: (sample: number) => number): Colour[] {
  return Array.from({ length: 16 }, (_, index) => {
    const normChannels = channels === 4 && index % 2 ? 4 : 3;
    let colour: Colour;
    do colour = randomColour(random, channels);
    while (!isNearlyWhole(colour.slice(0, normChannels).map(power)));
    return colour;
  });
}

/** Whether any t = 255 * v / norm is within 2e-6, relative, of a whole number from 1 to 254. */
function isNearlyWhole(values: Colour): boolean {
  const norm = Math.sqrt(squaredNorm(values));
  return values.some((value) => {
    const t = (255 * value) / norm;
    const whole = Math.round(t);
    return whole >= 1 && whole <= 254 && Math.abs(t - whole) <= 2e-6 * t;
  });
}

/**
 * Samples of a colour whose other channels are a fraction of one, the fraction rising and falling over 64 pixels and
 * spread by rounding at random, so that the ratios of the windows' products fill the range.
 */
function dominated(random: Random, range: RatioRange): Paint {
  const strongest = random.below(3);
  const weakest = random.pick([0, 50, 80, 100]);
  const phase = random.below(128);
  return (pixel, x, y) => {
    const step = (x + 5 * y + phase) % 128;
    const thousandths = range.least + Math.trunc(((range.most - range.least) * Math.min(step, 128 - step)) / 64);
    const bright = random.between(200, 255);
    for (let c = 0; c < pixel.length; c++) {
      const percent = c === (strongest + 1) % 3 ? 100 : weakest;
      const sample = Math.trunc((bright * thousandths * percent + random.below(100_000)) / 100_000);
      pixel[c] = c === strongest ? bright : percent && sample;
    }
  };
}

function flatColours(random: Random, channels: 3 | 4): Colour[] {
  const plain = Array.from({ length: 16 }, () => randomColour(random, channels));
  const dominated = Array.from({ length: 16 }, () => {
    const dark = () => Math.trunc((255 * random.between(IN_THE_BAND.least, IN_THE_BAND.most)) / 1000);
    return [255, dark(), dark(), dark()];
  });
  return [...plain, ...dominated, ...nearlyWholeColours(random, channels, ninthPower)];
}

const firstPower = (sample: number) => sample;

function randomColour(random: Random, channels: 3 | 4): Colour {
  return Array.from({ length: channels }, () => random.between(1, 255));
}

/** Rounded twice at most, the same in every engine; `**` may differ between them. */
function ninthPower(sample: number): number {
  const cube = sample * sample * sample;
  return cube * cube * cube;
}

function squaredNorm(values: Colour): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
