/** The one-call transform. */
import {
  AUTO,
  BACKEND_CHOICES,
  type BackendChoice,
  type BackendName,
  type SelectedRun,
  Selector,
  selectSync,
} from './backends.js';
import { expected, NeighborProductError } from './errors.js';
import { type CheckedImage, checkImage, createImage, type Image, sizeText } from './image.js';
import { checkOperation, checkRunOptions, invalidOption, type Operation, oneOf, type RunOptions } from './options.js';

/** Options of a transform: {@link Operation} decides the bytes, {@link RunOptions} how it runs. */
export interface TransformOptions extends Partial<Operation>, RunOptions {
  /** Default `auto`. */
  readonly backend?: BackendChoice;
  /** Where to write: an image of the input's size and channels, which may overlap it. Default: a new image. */
  readonly output?: Image;
}

const OPTION_NAMES: readonly (keyof TransformOptions)[] = [
  'backend',
  'alpha',
  'border',
  'passes',
  'threads',
  'output',
  'signal',
  'onSpan',
];

/** The transformed image, and how it was computed. */
export interface Result {
  /** The transformed image: the caller's output where one was given. */
  readonly image: CheckedImage;
  /** The backend that ran; the one that finished, where another failed. */
  readonly backend: BackendName;
  /** Why this backend, a clause for people. */
  readonly reason: string;
  /** What failed, a sentence, where another backend had to finish. The bytes are correct all the same. */
  readonly fault?: string;
  /** What it ran on, for people: an instruction set and a thread count, or an adapter. */
  readonly device: string;
  /** Pixels that single precision left undecided and that were computed in binary64, over all passes. */
  readonly exactPixels: number;
  /** Milliseconds from the call to the result, waiting for other transforms included. */
  readonly elapsedMs: number;
}

const selector = new Selector();

/**
 * Multiplies every pixel's channels over its 3x3 neighbourhood, normalises the vector and writes it as bytes: the
 * bytes of the binary64 definition (docs/numerics.md), whichever backend runs. The event loop is not blocked, except
 * by the `reference` backend. The image's memory must not be changed or transferred before the promise settles.
 *
 * @param image interleaved 8-bit samples, RGB or RGBA
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_OPTION`, `OUT_OF_MEMORY`, `BACKEND_UNAVAILABLE`,
 * `BACKEND_FAILED`, `DEVICE_LIMIT`; the reason of `options.signal` if that is aborted
 */
export async function transform(image: Image, options: TransformOptions = {}): Promise<Result> {
  const startMs = performance.now();
  const { input, output, operation, run, backend } = prepare(image, options);
  return report(await selector.run(input, output, operation, run, backend), output, startMs);
}

/**
 * The same on the calling thread, by the `cpu` or the `reference` backend.
 *
 * @throws as {@link transform}; `BACKEND_UNAVAILABLE` for `gpu`, which cannot run synchronously
 */
export function transformSync(image: Image, options: TransformOptions = {}): Result {
  const startMs = performance.now();
  const { input, output, operation, run, backend } = prepare(image, options);
  const { entry, transformer, reason } = selectSync(backend);
  const computed = transformer.transformSync!(input, output, operation, run);
  return report({ ...computed, backend: entry.name, reason }, output, startMs);
}

/**
 * Frees the GPU's device and its memory, which are otherwise kept for the next transform. A later transform opens it
 * again; one that is running fails (`gpu`) or is finished on the CPU (`auto`). A process ends without this, too.
 */
export function dispose(): Promise<void> {
  return selector.dispose();
}

/** Checks the arguments, once. */
function prepare(image: Image, options: TransformOptions) {
  const input = checkImage(image, 'image');
  if (typeof options !== 'object' || options === null) throw invalidOption('an object', 'options', options);
  for (const name of Object.keys(options)) oneOf(OPTION_NAMES, name as never, 'the name of an option');
  const backend = oneOf(BACKEND_CHOICES, options.backend ?? AUTO, 'options.backend');
  const operation = checkOperation(options);
  const run = checkRunOptions(options);
  run.signal?.throwIfAborted();
  return { input, output: outputFor(options.output, input), operation, run, backend };
}

function outputFor(given: Image | undefined, input: CheckedImage): CheckedImage {
  if (given === undefined) return createImage(input.width, input.height, input.channels);
  const output = checkImage(given, 'options.output');
  if (sizeText(output) === sizeText(input)) return output;
  const message = expected(`an image like the input, ${sizeText(input)},`, 'options.output', sizeText(output));
  throw new NeighborProductError('INVALID_IMAGE', message);
}

function report(run: SelectedRun, output: CheckedImage, startMs: number): Result {
  return { image: output, ...run, elapsedMs: performance.now() - startMs };
}
