/** A backend by what it is asked to be; loads nothing but that one. */
import type { Backend, Run } from '../backend.js';
import type { Raster } from '../image.js';
import { DEFAULT_OPERATION, type Job } from '../options.js';

/** Survives being sent to another process. */
export interface BackendSpec {
  readonly backend: 'cpu' | 'gpu' | 'reference';
  /** Of the CPU; the fastest where absent. */
  readonly instructionSet?: string;
  /** Of the CPU; it decides where absent. */
  readonly threads?: number;
  /** Whether a software adapter will do. */
  readonly acceptSoftware?: boolean;
}

export async function openBackend(spec: BackendSpec): Promise<{ backend: Backend } | { reason: string }> {
  if (spec.backend === 'reference') return { backend: (await import('../reference.js')).referenceBackend };
  if (spec.backend === 'gpu') {
    const { openGpu } = await import('../gpu/node-gpu.js');
    return openGpu({ acceptSoftware: spec.acceptSoftware ?? false });
  }
  const { createCpuBackend } = await import('../cpu/cpu-backend.js');
  return createCpuBackend(spec.instructionSet === undefined ? {} : { variant: spec.instructionSet });
}

/** Synchronously where the backend can: one thread then is one thread. */
export function runBackend(
  backend: Backend,
  { threads }: BackendSpec,
  input: Raster,
  output: Raster,
): Run | Promise<Run> {
  const job: Job = {
    ...DEFAULT_OPERATION,
    backend: backend.name,
    threads,
    output,
    signal: undefined,
    onSpan: undefined,
  };
  return backend.transformSync ? backend.transformSync(input, output, job) : backend.transform(input, output, job);
}
