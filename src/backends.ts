/** The registry of backends. Adding a backend is its folder and a line here. */
import type { BackendEntry } from './backend.js';
import { cpuEntry } from './cpu/cpu-backend.js';
import { warnOfFallback } from './fallback-warning.js';
import { gpuEntry } from './gpu/gpu-entry.js';
import { referenceEntry } from './reference.js';
import { AUTO, type Choice } from './selector.js';
import { wasmEntry } from './wasm/wasm-entry.js';

const ENTRIES = [
  gpuEntry,
  cpuEntry,
  {
    ...wasmEntry,
    ranInstead: 'WebAssembly ran, two to three times slower than the CPU addon',
    onFallback: warnOfFallback('WebAssembly runs, two to three times slower than the CPU addon'),
  },
  {
    ...referenceEntry,
    ranInstead: 'The slow reference ran',
    onFallback: warnOfFallback('The reference runs, about a hundred times slower'),
  },
] as const;

/**
 * The name of a backend.
 *
 * @useDeclaredType
 */
export type BackendName = (typeof ENTRIES)[number]['name'];

/** What each backend says of this machine as JSON, by its name. */
export type BackendFacts = {
  readonly [Entry in (typeof ENTRIES)[number] as Entry['name']]: Awaited<ReturnType<Entry['describe']>>['facts'];
};

/** A backend of the registry. */
export type RegisteredBackend = BackendEntry & {
  readonly name: BackendName;
  /** A warning without its reason, for people who did not ask for it by name; absent where none is due. */
  readonly ranInstead?: string;
};

/** Every backend, in the order in which `auto` tries them. The last one always opens. */
export const BACKENDS: readonly RegisteredBackend[] = ENTRIES;

export const BACKEND_NAMES: readonly BackendName[] = ENTRIES.map(({ name }) => name);

/**
 * `auto` takes the best backend that opens and says why; a backend chosen by name runs or fails.
 *
 * @useDeclaredType
 */
export type BackendChoice = Choice<BackendName>;

export const BACKEND_CHOICES: readonly BackendChoice[] = [AUTO, ...BACKEND_NAMES];

export function backendEntry(name: BackendName): RegisteredBackend {
  return BACKENDS.find((entry) => entry.name === name)!;
}

/** Whether a backend is the definition itself. */
export function isOracle(name: BackendName): boolean {
  return backendEntry(name).isOracle;
}
