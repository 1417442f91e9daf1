/** What this computer offers to WebGPU in Node, and what to do where no GPU answers. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AdapterDescription } from './adapters.js';
import { exists, flawedManifests, hasVulkanLoader, missingManifests } from './vulkan.js';

/** What decides whether WebGPU finds a computer's GPU. */
export interface SystemFacts {
  /** `process.platform` */
  readonly platform: string;
  /** `process.arch` */
  readonly architecture: string;
  /** Linux: whether the dynamic linker finds libvulkan.so.1. */
  readonly hasVulkanLoader: boolean;
  /** Linux: whether NVIDIA's kernel driver is loaded. */
  readonly hasNvidiaDriver: boolean;
  /** Linux: the GPUs' device files, such as /dev/dri/renderD128. */
  readonly renderNodes: readonly string[];
  /** Those that this user may not open. */
  readonly forbiddenRenderNodes: readonly string[];
  /** Files named by VK_DRIVER_FILES or VK_ICD_FILENAMES that do not exist. */
  readonly missingDriverFiles: readonly string[];
  /** Clauses on the driver files that exist, but lead to no driver. */
  readonly flawedDriverFiles: readonly string[];
}

/** What was found. */
export interface Findings {
  readonly adapters: readonly AdapterDescription[];
  /** Why WebGPU does not load at all. */
  readonly failure?: string;
  /** Whether a driver was asked and did not answer in time. */
  readonly isSilent?: boolean;
  readonly system: SystemFacts;
}

/** What to do, in the order in which to try it; empty where a GPU answers. */
export function adviseOn({ adapters, failure, isSilent, system }: Findings): string[] {
  if (adapters.some(({ software }) => !software)) return [];
  if (failure !== undefined) return [adviceOnLoading(failure, system)];
  if (isSilent) return ["The GPU's driver hangs: restart the computer, or update the driver."];
  if (system.platform !== 'linux') return ["Install or update the graphics driver from the GPU's manufacturer."];
  const advice = [...adviceOnVulkan(system), ...adviceOnDrivers(system)];
  return advice.length > 0 ? advice : ['This computer has no visible GPU. The CPU backend gives the same bytes.'];
}

function adviceOnLoading(failure: string, { platform, architecture }: SystemFacts): string {
  if (/GLIBC/.test(failure)) {
    return 'The npm package webgpu needs glibc 2.34 and the libstdc++ of Debian 12, Ubuntu 24.04 or newer: use a newer system.';
  }
  if (/Cannot find module 'webgpu'/.test(failure)) {
    return 'The optional npm package webgpu is not installed: npm install webgpu.';
  }
  if (/addons is disabled/.test(failure)) {
    return 'Node was told not to load addons: start it with --allow-addons where its permission model is on, else without --no-addons.';
  }
  if (/dawn\.node/.test(failure)) {
    return `The npm package webgpu has no binary for ${platform}-${architecture}, or it is damaged: install the package again.`;
  }
  return 'Install the npm package webgpu again: npm install webgpu.';
}

function adviceOnVulkan({ hasVulkanLoader, missingDriverFiles, flawedDriverFiles }: SystemFacts): string[] {
  const advice: string[] = [];
  if (!hasVulkanLoader) advice.push('libvulkan.so.1 is missing: apt-get install libvulkan1 (Debian, Ubuntu).');
  for (const file of missingDriverFiles) {
    advice.push(
      `VK_DRIVER_FILES or VK_ICD_FILENAMES names ${file}, which does not exist: correct or unset the variable.`,
    );
  }
  for (const flaw of flawedDriverFiles) advice.push(`${flaw}: install that Vulkan driver again.`);
  return advice;
}

function adviceOnDrivers({ hasNvidiaDriver, renderNodes, forbiddenRenderNodes }: SystemFacts): string[] {
  if (hasNvidiaDriver) {
    return [
      'In a container, NVIDIA_DRIVER_CAPABILITIES must contain graphics: docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics.',
      "NVIDIA's Vulkan driver needs two libraries that small images lack: apt-get install libegl1 libxext6.",
    ];
  }
  if (forbiddenRenderNodes.length > 0) {
    return [
      `This user may not open ${forbiddenRenderNodes.join(', ')}: add it to the group that owns it, mostly render.`,
    ];
  }
  if (renderNodes.length > 0) {
    return ['There is a GPU, but no Vulkan driver for it: apt-get install mesa-vulkan-drivers (AMD, Intel).'];
  }
  return [];
}

/** Linux: device files of GPU drivers in /dev; dxg is the GPU of Windows, seen from its subsystem for Linux. */
const GPU_DEVICES = /^(nvidia\d|nvhost|nvgpu|nvmap|dxg|mali|kgsl|pvr)/;

/** Whether there is no GPU for Dawn to find; loading it would cost time and may print warnings. */
export function lacksHardware(): boolean {
  if (process.platform !== 'linux') return false;
  const devices = listFolder('/dev');
  if (devices.length === 0) return false; // permissions of Node or Deno hide them
  return listRenderNodes().length === 0 && !devices.some((name) => GPU_DEVICES.test(name));
}

const DRI_FOLDER = '/dev/dri';

/** Reads the facts of this computer. */
export function readSystem(): SystemFacts {
  const renderNodes = listRenderNodes();
  return {
    platform: process.platform,
    architecture: process.arch,
    hasVulkanLoader: hasVulkanLoader(),
    hasNvidiaDriver: exists('/proc/driver/nvidia'),
    renderNodes,
    forbiddenRenderNodes: renderNodes.filter((node) => !mayOpen(node)),
    missingDriverFiles: missingManifests(),
    flawedDriverFiles: flawedManifests(),
  };
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
