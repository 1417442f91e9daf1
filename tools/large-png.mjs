/**
 * Draws a photograph-like PNG file of any size, in memory that does not grow with its height:
 *
 *     node tools/large-png.mjs WIDTHxHEIGHT rgb|rgba SEED OUT.png
 *
 * Slow waves of light, some of which leave the range of a sample, under grain, as a sensor has it; alpha falls from 255
 * to 0 and back. The same arguments give the same pixels on every machine. The file has about half as many bytes as the
 * image has samples.
 */
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sine, TURN } from '../fixtures/drawing/arithmetic.mjs';
import { between, createRandom, latticeNumber } from '../fixtures/drawing/random.mjs';
import { writePng } from './png-rows.mjs';

const CHANNELS = { rgb: 3, rgba: 4 };

/** Mean and largest deviation of the light, in steps of a sample: colours are dark or full in places, alpha in many. */
const COLOUR = { mean: 120, deviation: 160 };
const ALPHA = { mean: 170, deviation: 300 };
/** Lengths in pixels; shares of the deviation. */
const WAVES = [
  { length: 4300, share: 0.5 },
  { length: 1300, share: 0.3 },
  { length: 310, share: 0.2 },
];
/** How far the waves of a colour are from those of the others, in radians: most places are nearly grey. */
const SHIFT = 0.5;

/**
 * @param {string} path
 * @param {{ width: number, height: number, channels: 3 | 4, seed: number }} image
 */
export async function writeLargePng(path, { width, height, channels, seed }) {
  const random = createRandom(seed);
  const [scene, veil] = [createWaves(random), createWaves(random)];
  const lights = Array.from({ length: channels }, (_, c) => {
    return c < 3 ? createLight(random, scene, width, COLOUR) : createLight(random, veil, width, ALPHA);
  });
  await writePng(path, { width, height, channels }, (y, row) => {
    lights.forEach((light, c) => {
      light.draw(y, row, c, channels);
    });
    addGrain(row, channels, Math.floor(latticeNumber(y, channels, seed) * 2 ** 32));
  });
}

/** Angles at the first column and row, and steps from one to the next. */
function createWaves(random) {
  const angle = () => between(random, 0, TURN);
  return WAVES.map(({ length, share }) => {
    const step = () => TURN / (length * between(random, 0.7, 1.4));
    return { share, left: angle(), across: step(), top: angle(), down: step() };
  });
}

/** The light of one channel: a sum of waves, each a wave across times a wave down. */
function createLight(random, waves, width, { mean, deviation }) {
  const shifted = waves.map(({ left, across, top, ...wave }) => {
    const [start, shift] = [left, top].map((angle) => angle + between(random, -SHIFT, SHIFT));
    return { ...wave, top: shift, columns: Float32Array.from({ length: width }, (_, x) => sine(start + across * x)) };
  });
  const [a, b, c] = shifted.map(({ columns }) => columns);
  return {
    draw(y, row, first, channels) {
      const [p, q, r] = shifted.map(({ share, top, down }) => deviation * share * (0.3 + sine(top + down * y)));
      for (let x = 0, at = first; x < width; x++, at += channels) {
        row[at] = Math.max(0, Math.min(mean + p * a[x] + q * b[x] + r * c[x], 255));
      }
    },
  };
}

/** Adds -6 to 6 to each colour, small values more often: two numbers of a xorshift generator, subtracted. */
function addGrain(row, channels, seed) {
  let state = seed | 1;
  for (let at = 0; at < row.length; at += channels) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    for (let c = 0; c < 3; c++) {
      const bits = (state >>> (8 * c)) & 63;
      const grain = (((bits & 7) * 7) >> 3) - (((bits >> 3) * 7) >> 3);
      row[at + c] = Math.max(0, Math.min(row[at + c] + grain, 255));
    }
  }
}

async function main([size = '', kind = '', seed = '', path, ...rest]) {
  const [, width, height] = /^([1-9]\d*)x([1-9]\d*)$/.exec(size) ?? [];
  const channels = CHANNELS[kind];
  if (height === undefined || channels === undefined || !/^\d+$/.test(seed) || path === undefined || rest.length > 0) {
    process.stderr.write('Expected WIDTHxHEIGHT rgb|rgba SEED OUT.png, such as 32768x32768 rgba 1 large.png\n');
    return 2;
  }
  const startMs = performance.now();
  await writeLargePng(path, { width: Number(width), height: Number(height), channels, seed: Number(seed) });
  const seconds = ((performance.now() - startMs) / 1e3).toFixed(1);
  const { size: byteLength } = statSync(path);
  const share = Math.round((100 * byteLength) / (width * height * channels));
  // The system counts in KiB.
  const peakMb = Math.round((process.resourceUsage().maxRSS * 1024) / 1e6);
  process.stdout.write(`${path}: ${byteLength} bytes, ${share} % of the samples; ${seconds} s, at most ${peakMb} MB\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
