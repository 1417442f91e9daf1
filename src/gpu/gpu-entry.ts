/** The GPU in the registry. It loads nothing of WebGPU until it is asked to. */
import type { BackendEntry } from '../backend.js';

const load = () => import('./node-gpu.js');

export const gpuEntry = {
  name: 'gpu',
  title: 'GPU',
  isOracle: false,
  open: async (options) => (await load()).openForTransforms(options),
  openDevices: async () => (await load()).openDevices(),
  describe: async () => (await load()).describe(),
} as const satisfies BackendEntry;
