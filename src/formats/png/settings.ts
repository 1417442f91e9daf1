/** How rows are compressed: the settings that an effort stands for, and which of them suits an image. */
import { constants, type ZlibOptions } from 'node:zlib';
import { type CheckedImage, rowsOf } from '../../image.js';
import type { Compression } from './codec.js';
import { NONE, PAETH, SUB } from './filter.js';

/** A way to compress a band. */
export interface Setting {
  readonly filter: number;
  /** For zlib. Absent: the addon compresses. */
  readonly zlib?: ZlibOptions;
}

const RUNS: ZlibOptions = { strategy: constants.Z_RLE };

/**
 * Settings worth trying, the fastest first: images differ in which gives the smallest file. Runs of a byte suit
 * photographs, where they beat matching at any level; matching suits text and drawings.
 */
const SETTINGS: Readonly<Record<Compression, readonly Setting[]>> = {
  fast: [{ filter: SUB }],
  balanced: [
    { filter: PAETH },
    { filter: NONE },
    { filter: NONE, zlib: { level: 6 } },
    { filter: PAETH, zlib: { level: 6 } },
  ],
  small: [{ filter: PAETH }, { filter: NONE, zlib: { level: 9 } }, { filter: PAETH, zlib: { level: 9 } }],
};

/** The same without the addon; what takes long in JavaScript is left out. */
const PLAIN_SETTINGS: Readonly<Record<Compression, readonly Setting[]>> = {
  fast: [{ filter: SUB, zlib: RUNS }],
  balanced: [
    { filter: PAETH, zlib: RUNS },
    { filter: NONE, zlib: { level: 6 } },
  ],
  small: [
    { filter: PAETH, zlib: RUNS },
    { filter: NONE, zlib: { level: 9 } },
    { filter: PAETH, zlib: { level: 9 } },
  ],
};

/** How much larger than the smallest one a faster setting's file may be. */
const TOLERANCE: Readonly<Record<Compression, number>> = { fast: Number.POSITIVE_INFINITY, balanced: 1.15, small: 1 };

/** How much larger a file by zlib's fastest matching may be where its better one is still worth trying. */
const MATCHING_TOLERANCE = 1.3;
const QUICK_MATCHING: Setting = { filter: NONE, zlib: { level: 1 } };

/** Of a raw deflate stream; zlib's own limits. */
const [LEAST_WINDOW_BITS, MOST_WINDOW_BITS] = [9, 15];
/** zlib refers no further back than the window less so many bytes (MIN_LOOKAHEAD in its deflate.h). */
const WINDOW_MARGIN = 262;
const DEFAULT_MEMORY_LEVEL = 8;
/** At the default level tables are for 2^14 symbols (lit_bufsize in zlib's deflate.c), at each lower one for half of them. */
const SYMBOL_BITS_LESS_LEVEL = 6;

/**
 * zlib's options, with no larger tables than so many bytes can use: by default those take 268 KB a call, which makes the
 * garbage collector run often where images are small.
 */
export function forBytes(options: ZlibOptions, byteLength: number): ZlibOptions {
  const windowBits = Math.ceil(Math.log2(byteLength + WINDOW_MARGIN));
  const memLevel = Math.ceil(Math.log2(byteLength + 1)) - SYMBOL_BITS_LESS_LEVEL;
  return {
    ...options,
    windowBits: Math.max(LEAST_WINDOW_BITS, Math.min(MOST_WINDOW_BITS, windowBits)),
    memLevel: Math.max(1, Math.min(DEFAULT_MEMORY_LEVEL, memLevel)),
  };
}

/** @param hasAddon whether there is one that compresses */
export function settingsFor(compression: Compression, hasAddon: boolean): readonly Setting[] {
  return (hasAddon ? SETTINGS : PLAIN_SETTINGS)[compression];
}

/**
 * The first of several settings that is good enough, judged by a sample: which one is differs by factors between
 * photographs and drawings.
 *
 * @param sizeOf the bytes of the sample with a setting
 */
export async function chooseSetting(
  settings: readonly Setting[],
  compression: Compression,
  sizeOf: (setting: Setting) => Promise<number>,
): Promise<Setting> {
  const sizesOf = (tried: readonly Setting[]) => Promise.all(tried.map(sizeOf));
  const ofAddon = settings.filter(({ zlib }) => zlib === undefined);
  const tolerance = TOLERANCE[compression];
  // A quick look spares photographs the slow settings.
  const [matched, ...byteLengths] = await sizesOf([QUICK_MATCHING, ...ofAddon]);
  const isWorthMatching = tolerance === 1 || matched <= Math.min(...byteLengths) * MATCHING_TOLERANCE;
  const others = isWorthMatching ? settings.filter(({ zlib }) => zlib !== undefined) : [];
  byteLengths.push(...(await sizesOf(others)));
  const enough = Math.min(...byteLengths) * tolerance;
  return [...ofAddon, ...others][byteLengths.findIndex((byteLength) => byteLength <= enough)];
}

/** What settings are tried on: so many groups of rows, evenly spaced; fewer of a wide image. */
const GROUPS = 4;
const GROUP_PIXELS = 2 ** 12;
/** Filters look at the row above, matching at more of them. */
const LEAST_GROUP_ROWS = 4;

/** Some of an image's rows; a low one is its own sample. */
export function sampleRows(image: CheckedImage): CheckedImage {
  const { width, height } = image;
  const groupRows = Math.max(LEAST_GROUP_ROWS, Math.floor(GROUP_PIXELS / width));
  const count = Math.max(1, Math.min(GROUPS, Math.round((GROUPS * GROUP_PIXELS) / (groupRows * width))));
  if (height <= count * groupRows) return image;
  const groups = Array.from({ length: count }, (_, group) => {
    const top = Math.floor(((group + 0.5) * height) / count - groupRows / 2);
    return rowsOf(image, top, top + groupRows).data.subarray(0, groupRows * image.rowBytes);
  });
  return { ...image, data: Buffer.concat(groups), height: count * groupRows };
}
