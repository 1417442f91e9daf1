/** What may be asked of a benchmark. In a file of its own, so that the option table loads no backend. */
import type { ImageKind } from '../conformance/images.js';

export const BENCH_BACKENDS = ['all', 'gpu', 'cpu', 'reference'] as const;
/** `all` takes a GPU only if it is hardware; one that is asked for by name has to be there, and may be software. */
export type BenchBackends = (typeof BENCH_BACKENDS)[number];

/** Kinds of conformance/images.ts that differ in speed: few pixels redone, few, a third, all but a seam. */
export const BENCH_KINDS = ['photograph', 'noise', 'flat', 'worst-case'] as const satisfies readonly ImageKind[];
export type BenchKind = (typeof BENCH_KINDS)[number];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The picture of the article that this project goes back to, and two sizes of films. */
export const NAMED_SIZES: Readonly<Record<string, Size>> = {
  half: { width: 950, height: 535 },
  '4k': { width: 3840, height: 2160 },
  '8k': { width: 7680, height: 4320 },
};

export const DEFAULT_SIZES: readonly Size[] = [NAMED_SIZES.half, NAMED_SIZES['4k']];
export const DEFAULT_REPEAT = 15;
