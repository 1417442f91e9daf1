/** Computes strips on the device: upload, fast and exact pass, download, in buffers that are kept for the next strip. */
import type { Strip } from '../backend.js';
import type { CheckedImage } from '../image.js';
import type { RunOptions } from '../options.js';
import { type Rows, rowsToCopy } from '../regions.js';
import { rowsText, type SpanListener } from '../span.js';
import { BUFFER, MAP_MODE_READ, MAP_MODE_WRITE, PIXEL_BYTES, withErrorScopes } from './device.js';
import { type PassRange, type PipelinePair, type Pipelines, Workspace } from './passes.js';
import { PassTimer, TIME_BYTES, type TimedStrip } from './timing.js';

/** The steps of a strip: objects and pipelines, rows to the device, commands, waiting for the result, rows back. */
export type Phase = 'prepare' | 'upload' | 'dispatch' | 'map' | 'copy';

/** Called as each phase begins; throws to end the work. */
export type Enter = (phase: Phase) => void;

/** The result of a strip, besides its pixels. */
export interface StripResult extends TimedStrip {
  /** Over all passes. */
  readonly exactPixels: number;
}

/**
 * The most pixels, over all passes, of one submission. A submission cannot be stopped, and an operating system may
 * reset a GPU that a single submission keeps busy for seconds.
 */
const SUBMISSION_PIXELS = 2 ** 25;

/** A set of buffers on the device, with which strips are computed one after another. */
export class Slot {
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #track: string;
  #memory: Memory | undefined;

  /** @param index from 0 */
  constructor(device: GPUDevice, pipelines: Pipelines, index: number) {
    this.#device = device;
    this.#pipelines = pipelines;
    this.#track = `GPU slot ${index + 1}`;
  }

  /** @throws whatever `enter` throws; DeviceError and other errors of the device */
  async compute(strip: Strip, { onSpan }: RunOptions, enter: Enter): Promise<StripResult> {
    const { passes, alpha } = strip;
    const job = layOut(strip, onSpan !== undefined && this.#device.features.has('timestamp-query'));
    const phase = phases(this.#track, job.rows, onSpan, enter);
    const memory = await this.#memoryFor(job);
    const [pair] = await Promise.all([
      this.#pipelines.pairFor(alpha, job.region, job.width),
      this.#upload(memory, job, strip.input, phase),
    ]);
    const passesAtOnce = Math.max(1, Math.floor(SUBMISSION_PIXELS / job.pixels));
    for (let first = 0; first < passes; first += passesAtOnce) {
      if (first > 0) await this.#device.queue.onSubmittedWorkDone();
      const range = { first, end: Math.min(first + passesAtOnce, passes), passes };
      await phase('dispatch', () => withErrorScopes(this.#device, () => this.#submit(memory, job, pair, range)));
    }
    const { readBack } = memory;
    try {
      await phase('map', () => readBack.mapAsync(MAP_MODE_READ, 0, job.byteLength));
      const mappedMs = performance.now();
      const mapped = readBack.getMappedRange(0, job.byteLength);
      await phase('copy', () => downloadRows(mapped, strip));
      const counts = new Uint32Array(mapped, job.countsOffset, passes);
      const passesNs = new BigUint64Array(mapped, job.timesOffset, job.isTimed ? 2 * passes : 0).slice();
      return { rows: job.rows, mappedMs, passesNs, onSpan, exactPixels: counts.reduce((sum, count) => sum + count, 0) };
    } finally {
      readBack.unmap();
    }
  }

  async #memoryFor({ pixels, passes, isTimed }: Job): Promise<Memory> {
    const present = this.#memory;
    if (present && present.workspace.pixels >= pixels && present.workspace.passes >= passes) {
      if (present.timer || !isTimed) return present;
    }
    this.#memory = undefined;
    if (present !== undefined) destroyMemory(present);
    const created = await withErrorScopes(this.#device, () => {
      return createMemory(this.#device, this.#pipelines, pixels, passes, isTimed);
    });
    this.#memory = created;
    return created;
  }

  /**
   * Into mapped memory, from which the device copies: `writeBuffer` allocates such memory for every call, which takes three
   * times as long on a discrete GPU.
   */
  async #upload({ staging }: Memory, { runs, pixels }: Job, image: CheckedImage, phase: InPhase): Promise<void> {
    await staging.mapAsync(MAP_MODE_WRITE, 0, pixels * PIXEL_BYTES);
    try {
      await phase('upload', () => writeRows(staging.getMappedRange(0, pixels * PIXEL_BYTES), image, runs));
    } finally {
      staging.unmap();
    }
  }

  #submit(memory: Memory, job: Job, pair: PipelinePair, range: PassRange): void {
    const { staging, input, output, readBack, workspace, timer } = memory;
    const { region, pixels, width, countsOffset, timesOffset, isTimed } = job;
    const encoder = this.#device.createCommandEncoder({ label: 'strip' });
    if (range.first === 0) {
      workspace.setRegion(region, width);
      encoder.copyBufferToBuffer(staging, 0, input, 0, pixels * PIXEL_BYTES);
    }
    const counts = { buffer: readBack, offset: countsOffset };
    const usedTimer = isTimed ? timer : undefined;
    workspace.record(encoder, { pair, buffers: { input, output }, region, range, counts, timer: usedTimer });
    if (range.end === range.passes) {
      encoder.copyBufferToBuffer(output, region.first.y * job.rowBytes, readBack, 0, countsOffset);
      usedTimer?.recordResult(encoder, range.passes, readBack, timesOffset);
    }
    this.#device.queue.submit([encoder.finish()]);
  }
}

/** Announces each phase and, if somebody listens, reports its span. */
type InPhase = ReturnType<typeof phases>;

function phases(track: string, rows: string, onSpan: SpanListener | undefined, enter: Enter) {
  return async <T>(name: Phase, work: () => Promise<T> | T): Promise<T> => {
    const startMs = performance.now();
    enter(name);
    const result = await work();
    onSpan?.({ name, track, startMs, endMs: performance.now(), details: { rows } });
    return result;
  };
}

/**
 * A strip in the device's terms. Read back are the computed rows, the number of pixels of each exact pass as u32, and, if
 * timed, two u64 per pass.
 */
type Job = ReturnType<typeof layOut>;

function layOut({ input, region: ofImage, passes }: Strip, isTimed: boolean) {
  const { runs, region } = rowsToCopy(ofImage);
  const rowBytes = input.width * PIXEL_BYTES;
  const countsOffset = (region.end.y - region.first.y) * rowBytes;
  return {
    runs,
    region,
    passes,
    isTimed,
    width: input.width,
    rowBytes,
    pixels: input.width * runs.reduce((sum, { first, end }) => sum + end - first, 0),
    rows: rowsText(ofImage.first.y, ofImage.end.y),
    ...readBackLayout(countsOffset, passes, isTimed),
  };
}

function readBackLayout(countsOffset: number, passes: number, isTimed: boolean) {
  const end = countsOffset + passes * Uint32Array.BYTES_PER_ELEMENT;
  const timesOffset = Math.ceil(end / TIME_BYTES) * TIME_BYTES;
  return { countsOffset, timesOffset, byteLength: timesOffset + (isTimed ? 2 * passes * TIME_BYTES : 0) };
}

interface Memory {
  /** What the host writes; the device copies it to {@link input}. */
  readonly staging: GPUBuffer;
  readonly input: GPUBuffer;
  readonly output: GPUBuffer;
  readonly readBack: GPUBuffer;
  readonly workspace: Workspace;
  readonly timer: PassTimer | undefined;
}

function createMemory(
  device: GPUDevice,
  pipelines: Pipelines,
  pixels: number,
  passes: number,
  isTimed: boolean,
): Memory {
  const byteLength = pixels * PIXEL_BYTES;
  const readBackBytes = readBackLayout(byteLength, passes, isTimed).byteLength;
  const buffer = (label: string, size: number, usage: GPUBufferUsageFlags) =>
    device.createBuffer({ label, size, usage });
  return {
    staging: buffer('upload', byteLength, BUFFER.MAP_WRITE | BUFFER.COPY_SRC),
    input: buffer('input', byteLength, BUFFER.STORAGE | BUFFER.COPY_DST),
    output: buffer('output', byteLength, BUFFER.STORAGE | BUFFER.COPY_SRC),
    readBack: buffer('read back', readBackBytes, BUFFER.MAP_READ | BUFFER.COPY_DST),
    workspace: new Workspace(device, pipelines, pixels, passes),
    timer: isTimed ? new PassTimer(device, passes) : undefined,
  };
}

function destroyMemory({ staging, input, output, readBack, workspace, timer }: Memory): void {
  for (const resource of [staging, input, output, readBack, workspace, timer]) resource?.destroy();
}

/** Writes rows to mapped memory, one u32 per pixel. */
function writeRows(mapped: ArrayBuffer, image: CheckedImage, runs: readonly Rows[]): void {
  const { width, channels, rowBytes } = image;
  const isPacked = channels === PIXEL_BYTES && rowBytes === width * PIXEL_BYTES;
  const words = new Uint32Array(mapped);
  let at = 0;
  for (const { first, end } of runs) {
    if (isPacked) {
      new Uint8Array(mapped).set(image.data.subarray(first * rowBytes, end * rowBytes), at * PIXEL_BYTES);
    } else {
      for (let row = first; row < end; row++) packRow(words, at + (row - first) * width, image, row);
    }
    at += (end - first) * width;
  }
}

function packRow(words: Uint32Array, at: number, { data, width, channels, rowBytes }: CheckedImage, row: number): void {
  let sample = row * rowBytes;
  for (let k = at; k < at + width; k++) {
    const fourth = channels === 4 ? data[sample + 3] << 24 : 0;
    words[k] = data[sample] | (data[sample + 1] << 8) | (data[sample + 2] << 16) | fourth;
    sample += channels;
  }
}

/**
 * Copies the computed pixels into the strip's output; what lies around them is not touched.
 *
 * @param mapped the computed rows in full width, one u32 per pixel
 */
function downloadRows(mapped: ArrayBuffer, { input, region, output }: Strip): void {
  const firstByte = region.first.x * PIXEL_BYTES;
  const endByte = region.end.x * PIXEL_BYTES;
  const rowBytes = input.width * PIXEL_BYTES;
  const rows = region.end.y - region.first.y;
  if (output.channels === PIXEL_BYTES && output.rowBytes === rowBytes && endByte - firstByte === rowBytes) {
    output.data.set(new Uint8Array(mapped, 0, rows * rowBytes));
    return;
  }
  for (let row = 0; row < rows; row++) {
    const pixels = new Uint8Array(mapped, row * rowBytes + firstByte, endByte - firstByte);
    unpackRow(pixels, output, row * output.rowBytes + region.first.x * output.channels);
  }
}

function unpackRow(pixels: Uint8Array, { data, channels }: CheckedImage, at: number): void {
  if (channels === PIXEL_BYTES) {
    data.set(pixels, at);
    return;
  }
  let sample = at;
  for (let k = 0; k < pixels.length; k += PIXEL_BYTES) {
    data[sample] = pixels[k];
    data[sample + 1] = pixels[k + 1];
    data[sample + 2] = pixels[k + 2];
    sample += channels;
  }
}
