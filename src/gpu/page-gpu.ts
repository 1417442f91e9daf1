/** The GPU of a page: for programs that want a device of their own choice, and in the choice of backends there. */
import type { BackendEntry, Device, Opened, OpenOptions } from '../backend.js';
import { adapterText, factsOf, type GpuOptions, NO_ADAPTER, type OpenedGpu, openBestAdapter } from './adapters.js';

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
  if (gpu === undefined) return missingWebGpu();
  const opened = await openBestAdapter(gpu, options);
  if (!('reason' in opened)) return opened;
  if (opened.reason === NO_ADAPTER) return { ...opened, advice: BLOCKED_ADVICE };
  return opened.isWrong ? { ...opened, advice: WRONG_ADVICE } : opened;
}

/** Where a page has no WebGPU at all: a browser hides it where others could read or change what it loads. */
function missingWebGpu(): OpenedGpu {
  const { isSecureContext } = globalThis as { isSecureContext?: boolean };
  if (isSecureContext === false) {
    const advice = 'Open the page by https, or from localhost.';
    return { reason: 'this page came by plain http, where browsers offer no WebGPU', advice };
  }
  const advice = 'Use a current Chrome, Edge, Firefox or Safari; in some, WebGPU has to be switched on.';
  return { reason: 'this browser has no WebGPU', advice };
}

const BLOCKED_ADVICE =
  'The browser has WebGPU, but no GPU for it: it blocks this GPU or its driver, or hardware acceleration is off. ' +
  'chrome://gpu in Chrome and Edge, about:support in Firefox, says which.';
const WRONG_ADVICE = 'Update the driver of the GPU; the conformance suite shows what is wrong.';

/** The `GPU` object of the page, or of the runtime. */
export function pageGpu(): GPU | undefined {
  return (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
}

/** Automatically only hardware, since software is slower than WebAssembly. */
export const pageGpuEntry = {
  name: 'gpu',
  title: 'GPU',
  isOracle: false,
  async open({ isAutomatic = false, timeoutMs }: OpenOptions = {}): Promise<Opened> {
    const time = timeoutMs === undefined ? {} : { openingMs: timeoutMs };
    const opened = await open(pageGpu(), { acceptSoftware: !isAutomatic, ...time });
    if ('reason' in opened) return { reason: opened.reason, advice: opened.advice };
    const { transformer, adapter } = opened;
    return {
      transformer,
      reason: adapter.software ? `only ${adapterText(adapter)} answers` : 'a hardware GPU answers',
    };
  },
  async openDevices(): Promise<readonly Device[]> {
    const opened = await openGpu();
    const facts = opened.adapter === undefined ? [] : factsOf(opened.adapter);
    if ('transformer' in opened) return [{ name: 'gpu', facts, transformer: opened.transformer, hasThreads: false }];
    const { reason, advice } = opened;
    return [{ name: 'gpu', facts, missing: advice === undefined ? reason : `${reason}. ${advice}` }];
  },
} as const satisfies Pick<BackendEntry, 'name' | 'title' | 'isOracle' | 'open' | 'openDevices'>;
