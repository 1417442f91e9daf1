/**
 * The WebAssembly backend. One thread is the calling one, which gets a turn for other things every few milliseconds; several
 * are workers, to which pieces of the image are handed.
 */
import { type Backend, BackendFault, type Computed, type Strip } from '../backend.js';
import { ALPHA_MODES, type RunOptions } from '../options.js';
import { countPixels, isEmpty } from '../regions.js';
import { MAIN_TRACK, rowsText } from '../span.js';
import { Kernel, makeMemory, type WasmModule } from './kernel.js';
import { memoryPages } from './kernel-code.js';
import { SharedWork } from './shared-work.js';
import { type StartWorker, Team } from './team.js';

/** What a backend needs of the place that it runs in. */
export interface Surroundings {
  /** How many threads run at once. */
  countCores(): number;
  readonly startWorker: StartWorker;
  /** Whether workers may share memory with the thread that starts them. */
  readonly sharesMemory: boolean;
  /** Resolves once events that wait were handled. */
  letOthersRun(): Promise<void>;
}

/** How long the calling thread is held at a time, in milliseconds. A page draws every 16. */
const HOLD_MS = 8;

/** Pixels per thread: fewer take less than two milliseconds, and starting a worker takes 30, if only once. */
const PIXELS_WORTH_A_THREAD = 2 ** 19;

/** Computes strips with the kernel as WebAssembly. */
export class WasmBackend implements Backend {
  readonly stripsAtOnce = 1;
  readonly residentPixels = 0;
  readonly #kernel: Kernel;
  readonly #team: Team;
  readonly #sharedWork = new SharedWork();
  readonly #surroundings: Surroundings;

  constructor(module: WasmModule, surroundings: Surroundings) {
    this.#kernel = new Kernel(module, makeMemory(memoryPages, false));
    const { startWorker, sharesMemory } = surroundings;
    this.#team = new Team({ startWorker, module, layout: this.#kernel.layout, sharesMemory });
    this.#surroundings = surroundings;
  }

  maxRows(): number {
    return Number.POSITIVE_INFINITY;
  }

  async compute(strip: Strip, run: RunOptions): Promise<Computed> {
    run.signal?.throwIfAborted();
    if (isEmpty(strip.region)) return { device: deviceText(1), exactPixels: 0 };
    const wanted = run.threads ?? defaultThreads(countPixels(strip.region), this.#surroundings.countCores());
    const members = wanted > 1 ? await this.#team.members(wanted) : [];
    const exactPixels = await (members.length > 0
      ? this.#sharedWork.compute(strip, members, run)
      : this.#computeHere(strip, run));
    const threads = Math.max(1, members.length);
    const missing = threads < wanted ? `; ${wanted} were wanted, but ${this.#team.refusal}` : '';
    return { device: `${deviceText(threads)}${missing}`, exactPixels };
  }

  computeSync(strip: Strip, { onSpan }: RunOptions): Computed {
    const startMs = performance.now();
    let exactPixels = 0;
    for (const exact of this.#pieces(strip)) exactPixels += exact;
    onSpan?.({ name: 'compute', track: MAIN_TRACK, startMs, endMs: performance.now(), details: detailsOf(strip) });
    return { device: deviceText(1), exactPixels };
  }

  dispose(): void {
    this.#team.end();
  }

  async #computeHere(strip: Strip, { signal, onSpan }: RunOptions): Promise<number> {
    const startMs = performance.now();
    let heldMs = startMs;
    let exactPixels = 0;
    for (const exact of this.#pieces(strip)) {
      exactPixels += exact;
      if (performance.now() - heldMs < HOLD_MS) continue;
      await this.#surroundings.letOthersRun();
      signal?.throwIfAborted();
      heldMs = performance.now();
    }
    onSpan?.({ name: 'compute', track: MAIN_TRACK, startMs, endMs: performance.now(), details: detailsOf(strip) });
    return exactPixels;
  }

  *#pieces({ input, region, output, alpha }: Strip): Generator<number, void, void> {
    try {
      yield* this.#kernel.pieces({ input, region, output, alpha: ALPHA_MODES.indexOf(alpha) });
    } catch (cause) {
      throw new BackendFault('The WebAssembly kernel failed', (cause as Error).message, { cause });
    }
  }
}

function deviceText(threads: number): string {
  return `SIMD of 128 bits, ${threads} thread${threads === 1 ? '' : 's'}`;
}

function detailsOf({ region }: Strip) {
  return { rows: rowsText(region.first.y, region.end.y) };
}

/** The number of threads for as many pixels where the caller names none. */
export function defaultThreads(pixels: number, cores: number): number {
  return Math.max(1, Math.min(cores, Math.floor(pixels / PIXELS_WORTH_A_THREAD)));
}
