/** For programs whose pictures are on the device already: the transform inside their own command encoder. */
import { expected, NeighborProductError } from '../errors.js';
import { checkOperation, type Operation } from '../options.js';
import { withErrorScopes } from './error-scopes.js';
import { LIST_HEADER_BYTES, type PipelinePair, Pipelines, type ShaderSources } from './pipelines.js';
import { PIXEL_BYTES, type Region, wholeRegion } from './strips.js';
import { Workspace } from './workspace.js';

/** What a {@link DeviceTransform} does; alpha, border and passes as in `TransformOptions`, with the same defaults. */
export interface DeviceTransformOptions extends Partial<Operation> {
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
 * must be widened to that; with `alpha: 'opaque'` their fourth byte is not read.
 *
 * @example
 * const transform = await DeviceTransform.create(device, shaders, { width: 1920, height: 1080, border: 'wrap' });
 * const encoder = device.createCommandEncoder();
 * transform.record(encoder, { input, output });
 * device.queue.submit([encoder.finish()]);
 */
export class DeviceTransform {
  /** What the input and the output need at least, in bytes. */
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
   * @param shaders the WGSL files of this package
   * @throws NeighborProductError `INVALID_OPTION`, also for a size beyond the device's limits; Error where the device
   * refuses
   */
  static async create(device: GPUDevice, shaders: ShaderSources, options: DeviceTransformOptions) {
    checkSize(options, device.limits);
    const operation = checkOperation(options);
    const pipelines = await Pipelines.create(device, shaders);
    const pair = await pipelines.forAlpha(operation.alpha);
    const region = wholeRegion(options, operation.border);
    const workspace = await withErrorScopes(device, () => {
      const created = new Workspace(device, pipelines, options.width * options.height, operation.passes);
      created.setRegion(region);
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
   * border mode skips keep what they are. May be called any number of times, also before what was recorded is submitted;
   * one transform's recordings must run in one queue.
   *
   * @throws NeighborProductError `INVALID_IMAGE` where a buffer is too small or both are the same
   */
  record(encoder: GPUCommandEncoder, ends: { readonly input: GPUBuffer; readonly output: GPUBuffer }): void {
    for (const name of ['input', 'output'] as const) {
      if (ends[name].size >= this.byteLength) continue;
      throw new NeighborProductError(
        'INVALID_IMAGE',
        expected(`at least ${this.byteLength} bytes`, `${name}.size`, ends[name].size),
      );
    }
    if (ends.input === ends.output) {
      throw new NeighborProductError(
        'INVALID_IMAGE',
        expected('another buffer than input', 'output', 'the same buffer'),
      );
    }
    const { first, end } = this.#region;
    if (end.x <= first.x || end.y <= first.y) return;
    const range = { first: 0, end: this.#passes, passes: this.#passes };
    this.#workspace.record(encoder, { pair: this.#pair, ends, region: this.#region, range });
  }

  /** Frees the memory; what was recorded must have been submitted before. The caller's buffers are not touched. */
  destroy(): void {
    this.#workspace.destroy();
  }
}

function checkSize({ width, height }: DeviceTransformOptions, limits: GPUSupportedLimits): void {
  const sides = [
    ['options.width', width],
    ['options.height', height],
  ] as const;
  for (const [name, side] of sides) {
    if (Number.isSafeInteger(side) && side >= 1) continue;
    throw new NeighborProductError('INVALID_OPTION', expected('a whole number of at least 1', name, side));
  }
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  if (width * height * PIXEL_BYTES + LIST_HEADER_BYTES <= most) return;
  throw new NeighborProductError(
    'INVALID_OPTION',
    `Expected an image of at most ${Math.floor((most - LIST_HEADER_BYTES) / PIXEL_BYTES)} pixels, as this device was ` +
      `opened, but received ${width}x${height}. Request a device with a higher maxBufferSize and ` +
      'maxStorageBufferBindingSize, or transform the image in strips.',
  );
}

/**
 * The names that the declarations of this package use. TypeScript's lib.dom or the package @webgpu/types fills them: they
 * contradict each other, so the choice is the program's, and one that has neither still compiles.
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
}
