/** WebGPU in a page. */
import type { Opened } from '../backend.js';
import { type OpenedGpu, openBestAdapter } from './adapters.js';

/** How to open a GPU in a page. */
export interface OpenGpuOptions {
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  /** Whether to take an adapter that computes on the CPU; default true. */
  readonly acceptSoftware?: boolean | undefined;
}

/**
 * Opens the page's best GPU, or that of a given `GPU` object, for the conformance suite and for programs that choose the
 * device themselves. Nothing is compiled or allocated before the first transform, whose arguments are not checked:
 * {@link transform} is the function for images. Never throws.
 */
export async function openGpu({ gpu = pageGpu(), acceptSoftware = true }: OpenGpuOptions = {}): Promise<OpenedGpu> {
  return gpu === undefined ? { reason: 'this browser has no WebGPU' } : openBestAdapter(gpu, { acceptSoftware });
}

function pageGpu(): GPU | undefined {
  return (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
}

/** The GPU among the backends of a page. One in software is taken, too: there is no faster backend to fall back to. */
export const pageGpuEntry = { name: 'gpu', title: 'GPU', open: openForTransforms } as const;

async function openForTransforms(): Promise<Opened> {
  const opened = await openGpu();
  return 'transformer' in opened ? { transformer: opened.transformer, reason: 'a GPU answers' } : opened;
}
