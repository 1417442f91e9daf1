/** WebGPU in Node: the only file that imports `webgpu`, and that dynamically, since its binary does not load everywhere. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { messageOf } from '../errors.js';
import { type AdapterDescription, describeAdapter, requestAdapters } from './adapters.js';
import { adviseOn, type SystemFacts } from './advice.js';
import { type OpenedGpu, type OpenOptions, openGpuOf, openGpusOf } from './open-gpu.js';
import type { ShaderSources } from './pipelines.js';

/** A constant and never emptied: when this object is collected before its devices, the process crashes. */
const loaded: Promise<GPU>[] = [];

/** Dawn rounds times for the sake of secrets in browsers; here they are the user's own. */
export const DAWN_FLAGS = ['disable-dawn-features=timestamp_quantization'];

/** Dawn's entry point, loaded once in a thread; rejects with the reason where its binary does not load. */
function loadGpu(): Promise<GPU> {
  if (loaded.length === 0) loaded.push(import('webgpu').then(({ create }) => create(DAWN_FLAGS)));
  return loaded[0];
}

/** The WGSL files of the package. */
export async function readShaders(): Promise<ShaderSources> {
  const read = (name: string) => readFile(new URL(`../../shaders/${name}.wgsl`, import.meta.url), 'utf8');
  const [neighborProduct, binary64, repair] = await Promise.all(
    ['neighbor-product', 'binary64', 'repair'].map((name) => read(name)),
  );
  return { neighborProduct, binary64, repair };
}

/** Opens the best adapter, or says why there is none. Never throws. */
export async function openGpu(options: OpenOptions = {}): Promise<OpenedGpu> {
  if (lacksVulkan()) return { reason: `the Vulkan loader, ${VULKAN_LOADER}, is not installed` };
  if (options.acceptSoftware === false && lacksHardware()) return { reason: 'this machine shows no GPU device' };
  try {
    const [gpu, shaders] = await Promise.all([loadGpu(), readShaders()]);
    return await openGpuOf(gpu, shaders, options);
  } catch (error) {
    return { reason: `WebGPU does not load: ${messageOf(error)}` };
  }
}

/** Opens every adapter that answers, or says why there is none. Never throws. */
export async function openGpus(): Promise<OpenedGpu[]> {
  if (lacksVulkan()) return [await openGpu()];
  try {
    const [gpu, shaders] = await Promise.all([loadGpu(), readShaders()]);
    return await openGpusOf(gpu, shaders);
  } catch (error) {
    return [{ reason: `WebGPU does not load: ${messageOf(error)}` }];
  }
}

/** What this computer offers to WebGPU, for people. */
export interface AdapterReport {
  /** The best first. */
  readonly adapters: readonly AdapterDescription[];
  /** Why WebGPU does not load at all. */
  readonly failure?: string;
  /** What to do for a GPU that is missing; empty where one answers. */
  readonly advice: readonly string[];
}

/** Asks every adapter for its description; opens no device. Never throws. */
export async function listAdapters(): Promise<AdapterReport> {
  if (lacksVulkan()) return { adapters: [], advice: adviseOn({ adapters: [], system: readSystem() }) };
  try {
    const adapters = (await requestAdapters(await loadGpu())).map(({ info }) => describeAdapter(info));
    return { adapters, advice: adviseOn({ adapters, system: readSystem() }) };
  } catch (error) {
    const failure = messageOf(error);
    return { adapters: [], failure, advice: adviseOn({ adapters: [], failure, system: readSystem() }) };
  }
}

/** Then Dawn would find no adapter, after loading for nothing and printing a warning that nobody asked for. */
function lacksVulkan(): boolean {
  return process.platform === 'linux' && !hasVulkanLoader();
}

/** Linux: what the kernel's drivers of GPUs put into /dev; dxg is Windows' GPU, seen from its subsystem for Linux. */
const GPU_DEVICES = /^(nvidia\d|nvhost|nvgpu|nvmap|dxg|mali|kgsl|pvr)/;

/** Then loading Dawn costs time and, where a driver file is left over, warnings on standard error, for nothing. */
function lacksHardware(): boolean {
  if (process.platform !== 'linux') return false;
  return listRenderNodes().length === 0 && !listFolder('/dev').some((name) => GPU_DEVICES.test(name));
}

const VULKAN_LOADER = 'libvulkan.so.1';
const DRI_FOLDER = '/dev/dri';

/** The facts that advice on a missing GPU is drawn from. */
function readSystem(): SystemFacts {
  const renderNodes = listRenderNodes();
  const driverFiles = pathsIn('VK_DRIVER_FILES').concat(pathsIn('VK_ICD_FILENAMES'));
  return {
    platform: process.platform,
    architecture: process.arch,
    hasVulkanLoader: hasVulkanLoader(),
    hasNvidiaDriver: existsSync('/proc/driver/nvidia'),
    renderNodes,
    forbiddenRenderNodes: renderNodes.filter((node) => !mayOpen(node)),
    missingDriverFiles: driverFiles.filter((file) => !existsSync(file)),
  };
}

/** In the folders that LD_LIBRARY_PATH names, or known to the system's cache of libraries, which holds plain names. */
function hasVulkanLoader(): boolean {
  if (pathsIn('LD_LIBRARY_PATH').some((folder) => existsSync(join(folder, VULKAN_LOADER)))) return true;
  try {
    return readFileSync('/etc/ld.so.cache').includes(VULKAN_LOADER);
  } catch {
    return true; // no such cache on this system: who knows
  }
}

function pathsIn(variable: string): string[] {
  return (process.env[variable] ?? '').split(delimiter).filter((path) => path !== '');
}

function listRenderNodes(): string[] {
  return listFolder(DRI_FOLDER)
    .filter((name) => name.startsWith('renderD'))
    .map((name) => join(DRI_FOLDER, name));
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
