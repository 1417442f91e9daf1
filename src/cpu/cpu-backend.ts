import type { Backend, Run } from '../backend.js';
import { NeighborProductError } from '../errors.js';
import { checkStillThere, type Raster } from '../image.js';
import { JobQueue } from '../job-queue.js';
import { ALPHA_MODES, BORDER_MODES, type Job } from '../options.js';
import { rowsText, type Span } from '../span.js';
import { type Addon, type Chunk, loadAddon, type NativeJob, type Outcome } from './addon.js';

/** What tests may choose; by default the addon that {@link loadAddon} finds and the fastest instruction set. */
export interface CpuBackendOptions {
  readonly addon?: Addon;
  readonly variant?: string;
}

/** The CPU backend on the OpenMP addon, or the reason why there is none. */
export function createCpuBackend(options: CpuBackendOptions = {}): { backend: Backend } | { reason: string } {
  const loaded = options.addon ? { addon: options.addon } : loadAddon();
  if ('reason' in loaded) return loaded;
  return { backend: new CpuBackend(loaded.addon, options.variant ?? loaded.addon.variants[0]) };
}

/**
 * The addon computes one transform at a time, since each uses all cores. Waiting here, not in libuv's few threads,
 * leaves those to the rest of the process.
 */
const queue = new JobQueue();

class CpuBackend implements Backend {
  readonly name = 'cpu';
  readonly #addon: Addon;
  readonly #variant: string;

  constructor(addon: Addon, variant: string) {
    this.#addon = addon;
    this.#variant = variant;
  }

  transform(input: Raster, output: Raster, job: Job): Promise<Run> {
    return queue.run(() => this.#runAsync(input, output, job), job.signal);
  }

  transformSync(input: Raster, output: Raster, job: Job): Run {
    const nativeJob = this.#nativeJob(input, output, job);
    const startMs = performance.now();
    try {
      return this.#report(this.#addon.transformSync(nativeJob), startMs, job);
    } catch (error) {
      throw failed(error);
    }
  }

  dispose(): void {}

  async #runAsync(input: Raster, output: Raster, job: Job): Promise<Run> {
    job.signal?.throwIfAborted(); // since the wait for its turn ended; an aborted signal has no more events
    const nativeJob = this.#nativeJob(input, output, job);
    const cancel = () => {
      nativeJob.cancelled[0] = 1;
    };
    job.signal?.addEventListener('abort', cancel);
    const startMs = performance.now();
    try {
      const outcome = await this.#addon.transform(nativeJob).catch((error) => {
        throw failed(error);
      });
      job.signal?.throwIfAborted(); // also where the work had ended by then
      return this.#report(outcome, startMs, job);
    } finally {
      job.signal?.removeEventListener('abort', cancel);
    }
  }

  #nativeJob(input: Raster, output: Raster, job: Job): NativeJob {
    checkStillThere(input, output);
    return {
      input: input.data,
      output: output.data,
      width: input.width,
      height: input.height,
      channels: input.channels,
      inputRowBytes: input.rowBytes,
      outputRowBytes: output.rowBytes,
      alpha: ALPHA_MODES.indexOf(job.alpha),
      border: BORDER_MODES.indexOf(job.border),
      passes: job.passes,
      threads: job.threads ?? 0,
      variant: this.#variant,
      cancelled: new Uint8Array(1),
      isTimed: job.onSpan !== undefined,
    };
  }

  #report({ threads, pixelsRedone, chunks = [] }: Outcome, startMs: number, { onSpan }: Job): Run {
    for (const chunk of chunks) onSpan?.(spanOf(chunk, startMs));
    const without = this.#addon.hasOpenMp ? '' : ', built without OpenMP';
    return { device: `${this.#variant}, ${threads} thread${threads === 1 ? '' : 's'}${without}`, pixelsRedone };
  }
}

function spanOf({ pass, thread, firstRow, endRow, ...chunk }: Chunk, jobStartMs: number): Span {
  return {
    name: `pass ${pass + 1}`,
    lane: `CPU thread ${thread + 1}`,
    startMs: jobStartMs + chunk.startMs,
    endMs: jobStartMs + chunk.endMs,
    details: { rows: rowsText(firstRow, endRow) },
  };
}

function failed(cause: unknown): NeighborProductError {
  const message = `Expected the CPU addon to finish, but it failed: ${(cause as Error).message}. Free some memory, or use --backend reference.`;
  return new NeighborProductError('BACKEND_FAILED', message, { cause });
}
