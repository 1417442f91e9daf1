/** The one-call transform, on any list of backends. */
import type { Share } from './backend.js';
import { expected, NeighborProductError } from './errors.js';
import { type CheckedImage, checkImage, createImage, type Image, sizeText } from './image.js';
import {
  checkOperation,
  checkOptionNames,
  checkRunOptions,
  type Operation,
  type OperationOptions,
  oneOf,
  type RunOptions,
} from './options.js';
import { AUTO, type Choice, type SelectedRun } from './selector.js';

/** Options for images one after another, of which each gets an output of its own. */
export interface SequenceOptions<Name extends string> extends OperationOptions, RunOptions {
  /** Default `auto`. */
  readonly backend?: Choice<Name> | undefined;
}

/** Options of a transform: {@link Operation} decides the bytes, {@link RunOptions} how it runs. */
export interface CallOptions<Name extends string> extends SequenceOptions<Name> {
  /** Where to write: an image of the input's size and channels, which may overlap it. Default: a new image. */
  readonly output?: Image | undefined;
}

const OPTION_NAMES: readonly (keyof CallOptions<string>)[] = [
  'backend',
  'alpha',
  'border',
  'passes',
  'threads',
  'gpuTimeoutMs',
  'auditSeed',
  'output',
  'signal',
  'onSpan',
];

/** The transformed image, and how it was computed. */
export interface CallResult<Name extends string> {
  /** The transformed image: the caller's output where one was given. */
  readonly image: CheckedImage;
  /** The backend that computed most rows. */
  readonly backend: Name;
  /** Why this backend, a clause for people. */
  readonly reason: string;
  /** Who computed how many rows, the most first. */
  readonly shares: readonly Share<Name>[];
  /** Which rows of a GPU were computed again and compared follows from it; absent where none took part under `auto`. */
  readonly auditSeed?: number | undefined;
  /** What failed, a sentence, where another backend had to do its work. The bytes are correct all the same. */
  readonly fault?: string | undefined;
  /** What it ran on, for people: an instruction set and a thread count, or an adapter. */
  readonly device: string;
  /** Pixels that single precision left undecided and that were computed in binary64, over all passes. */
  readonly exactPixels: number;
  /** Milliseconds from the call to the result, waiting for other transforms included. */
  readonly elapsedMs: number;
}

/** The arguments of a call, checked. */
export interface PreparedCall<Name extends string> {
  readonly input: CheckedImage;
  readonly output: CheckedImage;
  readonly operation: Operation;
  readonly run: RunOptions;
  readonly backend: Choice<Name>;
}

/**
 * Checks the arguments, once.
 *
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_OPTION`, `OUT_OF_MEMORY`; the reason of an aborted signal
 */
export function prepareCall<Name extends string>(
  image: Image,
  options: CallOptions<Name>,
  names: readonly Name[],
): PreparedCall<Name> {
  const input = checkImage(image, 'image');
  const { backend, operation, run } = checkCallOptions(options, names);
  run.signal?.throwIfAborted();
  return { input, output: outputFor(options.output, input), operation, run, backend };
}

/** Checks all options but the output. @throws as {@link prepareCall} */
export function checkCallOptions<Name extends string>(options: CallOptions<Name>, names: readonly Name[]) {
  checkOptionNames(options, OPTION_NAMES);
  return {
    backend: oneOf([AUTO, ...names], options.backend ?? AUTO, 'options.backend'),
    operation: checkOperation(options),
    run: checkRunOptions(options),
  };
}

function outputFor(given: Image | undefined, input: CheckedImage): CheckedImage {
  if (given === undefined) return createImage(input.width, input.height, input.channels);
  const output = checkImage(given, 'options.output');
  if (sizeText(output) === sizeText(input)) return output;
  const message = expected(`an image like the input, ${sizeText(input)},`, 'options.output', sizeText(output));
  throw new NeighborProductError('INVALID_IMAGE', message);
}

/** What a call returns. */
export function resultOf<Name extends string>(
  run: SelectedRun<Name>,
  output: CheckedImage,
  startMs: number,
): CallResult<Name> {
  return { image: output, ...run, elapsedMs: performance.now() - startMs };
}
