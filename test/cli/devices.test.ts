import { expect, test } from 'vitest';
import { devicesText } from '../../src/cli/devices.js';
import { BUILD_ADVICE } from '../../src/cpu/build-advice.js';
import type { Devices } from '../../src/devices.js';

const hardware = {
  vendor: 'nvidia',
  architecture: 'hopper',
  device: '',
  description: 'NVIDIA H100',
  software: false,
};
const software = {
  vendor: 'google',
  architecture: 'swiftshader',
  device: '',
  description: 'SwiftShader',
  software: true,
};

test('a workstation', () => {
  const devices: Devices = {
    gpu: { adapters: [hardware, software], advice: [] },
    cpu: { instructionSets: ['avx2', 'portable'], openMp: true, cores: 16 },
    auto: { backend: 'gpu', reason: 'a hardware GPU answers' },
  };
  expect(devicesText(devices)).toBe(`gpu        NVIDIA H100 (hopper)
gpu        SwiftShader (google in software), right but slower than cpu: never taken by auto
cpu        avx2, portable; OpenMP, 16 cores
reference  binary64 TypeScript, always there, slow

auto       takes gpu: a hardware GPU answers
`);
});

test('a bare server: each missing thing with what to do', () => {
  const devices: Devices = {
    gpu: { adapters: [], failure: 'no package webgpu', advice: ['npm install webgpu.'] },
    cpu: { reason: 'not compiled' },
    auto: { backend: 'reference', reason: 'no GPU; no CPU addon' },
  };
  expect(devicesText(devices)).toBe(`gpu        none: WebGPU does not load: no package webgpu
cpu        none: not compiled
reference  binary64 TypeScript, always there, slow

auto       takes reference: no GPU; no CPU addon
for a GPU  npm install webgpu.
for cpu    ${BUILD_ADVICE}
`);
});
