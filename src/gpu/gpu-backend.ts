/** The GPU backend on one WebGPU device, in Node or in a browser. */
import { onAbort } from '../abort.js';
import { type Backend, BackendFault, type Computed, type Strip } from '../backend.js';
import type { RunOptions } from '../options.js';
import { isEmpty } from '../regions.js';
import { Semaphore } from '../semaphore.js';
import { Deadline, HARDWARE_ANSWER_MS, NoAnswer } from './answer.js';
import { DeviceError, PIXEL_BYTES } from './device.js';
import { maxWidth, Pipelines } from './passes.js';
import { type Enter, type Phase, Slot, type StripResult } from './slot.js';
import { DeviceClock } from './timing.js';

/** For tests, except for the first. */
export interface GpuSettings {
  /** How long a step of a strip may take; default {@link HARDWARE_ANSWER_MS}. @internal */
  readonly answerMs?: number;
  /** The most bytes of one buffer of pixels. @internal */
  readonly bufferBytes?: number;
  /** Called as each phase of a strip begins. @internal */
  readonly onPhase?: (phase: Phase, device: GPUDevice) => void;
  /** Instead of the shaders of this package. @internal */
  readonly shaderCode?: string;
}

/** One strip on its way up, one that is computed, one on its way down. */
const SLOTS = 3;

/** Small enough for the next strip to be on its way while one is computed, large enough for calls not to count. */
const STRIP_BYTES = 8 * 2 ** 20;

/** Of very wide images; a strip may bring two rows that it does not compute. */
const LEAST_STRIP_ROWS = 16;

/** 7680 x 4320 pixels and a little more. Several passes take seven times this. */
const MOST_BUFFER_BYTES = 128 * 2 ** 20;

const ACTIVITIES: Readonly<Record<Phase, string>> = {
  prepare: 'preparing',
  upload: 'uploading',
  dispatch: 'submitting work',
  map: 'computing',
  copy: 'reading back',
};

/** Computes strips on a device, which this or another program opened. */
export class GpuBackend implements Backend {
  readonly stripsAtOnce = SLOTS;
  readonly residentPixels: number;
  readonly lost: Promise<string>;
  /** For measurements beside transforms. */
  readonly device: GPUDevice;
  readonly #deviceText: string;
  readonly #bufferBytes: number;
  readonly #settings: GpuSettings;
  readonly #access = new Semaphore(SLOTS);
  readonly #free: Slot[] = [];
  readonly #clock = new DeviceClock();
  #pipelines: Promise<Pipelines> | undefined;
  #slots = 0;
  #busy = 0;
  /** Strips that the device works on; each promise resolves, whatever becomes of the strip. */
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: string | undefined;

  constructor(device: GPUDevice, deviceText: string, settings: GpuSettings) {
    this.device = device;
    this.#deviceText = deviceText;
    this.#settings = settings;
    this.#bufferBytes = settings.bufferBytes ?? bufferBytesOf(device.limits);
    checkReports(device);
    this.residentPixels = Math.floor(this.#bufferBytes / PIXEL_BYTES);
    this.lost = device.lost.then(({ reason, message }) => {
      const text = `the device was ${reason === 'destroyed' ? 'destroyed' : 'lost'}${message ? `: ${message}` : ''}`;
      this.#failure ??= text;
      return text;
    });
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // or it is printed to stdout, where an image may be written
      this.#failure ??= event.error.message;
    });
  }

  /** Whether another strip may succeed; false for good once the device is gone. */
  get usable(): boolean {
    return this.#failure === undefined;
  }

  maxRows(width: number): number {
    const rowBytes = width * PIXEL_BYTES;
    const rowsHeld = Math.floor(this.#bufferBytes / rowBytes);
    if (rowsHeld < 3) throw tooWide(`3 rows of ${width} pixels exceed ${this.#bufferBytes} bytes`);
    if (width > maxWidth(this.device.limits)) throw tooWide(`${width} columns exceed ${maxWidth(this.device.limits)}`);
    const stripRows = Math.max(LEAST_STRIP_ROWS, Math.floor(STRIP_BYTES / rowBytes));
    return Math.min(stripRows, rowsHeld) - 2;
  }

  async compute(strip: Strip, run: RunOptions): Promise<Computed> {
    if (isEmpty(strip.region)) return { device: this.#deviceText, exactPixels: 0 };
    const release = await this.#access.acquire(1, run.signal);
    this.#busy += 1;
    let phase: Phase = 'prepare';
    const deadline = new Deadline(run.gpuTimeoutMs ?? this.#settings.answerMs ?? HARDWARE_ANSWER_MS);
    // Nobody waits for a strip that was dropped: it keeps no process alive.
    const stopListening = onAbort(run.signal, () => deadline.unref());
    const enter: Enter = (entered) => {
      run.signal?.throwIfAborted();
      phase = entered;
      deadline.extend();
      this.#settings.onPhase?.(entered, this.device);
      if (this.#failure !== undefined) throw new Error(this.#failure);
    };
    try {
      const work = this.#computeInSlot(strip, run, enter);
      this.#track(work);
      const result = await Promise.race([work, deadline.passed]);
      this.#clock.add(result);
      return { device: this.#deviceText, exactPixels: result.exactPixels };
    } catch (error) {
      if (run.signal?.aborted && error === run.signal.reason) throw error;
      if (error instanceof NoAnswer) {
        this.#failure ??= error.message; // a late answer ends here: it writes no pixel
      }
      throw faultOf(phase, error);
    } finally {
      stopListening();
      deadline.clear();
      this.#busy -= 1;
      if (this.#busy === 0) this.#clock.report();
      release();
    }
  }

  async #computeInSlot(strip: Strip, run: RunOptions, enter: Enter): Promise<StripResult> {
    enter('prepare');
    this.#pipelines ??= Pipelines.create(this.device, this.#settings.shaderCode);
    const pipelines = await this.#pipelines;
    const slot = this.#free.pop() ?? new Slot(this.device, pipelines, this.#slots++);
    return slot.compute(strip, run, enter).finally(() => this.#free.push(slot));
  }

  #track(work: Promise<unknown>): void {
    const end: Promise<unknown> = work.catch(() => {}).then(() => this.#underWay.delete(end));
    this.#underWay.add(end);
  }

  /**
   * Destroys the device. Strips under way are rejected with `BACKEND_FAILED`, and it is destroyed once they are: Dawn blocks
   * the thread until submitted work is done, which is for ever where a driver hangs.
   */
  dispose(): void {
    this.#failure ??= 'the backend was disposed of';
    if (this.#underWay.size === 0) this.device.destroy();
    else void Promise.all(this.#underWay).then(() => this.device.destroy());
  }
}

/** Deno 2.2 to 2.5 leave out `lost` and webgpu 0.2.12 leaves out events: a GPU that fails would go unnoticed. */
function checkReports(device: Partial<Pick<GPUDevice, 'lost' | 'addEventListener'>>): void {
  const missing =
    device.lost === undefined ? 'lost' : device.addEventListener === undefined ? 'addEventListener' : undefined;
  if (missing === undefined) return;
  throw new Error(
    `this WebGPU is too old: its devices have no \`${missing}\`, so failures would go unnoticed. Update what provides it`,
  );
}

/** At most half of what the device reports: SwiftShader refuses buffers of exactly its limit. */
function bufferBytesOf({ maxBufferSize, maxStorageBufferBindingSize }: GPUSupportedLimits): number {
  return Math.min(MOST_BUFFER_BYTES, maxBufferSize / 2, maxStorageBufferBindingSize / 2);
}

function tooWide(reason: string): BackendFault {
  return new BackendFault('The image is too wide for the GPU', reason, { code: 'DEVICE_LIMIT' });
}

function faultOf(phase: Phase, cause: unknown): BackendFault {
  // A device that is gone rejects with an AbortError without a message; other messages have line breaks.
  const text = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new BackendFault(`GPU failed while ${ACTIVITIES[phase]}`, text.trim().replace(/\s+/g, ' '), {
    code: codeOf(cause),
    cause,
  });
}

/** A driver that hangs would hang again; a device that was lost may come back. */
function codeOf(cause: unknown): 'BACKEND_UNAVAILABLE' | 'OUT_OF_MEMORY' | 'BACKEND_FAILED' {
  if (cause instanceof NoAnswer) return 'BACKEND_UNAVAILABLE';
  return cause instanceof DeviceError && cause.isOutOfMemory ? 'OUT_OF_MEMORY' : 'BACKEND_FAILED';
}
