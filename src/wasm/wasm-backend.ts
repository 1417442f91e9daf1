/** The WebAssembly backend: strips in pieces on the calling thread, which gets a turn for other things in between. */
import { type Backend, BackendFault, type Computed, type Strip } from '../backend.js';
import { ALPHA_MODES, type RunOptions } from '../options.js';
import { MAIN_TRACK, rowsText } from '../span.js';
import { Kernel, type KernelJob, type WasmModule } from './kernel.js';

/** What a backend needs of the place that it runs in. */
export interface Surroundings {
  /** Resolves once events that wait were handled. */
  letOthersRun(): Promise<void>;
}

/** How long the calling thread is held at a time, in milliseconds. A page draws every 16. */
const HOLD_MS = 8;

/** Computes strips with the kernel as WebAssembly. */
export class WasmBackend implements Backend {
  readonly stripsAtOnce = 1;
  readonly residentPixels = 0;
  readonly #kernel: Kernel;
  readonly #surroundings: Surroundings;

  constructor(module: WasmModule, surroundings: Surroundings) {
    this.#kernel = new Kernel(module);
    this.#surroundings = surroundings;
  }

  maxRows(): number {
    return Number.POSITIVE_INFINITY;
  }

  async compute(strip: Strip, run: RunOptions): Promise<Computed> {
    run.signal?.throwIfAborted();
    const startMs = performance.now();
    let heldMs = startMs;
    let exactPixels = 0;
    for (const exact of this.#pieces(strip)) {
      exactPixels += exact;
      if (performance.now() - heldMs < HOLD_MS) continue;
      await this.#surroundings.letOthersRun();
      run.signal?.throwIfAborted();
      heldMs = performance.now();
    }
    return this.#report(strip, exactPixels, startMs, run);
  }

  computeSync(strip: Strip, run: RunOptions): Computed {
    const startMs = performance.now();
    let exactPixels = 0;
    for (const exact of this.#pieces(strip)) exactPixels += exact;
    return this.#report(strip, exactPixels, startMs, run);
  }

  dispose(): void {}

  *#pieces({ input, region, output, alpha }: Strip): Generator<number, void, void> {
    const job: KernelJob = { input, region, output, alpha: ALPHA_MODES.indexOf(alpha) };
    try {
      yield* this.#kernel.pieces(job);
    } catch (cause) {
      throw new BackendFault('WebAssembly failed', (cause as Error).message, { cause });
    }
  }

  #report({ region }: Strip, exactPixels: number, startMs: number, { onSpan }: RunOptions): Computed {
    const details = { rows: rowsText(region.first.y, region.end.y) };
    onSpan?.({ name: 'compute', track: MAIN_TRACK, startMs, endMs: performance.now(), details });
    return { device: 'SIMD of 128 bits, 1 thread', exactPixels };
  }
}
