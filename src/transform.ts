/** The one-call transform in Node. */
import { BACKEND_NAMES, BACKENDS, type BackendName } from './backends.js';
import type { Image } from './image.js';
import { type CallOptions, type CallResult, prepareCall, resultOf } from './one-call.js';
import { Selector, selectSync } from './selector.js';

/** Options of a transform: `Operation` decides the bytes, `RunOptions` how it runs. */
export interface TransformOptions extends CallOptions<BackendName> {}

/** The transformed image, and how it was computed. */
export interface Result extends CallResult<BackendName> {}

const selector = new Selector<BackendName>(BACKENDS);

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
  const { input, output, operation, run, backend } = prepareCall(image, options, BACKEND_NAMES);
  return resultOf(await selector.run(input, output, operation, run, backend), output, startMs);
}

/**
 * The same on the calling thread, by the `cpu` or the `reference` backend.
 *
 * @throws as {@link transform}; `BACKEND_UNAVAILABLE` for `gpu`, which cannot run synchronously
 */
export function transformSync(image: Image, options: TransformOptions = {}): Result {
  const startMs = performance.now();
  const { input, output, operation, run, backend } = prepareCall(image, options, BACKEND_NAMES);
  const { entry, transformer, reason } = selectSync(backend, BACKENDS);
  const computed = transformer.transformSync!(input, output, operation, run);
  return resultOf({ ...computed, backend: entry.name, reason }, output, startMs);
}

/**
 * Frees the GPU's device and its memory, which are otherwise kept for the next transform. A later transform opens it
 * again; one that is running fails (`gpu`) or is finished on the CPU (`auto`). A process ends without this, too.
 */
export function dispose(): Promise<void> {
  return selector.dispose();
}
