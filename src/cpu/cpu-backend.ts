/** The CPU backend on the OpenMP addon, and its entry in the registry. */
import { onAbort } from '../abort.js';
import {
  type Backend,
  type BackendDescription,
  type BackendEntry,
  BackendFault,
  type Computed,
  type Device,
  type Opened,
  type OpenOptions,
  type Strip,
  type Work,
} from '../backend.js';
import { availableCores, defaultThreads } from '../cores.js';
import { Host } from '../host.js';
import { ALPHA_MODES, type RunOptions } from '../options.js';
import { countPixels } from '../regions.js';
import { rowsText, type Span } from '../span.js';
import { type Addon, type Chunk, canHoldMemory, loadAddon, type NativeJob, type NativeResult } from './addon.js';

/** Computes strips on the cores of this machine with one instruction set. */
export class CpuBackend implements Backend {
  readonly stripsAtOnce = 1;
  readonly residentPixels = 0;
  readonly #addon: Addon;
  readonly #instructionSet: string;

  constructor(addon: Addon, instructionSet = addon.instructionSets[0]) {
    this.#addon = addon;
    this.#instructionSet = instructionSet;
  }

  maxRows(): number {
    return Number.POSITIVE_INFINITY;
  }

  async compute(strip: Strip, run: RunOptions): Promise<Computed> {
    run.signal?.throwIfAborted();
    const job = this.#jobOf(strip, run);
    const stopListening = onAbort(run.signal, () => {
      job.cancelled[0] = 1;
    });
    const startMs = performance.now();
    try {
      const result = await this.#addon.compute(job).catch(throwFault);
      run.signal?.throwIfAborted(); // the addon ends early
      return this.#report(result, startMs, run);
    } finally {
      stopListening();
    }
  }

  computeSync(strip: Strip, run: RunOptions): Computed {
    const startMs = performance.now();
    let result: NativeResult;
    try {
      result = this.#addon.computeSync(this.#jobOf(strip, run));
    } catch (error) {
      return throwFault(error);
    }
    return this.#report(result, startMs, run);
  }

  dispose(): void {}

  #jobOf({ input, region, output, alpha }: Strip, { threads, onSpan }: RunOptions): NativeJob {
    return {
      input: input.data,
      inputRowBytes: input.rowBytes,
      output: output.data,
      outputRowBytes: output.rowBytes,
      channels: input.channels,
      region,
      alpha: ALPHA_MODES.indexOf(alpha),
      threads: threads ?? defaultThreads(countPixels(region)),
      instructionSet: this.#instructionSet,
      cancelled: new Uint8Array(1),
      isTimed: onSpan !== undefined,
      canHoldMemory,
    };
  }

  #report(result: NativeResult, startMs: number, { onSpan }: RunOptions): Computed {
    const { threads, wantedThreads, exactPixels, chunks = [] } = result;
    for (const chunk of chunks) onSpan?.(spanOf(chunk, startMs));
    const team =
      threads < wantedThreads
        ? `${threads} of ${wantedThreads} threads: the system starts no more`
        : pluralText(threads, 'thread');
    const openMp = this.#addon.hasOpenMp ? '' : ', built without OpenMP';
    return { device: `${this.#instructionSet}, ${team}${openMp}`, exactPixels };
  }
}

function spanOf({ thread, firstRow, endRow, ...chunk }: Chunk, callMs: number): Span {
  return {
    name: 'compute',
    track: `CPU thread ${thread + 1}`,
    startMs: callMs + chunk.startMs,
    endMs: callMs + chunk.endMs,
    details: { rows: rowsText(firstRow, endRow) },
  };
}

/** Nothing but memory can be missing. */
function throwFault(cause: unknown): never {
  throw new BackendFault('The CPU addon failed', (cause as Error).message, { code: 'OUT_OF_MEMORY', cause });
}

/** `1 thread`, `2 threads` */
function pluralText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** One host for this thread: all its transforms wait for each other here, and not in libuv's few threads. */
let shared: { readonly transformer: Host } | undefined;

/** Opens the fastest instruction set, or the given one, or says why not. */
function openCpu({ instructionSet }: OpenOptions = {}): Opened {
  if (shared !== undefined && instructionSet === undefined) return shared;
  const loaded = loadAddon();
  if ('reason' in loaded) return loaded;
  const opened = { transformer: new Host(new CpuBackend(loaded.addon, instructionSet)) };
  if (instructionSet === undefined) shared = opened;
  return opened;
}

/** What the addon offers on this machine, or why it does not load. */
export type CpuFacts =
  | {
      /** Those that this CPU can run, the fastest first. */
      readonly instructionSets: readonly string[];
      /** Whether it was built with OpenMP; without, it computes on one thread. */
      readonly openMp: boolean;
      /** Cores that this process may use. */
      readonly cores: number;
    }
  | {
      /** Why it does not load, a clause for people. */
      readonly reason: string;
    };

let mostThreads: number | undefined;

/** The most threads that run at once; 0 where the addon does not load. */
function countThreads(): number {
  const loaded = loadAddon();
  if ('reason' in loaded) return 0;
  return loaded.addon.hasOpenMp ? availableCores() : 1;
}

/** Of one thread with AVX-512 or AVX2 on a photograph; others take two to five times as long. */
const NS_PER_PIXEL = 1.5;

export const cpuEntry = {
  name: 'cpu',
  title: 'CPU addon',
  isOracle: false,
  open: async (options) => openCpu(options),
  openSync: openCpu,

  estimateMs({ pixels, passes, threads = defaultThreads(pixels) }: Work): number | undefined {
    mostThreads ??= countThreads();
    if (mostThreads === 0) return undefined;
    return (pixels * passes * NS_PER_PIXEL) / Math.min(threads, mostThreads) / 1e6;
  },

  async openDevices(): Promise<readonly Device[]> {
    const loaded = loadAddon();
    if ('reason' in loaded) return [{ name: 'cpu', facts: [], missing: loaded.reason }];
    const { addon } = loaded;
    return addon.instructionSets.map((instructionSet) => ({
      name: `cpu ${instructionSet}`,
      facts: [],
      transformer: new Host(new CpuBackend(addon, instructionSet)),
      hasThreads: addon.hasOpenMp,
    }));
  },

  async describe(): Promise<BackendDescription<CpuFacts>> {
    const loaded = loadAddon();
    if ('reason' in loaded) {
      const { reason, advice } = loaded;
      return { lines: [`none: ${reason}`], advice: [advice], facts: { reason } };
    }
    const { instructionSets, hasOpenMp: openMp } = loaded.addon;
    const cores = availableCores();
    const threads = openMp ? `OpenMP, ${pluralText(cores, 'core')}` : 'without OpenMP: one thread';
    return {
      lines: [`${instructionSets.join(', ')}; ${threads}`],
      advice: [],
      facts: { instructionSets, openMp, cores },
    };
  },
} as const satisfies BackendEntry;
