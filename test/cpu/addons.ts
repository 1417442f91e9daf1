/** Every way the CPU backend can compute: with and without OpenMP, each instruction set of this machine. */
import { type Addon, loadAddon } from '../../src/cpu/addon.js';
import { CpuBackend } from '../../src/cpu/cpu-backend.js';
import { Host } from '../../src/host.js';

export const openMpAddon = mustLoad('build/Release/neighbor_product.node');
export const serialAddon = mustLoad('build/Release/neighbor_product_serial.node');

export interface CpuSubject {
  /** Such as `avx2, without OpenMP`. */
  readonly name: string;
  readonly host: Host;
  readonly hasOpenMp: boolean;
}

export const cpuSubjects: readonly CpuSubject[] = [openMpAddon, serialAddon].flatMap((addon) =>
  addon.instructionSets.map((instructionSet) => ({
    name: `${instructionSet}, ${addon.hasOpenMp ? 'with' : 'without'} OpenMP`,
    host: cpuHost(addon, instructionSet),
    hasOpenMp: addon.hasOpenMp,
  })),
);

export function cpuHost(addon: Addon, instructionSet?: string): Host {
  return new Host(new CpuBackend(addon, instructionSet));
}

function mustLoad(place: string): Addon {
  const loaded = loadAddon([place]);
  if ('reason' in loaded) throw new Error(`${loaded.reason}. npm test compiles it.`);
  return loaded.addon;
}
