/** Everything of this project that is measured, and what it is measured against. */
import type { Backend } from '../backend.js';
import { loadAddon } from '../cpu/addon.js';
import { NeighborProductError } from '../errors.js';
import type { GpuBackend } from '../gpu/gpu-backend.js';
import type { Raster } from '../image.js';
import { type Candidate, isProduct } from './candidate.js';
import type { BenchBackends } from './choices.js';
import { startCold } from './cold-start.js';
import { sharedCopy, singleCopy } from './copy.js';
import { measureDevice } from './device-times.js';
import { type BackendSpec, openBackend, runBackend } from './open-backend.js';
import { plainLoop } from './plain-loop.js';
import type { MissingProgram } from './result.js';

export interface CandidateOptions {
  readonly backend: BenchBackends;
  /** Every instruction set of this CPU and not the fastest alone. */
  readonly everyInstructionSet: boolean;
  /** Thread counts of the CPU backend and of the copy. */
  readonly threadCounts: readonly number[];
}

export interface Candidates {
  readonly candidates: readonly Candidate[];
  readonly missing: readonly MissingProgram[];
}

/**
 * @param byteLength of the image that will be copied
 * @throws NeighborProductError with code `BACKEND_UNAVAILABLE` where a backend was asked for by name and is not there
 */
export async function openCandidates(options: CandidateOptions, byteLength: number): Promise<Candidates> {
  const candidates: Candidate[] = [plainJavaScript()];
  const missing: MissingProgram[] = [];
  for (const spec of listSpecs(options)) {
    const opened = await openBackend(spec);
    if ('reason' in opened && options.backend !== 'all') throw unavailable(spec.backend, opened.reason);
    if ('reason' in opened) missing.push({ program: `neighbor-product ${spec.backend}`, reason: opened.reason });
    else candidates.push(backendCandidate(spec, opened.backend));
  }
  const copies = options.threadCounts.map((threads) =>
    threads === 1 ? singleCopy() : sharedCopy(byteLength, threads),
  );
  return { candidates: [...(await Promise.all(copies)), ...candidates], missing };
}

function listSpecs({ backend, everyInstructionSet, threadCounts }: CandidateOptions): BackendSpec[] {
  const wants = (name: BackendSpec['backend']) => backend === 'all' || backend === name;
  return [
    ...(wants('cpu') ? cpuSpecs(everyInstructionSet, threadCounts) : []),
    ...(wants('gpu') ? [{ backend: 'gpu', acceptSoftware: backend === 'gpu' } as const] : []),
    ...(wants('reference') ? [{ backend: 'reference' } as const] : []),
  ];
}

function cpuSpecs(everyInstructionSet: boolean, threadCounts: readonly number[]): BackendSpec[] {
  const loaded = loadAddon();
  if ('reason' in loaded) return [{ backend: 'cpu' }];
  const { variants, hasOpenMp } = loaded.addon;
  const counts = hasOpenMp ? threadCounts : threadCounts.filter((threads) => threads === 1);
  const instructionSets = everyInstructionSet ? variants : variants.slice(0, 1);
  return instructionSets.flatMap((instructionSet) =>
    counts.map((threads) => ({ backend: 'cpu', instructionSet, threads }) as const),
  );
}

function backendCandidate(spec: BackendSpec, backend: Backend): Candidate {
  const threads = spec.backend === 'reference' ? 1 : spec.threads;
  return {
    program: ['neighbor-product', spec.backend, spec.instructionSet].filter(Boolean).join(' '),
    role: 'ours',
    ...(threads !== undefined && { threads }),
    run: (input, output) => runBackend(backend, spec, input, output),
    isRight: isProduct,
    startCold: (input) => startCold(spec, input),
    ...(isGpu(backend) && { measureDevice: (input: Raster, output: Raster) => measureDevice(backend, input, output) }),
    close: () => backend.dispose(),
  };
}

/** By its name: loading the class would load the host of a GPU for those who measure a CPU. */
function isGpu(backend: Backend): backend is GpuBackend {
  return backend.name === 'gpu';
}

function unavailable(backend: string, reason: string): NeighborProductError {
  const message = `Expected the backend ${backend}, but there is none to measure: ${reason}. neighbor-product devices says what is missing.`;
  return new NeighborProductError('BACKEND_UNAVAILABLE', message);
}

/** What anyone would write first, in the language at hand. */
export function plainJavaScript(): Candidate {
  return {
    program: 'JavaScript double loop',
    role: 'peer',
    threads: 1,
    run: (input, output) => {
      plainLoop(input, output);
      return undefined;
    },
    isRight: isProduct,
    close: () => {},
  };
}
