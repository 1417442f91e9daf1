/**
 * The library in Node: the one-call transform, and the transform on a GPU device of the caller's.
 *
 * @module neighbor-product
 */
export type { BackendChoice, BackendName } from './backends.js';
export { type ErrorCode, NeighborProductError } from './errors.js';
export { DeviceTransform, type DeviceTransformOptions } from './gpu/device-transform.js';
export type { CheckedImage, Image } from './image.js';
export type { AlphaMode, Operation, RunOptions } from './options.js';
export type { BorderMode } from './regions.js';
export type { Span, SpanListener } from './span.js';
export { dispose, type Result, type TransformOptions, transform, transformSync } from './transform.js';
