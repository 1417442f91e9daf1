/** One strip's way through the device, in buffers that stay for the next strip that fits. */
import type { Raster } from '../image.js';
import type { AlphaMode } from '../options.js';
import { rowsText, type SpanListener } from '../span.js';
import { withErrorScopes } from './error-scopes.js';
import { BUFFER, MAP_MODE_READ } from './flags.js';
import type { Phase } from './gpu-fault.js';
import { PassTimer } from './pass-timer.js';
import type { PipelinePair, Pipelines } from './pipelines.js';
import { PIXEL_BYTES, pixelsHeld, type Strip } from './strips.js';
import { downloadStrip, uploadStrip } from './transfer.js';
import { type PassRange, Workspace } from './workspace.js';

/** What is done with a strip. */
export interface StripJob {
  readonly alpha: AlphaMode;
  /** More than one only for a strip that is the whole image: the passes stay on the device. */
  readonly passes: number;
  readonly signal: AbortSignal | undefined;
  readonly onSpan: SpanListener | undefined;
}

/** Called as each phase begins; throws where the work must end. */
export type Enter = (phase: Phase) => void;

export interface Landed {
  readonly strip: Strip;
  /** Over all passes. */
  readonly pixelsRedone: number;
  /** When its result was there, by `performance.now()`. */
  readonly mappedMs: number;
  /** When each pass began and ended, nanoseconds by the device's clock; empty where nobody listens or it has none. */
  readonly passesNs: BigUint64Array;
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
  readonly timer: PassTimer | undefined;
}

/** A place on the device where strips are computed, one after another. */
export class Slot {
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #lane: string;
  #buffers: Buffers | undefined;

  constructor(device: GPUDevice, pipelines: Pipelines, index: number) {
    this.#device = device;
    this.#pipelines = pipelines;
    this.#lane = `GPU slot ${index + 1}`;
  }

  /** Sends up the rows that `strip` holds from `source`, whose memory is free then, and submits what is to be done. */
  async start(source: Raster, strip: Strip, job: StripJob, enter: Enter): Promise<Flight> {
    const buffers = await this.#buffersFor(pixelsHeld(strip), job);
    const flight = new Flight(buffers, strip, job, new Steps(this.#lane, strip, job.onSpan, enter));
    const [pair] = await Promise.all([this.#pipelines.forAlpha(job.alpha), this.#upload(flight, source)]);
    await this.#dispatch(flight, pair);
    flight.requestResult();
    return flight;
  }

  async #buffersFor(pixels: number, { passes, onSpan }: StripJob): Promise<Buffers> {
    const isTimed = onSpan !== undefined && this.#device.features.has('timestamp-query');
    const present = this.#buffers;
    if (present && present.pixels >= pixels && present.passes >= passes && (present.timer || !isTimed)) return present;
    this.#buffers = undefined;
    if (present !== undefined) destroyBuffers(present);
    const size = { pixels, passes, isTimed };
    const created = await withErrorScopes(this.#device, () => createBuffers(this.#device, this.#pipelines, size));
    this.#buffers = created;
    return created;
  }

  #upload({ buffers, strip, steps }: Flight, source: Raster): Promise<void> {
    return steps.run('upload', () =>
      withErrorScopes(this.#device, () => {
        buffers.workspace.setRegion(strip.region);
        uploadStrip(this.#device.queue, buffers.input, source, strip);
      }),
    );
  }

  async #dispatch(flight: Flight, pair: PipelinePair): Promise<void> {
    const { passes } = flight.job;
    const passesAtOnce = Math.max(1, Math.floor(SUBMISSION_PIXELS / pixelsHeld(flight.strip)));
    for (let first = 0; first < passes; first += passesAtOnce) {
      if (first > 0) await this.#device.queue.onSubmittedWorkDone();
      const range = { first, end: Math.min(first + passesAtOnce, passes), passes };
      await flight.steps.run('dispatch', () => withErrorScopes(this.#device, () => this.#submit(flight, pair, range)));
    }
  }

  #submit({ buffers, strip, layout, timer }: Flight, pair: PipelinePair, range: PassRange): void {
    const { input, output, readBack, workspace } = buffers;
    const encoder = this.#device.createCommandEncoder({ label: 'strip' });
    const counts = { buffer: readBack, offset: layout.counts };
    workspace.record(encoder, { pair, ends: { input, output }, region: strip.region, range, counts, timer });
    if (range.end === range.passes) {
      const offset = strip.region.first.y * strip.region.width * PIXEL_BYTES;
      encoder.copyBufferToBuffer(output, offset, readBack, 0, layout.counts);
      timer?.recordResult(encoder, range.passes, readBack, layout.times);
    }
    this.#device.queue.submit([encoder.finish()]);
  }
}

/** A strip on the device. Ends by {@link land} or, after a failure, by {@link abandon}. */
export class Flight {
  /** Absent where nobody listens, whatever the buffers have. */
  readonly timer: PassTimer | undefined;
  readonly layout: Layout;
  #mapped: Promise<undefined> = Promise.resolve(undefined);

  constructor(
    readonly buffers: Buffers,
    readonly strip: Strip,
    readonly job: StripJob,
    readonly steps: Steps,
  ) {
    this.timer = job.onSpan && buffers.timer;
    this.layout = layOut(strip, job.passes, this.timer !== undefined);
  }

  /** To be called once, when everything is submitted. */
  requestResult(): void {
    this.#mapped = this.steps.run('map', () =>
      this.buffers.readBack.mapAsync(MAP_MODE_READ, 0, this.layout.byteLength),
    );
    this.#mapped.catch(() => {}); // land tells whoever waits
  }

  /** Waits for the result and writes its rows to the target. */
  async land(target: Raster): Promise<Landed> {
    await this.#mapped;
    const mappedMs = performance.now();
    const { strip, job, layout, buffers } = this;
    const mapped = buffers.readBack.getMappedRange(0, layout.byteLength);
    await this.steps.run('copy', () => downloadStrip(mapped, target, strip));
    const counts = new Uint32Array(mapped, layout.counts, job.passes);
    const pixelsRedone = counts.reduce((sum, count) => sum + count, 0);
    const passesNs = new BigUint64Array(mapped, layout.times, this.timer ? 2 * job.passes : 0).slice();
    buffers.readBack.unmap();
    return { strip, pixelsRedone, mappedMs, passesNs };
  }

  /** Waits until the slot can be used again; the result is lost. Never throws. */
  async abandon(): Promise<void> {
    await this.#mapped.catch(() => {});
    this.buffers.readBack.unmap();
  }
}

/** The phases of one strip: each is announced and, where somebody listens, told of when it is over. */
class Steps {
  constructor(
    readonly lane: string,
    readonly strip: Strip,
    readonly onSpan: SpanListener | undefined,
    readonly enter: Enter,
  ) {}

  async run<T>(phase: Phase, work: () => Promise<T> | T): Promise<T> {
    const startMs = performance.now();
    this.enter(phase);
    const result = await work();
    const { first, end } = this.strip.computed;
    const details = { rows: rowsText(first, end) };
    this.onSpan?.({ name: phase, lane: this.lane, startMs, endMs: performance.now(), details });
    return result;
  }
}

function createBuffers(
  device: GPUDevice,
  pipelines: Pipelines,
  { pixels, passes, isTimed }: { readonly pixels: number; readonly passes: number; readonly isTimed: boolean },
): Buffers {
  const byteLength = pixels * PIXEL_BYTES;
  const buffer = (label: string, size: number, usage: GPUBufferUsageFlags) =>
    device.createBuffer({ label, size, usage });
  return {
    pixels,
    passes,
    input: buffer('input', byteLength, BUFFER.STORAGE | BUFFER.COPY_DST),
    output: buffer('output', byteLength, BUFFER.STORAGE | BUFFER.COPY_SRC),
    readBack: buffer(
      'read back',
      layOutBytes(byteLength, passes, isTimed).byteLength,
      BUFFER.MAP_READ | BUFFER.COPY_DST,
    ),
    workspace: new Workspace(device, pipelines, pixels, passes),
    timer: isTimed ? new PassTimer(device, passes) : undefined,
  };
}

function destroyBuffers({ input, output, readBack, workspace, timer }: Buffers): void {
  for (const held of [input, output, readBack, workspace, timer]) held?.destroy();
}

/** What is read back, in bytes from the start: the computed rows, then these. */
interface Layout {
  /** A u32 a pass. */
  readonly counts: number;
  /** Two u64 a pass. */
  readonly times: number;
  readonly byteLength: number;
}

function layOut({ computed, region }: Strip, passes: number, isTimed: boolean): Layout {
  return layOutBytes((computed.end - computed.first) * region.width * PIXEL_BYTES, passes, isTimed);
}

function layOutBytes(counts: number, passes: number, isTimed: boolean): Layout {
  const end = counts + passes * Uint32Array.BYTES_PER_ELEMENT;
  const alignment = BigUint64Array.BYTES_PER_ELEMENT;
  const times = Math.ceil(end / alignment) * alignment;
  return { counts, times, byteLength: times + (isTimed ? 2 * passes * alignment : 0) };
}
