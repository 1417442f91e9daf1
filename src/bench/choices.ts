/** What a benchmark can be asked for. Apart from the rest, so that the option table loads nothing that measures. */
import { BACKEND_NAMES, type BackendName } from '../backends.js';
import type { ImageKind } from '../conformance/images.js';
import type { Size } from '../regions.js';

/** The name that stands for every backend. */
export const ALL_BACKENDS = 'all';

/** `all` takes only hardware GPUs; a backend chosen by name has to open, and may be a GPU in software. */
export type BenchBackends = typeof ALL_BACKENDS | BackendName;

export const BENCH_BACKENDS: readonly BenchBackends[] = [ALL_BACKENDS, ...BACKEND_NAMES];

/** Kinds of conformance/images.ts that differ in speed: few exact pixels, few, a third, all but a seam. */
export const BENCH_KINDS = ['photograph', 'noise', 'flat', 'worst-case'] as const satisfies readonly ImageKind[];
export type BenchKind = (typeof BENCH_KINDS)[number];

/** The image of the article that this project goes back to, and two sizes of films. */
export const NAMED_SIZES: Readonly<Record<string, Size>> = {
  half: { width: 950, height: 535 },
  '4k': { width: 3840, height: 2160 },
  '8k': { width: 7680, height: 4320 },
};

export const DEFAULT_SIZES: readonly Size[] = [NAMED_SIZES.half, NAMED_SIZES['4k']];
export const DEFAULT_REPEAT = 15;
