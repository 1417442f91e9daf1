/** The library of a page, run in Node with WebGPU where a page has it. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { dispose, type PageTransformOptions, transform } from '../src/browser.js';
import { makeImage } from '../src/conformance/images.js';
import { describeOnGpu, gpu } from './gpu/devices.js';
import { firstDifference, referenceOf } from './transforms.js';

const { data, width, height } = makeImage('photograph', 40, 30, 4, 1);
/** As a canvas gives it. */
const imageData = { data: new Uint8ClampedArray(data), width, height, colorSpace: 'srgb' };
const expected = referenceOf({ data, width, height, channels: 4, rowBytes: 4 * width }, { border: 'wrap' });

afterEach(async () => {
  await dispose();
  vi.unstubAllGlobals();
});

function layGpu(gpu: unknown): void {
  vi.stubGlobal('navigator', { gpu });
}

describe('without WebGPU', () => {
  test('WebAssembly runs, and the result says why', async () => {
    layGpu(undefined);
    const { image, backend, reason } = await transform(imageData, { border: 'wrap' });
    expect({ backend, reason }).toEqual({ backend: 'wasm', reason: 'no GPU: this browser has no WebGPU' });
    expect(firstDifference(expected, image)).toBeUndefined();
  });

  test('the reference runs where WebAssembly may not, and the result says why', async () => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', {
      validate: () => true,
      compile: async () => {
        throw new Error("'unsafe-eval' is not an allowed source of script");
      },
    });
    layGpu(undefined);
    const page = await import('../src/browser.js');
    const { image, backend, reason } = await page.transform(imageData, { border: 'wrap' });
    expect({ backend, reason }).toEqual({
      backend: 'reference',
      reason:
        'no GPU: this browser has no WebGPU; ' +
        "no WebAssembly kernel: it does not compile here ('unsafe-eval' is not an allowed source of script)",
    });
    expect(firstDifference(expected, image)).toBeUndefined();
    await expect(page.transform(imageData, { backend: 'wasm' })).rejects.toThrow("needs script-src 'wasm-unsafe-eval'");
  });

  test('a GPU that was asked for is an error', async () => {
    layGpu({ requestAdapter: async () => null });
    await expect(transform(imageData, { backend: 'gpu' })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: 'No usable GPU: no adapter answers. Or use the backend auto.',
    });
  });
});

test.each<[string, object]>([
  ['Expected one of auto, gpu, wasm, reference for options.backend', { backend: 'cpu' }],
  ["for the name of an option, but received 'bordr' (string).", { bordr: 'wrap' }],
  ['Expected a whole number from 1 to 1000 for options.passes', { passes: 0 }],
])('arguments are checked: %s', async (message, options) => {
  await expect(transform(imageData, options as PageTransformOptions)).rejects.toThrow(message);
});

test('images are checked', async () => {
  for (const image of ['in.png', { data: new Uint8Array(4) }, { ...imageData, width: 1e6 }]) {
    await expect(transform(image as never)).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
  }
});

describeOnGpu('with WebGPU', () => {
  test('one in software is left for WebAssembly', async () => {
    layGpu(gpu);
    const { backend, reason } = await transform(imageData, { border: 'wrap' });
    expect(backend).toBe('wasm');
    expect(reason).toMatch(/^no GPU: only .*SwiftShader.* answers$/);
  });

  test('the GPU runs, one in software where it is asked for; it opens again after dispose', async () => {
    layGpu(gpu);
    for (let round = 0; round < 2; round++) {
      const { image, backend, device } = await transform(imageData, { border: 'wrap', backend: 'gpu' });
      expect({ backend, device }).toEqual({ backend: 'gpu', device: expect.stringContaining('SwiftShader') });
      expect(firstDifference(expected, image)).toBeUndefined();
      await dispose();
    }
  });

  test('where it fails, WebAssembly finishes, and the result says so', async () => {
    const adapter = await gpu.requestAdapter();
    const device = await adapter!.requestDevice();
    layGpu({
      async requestAdapter() {
        const { limits, features } = adapter!;
        // It passes for hardware.
        const info = { vendor: 'test', architecture: '', device: '', description: 'a GPU' };
        return { info, limits, features, requestDevice: async () => device };
      },
    });
    expect((await transform(imageData, { border: 'wrap' })).backend).toBe('gpu');
    const running = transform(imageData, { border: 'wrap' });
    device.destroy();
    const { image, backend, fault } = await running;
    expect({ backend, fault }).toEqual({
      backend: 'wasm',
      fault: expect.stringContaining('the WebAssembly kernel did its work'),
    });
    expect(firstDifference(expected, image)).toBeUndefined();
  });
});
