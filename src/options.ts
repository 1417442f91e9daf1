/** What a transform computes and how it runs. */
import { expected, NeighborProductError } from './errors.js';
import { BORDER_MODES, type BorderMode } from './regions.js';
import type { SpanListener } from './span.js';

export const ALPHA_MODES = ['opaque', 'channel', 'keep'] as const;
export const MAX_PASSES = 1000;
export const MAX_THREADS = 256;
/** An hour. */
export const MAX_GPU_TIMEOUT_MS = 3_600_000;

/**
 * How the fourth channel is handled; without effect on images of three channels.
 *
 * - `opaque`: the norm runs over the first three channels, the fourth sample is 255
 * - `channel`: all four channels take part in product and norm
 * - `keep`: the norm runs over the first three channels, the fourth sample is copied from the input
 *
 * @useDeclaredType
 */
export type AlphaMode = (typeof ALPHA_MODES)[number];

/** Everything that decides the bytes. */
export interface Operation {
  /** How the fourth channel is handled. */
  readonly alpha: AlphaMode;
  /** What lies beyond the edge. */
  readonly border: BorderMode;
  /** Number of times to apply the transform, each output being the next input: 1 to 1000. */
  readonly passes: number;
}

/** The options that decide the bytes, with defaults. */
export type OperationOptions = { readonly [Name in keyof Operation]?: Operation[Name] | undefined };

export const DEFAULT_OPERATION: Operation = { alpha: 'opaque', border: 'skip', passes: 1 };

/** How a transform runs; without effect on the bytes. */
export interface RunOptions {
  /**
   * CPU threads, 1 to 256. Default: as many as the cores that affinity and a container's quota leave to this process, fewer
   * for a small image.
   */
  readonly threads?: number | undefined;
  /**
   * How long a GPU may take to answer, in milliseconds, 1 to 3,600,000; then it is abandoned. Default: 10,000 for each step of a strip, and for
   * opening under `auto`; a GPU chosen by name has a minute to open, since its driver may load firmware, and one in software
   * five minutes for a step.
   */
  readonly gpuTimeoutMs?: number | undefined;
  /** Decides which rows of a GPU are computed again and compared under `auto`: 0 to 2^32 - 1. Default: a new one each time. */
  readonly auditSeed?: number | undefined;
  /** Stops a waiting or running transform: its promise rejects with the signal's reason, the output is unspecified. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives the times of each piece of work: threads, strips, phases of a GPU. An error that it throws becomes an
   * uncaught error of the process; the transform goes on.
   */
  readonly onSpan?: SpanListener | undefined;
}

/**
 * Checks the options that decide the bytes and fills in defaults.
 *
 * @throws NeighborProductError `INVALID_OPTION`
 */
export function checkOperation(options: OperationOptions): Operation {
  return {
    alpha: oneOf(ALPHA_MODES, options.alpha ?? DEFAULT_OPERATION.alpha, 'options.alpha'),
    border: oneOf(BORDER_MODES, options.border ?? DEFAULT_OPERATION.border, 'options.border'),
    passes: countUpTo(MAX_PASSES, options.passes ?? DEFAULT_OPERATION.passes, 'options.passes'),
  };
}

/** Checks the options that do not. @throws NeighborProductError `INVALID_OPTION` */
export function checkRunOptions({ threads, gpuTimeoutMs, auditSeed, signal, onSpan }: RunOptions): RunOptions {
  if (signal !== undefined && !isAbortSignal(signal)) throw invalidOption('an AbortSignal', 'options.signal', signal);
  if (onSpan !== undefined && typeof onSpan !== 'function') throw invalidOption('a function', 'options.onSpan', onSpan);
  if (auditSeed !== undefined && (auditSeed < 0 || auditSeed >= 2 ** 32 || !Number.isInteger(auditSeed))) {
    throw invalidOption('a whole number from 0 to 4294967295', 'options.auditSeed', auditSeed);
  }
  return {
    gpuTimeoutMs:
      gpuTimeoutMs === undefined ? undefined : countUpTo(MAX_GPU_TIMEOUT_MS, gpuTimeoutMs, 'options.gpuTimeoutMs'),
    auditSeed,
    threads: threads === undefined ? undefined : countUpTo(MAX_THREADS, threads, 'options.threads'),
    signal,
    onSpan: onSpan && isolated(onSpan),
  };
}

/** By its shape: instanceof refuses those of other realms, such as a frame's or jest's. */
function isAbortSignal(value: unknown): boolean {
  const { aborted, addEventListener, removeEventListener, throwIfAborted } = (value ?? {}) as Partial<AbortSignal>;
  const methods = [addEventListener, removeEventListener, throwIfAborted];
  return typeof aborted === 'boolean' && methods.every((method) => typeof method === 'function');
}

/** Rethrows errors of a listener asynchronously, so that a backend does not mistake them for its own. */
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

/** Refuses a name that is no option's, such as a misspelt one. @throws NeighborProductError `INVALID_OPTION` */
export function checkOptionNames<T extends object>(options: T, names: readonly (keyof T & string)[]): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('an object', 'options', options);
  for (const name of Object.keys(options)) oneOf<string>(names, name, 'the name of an option');
}

/** @throws NeighborProductError `INVALID_OPTION` if `value` is none of the choices */
export function oneOf<T extends string>(choices: readonly T[], value: string, name: string): T {
  if (choices.includes(value as T)) return value as T;
  throw invalidOption(`one of ${choices.join(', ')}`, name, value);
}

export function invalidOption(what: string, name: string, value: unknown): NeighborProductError {
  return new NeighborProductError('INVALID_OPTION', expected(what, name, value));
}

/** @throws NeighborProductError `INVALID_OPTION` unless `value` is a whole number of at least 1 */
export function checkCount(value: unknown, name: string): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return;
  throw invalidOption('a whole number of at least 1', name, value);
}

function countUpTo(most: number, value: number, name: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalidOption(`a whole number from 1 to ${most}`, name, value);
}
