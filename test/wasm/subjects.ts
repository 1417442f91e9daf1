/** The WebAssembly backend as the registry opens it, and with surroundings of a test's own. */
import { Host } from '../../src/host.js';
import type { WasmModule } from '../../src/wasm/kernel.js';
import { compileModule } from '../../src/wasm/open.js';
import type { StartWorker } from '../../src/wasm/team.js';
import { WasmBackend } from '../../src/wasm/wasm-backend.js';
import { wasmEntry } from '../../src/wasm/wasm-entry.js';

const [device] = await wasmEntry.openDevices();
if (!('transformer' in device)) throw new Error(`Expected WebAssembly to run, but ${device.missing}.`);

/** With workers of Node. */
export const wasmHost: Host = device.transformer as Host;

export const wasmModule = (await compileModule()) as WasmModule;

/** @param letOthersRun is called between pieces on the calling thread */
export function hostWith(startWorker: StartWorker, letOthersRun = async () => {}): Host {
  return new Host(new WasmBackend(wasmModule, { countCores: () => 4, startWorker, letOthersRun }));
}
