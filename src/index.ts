/**
 * The library in Node: the one-call transform, and the transform on a GPU device of the caller's.
 *
 * @module neighbor-product
 */
export type { Share } from './backend.js';
export type { BackendChoice, BackendName } from './backends.js';
export type { CpuFacts } from './cpu/cpu-backend.js';
export { type ErrorCode, NeighborProductError } from './errors.js';
export type { AdapterDescription } from './gpu/adapters.js';
export { DeviceTransform, type DeviceTransformOptions } from './gpu/device-transform.js';
export type { AdapterFacts, GpuFacts } from './gpu/node-gpu.js';
export type { CheckedImage, Image } from './image.js';
export type { RawSize } from './image-sequence.js';
export type { CallOptions, CallResult, SequenceOptions } from './one-call.js';
export type { AlphaMode, Operation, OperationOptions, RunOptions } from './options.js';
export type {
  DevicesRecord,
  DoneRecord,
  FailedRecord,
  FailureCode,
  SkippedRecord,
  TotalRecord,
  TransformRecord,
} from './records.js';
export type { BorderMode } from './regions.js';
export type { Choice } from './selector.js';
export type { Span, SpanListener } from './span.js';
export {
  createTransformStream,
  dispose,
  type Result,
  type TransformImagesOptions,
  type TransformOptions,
  type TransformStreamOptions,
  transform,
  transformImages,
  transformSync,
} from './transform.js';
export type { WasmFacts } from './wasm/wasm-entry.js';
