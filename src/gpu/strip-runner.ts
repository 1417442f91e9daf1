/** Takes strips through the device, some at a time: while one is computed, the next goes up and the last comes down. */
import type { Raster } from '../image.js';
import { DeviceClock } from './device-clock.js';
import type { Phase } from './gpu-fault.js';
import { Pipelines, type ShaderSources } from './pipelines.js';
import { type Enter, type Flight, Slot, type StripJob } from './slot.js';
import type { Strip } from './strips.js';

/** Called as each phase of a strip begins: where tests let a device fail. */
export type PhaseListener = (phase: Phase, device: GPUDevice) => void;

/** Called when a strip's rows are in the target, in the order of the strips. */
export type StripListener = (strip: Strip, pixelsRedone: number) => void;

/** One strip on its way up, one that is computed, one on its way down. */
const SLOTS = 3;

export class StripRunner {
  /** The phase that was entered last. */
  phase: Phase = 'prepare';
  readonly #device: GPUDevice;
  readonly #shaders: ShaderSources;
  readonly #onPhase: PhaseListener | undefined;
  readonly #slots: Slot[] = [];
  #pipelines: Promise<Pipelines> | undefined;
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
   * Reads the rows that the strips hold from `source`, and writes those that they compute to `target`, which must not
   * share memory with `source` unless there is a single strip.
   *
   * @throws the signal's reason between two steps; any error of the device
   */
  async run(
    source: Raster,
    target: Raster,
    strips: readonly Strip[],
    job: StripJob,
    onDone: StripListener,
  ): Promise<void> {
    const enter: Enter = (phase) => this.#enter(phase, job);
    const clock = new DeviceClock();
    const flights: Flight[] = [];
    const land = async () => {
      const landed = await flights[0].land(target);
      flights.shift();
      clock.add(landed);
      onDone(landed.strip, landed.pixelsRedone);
    };
    try {
      for (const [index, strip] of strips.entries()) {
        if (flights.length === SLOTS) await land();
        enter('prepare');
        this.#pipelines ??= Pipelines.create(this.#device, this.#shaders);
        this.#slots[index % SLOTS] ??= new Slot(this.#device, await this.#pipelines, index % SLOTS);
        flights.push(await this.#slots[index % SLOTS].start(source, strip, job, enter));
      }
      while (flights.length > 0) await land();
    } finally {
      await Promise.all(flights.map((flight) => flight.abandon()));
    }
    if (job.onSpan) clock.tell(job.onSpan);
  }

  #enter(phase: Phase, { signal }: StripJob): void {
    signal?.throwIfAborted();
    this.phase = phase;
    this.#onPhase?.(phase, this.#device);
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }
}
