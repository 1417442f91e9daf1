import { expect, test } from 'vitest';
import type { AdapterDescription } from '../../src/gpu/adapters.js';
import { adviseOn, type SystemFacts } from '../../src/gpu/system.js';

const SYSTEM: SystemFacts = {
  platform: 'linux',
  architecture: 'x64',
  hasVulkanLoader: true,
  hasNvidiaDriver: false,
  renderNodes: [],
  forbiddenRenderNodes: [],
  missingDriverFiles: [],
  flawedDriverFiles: [],
};

function adapter(software: boolean): AdapterDescription {
  return { vendor: 'acme', architecture: '', device: '', description: '', software };
}

test('nothing where a GPU answers', () => {
  expect(adviseOn({ adapters: [adapter(true), adapter(false)], system: SYSTEM })).toEqual([]);
});

test('a software adapter alone is no GPU', () => {
  expect(adviseOn({ adapters: [adapter(true)], system: SYSTEM })).toEqual([
    'This computer has no visible GPU. The CPU backend gives the same bytes.',
  ]);
});

test.each<[Partial<SystemFacts>, RegExp[]]>([
  [{ hasVulkanLoader: false }, [/libvulkan1/]],
  [{ hasNvidiaDriver: true }, [/NVIDIA_DRIVER_CAPABILITIES/, /libegl1 libxext6/]],
  [{ hasNvidiaDriver: true, hasVulkanLoader: false }, [/libvulkan1/, /NVIDIA_DRIVER_CAPABILITIES/, /libegl1/]],
  [{ renderNodes: ['/dev/dri/renderD128'] }, [/mesa-vulkan-drivers/]],
  [{ renderNodes: ['/dev/dri/renderD128'], forbiddenRenderNodes: ['/dev/dri/renderD128'] }, [/renderD128.*group/]],
  [{ missingDriverFiles: ['/nowhere/icd.json'] }, [/VK_DRIVER_FILES.*\/nowhere\/icd\.json/]],
  [
    { flawedDriverFiles: ['/etc/vulkan/icd.d/a.json names liba.so, which is missing'] },
    [/a\.json names liba\.so, which is missing: install/],
  ],
  [{ platform: 'win32' }, [/graphics driver/]],
])('no adapter, %o', (facts, sentences) => {
  const advice = adviseOn({ adapters: [], system: { ...SYSTEM, ...facts } });
  expect(advice).toHaveLength(sentences.length);
  sentences.forEach((sentence, index) => {
    expect(advice[index]).toMatch(sentence);
  });
});

test('a driver that hangs: no advice to install one', () => {
  const system = { ...SYSTEM, renderNodes: ['/dev/dri/renderD128'] };
  expect(adviseOn({ adapters: [], isSilent: true, system })).toEqual([expect.stringMatching(/hangs: restart/)]);
});

test.each([
  ["/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found", /glibc 2\.34/],
  ["Cannot find module 'webgpu'", /npm install webgpu/],
  ['Cannot load native addon because loading addons is disabled.', /--allow-addons/],
  ["Cannot find module '/app/node_modules/webgpu/dist/linux-riscv64/dawn.node'", /linux-riscv64/],
  ['something else', /npm install webgpu/],
])('WebGPU does not load: %s', (failure, sentence) => {
  const [advice, ...rest] = adviseOn({ adapters: [], failure, system: { ...SYSTEM, architecture: 'riscv64' } });
  expect(advice).toMatch(sentence);
  expect(rest).toEqual([]);
});
