/** The GPU of a page: for programs that want a device of their own choice, and in the choice of backends there. */
import type { BackendEntry, Opened, OpenOptions } from '../backend.js';
import { adapterText, type GpuOptions, type OpenedGpu, openBestAdapter } from './adapters.js';

/** How to open a GPU in a page. */
export interface OpenGpuOptions {
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  /** Whether to take an adapter that computes on the CPU; default true. */
  readonly acceptSoftware?: boolean | undefined;
}

/**
 * Opens the page's best GPU, or that of another `GPU` object: for the conformance suite, and for a page that asks for
 * hardware or frees each device by itself. A device that computes wrong bytes is opened, too: the suite says how wrong.
 * For images use `transform`, which checks the device and its arguments; the `transformer` here trusts them. Nothing is
 * compiled or allocated before the first transform. Never throws.
 *
 * @example
 * const opened = await openGpu({ acceptSoftware: false });
 * const backend = 'transformer' in opened ? opened.transformer : referenceTransformer;
 * const report = await runConformance({ subjects: [{ name: 'this page', backend }] });
 */
export async function openGpu({ gpu = pageGpu(), acceptSoftware = true }: OpenGpuOptions = {}): Promise<OpenedGpu> {
  return open(gpu, { acceptSoftware, isUntested: true });
}

async function open(gpu: GPU | undefined, options: GpuOptions): Promise<OpenedGpu> {
  return gpu === undefined ? { reason: 'this browser has no WebGPU' } : openBestAdapter(gpu, options);
}

function pageGpu(): GPU | undefined {
  return (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
}

/** Automatically only hardware, since software is slower than WebAssembly. */
export const pageGpuEntry = {
  name: 'gpu',
  title: 'GPU',
  async open({ isAutomatic = false, timeoutMs }: OpenOptions = {}): Promise<Opened> {
    const time = timeoutMs === undefined ? {} : { openingMs: timeoutMs };
    const opened = await open(pageGpu(), { acceptSoftware: !isAutomatic, ...time });
    if ('reason' in opened) return { reason: opened.reason };
    const { transformer, adapter } = opened;
    return {
      transformer,
      reason: adapter.software ? `only ${adapterText(adapter)} answers` : 'a hardware GPU answers',
    };
  },
} as const satisfies Pick<BackendEntry, 'name' | 'title' | 'open'>;
