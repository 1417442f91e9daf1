/**
 * The library in a page: the one-call transform on the page's GPU or as the reference, and nothing of Node.
 *
 * @module neighbor-product/browser
 */
import { pageGpuEntry } from './gpu/page-gpu.js';
import type { Image } from './image.js';
import { type CallOptions, type CallResult, prepareCall, resultOf } from './one-call.js';
import { referenceEntry } from './reference.js';
import { Selector } from './selector.js';

export type { Backend, BackendFault, Computed, Strip, TakeOver, Transformer } from './backend.js';
export { type ErrorCode, NeighborProductError } from './errors.js';
export { type AdapterDescription, adapterText, type OpenedGpu } from './gpu/adapters.js';
export { DeviceTransform, type DeviceTransformOptions } from './gpu/device-transform.js';
export { type OpenGpuOptions, openGpu } from './gpu/page-gpu.js';
export type { Host } from './host.js';
export type { CheckedImage, Image } from './image.js';
export type { CallOptions, CallResult } from './one-call.js';
export type { AlphaMode, Operation, OperationOptions, RunOptions } from './options.js';
export { referenceTransformer } from './reference.js';
export type { BorderMode, Place, Region } from './regions.js';
export type { Choice } from './selector.js';
export type { Span, SpanListener } from './span.js';

/**
 * The backends of a page: `gpu` and `reference`.
 *
 * @useDeclaredType
 */
export type PageBackendName = (typeof PAGE_BACKENDS)[number]['name'];

/** Options of a transform in a page; `threads` has no effect. */
export interface PageTransformOptions extends CallOptions<PageBackendName> {}

/** The transformed image, and how it was computed. */
export interface PageResult extends CallResult<PageBackendName> {}

const PAGE_BACKENDS = [pageGpuEntry, referenceEntry] as const;

const PAGE_BACKEND_NAMES = PAGE_BACKENDS.map(({ name }) => name);
const selector = new Selector<PageBackendName>(PAGE_BACKENDS);

/**
 * Multiplies every pixel's channels over its 3x3 neighbourhood, normalises the vector and writes it as bytes, the same as
 * in Node. Runs on the page's GPU or, where none opens, as the slow reference, which blocks the page: the result says which
 * and why.
 *
 * @param image interleaved 8-bit samples, RGB or RGBA; an `ImageData` as it is
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_OPTION`, `OUT_OF_MEMORY`, `BACKEND_UNAVAILABLE`,
 * `BACKEND_FAILED`, `DEVICE_LIMIT`; the reason of `options.signal` if that is aborted
 *
 * @example
 * const { image, backend } = await transform(context.getImageData(0, 0, width, height), { border: 'reflect' });
 * context.putImageData(new ImageData(new Uint8ClampedArray(image.data), width, height), 0, 0);
 */
export async function transform(image: Image, options: PageTransformOptions = {}): Promise<PageResult> {
  const startMs = performance.now();
  const { input, output, operation, run, backend } = prepareCall(image, options, PAGE_BACKEND_NAMES);
  return resultOf(await selector.run(input, output, operation, run, backend), output, startMs);
}

/** Frees the GPU's device and its memory, which are otherwise kept for the next transform. A later one opens it again. */
export function dispose(): Promise<void> {
  return selector.dispose();
}
