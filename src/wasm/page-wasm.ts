/** WebAssembly in the choice of backends of a page. */
import type { BackendEntry, Device, Opened, Unavailable } from '../backend.js';
import { Host } from '../host.js';
import { workerCode } from './kernel-code.js';
import { compileModule } from './open.js';
import type { WorkerListener, WorkerThread } from './team.js';
import { type Surroundings, WasmBackend } from './wasm-backend.js';

/** What is used of a page's workers, which the declarations of Node and of the language lack. */
interface PageWorker {
  onmessage: (event: { readonly data: never }) => void;
  onerror: (event: { readonly message?: string; preventDefault(): void }) => void;
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  terminate(): void;
}

const { Worker, navigator, crossOriginIsolated } = globalThis as unknown as {
  readonly Worker?: new (url: string, options: { readonly name: string }) => PageWorker;
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly crossOriginIsolated?: boolean;
};

/** From a text of its own, so that no bundler has to find a file. */
function startWorker({ message, failure }: WorkerListener): WorkerThread {
  if (Worker === undefined) throw new Error('there are no workers here');
  const text = new Blob([`const port = self;\n${workerCode}`], { type: 'text/javascript' });
  const url = URL.createObjectURL(text);
  const worker = new Worker(url, { name: 'neighbor-product' });
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url);
    message(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    // Of a worker that may not be started, nothing is said.
    failure(event.message ?? "the page starts no worker: a content security policy needs 'worker-src blob:'");
  };
  return worker;
}

const PAGE: Surroundings = {
  countCores: () => navigator?.hardwareConcurrency ?? 1,
  startWorker,
  sharesMemory: crossOriginIsolated === true,
  // Timers wait 4 ms where one starts another.
  letOthersRun: () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      // A page's, which has this property where Node's has a method.
      (port1 as unknown as { onmessage?: () => void }).onmessage = () => {
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

async function openDevices(): Promise<readonly Device[]> {
  const module = await compileModule();
  if (!('reason' in module)) {
    return [{ name: 'wasm', facts: [], transformer: new Host(new WasmBackend(module, PAGE)), hasThreads: true }];
  }
  const { reason, advice } = module as Unavailable;
  return [{ name: 'wasm', facts: [], missing: advice === undefined ? reason : `${reason}. ${advice}` }];
}

export const pageWasmEntry = {
  name: 'wasm',
  title: 'WebAssembly kernel',
  isOracle: false,
  open,
  openDevices,
} as const satisfies Pick<BackendEntry, 'name' | 'title' | 'isOracle' | 'open' | 'openDevices'>;
