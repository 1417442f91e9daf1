/** Chooses among gpu, cpu and reference and says why. The only file that knows all three. */
import { isMainThread } from 'node:worker_threads';
import type { Backend, BackendName, Run } from './backend.js';
import { BUILD_ADVICE } from './cpu/build-advice.js';
import { createCpuBackend } from './cpu/cpu-backend.js';
import { NeighborProductError } from './errors.js';
import { GpuFault } from './gpu/gpu-fault.js';
import type { OpenedGpu } from './gpu/open-gpu.js';
import { checkStillThere, type Raster } from './image.js';
import type { BackendChoice, Job } from './options.js';
import { referenceBackend } from './reference.js';
import { resume } from './resume.js';
import { withSpan } from './span.js';

/** A run, by which backend, and why it was that one: a clause for people. */
export interface SelectedRun extends Run {
  readonly backend: BackendName;
  readonly reason: string;
  /** What failed on the way, where another backend had to finish. */
  readonly fault?: string;
}

export interface Selection {
  readonly backend: Backend;
  /** Why this one, a clause for people. */
  readonly reason: string;
}

/** Opens a GPU; what tests put in place of {@link openNodeGpu}. */
export type GpuOpener = (options: { readonly acceptSoftware: boolean }) => Promise<OpenedGpu>;

/** Runs jobs on the backend each asks for, and keeps the GPU devices that it opened for the next job. */
export class Selector {
  readonly #openGpu: GpuOpener;
  /** By whether a software adapter will do. */
  readonly #opened = new Map<boolean, Promise<OpenedGpu>>();
  /** A device may come back after a reset of its driver; one that fails again and again is left alone. */
  #faultsLeft = 3;

  constructor(openGpu: GpuOpener = openNodeGpu) {
    this.#openGpu = openGpu;
  }

  /**
   * The backend for a choice: the best there is for `auto`, that very one for any other.
   *
   * @throws NeighborProductError with code `BACKEND_UNAVAILABLE`, with what was tried and what to do
   */
  async select(choice: BackendChoice): Promise<Selection> {
    if (choice === 'cpu' || choice === 'reference') return selectWithoutGpu(choice);
    const gpu = await this.#selectGpu(choice);
    if ('backend' in gpu) {
      return { backend: gpu.backend, reason: choice === 'gpu' ? 'asked for' : 'a hardware GPU answers' };
    }
    if (choice === 'gpu') throw unavailable(gpu.reason);
    return selectWithoutGpu('auto', `no GPU: ${gpu.reason}`);
  }

  /**
   * Runs a job on the backend it asks for; under `auto`, if the GPU fails on the way, on the CPU from the last finished
   * row on.
   *
   * @throws as {@link select} and `Backend.transform`
   */
  async run(input: Raster, output: Raster, job: Job): Promise<SelectedRun> {
    const { backend, reason } = await withSpan(job.onSpan, 'choose the backend', () => this.select(job.backend));
    checkStillThere(input, output);
    try {
      return { ...(await backend.transform(input, output, job)), backend: backend.name, reason };
    } catch (error) {
      if (!(error instanceof GpuFault)) throw error;
      if (error.blamesDevice) {
        this.#faultsLeft -= 1;
        this.#forget(backend);
        backend.dispose();
      }
      if (job.backend === 'gpu') throw error;
      return finishWithoutGpu(error, output, job);
    }
  }

  /** Frees the GPU's devices. The next job that wants one opens it again. */
  async dispose(): Promise<void> {
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    for (const gpu of await Promise.all(opened)) if ('backend' in gpu) gpu.backend.dispose();
  }

  /**
   * Hardware first; software only where a GPU is asked for by name, as is a GPU in a worker thread: terminating the
   * thread while Dawn works in it aborts the whole process.
   */
  async #selectGpu(choice: 'auto' | 'gpu'): Promise<OpenedGpu> {
    if (choice === 'auto' && !isMainThread) return { reason: 'auto leaves it alone in worker threads' };
    if (choice === 'auto' && this.#faultsLeft <= 0) return { reason: 'it failed too often in this process' };
    const hardware = await this.#open(false);
    return 'backend' in hardware || choice === 'auto' ? hardware : this.#open(true);
  }

  #open(acceptSoftware: boolean): Promise<OpenedGpu> {
    const known = this.#opened.get(acceptSoftware);
    if (known) return known;
    const opened = this.#openGpu({ acceptSoftware });
    this.#opened.set(acceptSoftware, opened);
    opened.then((gpu) => {
      if ('backend' in gpu) gpu.backend.lost.then(() => this.#forget(gpu.backend));
    });
    return opened;
  }

  #forget(backend: Backend): void {
    for (const [key, opened] of this.#opened) {
      opened.then((gpu) => {
        if ('backend' in gpu && gpu.backend === backend && this.#opened.get(key) === opened) this.#opened.delete(key);
      });
    }
  }
}

/**
 * The backend for a choice among those that can run on the calling thread.
 *
 * @param because why `auto` does not look for a GPU, or found none
 * @throws NeighborProductError with code `BACKEND_UNAVAILABLE`
 */
export function selectWithoutGpu(choice: BackendChoice, because = 'it can run synchronously'): Selection {
  if (choice === 'gpu') throw unavailable('it cannot run synchronously; call transform instead of transformSync');
  if (choice === 'reference') return { backend: referenceBackend, reason: 'asked for' };
  const cpu = createCpuBackend();
  if ('backend' in cpu) return { backend: cpu.backend, reason: choice === 'cpu' ? 'asked for' : because };
  if (choice === 'auto') return { backend: referenceBackend, reason: `${because}; no CPU addon: ${cpu.reason}` };
  throw new NeighborProductError(
    'BACKEND_UNAVAILABLE',
    `Expected the CPU addon, but it did not load: ${cpu.reason}. ${BUILD_ADVICE} Or use reference.`,
  );
}

async function finishWithoutGpu(fault: GpuFault, output: Raster, job: Job): Promise<SelectedRun> {
  const { backend } = selectWithoutGpu('auto');
  const run = await resume(backend, fault.progress, output, job);
  const reason = `the GPU failed after ${fault.progress.rowsDone} of ${output.height} rows, the rest is the ${backend.name} backend's`;
  return {
    ...run,
    pixelsRedone: run.pixelsRedone + fault.progress.pixelsRedone,
    backend: backend.name,
    reason,
    fault: fault.account,
  };
}

/** Dawn is loaded by those who want a GPU only. */
async function openNodeGpu(options: { readonly acceptSoftware: boolean }): Promise<OpenedGpu> {
  const { openGpu } = await import('./gpu/node-gpu.js');
  return openGpu(options);
}

function unavailable(reason: string): NeighborProductError {
  const message = `Expected a GPU, but there is none to use: ${reason}. neighbor-product devices says what is missing; auto and cpu do without.`;
  return new NeighborProductError('BACKEND_UNAVAILABLE', message);
}
