/** What this machine offers to the transform, and what `auto` makes of it. */
import { availableParallelism } from 'node:os';
import type { BackendName } from './backend.js';
import { loadAddon } from './cpu/addon.js';
import { type AdapterReport, listAdapters } from './gpu/node-gpu.js';
import { Selector } from './select-backend.js';

export interface Devices {
  readonly gpu: AdapterReport;
  /** The addon, or why it does not load. */
  readonly cpu:
    | { readonly instructionSets: readonly string[]; readonly openMp: boolean; readonly cores: number }
    | { readonly reason: string };
  readonly auto: { readonly backend: BackendName; readonly reason: string };
}

/** Asks every adapter, tries to load the addon, and lets `auto` choose. */
export async function listDevices(): Promise<Devices> {
  const gpu = await listAdapters();
  const loaded = loadAddon();
  const selector = new Selector();
  const { backend, reason } = await selector.select('auto');
  await selector.dispose();
  return {
    gpu,
    cpu:
      'reason' in loaded
        ? loaded
        : { instructionSets: loaded.addon.variants, openMp: loaded.addon.hasOpenMp, cores: availableParallelism() },
    auto: { backend: backend.name, reason },
  };
}
