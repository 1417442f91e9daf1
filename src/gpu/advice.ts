/** What to do when no GPU answers: from facts to sentences, nothing else. */
import type { AdapterDescription } from './adapters.js';

/** What a computer has that decides whether WebGPU finds its GPU. */
export interface SystemFacts {
  /** `process.platform` */
  readonly platform: string;
  /** `process.arch` */
  readonly architecture: string;
  /** Linux: whether libvulkan.so.1 is where the loader of shared libraries looks. */
  readonly hasVulkanLoader: boolean;
  /** Linux: whether NVIDIA's kernel driver is there. */
  readonly hasNvidiaDriver: boolean;
  /** Linux: the GPUs' device files, such as /dev/dri/renderD128. */
  readonly renderNodes: readonly string[];
  /** Those of them that this user may not open. */
  readonly forbiddenRenderNodes: readonly string[];
  /** The files that VK_DRIVER_FILES or VK_ICD_FILENAMES name and that are not there. */
  readonly missingDriverFiles: readonly string[];
}

export interface Findings {
  readonly adapters: readonly AdapterDescription[];
  /** Why WebGPU does not load at all. */
  readonly failure?: string;
  readonly system: SystemFacts;
}

/** Sentences in the order in which to try them; none where a GPU answers. */
export function adviseOn({ adapters, failure, system }: Findings): string[] {
  if (adapters.some(({ software }) => !software)) return [];
  if (failure !== undefined) return [adviceOnLoading(failure, system)];
  if (system.platform !== 'linux') return ["Install or update the graphics driver from the GPU's manufacturer."];
  const advice = [...adviceOnVulkan(system), ...adviceOnDrivers(system)];
  return advice.length > 0 ? advice : ['This computer shows no GPU. The cpu backend gives the same bytes.'];
}

function adviceOnLoading(failure: string, { platform, architecture }: SystemFacts): string {
  if (/GLIBC/.test(failure)) {
    return 'The npm package webgpu needs glibc 2.34 and the libstdc++ of Debian 12, Ubuntu 24.04 or newer: use a newer system.';
  }
  if (/Cannot find package/.test(failure)) {
    return 'The optional npm package webgpu is not installed: npm install webgpu.';
  }
  if (/dawn\.node/.test(failure)) {
    return `The npm package webgpu may have no binary for ${platform}-${architecture}; where it has, install it again.`;
  }
  return 'Install the npm package webgpu again: npm install webgpu.';
}

function adviceOnVulkan({ hasVulkanLoader, missingDriverFiles }: SystemFacts): string[] {
  const advice: string[] = [];
  if (!hasVulkanLoader) advice.push('libvulkan.so.1 is missing: apt-get install libvulkan1 (Debian, Ubuntu).');
  for (const file of missingDriverFiles) {
    advice.push(
      `VK_DRIVER_FILES or VK_ICD_FILENAMES names ${file}, which does not exist: correct or unset the variable.`,
    );
  }
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
    return ['A GPU is there, but no Vulkan driver for it: apt-get install mesa-vulkan-drivers (AMD, Intel).'];
  }
  return [];
}
