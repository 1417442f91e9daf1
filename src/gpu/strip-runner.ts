/** Takes one strip through the device: rows up, the passes, rows down. Buffers stay for the next strip that fits. */
import type { Raster } from '../image.js';
import type { AlphaMode } from '../options.js';
import { withErrorScopes } from './error-scopes.js';
import { BUFFER, MAP_MODE_READ } from './flags.js';
import type { Phase } from './gpu-fault.js';
import { type PipelinePair, Pipelines, type ShaderSources } from './pipelines.js';
import { PIXEL_BYTES, pixelsHeld, type Strip } from './strips.js';
import { downloadStrip, uploadStrip } from './transfer.js';
import { type PassRange, Workspace } from './workspace.js';

/** Called as each phase of a strip begins: where tests let a device fail. */
export type PhaseListener = (phase: Phase, device: GPUDevice) => void;

/** What is done with a strip. */
export interface StripJob {
  readonly alpha: AlphaMode;
  /** More than one only for a strip that is the whole image: the passes stay on the device. */
  readonly passes: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The most pixels, over all passes, of one submission. A submission cannot be stopped, and an operating system may
 * reset a GPU that one keeps busy for seconds.
 */
const SUBMISSION_PIXELS = 2 ** 25;

interface Buffers {
  readonly pixels: number;
  readonly passes: number;
  readonly input: GPUBuffer;
  readonly output: GPUBuffer;
  readonly readBack: GPUBuffer;
  readonly workspace: Workspace;
}

export class StripRunner {
  /** The phase that was entered last. */
  phase: Phase = 'prepare';
  readonly #device: GPUDevice;
  readonly #shaders: ShaderSources;
  readonly #onPhase: PhaseListener | undefined;
  #pipelines: Promise<Pipelines> | undefined;
  #buffers: Buffers | undefined;
  #failure: string | undefined;

  constructor(device: GPUDevice, shaders: ShaderSources, onPhase?: PhaseListener) {
    this.#device = device;
    this.#shaders = shaders;
    this.#onPhase = onPhase;
  }

  /** Makes every later phase fail: the device is lost, or an error came that belongs to no call. */
  fail(reason: string): void {
    this.#failure ??= reason;
  }

  /**
   * Reads the rows that `strip` holds from `source`, and writes those that it computes to `target`.
   *
   * @returns how many pixels were redone, over all passes
   * @throws the signal's reason between two steps; any error of the device
   */
  async run(source: Raster, target: Raster, strip: Strip, job: StripJob): Promise<number> {
    this.#enter('prepare', job);
    this.#pipelines ??= Pipelines.create(this.#device, this.#shaders);
    const pipelines = await this.#pipelines;
    const buffers = await this.#buffersFor(pipelines, pixelsHeld(strip), job.passes);
    const [pair] = await Promise.all([pipelines.forAlpha(job.alpha), this.#upload(buffers, source, strip, job)]);
    await this.#dispatch(buffers, pair, strip, job);
    this.#enter('map', job);
    const byteLength = computedBytes(strip) + countBytes(job.passes);
    await buffers.readBack.mapAsync(MAP_MODE_READ, 0, byteLength);
    try {
      this.#enter('copy', job);
      const mapped = buffers.readBack.getMappedRange(0, byteLength);
      downloadStrip(mapped, target, strip);
      return new Uint32Array(mapped, computedBytes(strip), job.passes).reduce((sum, count) => sum + count, 0);
    } finally {
      buffers.readBack.unmap();
    }
  }

  #enter(phase: Phase, job: StripJob): void {
    job.signal?.throwIfAborted();
    this.phase = phase;
    this.#onPhase?.(phase, this.#device);
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  async #buffersFor(pipelines: Pipelines, pixels: number, passes: number): Promise<Buffers> {
    const present = this.#buffers;
    if (present !== undefined && present.pixels >= pixels && present.passes >= passes) return present;
    this.#buffers = undefined;
    if (present !== undefined) destroyBuffers(present);
    const created = await withErrorScopes(this.#device, () => createBuffers(this.#device, pipelines, pixels, passes));
    this.#buffers = created;
    return created;
  }

  async #upload(buffers: Buffers, source: Raster, strip: Strip, job: StripJob): Promise<void> {
    this.#enter('upload', job);
    await withErrorScopes(this.#device, () => {
      buffers.workspace.setRegion(strip.region);
      uploadStrip(this.#device.queue, buffers.input, source, strip);
    });
  }

  async #dispatch(buffers: Buffers, pair: PipelinePair, strip: Strip, job: StripJob): Promise<void> {
    const passesAtOnce = Math.max(1, Math.floor(SUBMISSION_PIXELS / pixelsHeld(strip)));
    for (let first = 0; first < job.passes; first += passesAtOnce) {
      if (first > 0) await this.#device.queue.onSubmittedWorkDone();
      this.#enter('dispatch', job);
      const end = Math.min(first + passesAtOnce, job.passes);
      await withErrorScopes(this.#device, () => this.#submit(buffers, pair, strip, { first, end, passes: job.passes }));
    }
  }

  #submit(buffers: Buffers, pair: PipelinePair, strip: Strip, range: PassRange) {
    const { input, output, readBack, workspace } = buffers;
    const encoder = this.#device.createCommandEncoder({ label: 'strip' });
    const counts = { buffer: readBack, offset: computedBytes(strip) };
    workspace.record(encoder, { pair, ends: { input, output }, region: strip.region, range, counts });
    if (range.end === range.passes) {
      const offset = strip.region.first.y * strip.region.width * PIXEL_BYTES;
      encoder.copyBufferToBuffer(output, offset, readBack, 0, computedBytes(strip));
    }
    this.#device.queue.submit([encoder.finish()]);
  }
}

function createBuffers(device: GPUDevice, pipelines: Pipelines, pixels: number, passes: number): Buffers {
  const byteLength = pixels * PIXEL_BYTES;
  const buffer = (label: string, size: number, usage: GPUBufferUsageFlags) =>
    device.createBuffer({ label, size, usage });
  return {
    pixels,
    passes,
    input: buffer('input', byteLength, BUFFER.STORAGE | BUFFER.COPY_DST),
    output: buffer('output', byteLength, BUFFER.STORAGE | BUFFER.COPY_SRC),
    readBack: buffer('read back', byteLength + countBytes(passes), BUFFER.MAP_READ | BUFFER.COPY_DST),
    workspace: new Workspace(device, pipelines, pixels, passes),
  };
}

function destroyBuffers({ input, output, readBack, workspace }: Buffers): void {
  for (const buffer of [input, output, readBack, workspace]) buffer.destroy();
}

function computedBytes({ computed, region }: Strip): number {
  return (computed.end - computed.first) * region.width * PIXEL_BYTES;
}

function countBytes(passes: number): number {
  return passes * Uint32Array.BYTES_PER_ELEMENT;
}
