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
  test('the reference runs, and the result says why', async () => {
    layGpu(undefined);
    const { image, backend, reason } = await transform(imageData, { border: 'wrap' });
    expect({ backend, reason }).toEqual({ backend: 'reference', reason: 'no GPU: this browser has no WebGPU' });
    expect(firstDifference(expected, image)).toBeUndefined();
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
  ['Expected one of auto, gpu, reference for options.backend', { backend: 'cpu' }],
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
  test('the GPU runs, in software too, and the result says why; it opens again after dispose', async () => {
    layGpu(gpu);
    for (let round = 0; round < 2; round++) {
      const { image, backend, device, reason } = await transform(imageData, { border: 'wrap' });
      expect({ backend, device, reason }).toEqual({
        backend: 'gpu',
        device: expect.stringContaining('SwiftShader'),
        reason: expect.stringMatching(/^only .*SwiftShader.* answers$/),
      });
      expect(firstDifference(expected, image)).toBeUndefined();
      await dispose();
    }
  });

  test('where it fails, the reference finishes, and the result says so', async () => {
    const adapter = await gpu.requestAdapter();
    const device = await adapter!.requestDevice();
    layGpu({
      async requestAdapter() {
        const { info, limits, features } = adapter!;
        return { info, limits, features, requestDevice: async () => device };
      },
    });
    expect((await transform(imageData, { border: 'wrap' })).backend).toBe('gpu');
    const running = transform(imageData, { border: 'wrap' });
    device.destroy();
    const { image, backend, fault } = await running;
    expect({ backend, fault }).toEqual({
      backend: 'reference',
      fault: expect.stringContaining('the reference did its work'),
    });
    expect(firstDifference(expected, image)).toBeUndefined();
  });
});
