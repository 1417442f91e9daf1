/**
 * WebGPU in Node, Bun and Deno. Deno has its own; for the others this is the only file that loads `webgpu`, and that
 * dynamically, since its binary does not load everywhere.
 */
import { isMainThread } from 'node:worker_threads';
import type { BackendDescription, Device, Opened, OpenOptions } from '../backend.js';
import { readVariable } from '../environment.js';
import { messageOf } from '../errors.js';
import { importPart } from '../package.js';
import {
  type AdapterDescription,
  adapterText,
  describeAdapter,
  factsOf,
  type GpuOptions,
  type OpenedGpu,
  openAllAdapters,
  openBestAdapter,
  openOtherAdapters,
  requestAdapters,
  testAdapter,
} from './adapters.js';
import { AUTOMATIC_OPENING_MS, NoAnswer, OPENING_MS } from './answer.js';
import { pageGpu } from './page-gpu.js';
import { adviseOn, lacksHardware, readSystem } from './system.js';
import { missingVulkan } from './vulkan.js';

/** A constant and never emptied: when this object is collected before its devices, the process crashes. */
const loaded: Promise<GPU>[] = [];

/** Dawn coarsens times to protect secrets in browsers; here they are the user's own. */
export const DAWN_FLAGS = ['disable-dawn-features=timestamp_quantization'];

/** Deno's own WebGPU, wgpu, for which a program needs no permission; elsewhere undefined, whatever `navigator.gpu` is. */
function denoGpu(): GPU | undefined {
  return 'deno' in process.versions ? pageGpu() : undefined;
}

/** Why no GPU can answer, found without asking for one; wgpu finds some without Vulkan. */
function missingDriver(): string | undefined {
  return denoGpu() === undefined ? missingVulkan() : undefined;
}

/** Where GPUs are asked for, loaded once in a thread; rejects with the reason where Dawn's binary does not load. */
function loadGpu(): Promise<GPU> {
  if (loaded.length === 0) loaded.push(createGpu());
  return loaded[0];
}

async function createGpu(): Promise<GPU> {
  const own = denoGpu();
  if (own !== undefined) return own;
  const { create } = (await importPart('webgpu')) as typeof import('webgpu');
  return create(DAWN_FLAGS);
}

function loadFailure(message: string): string {
  return `WebGPU does not load: ${message}`;
}

/** Opens the best adapter, or says why there is none. Never throws. */
export async function openGpu(options: GpuOptions = {}): Promise<OpenedGpu> {
  const missing = missingDriver();
  if (missing !== undefined) return { reason: missing };
  if (options.acceptSoftware === false && lacksHardware()) return { reason: 'this machine has no GPU device' };
  try {
    return await openBestAdapter(await loadGpu(), options);
  } catch (error) {
    return { reason: loadFailure(messageOf(error)) };
  }
}

/** Set to 1, a GPU in software passes for hardware: for trials and tests on machines without one. */
const SOFTWARE_VARIABLE = 'NEIGHBOR_PRODUCT_SOFTWARE_GPU';

function takesSoftware(): boolean {
  return readVariable(SOFTWARE_VARIABLE) === '1';
}

/**
 * As the registry opens it. Automatically only hardware, since software is slower than the CPU backend, and not in worker
 * threads: Dawn aborts the whole process when a thread is terminated while it works.
 */
export async function openForTransforms(options: OpenOptions = {}): Promise<Opened> {
  const { isAutomatic = false, isNamed = !isAutomatic, isBeside = false, timeoutMs } = options;
  if (isAutomatic && !isMainThread) return { reason: 'it is not used automatically in worker threads' };
  const acceptSoftware = !isAutomatic || takesSoftware();
  const openingMs = timeoutMs ?? (isNamed ? OPENING_MS : AUTOMATIC_OPENING_MS);
  const opened = await openGpu({ acceptSoftware, openingMs, isBeside });
  if (!('adapter' in opened) || opened.adapter === undefined) return openedFor(opened);
  const text = adapterText(opened.adapter);
  return { ...openedFor(opened), openOthers: () => openOthers({ acceptSoftware, openingMs, isBeside }, text) };
}

/** Further adapters. */
async function openOthers(options: GpuOptions, text: string): Promise<readonly Opened[]> {
  return (await openOtherAdapters(await loadGpu(), options, text)).map(openedFor);
}

function openedFor(opened: OpenedGpu): Opened {
  if ('transformer' in opened) {
    const kind = opened.adapter.software ? 'software' : 'hardware';
    return { transformer: opened.transformer, reason: `a ${kind} GPU answers` };
  }
  const advice = opened.isWrong
    ? 'Update its driver; neighbor-product conformance --backend gpu --report out.html shows what is wrong.'
    : 'Run neighbor-product devices to see what is missing.';
  return { reason: opened.reason, advice, isSilent: opened.isSilent };
}

/** Every adapter, opened. Never throws. */
export async function openDevices(): Promise<readonly Device[]> {
  const opened = await openAll();
  return opened.map((gpu, index) => {
    const name = opened.length === 1 ? 'gpu' : `gpu ${index + 1}`;
    const facts = gpu.adapter === undefined ? [] : factsOf(gpu.adapter);
    if ('transformer' in gpu) return { name, facts, transformer: gpu.transformer, hasThreads: false };
    return { name, facts, missing: `${gpu.reason}. Run neighbor-product devices for advice` };
  });
}

async function openAll(): Promise<readonly OpenedGpu[]> {
  const missing = missingDriver();
  if (missing !== undefined) return [{ reason: missing }];
  try {
    return await openAllAdapters(await loadGpu());
  } catch (error) {
    return [{ reason: loadFailure(messageOf(error)) }];
  }
}

/** An adapter, and what its known-answer test gave; one in software is not tested, since nothing takes it by itself. */
export interface AdapterFacts extends AdapterDescription {
  /** Milliseconds that it took to pass, with compiling. */
  readonly testMs?: number | undefined;
  /** Why it is not taken, a clause for people. */
  readonly refusal?: string | undefined;
}

/** What this computer offers to WebGPU. */
export interface GpuFacts {
  /** The best first. */
  readonly adapters: readonly AdapterFacts[];
  /** Why WebGPU does not load at all. */
  readonly failure?: string | undefined;
  /** Why no adapter answers, a clause for people. */
  readonly reason?: string | undefined;
  /** What to do for a missing GPU; empty where one answers. */
  readonly advice: readonly string[];
}

/** Asks every adapter for its description, and tests those that `auto` would take. Never throws. */
export async function listAdapters(): Promise<GpuFacts> {
  const system = readSystem();
  const none = { adapters: [] };
  const missing = missingDriver();
  if (missing !== undefined) return { ...none, reason: missing, advice: adviseOn({ ...none, system }) };
  let gpu: GPU;
  try {
    gpu = await loadGpu();
  } catch (error) {
    const failure = messageOf(error);
    return { ...none, failure, advice: adviseOn({ ...none, failure, system }) };
  }
  try {
    const adapters: AdapterFacts[] = [];
    for (const adapter of await requestAdapters(gpu)) adapters.push(await factsOfAdapter(gpu, adapter));
    return { adapters, advice: adviseOn({ adapters, system }) };
  } catch (error) {
    const isSilent = error instanceof NoAnswer;
    return { ...none, reason: messageOf(error), advice: adviseOn({ ...none, isSilent, system }) };
  }
}

async function factsOfAdapter(gpu: GPU, adapter: GPUAdapter): Promise<AdapterFacts> {
  const description = describeAdapter(adapter.info);
  if (description.software && !takesSoftware()) return description;
  const tested = await testAdapter(gpu, adapter);
  if ('reason' in tested) return { ...description, refusal: tested.reason };
  return { ...description, testMs: Math.round(tested.testMs) };
}

/** What the `devices` command says of GPUs. */
export async function describe(): Promise<BackendDescription<GpuFacts>> {
  const report = await listAdapters();
  return { lines: linesOf(report), advice: report.advice, facts: report };
}

function linesOf({ adapters, failure, reason = 'no adapter answers' }: GpuFacts): string[] {
  if (failure !== undefined) return [`none: ${loadFailure(failure)}`];
  if (adapters.length === 0) return [`none: ${reason}`];
  return adapters.map((adapter) => {
    const { refusal, testMs } = adapter;
    const text = adapterText(adapter);
    if (refusal !== undefined) return refusal.includes(text) ? refusal : `${text}, not taken: ${refusal}`;
    const tested = testMs === undefined ? '' : `, gave the right bytes of a test image in ${testMs} ms`;
    const slow = adapter.software && !takesSoftware() ? ', slower than the CPU: never taken automatically' : '';
    return `${text}${tested}${slow}`;
  });
}
