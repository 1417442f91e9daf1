import { describe, expect, test } from 'vitest';
import { create, globals } from 'webgpu';
import { adapterText, describeAdapter, openBestAdapter, requestAdapters } from '../../src/gpu/adapters.js';
import { BUFFER, MAP_MODE_READ, SHADER_STAGE_COMPUTE } from '../../src/gpu/device.js';
import { describeOnGpu } from './devices.js';

const NOTHING = { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false };

function infoOf(fields: Partial<GPUAdapterInfo>): GPUAdapterInfo {
  return { ...NOTHING, ...fields } as GPUAdapterInfo;
}

test.each([
  [{ vendor: 'google', architecture: 'swiftshader' }, true],
  [{ description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }, true],
  [{ description: 'Microsoft Basic Render Driver' }, true],
  [{ vendor: 'mesa', architecture: 'software-rasterizer' }, true],
  [{ vendor: '65541', description: 'softpipe' }, true],
  [{ architecture: 'WARP' }, true],
  [{ vendor: 'acme', isFallbackAdapter: true }, true],
  [{ vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H100' }, false],
  [{ vendor: 'acme', description: 'Warped Engine 2' }, false],
  [{}, false],
])('%o is in software: %s', (fields, software) => {
  expect(describeAdapter(infoOf(fields)).software).toBe(software);
});

test.each([
  [{ vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H100' }, 'NVIDIA H100 (hopper)'],
  [{ vendor: 'apple', architecture: 'metal-3' }, 'apple metal-3'],
  [
    { vendor: 'google', architecture: 'swiftshader', description: 'SwiftShader driver' },
    'SwiftShader driver (google in software)',
  ],
  [{ device: 'gpu0' }, 'gpu0'],
  // As Dawn describes hardware in Node, and as Chromium does in a page.
  [
    { vendor: 'nvidia', device: 'nvidia-h200', description: 'NVIDIA: 580.159.04 580.159.4.0' },
    'nvidia-h200 (NVIDIA: 580.159.04 580.159.4.0)',
  ],
  [{ vendor: 'nvidia', architecture: 'hopper', device: '0x2335', description: 'NVIDIA H200' }, 'NVIDIA H200 (hopper)'],
  [{ device: '0x2335' }, '0x2335'],
  // Lavapipe in Dawn, SwiftShader in Deno, and any GPU in Firefox.
  [
    { vendor: 'mesa', architecture: 'software', device: 'llvmpipe-llvm-15', description: 'llvmpipe: Mesa 25.0.7' },
    'llvmpipe: Mesa 25.0.7 (in software)',
  ],
  [
    { vendor: '6880', device: '49374', description: 'SwiftShader Device', isFallbackAdapter: true },
    'SwiftShader Device (in software)',
  ],
  [{ vendor: '6880', isFallbackAdapter: true }, 'unnamed GPU (in software)'],
  [{}, 'unnamed GPU'],
])('%o is written %s', (fields, text) => {
  expect(adapterText(describeAdapter(infoOf(fields)))).toBe(text);
});

test('the flags are those of the specification', () => {
  const { GPUBufferUsage, GPUMapMode, GPUShaderStage } = globals as Record<string, Record<string, number>>;
  for (const [name, flag] of Object.entries(BUFFER)) expect(GPUBufferUsage[name]).toBe(flag);
  expect(GPUMapMode.READ).toBe(MAP_MODE_READ);
  expect(GPUShaderStage.COMPUTE).toBe(SHADER_STAGE_COMPUTE);
});

describeOnGpu('the adapters of this computer', () => {
  test('each is listed once', async () => {
    const adapters = (await requestAdapters(create([]))).map(({ info }) => describeAdapter(info));
    expect(adapters.length).toBeGreaterThan(0);
    expect(new Set(adapters.map(adapterText)).size).toBe(adapters.length);
  });
});

describe('without a device', () => {
  test('an adapter that must not be software is refused with a reason', async () => {
    const info = {
      vendor: 'google',
      architecture: 'swiftshader',
      device: '',
      description: '',
      isFallbackAdapter: true,
    };
    const gpu = { requestAdapter: async () => ({ info }) } as unknown as GPU;
    const opened = await openBestAdapter(gpu, { acceptSoftware: false });
    expect(opened).toMatchObject({ reason: 'only google swiftshader (in software) answers' });
  });

  // Deno 2.2 to 2.5 have devices without `lost`, webgpu 0.2.12 has them without events.
  test.each(['lost', 'addEventListener'])('a device without %s is a reason and no exception', async (name) => {
    const complete = { limits: {}, lost: new Promise(() => {}), addEventListener() {} };
    const requestDevice = async () => ({ ...complete, [name]: undefined });
    const adapter = { info: NOTHING, limits: {}, features: new Set(), requestDevice };
    const opened = await openBestAdapter({ requestAdapter: async () => adapter } as unknown as GPU);
    expect(opened).toMatchObject({
      reason: `this WebGPU is too old: its devices have no \`${name}\`, so failures would go unnoticed. Update what provides it`,
    });
  });

  test('no adapter, or one that refuses a device, is a reason and no exception', async () => {
    const none = { requestAdapter: async () => null } as unknown as GPU;
    expect(await openBestAdapter(none)).toEqual({ reason: 'no adapter answers' });
    const broken = { requestAdapter: () => Promise.reject(new Error('the driver is broken')) } as unknown as GPU;
    expect(await openBestAdapter(broken)).toEqual({ reason: 'the driver is broken' });
  });
});
