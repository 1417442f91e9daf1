/** WebAssembly in the registry of Node. */
import type { BackendDescription, BackendEntry, Device, Opened, Unavailable } from '../backend.js';
import { Host } from '../host.js';
import type { WasmModule } from './kernel.js';
import { compileModule, compileModuleSync } from './open.js';
import { type Surroundings, WasmBackend } from './wasm-backend.js';

/** What WebAssembly offers on this machine, or why it does not run. */
export type WasmFacts =
  | {
      /** Bits of a vector. */
      readonly simdBits: number;
    }
  | {
      /** Why it does not run, a clause for people. */
      readonly reason: string;
    };

const NODE: Surroundings = {
  letOthersRun: () => new Promise((resolve) => setImmediate(resolve)),
};

/** One host for this thread. */
let shared: { readonly transformer: Host } | undefined;

function openWith(module: WasmModule | Unavailable): Opened {
  if ('reason' in module) return module;
  shared ??= { transformer: new Host(new WasmBackend(module, NODE)) };
  return shared;
}

export const wasmEntry = {
  name: 'wasm',
  title: 'WebAssembly kernel',
  isOracle: false,
  open: async () => openWith(await compileModule()),
  openSync: () => openWith(compileModuleSync()),

  async openDevices(): Promise<readonly Device[]> {
    const module = await compileModule();
    if ('reason' in module) return [{ name: 'wasm', facts: [], missing: module.reason }];
    return [{ name: 'wasm', facts: [], transformer: new Host(new WasmBackend(module, NODE)), hasThreads: false }];
  },

  async describe(): Promise<BackendDescription<WasmFacts>> {
    const module = await compileModule();
    if ('reason' in module) return { lines: [`none: ${module.reason}`], advice: [], facts: { reason: module.reason } };
    return { lines: ['SIMD of 128 bits; one thread'], advice: [], facts: { simdBits: 128 } };
  },
} as const satisfies BackendEntry;
