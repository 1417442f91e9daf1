/** From a `GPU` object, in Node or in a browser, to a backend on one of its adapters. */

import { findWrongAnswer } from '../admission.js';
import { BackendFault, type Fact } from '../backend.js';
import { messageOf } from '../errors.js';
import { Host } from '../host.js';
import { answered, HARDWARE_ANSWER_MS, NoAnswer, OPENING_MS, SOFTWARE_ANSWER_MS } from './answer.js';
import { GpuBackend, type GpuSettings } from './gpu-backend.js';

/** The fields of `GPUAdapterInfo`, of which any may be empty, and what they mean for choosing. */
export interface AdapterDescription {
  /** Such as `nvidia`. */
  readonly vendor: string;
  /** Such as `hopper`. */
  readonly architecture: string;
  /** The vendor's number or name for it. */
  readonly device: string;
  /** Such as `NVIDIA H100`. */
  readonly description: string;
  /** Whether it computes on the CPU: correct, but slower than the CPU backend. */
  readonly software: boolean;
}

const SOFTWARE_NAMES = /swiftshader|llvmpipe|lavapipe|softpipe|software|\bwarp\b|basic render/i;

export function describeAdapter(info: GPUAdapterInfo): AdapterDescription {
  const { vendor, architecture, device, description } = info;
  const software =
    info.isFallbackAdapter === true || SOFTWARE_NAMES.test([vendor, architecture, device, description].join(' '));
  return { vendor, architecture, device, description, software };
}

/** A number of the vendor's. */
const DEVICE_NUMBER = /^(0x)?[\da-f]*$/i;

/** A vendor's number in Deno; and what is said of software in any case. */
const NO_NEWS = /^(0x[\da-f]+|\d+|software|)$/i;

/**
 * `NVIDIA H100 (hopper)`: the most specific name first, then what it does not contain. In Node the description of
 * hardware names only its driver, and the device is a name: `nvidia-h200 (NVIDIA: 580.159.04)`. Safari and Chromium may tell
 * the vendor and architecture alone, and Firefox nothing.
 */
export function adapterText({ vendor, architecture, device, description, software }: AdapterDescription): string {
  const isName = !software && !DEVICE_NUMBER.test(device);
  const makers = [vendor, architecture].filter((word) => !NO_NEWS.test(word)).join(' ');
  const name = (isName ? device : description) || makers || device || 'unnamed GPU';
  const rest = [vendor, architecture, isName ? description : ''].filter(
    (word) => !NO_NEWS.test(word) && !name.toLowerCase().includes(word.toLowerCase()),
  );
  if (software) rest.push('in software');
  return rest.length === 0 ? name : `${name} (${rest.join(' ')})`;
}

/** Every adapter that answers, the best first. WebGPU has no list: each way of asking gives one. */
export async function requestAdapters(
  gpu: GPU,
  { openingMs = OPENING_MS, isBeside = false }: GpuOptions = {},
): Promise<GPUAdapter[]> {
  const found = new Map<string, GPUAdapter>();
  const requests: GPURequestAdapterOptions[] = [BEST, { powerPreference: 'low-power' }, { forceFallbackAdapter: true }];
  for (const request of requests) {
    const adapter = await answered(gpu.requestAdapter(request), openingMs, isBeside);
    if (adapter === null) continue;
    const text = adapterText(describeAdapter(adapter.info));
    if (!found.has(text)) found.set(text, adapter);
  }
  return [...found.values()];
}

/** Discrete GPUs come before integrated ones, and these before software; without a preference the order is unspecified. */
const BEST: GPURequestAdapterOptions = { powerPreference: 'high-performance' };

/** A GPU that is open, or the reason why there is none. */
export type OpenedGpu =
  | {
      /** Transforms images on it. */
      readonly transformer: Host;
      /** What it runs on. */
      readonly adapter: AdapterDescription;
      /** Milliseconds of the known-answer test, with compiling. */
      readonly testMs: number;
    }
  | {
      /** Why there is none, a clause for people. */
      readonly reason: string;
      /** What to do, in sentences. */
      readonly advice?: string | undefined;
      /** The adapter that answered but was not taken, or failed. */
      readonly adapter?: AdapterDescription | undefined;
      /** Whether it computes wrong bytes. */
      readonly isWrong?: boolean | undefined;
      /** Whether it gave no answer in time. */
      readonly isSilent?: boolean | undefined;
    };

/** About an adapter, for reports. */
export function factsOf(adapter: AdapterDescription): Fact[] {
  const { vendor, architecture, device } = adapter;
  return [
    { name: 'Adapter', value: adapterText(adapter) },
    { name: 'Adapter details', value: [vendor, architecture, device].filter(Boolean).join(', ') },
  ];
}

/** How to open a GPU. */
export interface GpuOptions extends GpuSettings {
  /** Whether to take an adapter that computes on the CPU; default true. */
  readonly acceptSoftware?: boolean;
  /** How long opening may take, in milliseconds. @internal */
  readonly openingMs?: number;
  /** Whether nobody waits for it: opening keeps no process alive. @internal */
  readonly isBeside?: boolean;
  /** Whether it is taken without a known-answer test: for the conformance suite, which finds more. @internal */
  readonly isUntested?: boolean;
}

export const NO_ADAPTER = 'no adapter answers';

/** Opens the best adapter of `gpu`, and has it pass a known-answer test. Never throws. */
export async function openBestAdapter(gpu: GPU, options: GpuOptions = {}): Promise<OpenedGpu> {
  return openInTime(options, async () => {
    const adapter = await gpu.requestAdapter(BEST);
    return adapter === null ? { reason: NO_ADAPTER } : openAdapter(gpu, adapter, options);
  });
}

/** Opens the adapters that answer besides one, as {@link openBestAdapter} does. Never throws. */
export async function openOtherAdapters(gpu: GPU, options: GpuOptions, text: string): Promise<OpenedGpu[]> {
  try {
    const adapters = await requestAdapters(gpu, options);
    const others = adapters.filter(({ info }) => adapterText(describeAdapter(info)) !== text);
    return await Promise.all(others.map((adapter) => openInTime(options, () => openAdapter(gpu, adapter, options))));
  } catch (error) {
    return [{ reason: messageOf(error) }];
  }
}

/** A device that opens too late is given back. Never throws. */
async function openInTime(
  { openingMs = OPENING_MS, isBeside = false }: GpuOptions,
  open: () => Promise<OpenedGpu>,
): Promise<OpenedGpu> {
  const opening = open();
  try {
    return await answered(opening, openingMs, isBeside);
  } catch (error) {
    if (!(error instanceof NoAnswer)) return { reason: messageOf(error) };
    opening.then(
      (opened) => 'transformer' in opened && opened.transformer.dispose(),
      () => {},
    );
    return { reason: error.message, isSilent: true };
  }
}

/** Opens every adapter that answers; a single reason where none does. Never throws. */
export async function openAllAdapters(gpu: GPU): Promise<OpenedGpu[]> {
  try {
    const adapters = await requestAdapters(gpu);
    if (adapters.length === 0) return [{ reason: NO_ADAPTER }];
    return await Promise.all(
      adapters.map((adapter) => openInTime({}, () => openAdapter(gpu, adapter, { isUntested: true }))),
    );
  } catch (error) {
    return [{ reason: messageOf(error) }];
  }
}

/**
 * The objects that living devices come from. In Node a device must not outlive them, and they must not be collected
 * before it: both end the process.
 */
const keptAlive = new Set<readonly [GPU, GPUAdapter, GPUDevice]>();

/** Opens an adapter, has it pass the known-answer test, and gives it back. Never throws. */
export async function testAdapter(gpu: GPU, adapter: GPUAdapter): Promise<{ testMs: number } | { reason: string }> {
  const opened = await openInTime({}, () => openAdapter(gpu, adapter, {}));
  if ('reason' in opened) return { reason: opened.reason };
  opened.transformer.dispose();
  return { testMs: opened.testMs };
}

async function openAdapter(gpu: GPU, adapter: GPUAdapter, options: GpuOptions): Promise<OpenedGpu> {
  const description = describeAdapter(adapter.info);
  try {
    const text = adapterText(description);
    if (description.software && options.acceptSoftware === false) {
      return { reason: `only ${text} answers`, adapter: description };
    }
    const device = await requestDevice(adapter);
    const answerMs = description.software ? SOFTWARE_ANSWER_MS : HARDWARE_ANSWER_MS;
    const backend = new GpuBackend(device, text, { answerMs, ...options });
    const objects = [gpu, adapter, device] as const;
    keptAlive.add(objects);
    backend.lost.then(() => keptAlive.delete(objects));
    const startMs = performance.now();
    const wrong = options.isUntested ? undefined : await wrongAnswerOf(backend);
    const testMs = performance.now() - startMs;
    if (wrong === undefined) return { transformer: new Host(backend), adapter: description, testMs };
    backend.dispose();
    return { reason: `${text} is refused: ${wrong}`, adapter: description, isWrong: true };
  } catch (error) {
    const reason = error instanceof BackendFault ? error.clause : messageOf(error);
    return { reason, adapter: description };
  }
}

/** @throws BackendFault, once the device is given back */
async function wrongAnswerOf(backend: GpuBackend): Promise<string | undefined> {
  try {
    return await findWrongAnswer(backend);
  } catch (error) {
    backend.dispose();
    throw error;
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
