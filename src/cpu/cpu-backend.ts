import type { Backend } from '../backend.js';

export function createCpuBackend(): { backend: Backend } | { reason: string } {
  return { reason: 'not built yet' };
}
