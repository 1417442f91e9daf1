/**
 * A known-answer test, as FIPS 140 asks of cryptographic modules at power-up: before a device computes anything else, it
 * computes a small image that holds every hard kind of pixel, and its bytes are compared with those of the definition.
 */
import type { Backend } from './backend.js';
import { fnv1a } from './hash.js';
import { type CheckedImage, createImage, rowsOf } from './image.js';
import type { Operation } from './options.js';
import { cutIntoStrips, regionOf } from './regions.js';

/** A transform of the image, and the FNV-1a hash of its bytes. */
export interface KnownAnswer extends Operation {
  readonly channels: 3 | 4;
  readonly hash: number;
}

/**
 * Every alpha mode and border mode, both numbers of channels, one pass and several. The reference confirms them in
 * test/gpu/admission.test.ts.
 */
export const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  { channels: 4, alpha: 'opaque', border: 'wrap', passes: 1, hash: 0xdebf79ed },
  { channels: 4, alpha: 'channel', border: 'reflect', passes: 1, hash: 0x3ffb4bc0 },
  { channels: 4, alpha: 'keep', border: 'skip', passes: 1, hash: 0xfaf8ca87 },
  { channels: 3, alpha: 'opaque', border: 'replicate', passes: 1, hash: 0x78b179d8 },
  { channels: 4, alpha: 'channel', border: 'wrap', passes: 2, hash: 0x48d682bb },
];

/** Strips from the top, the middle and the bottom: their neighbours beyond lie at the other edge, next to them, or inside. */
const STRIP_ROWS = 25;

/**
 * Whether a device gives the right bytes.
 *
 * @returns a clause for people where it does not
 * @throws BackendFault where it fails
 */
export async function findWrongAnswer(backend: Backend): Promise<string | undefined> {
  for (const { channels, hash, ...operation } of KNOWN_ANSWERS) {
    const input = hardImage(channels);
    const output = createImage(input.width, input.height, channels);
    const { alpha, border, passes } = operation;
    const whole = regionOf(input, border);
    const regions = passes === 1 ? cutIntoStrips(whole, STRIP_ROWS) : [whole];
    const strips = regions.map((region) => ({
      input,
      region,
      output: rowsOf(output, region.first.y, region.end.y),
      alpha,
      passes,
    }));
    await Promise.all(strips.map((strip) => backend.compute(strip, {})));
    if (fnv1a(output.data) === hash) continue;
    const which = `${channels} channels, alpha ${alpha}, border ${border}, ${passes === 1 ? 'one pass' : `${passes} passes`}`;
    return `it computed wrong bytes when it was opened (${which})`;
  }
  return undefined;
}

const BAND_ROWS = 9;

/**
 * RGBA colours whose ratios decide a byte, as the conformance suite makes them (src/conformance/hard-images.ts), with the
 * seeds 1 to 7; searching for them takes longer than a device to compute them.
 */
const HARD_COLOURS = {
  /** t is a whole number: the norm of three or four samples divides 255. */
  whole: coloursOf(
    '0e112e440c0009080a0b08208240324441b244' +
      '1844162e01440e05020800182d44320a01440e1f26441b182444020a0b08020e0508261f0e442f0e0e4409000c080a050a080c0900',
  ),
  /** t is within 2e-6 of a whole number. */
  nearlyWhole: coloursOf(
    '9685885c75b824f0da76631565674a1bd1c58139474ce7beb7dad091c40990f89741f5300d5acac2b586257837bb9cd85b361c399552' +
      '55a195cb7a099281c97aeca01fac6e450b3beb9333b36860d43fc6584dcc0282efe520c588159b449f6330420234e8f9e49c87a6b87b' +
      '926164b667b15fb28705eb1d490e0ae656e3741cde9e37e0d393cb4d6b6c981aed28a2831743a3976b81e0f5b3fed912c16124f44b6d' +
      'e4c854727958',
  ),
  /** The same of an area of one colour, whose products are ninth powers; one channel so strong that t is just below 255. */
  flat: coloursOf(
    'eb49bf1ed4a20858cc2a9fe36a04519240f585d14ba2d42802da9eaacb15f769036a7128cd7fc5adc194f285' +
      'ff251f21ff1c201dff1f1d26ff1e1c22ff212826ff201d21ff241d21ff212521ff272224ff262028',
  ),
};

type Colour = Uint8Array;

/** Eight digits a colour. */
function coloursOf(hex: string): Colour[] {
  return Array.from(hex.match(/.{8}/g)!, (digits) =>
    Uint8Array.from(digits.match(/../g)!, (byte) => Number.parseInt(byte, 16)),
  );
}

/** What a band of rows shows: the samples of the pixel at a place in it. */
type Paint = (x: number, y: number, below: (count: number) => number) => ArrayLike<number>;

/** One colour in each 3x3 window, whichever way it lies: the greys around it cancel in the ratio of the products. */
function oneAWindow(colours: readonly Colour[], from: number): Paint {
  return (x, y, below) => {
    if (x % 3 === 1 && y % 3 === 1)
      return colours[(from + Math.floor(x / 3) + 21 * Math.floor(y / 3)) % colours.length];
    const grey = 1 + below(255);
    return [grey, grey, grey, grey];
  };
}

/** A channel beside which the others are a fraction that rises from `least` to `most` thousandths. */
function dominated(strongest: number, least: number, most: number): Paint {
  return (x, _y, below) => {
    const bright = 200 + below(56);
    const sample = () => Math.floor((bright * (least + ((most - least) * x) / 64)) / 1000 + below(1000) / 1000);
    return [0, 1, 2, 3].map((channel) => (channel === strongest ? bright : sample()));
  };
}

const BANDS: readonly Paint[] = [
  oneAWindow(HARD_COLOURS.whole, 0),
  oneAWindow(HARD_COLOURS.nearlyWhole, 0),
  oneAWindow(HARD_COLOURS.nearlyWhole, 20),
  // From where single precision decides to where it cannot, and where binary64 turns from 254 to 255.
  dominated(0, 84, 190),
  dominated(1, 108, 157),
  (x, y) => HARD_COLOURS.flat[(Math.floor(x / BAND_ROWS) + 7 * Math.floor((3 * y) / BAND_ROWS)) % 21],
  (_x, _y, below) => [below(256), below(256), below(256), below(256)],
  (_x, _y, below) => [0, 1, 2, 3].map(() => [0, 1, 2, 254, 255, 255, 1, 128][below(8)]),
];

/** 64x72 pixels, or 63x72 of three channels: a GPU reads rows of an even number of pixels in pairs. */
export function hardImage(channels: 3 | 4): CheckedImage {
  const width = 60 + channels;
  const image = createImage(width, BANDS.length * BAND_ROWS, channels);
  const below = randomBelow();
  for (let y = 0; y < image.height; y++) {
    const paint = BANDS[Math.floor(y / BAND_ROWS)];
    for (let x = 0; x < width; x++) {
      const samples = paint(x, y % BAND_ROWS, below);
      for (let c = 0; c < channels; c++) image.data[(y * width + x) * channels + c] = samples[c];
    }
  }
  return image;
}

/** Marsaglia's xorshift with 32 bits (2003): the same numbers in every engine. */
function randomBelow(): (count: number) => number {
  let state = 0x9e3779b9;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}
