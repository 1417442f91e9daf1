/** WebAssembly in the choice of backends of a page. */
import type { BackendEntry, Opened } from '../backend.js';
import { Host } from '../host.js';
import { compileModule } from './open.js';
import { type Surroundings, WasmBackend } from './wasm-backend.js';

const PAGE: Surroundings = {
  // Timers wait 4 ms where one starts another.
  letOthersRun: () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      // A page's, which has this property where Node's has a method.
      (port1 as { onmessage?: () => void }).onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }),
};

let shared: { readonly transformer: Host } | undefined;

async function open(): Promise<Opened> {
  const module = await compileModule();
  if ('reason' in module) return module as Opened;
  shared ??= { transformer: new Host(new WasmBackend(module, PAGE)) };
  return shared;
}

export const pageWasmEntry = { name: 'wasm', title: 'WebAssembly kernel', open } as const satisfies Pick<
  BackendEntry,
  'name' | 'title' | 'open'
>;
