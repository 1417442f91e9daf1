/** The codec that is always available. The only file that loads pngjs. */
import { constants } from 'node:zlib';
import { requirePart } from '../../package.js';
import type { PackedImage, PngCodec } from './codec.js';

const { Z_RLE, Z_DEFAULT_STRATEGY } = constants;

/** Values of the filter byte. */
const [NONE, SUB, PAETH] = [0, 1, 4];

/**
 * One filter for all rows: choosing it row by row takes pngjs longer than everything else, for 0.03 % of a photograph's
 * bytes. Run lengths suit photographs, where they beat matching at any level; matching suits text and drawings.
 */
export const pngjsCodec = {
  name: 'pngjs',
  readSamples: (plainPng) => loadPngjs().sync.read(plainPng, { checkCRC: false, skipRescale: true }).data,
  settings: {
    fast: [encoder(SUB, Z_RLE)],
    balanced: [encoder(PAETH, Z_RLE), encoder(NONE, Z_DEFAULT_STRATEGY, 6)],
    small: [encoder(PAETH, Z_RLE), encoder(NONE, Z_DEFAULT_STRATEGY, 9), encoder(PAETH, Z_DEFAULT_STRATEGY, 9)],
  },
} as const satisfies PngCodec;

/** PNG's colour types for three and four samples per pixel. */
const COLOUR_TYPES = { 3: 2, 4: 6 } as const;

/** @param deflateLevel without effect on run lengths */
function encoder(filterType: number, deflateStrategy: number, deflateLevel?: number) {
  return ({ data, width, height, channels }: PackedImage): Buffer => {
    const PNG = loadPngjs();
    const colorType = COLOUR_TYPES[channels];
    const settings = { filterType, deflateStrategy, deflateLevel, colorType, inputColorType: colorType };
    return PNG.sync.write(Object.assign(new PNG(), { width, height, data }), settings);
  };
}

/** Loaded on first use: the other codec may do all the work. */
function loadPngjs(): typeof import('pngjs').PNG {
  return (requirePart('pngjs') as typeof import('pngjs')).PNG;
}
