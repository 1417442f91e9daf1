/** Every way the CPU backend can compute: with and without OpenMP, each instruction set of this machine. */
import type { Backend } from '../../src/backend.js';
import { type Addon, loadAddon } from '../../src/cpu/addon.js';
import { createCpuBackend } from '../../src/cpu/cpu-backend.js';

export const openMpAddon = mustLoad('build/Release/neighbor_product.node');
export const serialAddon = mustLoad('build/Release/neighbor_product_serial.node');

export interface CpuSubject {
  /** Such as `avx2, without OpenMP`. */
  readonly name: string;
  readonly backend: Backend;
  readonly hasOpenMp: boolean;
}

export const cpuSubjects: readonly CpuSubject[] = [openMpAddon, serialAddon].flatMap((addon) =>
  addon.variants.map((variant) => ({
    name: `${variant}, ${addon.hasOpenMp ? 'with' : 'without'} OpenMP`,
    backend: cpuBackend(addon, variant),
    hasOpenMp: addon.hasOpenMp,
  })),
);

export function cpuBackend(addon: Addon, variant?: string): Backend {
  const created = createCpuBackend(variant === undefined ? { addon } : { addon, variant });
  if ('reason' in created) throw new Error(created.reason);
  return created.backend;
}

function mustLoad(place: string): Addon {
  const loaded = loadAddon([place]);
  if ('reason' in loaded) throw new Error(`${loaded.reason}. npm test compiles it.`);
  return loaded.addon;
}
