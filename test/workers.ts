/**
 * Backends that stand for devices: they compute on the addon, as slowly and as badly as a test wants. They wait by `setTimeout`
 * and compute on the calling thread, so that where a test has replaced the clock nothing depends on real time.
 */
import { type Backend, BackendFault, type Computed, type Strip } from '../src/backend.js';
import { cpuEntry } from '../src/cpu/cpu-backend.js';
import { Auditor } from '../src/dealing/audit.js';
import type { Worker } from '../src/dealing/job.js';
import { Speed } from '../src/dealing/speed.js';
import { createImage, rowsOf } from '../src/image.js';
import type { RunOptions } from '../src/options.js';
import { countPixels, countRows } from '../src/regions.js';

function openCpu(): Backend {
  const opened = cpuEntry.openSync();
  if ('reason' in opened) throw new Error(opened.reason);
  return opened.transformer.backend!;
}

export const cpu = openCpu();

/** What befalls a strip. */
export type Mishap = 'hangs' | 'is lost' | 'has no memory' | 'is wrong' | undefined;

export interface Habits {
  /** Milliseconds for any strip, besides. Default 0. */
  readonly callMs?: number;
  /** Milliseconds for a megapixel and pass. Default 0. */
  readonly msPerMegapixel?: number;
  readonly stripsAtOnce?: number;
  readonly residentPixels?: number;
  /** Throws for images of more columns. */
  readonly maxWidth?: number;
  /** Asked for every strip, with its number from 1. */
  readonly mishap?: (strip: Strip, number: number) => Mishap;
}

/** A device; the addon stands behind it. */
export class TestDevice implements Backend {
  readonly stripsAtOnce: number;
  readonly residentPixels: number;
  readonly strips: Strip[] = [];
  /** Strips that were not asked for any more while they were computed. */
  dropped = 0;
  isDisposed = false;
  readonly #habits: Habits;
  readonly #name: string;

  constructor(habits: Habits = {}, name = 'test device') {
    this.#habits = habits;
    this.#name = name;
    this.stripsAtOnce = habits.stripsAtOnce ?? 1;
    this.residentPixels = habits.residentPixels ?? 0;
  }

  maxRows(width: number): number {
    const { maxWidth = Number.POSITIVE_INFINITY } = this.#habits;
    if (width > maxWidth) throw new BackendFault('The image is too wide', 'for a test', { code: 'DEVICE_LIMIT' });
    return 1e9;
  }

  async compute(strip: Strip, { signal }: RunOptions): Promise<Computed> {
    this.strips.push(strip);
    const { callMs = 0, msPerMegapixel = 0, mishap } = this.#habits;
    const what = mishap?.(strip, this.strips.length);
    if (what === 'hangs') await new Promise(() => {});
    await sleep(callMs + (msPerMegapixel * strip.passes * countPixels(strip.region)) / 1e6);
    if (signal?.aborted) {
      this.dropped++;
      throw signal.reason;
    }
    if (what === 'is lost') throw new BackendFault('GPU failed while computing', 'the device was lost');
    if (what === 'has no memory') {
      throw new BackendFault('GPU failed while preparing', 'no memory', { code: 'OUT_OF_MEMORY' });
    }
    compute(strip);
    if (what === 'is wrong') spoil(strip);
    return { device: this.#name, exactPixels: 0 };
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

/** A strip that waits for the test. */
export interface Gate {
  readonly strip: Strip;
  /** Computes it and lets it end; what `spoilBytes` does to it counts as computed. */
  readonly end: (spoilBytes?: (strip: Strip) => void) => void;
  readonly fail: (error: unknown) => void;
}

/** A device whose strips wait for the test. */
export class GatedDevice implements Backend {
  readonly stripsAtOnce: number;
  readonly residentPixels: number;
  readonly gates: Gate[] = [];

  constructor({ stripsAtOnce = 1, residentPixels = 0 }: Pick<Habits, 'stripsAtOnce' | 'residentPixels'> = {}) {
    this.stripsAtOnce = stripsAtOnce;
    this.residentPixels = residentPixels;
  }

  maxRows(): number {
    return 1e9;
  }

  compute(strip: Strip, run: RunOptions): Promise<Computed> {
    // Passes of a band, to compare rows with.
    if (run.threads === 1) return Promise.resolve(this.computeSync(strip, run));
    return new Promise((resolve, reject) => {
      const settled = (settle: () => void) => {
        this.gates.splice(this.gates.indexOf(gate), 1);
        settle();
      };
      const gate: Gate = {
        strip,
        end: (spoilBytes) =>
          settled(() => {
            if (run.signal?.aborted) return reject(run.signal.reason);
            compute(strip);
            spoilBytes?.(strip);
            resolve({ device: 'gated', exactPixels: 0 });
          }),
        fail: (error) => settled(() => reject(error)),
      };
      this.gates.push(gate);
    });
  }

  computeSync(strip: Strip, run: RunOptions): Computed {
    return cpu.computeSync!(strip, run);
  }

  dispose(): void {}
}

/** One byte in each row. */
export function spoil({ output, region }: Strip): void {
  for (let row = 0; row < countRows(region); row++) {
    output.data[row * output.rowBytes + region.first.x * output.channels] ^= 1;
  }
}

function compute(strip: Strip): void {
  const { input, region, passes } = strip;
  checkMemory(strip);
  const one = { ...strip, passes: 1 };
  let from = input;
  for (let pass = 1; pass < passes; pass++) {
    const next = createImage(input.width, input.height, input.channels);
    cpu.computeSync!({ ...one, input: from, output: rowsOf(next, region.first.y, region.end.y) }, { threads: 1 });
    from = next;
  }
  cpu.computeSync!({ ...one, input: from }, { threads: 1 });
}

/** The addon trusts what it is given. */
function checkMemory({ input, output }: Strip): void {
  if (input.data.byteLength === 0 || output.data.byteLength === 0) throw new TypeError('The memory is detached.');
}

/** A worker that others check, on a device. */
export function helper(backend: Backend, name = 'gpu'): Worker {
  return { name, backend, speed: new Speed(), auditor: new Auditor() };
}

/**
 * The worker that begins.
 *
 * @param msPerMegapixel 0: as fast as the addon
 * @param compute what it does after it waited
 */
export function firstWorker(
  msPerMegapixel = 0,
  compute: Backend['compute'] = async (strip, run) => cpu.computeSync!(strip, run),
): Worker {
  const backend: Backend = {
    stripsAtOnce: 1,
    residentPixels: 0,
    maxRows: () => Number.POSITIVE_INFINITY,
    async compute(strip, run) {
      await sleep((msPerMegapixel * countPixels(strip.region)) / 1e6, run.signal);
      checkMemory(strip);
      return compute(strip, { ...run, threads: 1 });
    },
    computeSync: (strip, run) => cpu.computeSync!(strip, run),
    dispose() {},
  };
  return { name: 'cpu', backend, speed: new Speed() };
}

/** @throws the reason of the signal, at once */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
