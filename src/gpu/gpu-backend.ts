import type { Backend, Run } from '../backend.js';
import { checkStillThere, createRaster, overlaps, type Raster } from '../image.js';
import { JobQueue } from '../job-queue.js';
import type { Job } from '../options.js';
import { GpuFault, type Progress } from './gpu-fault.js';
import type { ShaderSources } from './pipelines.js';
import { type PhaseListener, StripRunner } from './strip-runner.js';
import { cutIntoStrips, PIXEL_BYTES, type Strip, type StripLimits } from './strips.js';

/** For tests. */
export interface GpuSettings {
  /** The most bytes of one buffer of pixels; an image above is cut into strips. @internal */
  readonly bufferBytes?: number;
  /** @internal */
  readonly onPhase?: PhaseListener;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The transform on one WebGPU device, whoever opened it. Concurrent calls wait for each other. */
export class GpuBackend implements Backend {
  /** How a result calls it. */
  readonly name = 'gpu';
  /** Resolves with the reason when the device is gone: lost, or freed by {@link dispose}. */
  readonly lost: Promise<string>;
  /** For measurements beside transforms. */
  readonly device: GPUDevice;
  readonly #deviceText: string;
  readonly #limits: StripLimits;
  readonly #runner: StripRunner;
  readonly #queue = new JobQueue();
  #usable = true;

  constructor(device: GPUDevice, deviceText: string, shaders: ShaderSources, settings: GpuSettings) {
    this.device = device;
    this.#deviceText = deviceText;
    this.#limits = { bufferBytes: settings.bufferBytes ?? bufferBytesOf(device.limits) };
    this.#runner = new StripRunner(device, shaders, settings.onPhase);
    this.lost = device.lost.then(({ reason, message }) => {
      const text = `the device was ${reason === 'destroyed' ? 'destroyed' : 'lost'}${message ? `: ${message}` : ''}`;
      this.#fail(text);
      return text;
    });
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // or it is printed to stdout, where a picture may be written
      this.#fail(event.error.message);
    });
  }

  /** Whether another transform may succeed; false for good once the device is gone. */
  get usable(): boolean {
    return this.#usable;
  }

  /** @throws GpuFault where the device fails; the reason of `job.signal` once that is aborted */
  transform(input: Raster, output: Raster, job: Job): Promise<Run> {
    return this.#queue.run(() => this.#transform(input, output, job), job.signal);
  }

  /** Destroys the device. A transform that runs or waits is rejected with `BACKEND_FAILED`. */
  dispose(): void {
    this.#fail('the backend was disposed of');
    this.device.destroy();
  }

  #fail(reason: string): void {
    this.#usable = false;
    this.#runner.fail(reason);
  }

  async #transform(input: Raster, output: Raster, job: Job): Promise<Run> {
    checkStillThere(input, output);
    const progress = { input, passesLeft: job.passes, rowsDone: 0, pixelsRedone: 0 };
    this.#runner.phase = 'prepare';
    try {
      const strips = this.#cut(input, output, job);
      if (strips.length === 1) {
        await this.#runner.run(input, output, strips, job, (_, pixelsRedone) => {
          progress.pixelsRedone = pixelsRedone;
        });
      } else {
        await this.#runStrips(strips, output, job, progress);
      }
    } catch (error) {
      if (job.signal?.aborted && error === job.signal.reason) throw error;
      throw new GpuFault(this.#runner.phase, progress, error);
    }
    return { device: this.#deviceText, pixelsRedone: progress.pixelsRedone };
  }

  /** Strips that travel and compute side by side; the whole image where it would have to come down between passes. */
  #cut(input: Raster, output: Raster, { border, passes }: Job): Strip[] {
    const whole = cutIntoStrips(input, border, this.#limits);
    if (whole.length === 1 && (passes > 1 || overlaps(input, output))) return whole;
    const stripBytes = Math.max(STRIP_BYTES, LEAST_STRIP_ROWS * input.width * PIXEL_BYTES);
    return cutIntoStrips(input, border, { bufferBytes: Math.min(stripBytes, this.#limits.bufferBytes) });
  }

  /** Pass after pass over all strips; what is between passes waits in the host's memory. */
  async #runStrips(strips: Strip[], output: Raster, job: Job, progress: Mutable<Progress>): Promise<void> {
    const { width, height, channels } = output;
    const between = Array.from({ length: Math.min(job.passes - 1, 2) }, () => createRaster(width, height, channels));
    if (job.passes === 1 && overlaps(progress.input, output)) {
      progress.input = { ...progress.input, data: progress.input.data.slice() };
    }
    for (let pass = 1; pass <= job.passes; pass++) {
      const isLast = pass === job.passes;
      const target = isLast ? output : between[pass % between.length];
      await this.#runner.run(progress.input, target, strips, { ...job, passes: 1 }, ({ computed }, pixelsRedone) => {
        progress.pixelsRedone += pixelsRedone;
        if (isLast) progress.rowsDone = computed.end;
      });
      if (isLast) return;
      progress.input = target;
      progress.passesLeft -= 1;
    }
  }
}

/** Small enough for the next strip to be on its way while one is computed, large enough for calls not to count. */
const STRIP_BYTES = 8 * 2 ** 20;
/** Of very wide images; each strip brings two rows that it does not compute. */
const LEAST_STRIP_ROWS = 16;

/** 7680 x 4320 pixels and a little more. Memory is about four times this, or six where there are several passes. */
const MOST_BUFFER_BYTES = 128 * 2 ** 20;

/** At most half of what the device reports: SwiftShader refuses buffers of exactly its limit. */
function bufferBytesOf({ maxBufferSize, maxStorageBufferBindingSize }: GPUSupportedLimits): number {
  return Math.min(MOST_BUFFER_BYTES, maxBufferSize / 2, maxStorageBufferBindingSize / 2);
}
