/** The WebAssembly backend as the registry opens it, and with surroundings of a test's own. */
import { Host } from '../../src/host.js';
import type { WasmModule } from '../../src/wasm/kernel.js';
import { compileModule } from '../../src/wasm/open.js';
import type { StartWorker } from '../../src/wasm/team.js';
import { type Surroundings, WasmBackend } from '../../src/wasm/wasm-backend.js';
import { startWorker, wasmEntry } from '../../src/wasm/wasm-entry.js';

const [device] = await wasmEntry.openDevices();
if (!('transformer' in device)) throw new Error(`Expected WebAssembly to run, but ${device.missing}.`);

/** With workers of Node. */
export const wasmHost: Host = device.transformer as Host;

export const wasmModule = (await compileModule()) as WasmModule;

export function hostWith(startWorker: StartWorker, others: Partial<Surroundings> = {}): Host {
  const surroundings = {
    countCores: () => 4,
    sharesMemory: false,
    letOthersRun: async () => {},
    startWorker,
    ...others,
  };
  return new Host(new WasmBackend(wasmModule, surroundings));
}

/** With workers of Node whose memory is their own, as in a page that is not isolated. */
export const transferringHost = hostWith(startWorker);
