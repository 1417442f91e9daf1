/**
 * What a page imports: the GPU backend and the reference, nothing of Node.
 *
 * @module neighbor-product/browser
 */
export type { Backend, BackendName, Run } from './backend.js';
export { type ErrorCode, NeighborProductError } from './errors.js';
export { type AdapterDescription, adapterText } from './gpu/adapters.js';
export { DeviceTransform, type DeviceTransformOptions } from './gpu/device-transform.js';
export type { GpuBackend } from './gpu/gpu-backend.js';
export { type OpenedGpu, type OpenOptions, openGpuOf } from './gpu/open-gpu.js';
export type { ShaderSources } from './gpu/pipelines.js';
export type { Image, Raster } from './image.js';
export type { AlphaMode, BackendChoice, BorderMode, Job, Operation } from './options.js';
export { referenceBackend } from './reference.js';
export type { Span, SpanListener } from './span.js';
