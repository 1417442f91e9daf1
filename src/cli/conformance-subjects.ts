/** What the suite is run on, on this machine: every instruction set, one and many threads, every adapter asked for. */
import { createHash } from 'node:crypto';
import { availableParallelism, cpus, release, type, version } from 'node:os';
import type { Fact } from '../conformance/run-conformance.js';
import type { Subject } from '../conformance/tally.js';
import { loadAddon } from '../cpu/addon.js';
import { createCpuBackend } from '../cpu/cpu-backend.js';
import { adapterText } from '../gpu/adapters.js';
import { openGpus, readShaders } from '../gpu/node-gpu.js';
import type { OpenedGpu } from '../gpu/open-gpu.js';
import type { ConformanceBackends } from './conformance-backends.js';

/** Subjects, and the facts about them that a report needs; `close` frees the GPU. */
export interface Bench {
  readonly subjects: readonly Subject[];
  readonly facts: readonly Fact[];
  readonly close: () => void;
}

/** Never throws: a backend that was asked for and is not there is a subject that is missing. */
export async function openSubjects(backends: ConformanceBackends, packageVersion: string): Promise<Bench> {
  const gpus = backends === 'cpu' ? [] : await openGpus();
  return {
    subjects: [...(backends === 'gpu' ? [] : listCpuSubjects()), ...gpus.map(gpuSubject)],
    facts: [
      ...machineFacts(packageVersion),
      ...gpus.flatMap(adapterFacts),
      ...(gpus.length > 0 ? [await shaderFact()] : []),
    ],
    close: () => {
      for (const gpu of gpus) if ('backend' in gpu) gpu.backend.dispose();
    },
  };
}

function listCpuSubjects(): Subject[] {
  const loaded = loadAddon();
  if ('reason' in loaded) return [{ name: 'cpu', missing: loaded.reason }];
  const { addon } = loaded;
  // Where there is one core, two threads still cut the work differently.
  const threadCounts = addon.hasOpenMp ? [1, Math.max(2, availableParallelism())] : [1];
  return addon.variants.flatMap((variant) => {
    const created = createCpuBackend({ addon, variant });
    return threadCounts.map((threads) => {
      const name = `cpu ${variant}, ${threads} thread${threads === 1 ? '' : 's'}`;
      return 'backend' in created ? { name, backend: created.backend, threads } : { name, missing: created.reason };
    });
  });
}

function gpuSubject(gpu: OpenedGpu, index: number, { length }: readonly OpenedGpu[]): Subject {
  const name = length === 1 ? 'gpu' : `gpu ${index + 1}`;
  if ('reason' in gpu) return { name, missing: `${gpu.reason}; neighbor-product devices says what to do` };
  return { name, backend: gpu.backend };
}

function machineFacts(packageVersion: string): Fact[] {
  return [
    { name: 'neighbor-product', value: packageVersion },
    { name: 'Processor', value: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores` },
    { name: 'System', value: `${type()} ${release()} ${process.arch}, ${version()}` },
    { name: 'Node', value: process.version },
  ];
}

function adapterFacts({ adapter }: OpenedGpu): Fact[] {
  if (adapter === undefined) return [];
  const { vendor, architecture, device } = adapter;
  return [
    { name: 'Adapter', value: adapterText(adapter) },
    { name: 'Adapter details', value: [vendor, architecture, device].filter(Boolean).join(', ') },
  ];
}

async function shaderFact(): Promise<Fact> {
  const hash = createHash('sha256');
  for (const source of Object.values(await readShaders())) hash.update(source);
  return { name: 'Shaders, SHA-256', value: hash.digest('hex') };
}
