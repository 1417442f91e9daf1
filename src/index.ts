/**
 * What a Node program imports: the one-call transform, and the transform on a device of your own.
 *
 * @module neighbor-product
 */
export type { BackendName } from './backend.js';
export { type ErrorCode, NeighborProductError } from './errors.js';
export { DeviceTransform, type DeviceTransformOptions } from './gpu/device-transform.js';
export { readShaders } from './gpu/node-gpu.js';
export type { ShaderSources } from './gpu/pipelines.js';
export type { Image, Raster } from './image.js';
export type { AlphaMode, BackendChoice, BorderMode, TransformOptions } from './options.js';
export type { Span, SpanListener } from './span.js';
export { dispose, type Result, transform, transformSync } from './transform.js';
