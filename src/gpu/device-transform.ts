/** For programs whose images are on the device already: the transform inside their own command encoder. */
import { expected, NeighborProductError } from '../errors.js';
import { checkCount, checkOperation, type OperationOptions } from '../options.js';
import { isEmpty, type Region, regionOf } from '../regions.js';
import { PIXEL_BYTES, withErrorScopes } from './device.js';
import { LIST_HEADER_BYTES, maxWidth, type PipelinePair, Pipelines, Workspace } from './passes.js';

/** Options of a {@link DeviceTransform}; alpha, border and passes as in `TransformOptions`, with the same defaults. */
export interface DeviceTransformOptions extends OperationOptions {
  /** Pixels in a row, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;
}

/**
 * The transform of images of one size, on the caller's device and in the caller's buffers: nothing is read back, not
 * even between the passes. The bytes are those of every other backend.
 *
 * A pixel is one u32, with the first sample in the lowest byte: an RGBA image without padding. Images of three channels
 * must be widened to that; `alpha: 'opaque'` does not read their fourth byte.
 *
 * @example
 * const transform = await DeviceTransform.create(device, { width: 1920, height: 1080, passes: 2 });
 * const encoder = device.createCommandEncoder();
 * transform.record(encoder, { input, output });
 * device.queue.submit([encoder.finish()]);
 */
export class DeviceTransform {
  /** The least size of input and output, in bytes. */
  readonly byteLength: number;
  readonly #pair: PipelinePair;
  readonly #region: Region;
  readonly #passes: number;
  readonly #workspace: Workspace;

  /**
   * Compiles the pipelines and allocates what the passes need besides input and output: 4 bytes a pixel, and another 4
   * or 8 where there are two or more passes.
   *
   * @param device must outlive the transform; in Node, keep the object that `create()` returned and the adapter alive too
   * @throws NeighborProductError `INVALID_OPTION`, `DEVICE_LIMIT`; Error where the device refuses
   */
  static async create(device: GPUDevice, options: DeviceTransformOptions): Promise<DeviceTransform> {
    checkSize(options, device.limits);
    const operation = checkOperation(options);
    const pipelines = await Pipelines.create(device);
    const region = regionOf(options, operation.border);
    const pair = await pipelines.pairFor(operation.alpha, region, options.width);
    const workspace = await withErrorScopes(device, () => {
      const created = new Workspace(device, pipelines, options.width * options.height, operation.passes);
      created.setRegion(region, options.width);
      return created;
    });
    return new DeviceTransform(pair, region, operation.passes, workspace);
  }

  private constructor(pair: PipelinePair, region: Region, passes: number, workspace: Workspace) {
    this.byteLength = workspace.pixels * PIXEL_BYTES;
    this.#pair = pair;
    this.#region = region;
    this.#passes = passes;
    this.#workspace = workspace;
  }

  /**
   * Records the transform of `input` into `output`, two different buffers with the usage `STORAGE`. Pixels that the
   * border mode skips are left as they are. May be called any number of times, also before earlier recordings are
   * submitted; the recordings of one transform must run in one queue.
   *
   * @throws NeighborProductError `INVALID_IMAGE` where a buffer is too small or both are the same
   */
  record(encoder: GPUCommandEncoder, buffers: { readonly input: GPUBuffer; readonly output: GPUBuffer }): void {
    for (const name of ['input', 'output'] as const) {
      if (buffers[name].size >= this.byteLength) continue;
      throw new NeighborProductError(
        'INVALID_IMAGE',
        expected(`at least ${this.byteLength} bytes`, `${name}.size`, buffers[name].size),
      );
    }
    if (buffers.input === buffers.output) {
      throw new NeighborProductError(
        'INVALID_IMAGE',
        expected('another buffer than input', 'output', 'the same buffer'),
      );
    }
    if (isEmpty(this.#region)) return;
    const range = { first: 0, end: this.#passes, passes: this.#passes };
    this.#workspace.record(encoder, { pair: this.#pair, buffers, region: this.#region, range });
  }

  /** Frees the memory; submit all recordings before. The caller's buffers are not touched. */
  destroy(): void {
    this.#workspace.destroy();
  }
}

function checkSize({ width, height }: DeviceTransformOptions, limits: GPUSupportedLimits): void {
  checkCount(width, 'options.width');
  checkCount(height, 'options.height');
  const most = Math.floor(
    (Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize) - LIST_HEADER_BYTES) / PIXEL_BYTES,
  );
  if (width * height > most) {
    throw new NeighborProductError(
      'DEVICE_LIMIT',
      `The image has ${width}x${height} pixels, more than the ${most} of this device as it was requested. Request it with ` +
        'a higher maxBufferSize and maxStorageBufferBindingSize, or transform the image in strips.',
    );
  }
  if (width > maxWidth(limits)) {
    const message = `The image is ${width} pixels wide, more than the ${maxWidth(limits)} of one dispatch. Transform it in parts.`;
    throw new NeighborProductError('DEVICE_LIMIT', message);
  }
}

/**
 * Names that the declarations of this package use. TypeScript's lib.dom or the package @webgpu/types defines them; these
 * contradict each other, so the program chooses, and one that has neither still compiles.
 */
declare global {
  interface GPU {}
  interface GPUAdapter {}
  interface GPUAdapterInfo {}
  interface GPUBindGroupLayout {}
  interface GPUBuffer {}
  interface GPUBufferBinding {}
  interface GPUCommandEncoder {}
  interface GPUComputePipeline {}
  interface GPUComputePassTimestampWrites {}
  interface GPUDevice {}
  interface GPUQueue {}
  interface GPUSupportedLimits {}
}
