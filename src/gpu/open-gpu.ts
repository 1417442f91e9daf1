/** From a `GPU` object, in Node or in a browser, to a backend. */
import { messageOf } from '../errors.js';
import {
  type AdapterDescription,
  adapterText,
  describeAdapter,
  requestAdapters,
  requestBestAdapter,
} from './adapters.js';
import { GpuBackend, type GpuSettings } from './gpu-backend.js';
import type { ShaderSources } from './pipelines.js';

/** A backend that runs on an adapter, or why there is none; the adapter where one answered. */
export type OpenedGpu =
  | {
      /** Ready to transform. */
      readonly backend: GpuBackend;
      /** What it runs on. */
      readonly adapter: AdapterDescription;
    }
  | {
      /** Why there is no backend, a clause for people. */
      readonly reason: string;
      /** The adapter that answered and was not taken or failed. */
      readonly adapter?: AdapterDescription;
    };

/** How to open a GPU. */
export interface OpenOptions extends GpuSettings {
  /** Whether an adapter that computes on the CPU will do; default true. */
  readonly acceptSoftware?: boolean;
}

interface Foundation {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
}

/**
 * What living backends stand on. In Node a device must not outlive the objects it came from, and those must not be
 * collected before it: both end the process.
 */
const foundations = new Set<Foundation>();

/** Opens the best adapter of `gpu`. Nothing is compiled or allocated before the first transform. Never throws. */
export async function openGpuOf(gpu: GPU, shaders: ShaderSources, options: OpenOptions = {}): Promise<OpenedGpu> {
  try {
    const adapter = await requestBestAdapter(gpu);
    return adapter === null ? { reason: 'no adapter answers' } : await openAdapter({ gpu, adapter }, shaders, options);
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

/** Opens every adapter that answers; a single reason where none does. Never throws. */
export async function openGpusOf(gpu: GPU, shaders: ShaderSources): Promise<OpenedGpu[]> {
  try {
    const adapters = await requestAdapters(gpu);
    if (adapters.length === 0) return [{ reason: 'no adapter answers' }];
    return await Promise.all(adapters.map((adapter) => openAdapter({ gpu, adapter }, shaders, {})));
  } catch (error) {
    return [{ reason: messageOf(error) }];
  }
}

async function openAdapter(
  { gpu, adapter }: Pick<Foundation, 'gpu' | 'adapter'>,
  shaders: ShaderSources,
  options: OpenOptions,
): Promise<OpenedGpu> {
  const description = describeAdapter(adapter.info);
  try {
    const text = adapterText(description);
    if (description.software && options.acceptSoftware === false) {
      return { reason: `only ${text} answers`, adapter: description };
    }
    const device = await requestDevice(adapter);
    const backend = new GpuBackend(device, text, shaders, options);
    const foundation = { gpu, adapter, device };
    foundations.add(foundation);
    backend.lost.then(() => foundations.delete(foundation));
    return { backend, adapter: description };
  } catch (error) {
    return { reason: messageOf(error), adapter: description };
  }
}

function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return adapter.requestDevice({
    label: 'neighbor-product',
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
    requiredFeatures: adapter.features.has('timestamp-query') ? ['timestamp-query'] : [],
  });
}
