import { expected, NeighborProductError } from './errors.js';
import { checkImage, type Image, type Raster, sizeText } from './image.js';
import type { SpanListener } from './span.js';

export const BACKEND_CHOICES = ['auto', 'gpu', 'cpu', 'reference'] as const;
export const ALPHA_MODES = ['opaque', 'channel', 'keep'] as const;
export const BORDER_MODES = ['skip', 'replicate', 'reflect', 'wrap'] as const;
export const MAX_PASSES = 1000;
export const MAX_THREADS = 256;

/**
 * `auto` takes the best that is there and says why; the other three never fall back.
 *
 * @useDeclaredType
 */
export type BackendChoice = (typeof BACKEND_CHOICES)[number];

/**
 * What becomes of the fourth sample; of no effect on an image of three channels.
 *
 * - `opaque`: the norm runs over the first three channels, the fourth sample is 255
 * - `channel`: all four channels take part in product and norm
 * - `keep`: the norm runs over the first three channels, the fourth sample is the input's
 *
 * @useDeclaredType
 */
export type AlphaMode = (typeof ALPHA_MODES)[number];

/**
 * What lies beyond the edge.
 *
 * - `skip`: border pixels are not written: 0 in a new output, untouched in a caller's
 * - `replicate`: `aaa|abc`
 * - `reflect`: `cb|abc`, the edge not repeated; a side of length 1 reflects onto itself
 * - `wrap`: `bc|abc`, as if the image were tiled
 *
 * @useDeclaredType
 */
export type BorderMode = (typeof BORDER_MODES)[number];

/** What a caller may ask of a transform; every field has a default. */
export interface TransformOptions {
  /** Default `auto`. */
  readonly backend?: BackendChoice;
  /** Default `opaque`. */
  readonly alpha?: AlphaMode;
  /** Default `skip`. */
  readonly border?: BorderMode;
  /** How often the transform is applied, each output fed to the next: 1 to 1000, default 1. */
  readonly passes?: number;
  /** CPU threads, 1 to 256. By default as many as there are cores to use, one for a small image. */
  readonly threads?: number;
  /** Where to write: an image of the input's size and channels. It may overlap the input. A new image where absent. */
  readonly output?: Image;
  /** Stops a waiting or running transform: the promise rejects with the signal's reason, the output is unspecified. */
  readonly signal?: AbortSignal;
  /**
   * Is told when which piece of the work was done, and where: threads, strips, the phases of a GPU. What it throws is an
   * uncaught error of the process; the transform goes on.
   */
  readonly onSpan?: SpanListener;
}

const OPTION_NAMES = ['backend', 'alpha', 'border', 'passes', 'threads', 'output', 'signal', 'onSpan'] as const;

/** What is computed: everything that decides the bytes. */
export interface Operation {
  /** What becomes of the fourth sample. */
  readonly alpha: AlphaMode;
  /** What lies beyond the edge. */
  readonly border: BorderMode;
  /** How often the transform is applied, each output fed to the next: 1 to 1000. */
  readonly passes: number;
}

export const DEFAULT_OPERATION: Operation = { alpha: 'opaque', border: 'skip', passes: 1 };

/** {@link TransformOptions} that were checked, every default filled in. */
export interface Job extends Operation {
  /** What a caller asked for; a backend does not look at it. */
  readonly backend: BackendChoice;
  /** CPU threads, 1 to 256. Absent: the backend decides. */
  readonly threads: number | undefined;
  /** Where to write. Absent: a new image. */
  readonly output: Raster | undefined;
  /** Stops the job. */
  readonly signal: AbortSignal | undefined;
  /** Is told what was done when. */
  readonly onSpan: SpanListener | undefined;
}

/**
 * Checks options at the edge of the library, once.
 *
 * @param input the image that will be transformed: an output must have its size and channels
 * @throws NeighborProductError with code `INVALID_OPTION` or, for the output, `INVALID_IMAGE`
 */
export function checkOptions(options: TransformOptions, input: Raster): Job {
  if (typeof options !== 'object' || options === null) throw invalid('an object', 'options', options);
  for (const name of Object.keys(options)) oneOf(OPTION_NAMES, name, 'the name of an option');
  const { signal, onSpan } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid('an AbortSignal', 'options.signal', signal);
  if (onSpan !== undefined && typeof onSpan !== 'function') throw invalid('a function', 'options.onSpan', onSpan);
  return {
    backend: oneOf(BACKEND_CHOICES, options.backend ?? 'auto', 'options.backend'),
    ...checkOperation(options),
    threads: options.threads === undefined ? undefined : countUpTo(MAX_THREADS, options.threads, 'options.threads'),
    output: options.output === undefined ? undefined : checkOutput(options.output, input),
    signal,
    onSpan: onSpan && isolated(onSpan),
  };
}

/** A listener's error is nobody's here: it is thrown where no backend takes it for its own, and the work goes on. */
function isolated(onSpan: SpanListener): SpanListener {
  return (span) => {
    try {
      onSpan(span);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

/** As {@link checkOptions}, for the options that decide the bytes. */
export function checkOperation(options: Partial<Operation>): Operation {
  return {
    alpha: oneOf(ALPHA_MODES, options.alpha ?? DEFAULT_OPERATION.alpha, 'options.alpha'),
    border: oneOf(BORDER_MODES, options.border ?? DEFAULT_OPERATION.border, 'options.border'),
    passes: countUpTo(MAX_PASSES, options.passes ?? DEFAULT_OPERATION.passes, 'options.passes'),
  };
}

function checkOutput(output: Image, input: Raster): Raster {
  const raster = checkImage(output, 'options.output');
  if (sizeText(raster) !== sizeText(input)) {
    const message = expected(`an image like the input, ${sizeText(input)},`, 'options.output', sizeText(raster));
    throw new NeighborProductError('INVALID_IMAGE', message);
  }
  return raster;
}

function oneOf<T extends string>(choices: readonly T[], value: string, name: string): T {
  if (choices.includes(value as T)) return value as T;
  throw invalid(`one of ${choices.join(', ')}`, name, value);
}

function countUpTo(most: number, value: number, name: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalid(`a whole number from 1 to ${most}`, name, value);
}

function invalid(what: string, name: string, value: unknown): NeighborProductError {
  return new NeighborProductError('INVALID_OPTION', expected(what, name, value));
}
