/** The one-call transform, without the parts of a GPU that only a program that holds a device needs. */
import type { BackendName } from './backend.js';
import { checkImage, createRaster, type Image, type Raster } from './image.js';
import { checkOptions, type Job, type TransformOptions } from './options.js';
import { type SelectedRun, Selector, selectWithoutGpu } from './select-backend.js';

/** What a transform gives: the picture, and an account of how it came about. */
export interface Result {
  /** The transformed image: the caller's output where one was given. */
  readonly image: Raster;
  /** Which backend ran; the one that finished, where another failed on the way. */
  readonly backend: BackendName;
  /** Why this backend, a clause for people. */
  readonly reason: string;
  /** What failed on the way, where another backend had to finish. The bytes are right all the same. */
  readonly fault?: string;
  /** What it ran on, for people: an instruction set and a thread count, or an adapter. */
  readonly device: string;
  /** Pixels that single precision could not settle and that were computed again in binary64, over all passes. */
  readonly pixelsRedone: number;
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
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_OPTION`, `TOO_MANY_PIXELS` where memory for the result is
 * missing, `BACKEND_UNAVAILABLE`, `BACKEND_FAILED`; the reason of `options.signal` if that is aborted
 */
export async function transform(image: Image, options: TransformOptions = {}): Promise<Result> {
  const startMs = performance.now();
  const { input, output, job } = prepare(image, options);
  job.signal?.throwIfAborted();
  return report(await selector.run(input, output, job), output, startMs);
}

/**
 * The same on the calling thread, by the `cpu` or the `reference` backend.
 *
 * @throws as {@link transform}; `BACKEND_UNAVAILABLE` for `gpu`, which cannot run synchronously
 */
export function transformSync(image: Image, options: TransformOptions = {}): Result {
  const startMs = performance.now();
  const { input, output, job } = prepare(image, options);
  job.signal?.throwIfAborted();
  const { backend, reason } = selectWithoutGpu(job.backend);
  const run = backend.transformSync!(input, output, job);
  return report({ ...run, backend: backend.name, reason }, output, startMs);
}

/**
 * Frees the GPU's device and its memory, which are otherwise kept for the next transform. A later transform opens it
 * again; one that is running fails (`gpu`) or is finished on the CPU (`auto`). A process ends without this, too.
 */
export function dispose(): Promise<void> {
  return selector.dispose();
}

function prepare(image: Image, options: TransformOptions): { input: Raster; output: Raster; job: Job } {
  const input = checkImage(image, 'image');
  const job = checkOptions(options, input);
  return { input, output: job.output ?? createRaster(input.width, input.height, input.channels), job };
}

function report(run: SelectedRun, output: Raster, startMs: number): Result {
  return { image: output, ...run, elapsedMs: performance.now() - startMs };
}
