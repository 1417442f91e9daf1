/** Chooses among gpu, cpu and reference and says why. The only file that knows all three. */
import type { Backend } from './backend.js';
import { createCpuBackend } from './cpu/cpu-backend.js';
import { NeighborProductError } from './errors.js';
import type { BackendChoice } from './options.js';
import { referenceBackend } from './reference.js';

/** A backend and the reason it was taken, one sentence fragment for people. */
export interface Selection {
  readonly backend: Backend;
  readonly reason: string;
}

/**
 * The backend for a choice. `auto` takes the best there is; any other choice is that backend or an error.
 *
 * @throws NeighborProductError with code `BACKEND_UNAVAILABLE`, with what was tried and what to do
 */
export async function selectBackend(choice: BackendChoice): Promise<Selection> {
  if (choice === 'gpu') {
    throw new NeighborProductError('BACKEND_UNAVAILABLE', 'The gpu backend is not part of this version. Use cpu.');
  }
  return selectSyncBackend(choice);
}

/** As {@link selectBackend}, among the backends that can run on the calling thread. */
export function selectSyncBackend(choice: BackendChoice): Selection {
  if (choice === 'gpu') {
    throw new NeighborProductError(
      'BACKEND_UNAVAILABLE',
      'The gpu backend cannot run synchronously. Call transform, or use cpu.',
    );
  }
  if (choice === 'reference') return { backend: referenceBackend, reason: 'asked for' };
  const cpu = createCpuBackend();
  if ('backend' in cpu) return { backend: cpu.backend, reason: choice === 'cpu' ? 'asked for' : 'the CPU addon loads' };
  if (choice === 'auto') return { backend: referenceBackend, reason: `no CPU addon: ${cpu.reason}` };
  throw new NeighborProductError(
    'BACKEND_UNAVAILABLE',
    `Expected the CPU addon, but it did not load: ${cpu.reason}. Build it with npm run build:addon, or use reference.`,
  );
}
