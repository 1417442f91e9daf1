/** WebAssembly in the registry of Node. */
import { Worker } from 'node:worker_threads';
import type { BackendDescription, BackendEntry, Device, Opened, Unavailable, Work } from '../backend.js';
import { availableCores } from '../cores.js';
import { Host } from '../host.js';
import type { WasmModule } from './kernel.js';
import { workerCode } from './kernel-code.js';
import { compileModule, compileModuleSync } from './open.js';
import type { WorkerListener, WorkerThread } from './team.js';
import { defaultThreads, type Surroundings, WasmBackend } from './wasm-backend.js';

/** What WebAssembly offers on this machine, or why it does not run. */
export type WasmFacts =
  | {
      /** Bits of a vector. */
      readonly simdBits: number;
      /** Cores that this process may use. */
      readonly cores: number;
    }
  | {
      /** Why it does not run, a clause for people. */
      readonly reason: string;
    };

/** A worker of Node. */
export function startWorker({ message, failure }: WorkerListener): WorkerThread {
  const code = `const port = require('node:worker_threads').parentPort;\n${workerCode}`;
  const worker = new Worker(code, { eval: true, execArgv: [], name: 'neighbor-product' });
  worker.on('message', message);
  worker.on('error', (error) => failure(error.message));
  worker.on('exit', () => failure('the worker ended'));
  return {
    postMessage: (data, transfer) => worker.postMessage(data, transfer),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}

const NODE: Surroundings = {
  countCores: availableCores,
  startWorker,
  sharesMemory: true,
  letOthersRun: () => new Promise((resolve) => setImmediate(resolve)),
};

/** One host for this thread. */
let shared: { readonly transformer: Host } | undefined;

function openWith(module: WasmModule | Unavailable): Opened {
  if ('reason' in module) return module;
  shared ??= { transformer: new Host(new WasmBackend(module, NODE)) };
  return shared;
}

/** Of one thread on a photograph. */
const NS_PER_PIXEL = 4;

export const wasmEntry = {
  name: 'wasm',
  title: 'WebAssembly kernel',
  isOracle: false,
  open: async () => openWith(await compileModule()),
  openSync: () => openWith(compileModuleSync()),

  estimateMs({ pixels, passes, threads }: Work): number {
    const cores = availableCores();
    return (pixels * passes * NS_PER_PIXEL) / Math.min(threads ?? defaultThreads(pixels, cores), cores) / 1e6;
  },

  async openDevices(): Promise<readonly Device[]> {
    const module = await compileModule();
    if ('reason' in module) return [{ name: 'wasm', facts: [], missing: module.reason }];
    return [{ name: 'wasm', facts: [], transformer: new Host(new WasmBackend(module, NODE)), hasThreads: true }];
  },

  async describe(): Promise<BackendDescription<WasmFacts>> {
    const module = await compileModule();
    if ('reason' in module) return { lines: [`none: ${module.reason}`], advice: [], facts: { reason: module.reason } };
    const cores = availableCores();
    const threads = `${cores} ${cores === 1 ? 'thread' : 'threads'}`;
    return { lines: [`SIMD of 128 bits; ${threads}`], advice: [], facts: { simdBits: 128, cores } };
  },
} as const satisfies BackendEntry;
