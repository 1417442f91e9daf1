/**
 * The library in a page: the GPU backend and the reference, nothing of Node.
 *
 * @module neighbor-product/browser
 */
import { type OpenedGpu, openBestAdapter } from './gpu/adapters.js';

export type { Backend, BackendFault, Computed, Strip, TakeOver, Transformer } from './backend.js';
export { type ErrorCode, NeighborProductError } from './errors.js';
export { type AdapterDescription, adapterText, type OpenedGpu } from './gpu/adapters.js';
export { DeviceTransform, type DeviceTransformOptions } from './gpu/device-transform.js';
export type { Host } from './host.js';
export type { CheckedImage, Image } from './image.js';
export type { AlphaMode, Operation, RunOptions } from './options.js';
export { referenceTransformer } from './reference.js';
export type { BorderMode, Place, Region } from './regions.js';
export type { Span, SpanListener } from './span.js';

/** How to open a GPU in a page. */
export interface OpenGpuOptions {
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  /** Whether to take an adapter that computes on the CPU; default true. */
  readonly acceptSoftware?: boolean;
}

/**
 * Opens the page's best GPU. Nothing is compiled or allocated before the first transform. Never throws.
 *
 * @example
 * const opened = await openGpu();
 * if ('reason' in opened) throw new Error(opened.reason);
 * await opened.transformer.transform(input, output, { alpha: 'opaque', border: 'wrap', passes: 1 });
 */
export async function openGpu({ gpu = pageGpu(), ...options }: OpenGpuOptions = {}): Promise<OpenedGpu> {
  return gpu === undefined ? { reason: 'this browser has no WebGPU' } : openBestAdapter(gpu, options);
}

function pageGpu(): GPU | undefined {
  return (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
}
