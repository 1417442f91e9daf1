/** The library of a page, run in Node with WebGPU where a page has it. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  dispose,
  explainPixel,
  openDevices,
  type PageTransformOptions,
  pageBackends,
  transform,
  transformImageData,
} from '../src/browser.js';
import { makeImage } from '../src/conformance/images.js';
import { ALPHA_MODES } from '../src/options.js';
import { BORDER_MODES } from '../src/regions.js';
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

  test.each<[string, object | undefined, boolean | undefined, RegExp]>([
    ['an old browser', undefined, true, /^No usable GPU: this browser has no WebGPU\. Use a current Chrome, /],
    ['plain http', undefined, false, /^No usable GPU: this page came by plain http, .+\. Open the page by https, /],
    ['a blocked adapter', { requestAdapter: async () => null }, true, /^No usable GPU: no adapter answers\. .*blocks/],
  ])('a GPU that was asked for is an error with advice: %s', async (_name, gpu, isSecureContext, message) => {
    layGpu(gpu);
    vi.stubGlobal('isSecureContext', isSecureContext);
    await expect(transform(imageData, { backend: 'gpu' })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(message),
    });
    const [device] = await openDevices();
    const missing = 'missing' in device ? device.missing : '';
    expect(`No usable GPU: ${missing} Or use the backend auto.`).toMatch(message);
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

describe('ImageData in, ImageData out', () => {
  /** As a browser has it. */
  class FakeImageData {
    readonly data: Uint8ClampedArray;
    readonly width: number;
    readonly height: number;
    readonly colorSpace: string;

    constructor(data: Uint8ClampedArray, width: number, height: number, settings: { colorSpace: string }) {
      [this.data, this.width, this.height, this.colorSpace] = [data, width, height, settings.colorSpace];
    }
  }

  test('a new one of the same size and colour space, the first left alone', async () => {
    layGpu(undefined);
    vi.stubGlobal('ImageData', FakeImageData);
    const given = new FakeImageData(new Uint8ClampedArray(data), width, height, { colorSpace: 'display-p3' });
    const product = await transformImageData(given, { border: 'wrap' });
    expect(product).toBeInstanceOf(FakeImageData);
    expect([product.width, product.height, product.colorSpace]).toEqual([width, height, 'display-p3']);
    expect(Buffer.compare(Buffer.from(product.data), expected.data)).toBe(0);
    expect(Buffer.compare(Buffer.from(given.data), data)).toBe(0);
  });

  test('arguments are checked', async () => {
    const floats = { data: new Float32Array(16), width: 2, height: 2 };
    await expect(transformImageData(floats as never)).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    await expect(transformImageData(imageData, { passes: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('a pixel explained', () => {
  const image = { data, width, height, channels: 4 };

  test.each(BORDER_MODES.flatMap((border) => ALPHA_MODES.map((alpha) => ({ border, alpha }))))(
    'has the bytes of the reference everywhere: $border, $alpha',
    (operation) => {
      const bytes = referenceOf({ ...image, channels: 4, rowBytes: 4 * width }, operation).data;
      const places = Array.from({ length: width * height }, (_, at) => ({ x: at % width, y: Math.floor(at / width) }));
      const actual = places.flatMap((place) => explainPixel(image, place, operation)?.samples ?? [0, 0, 0, 0]);
      expect(Buffer.compare(Buffer.from(actual), bytes)).toBe(0);
    },
  );

  test('its neighbours are those of the border mode, its norm that of its products', () => {
    const corner = explainPixel(image, { x: 0, y: 0 }, { border: 'wrap' })!;
    expect(corner.neighbours.map(({ x, y }) => [x, y])).toEqual(
      [height - 1, 0, 1].flatMap((y) => [width - 1, 0, 1].map((x) => [x, y])),
    );
    expect(corner.neighbours[4].samples).toEqual([...data.subarray(0, 4)]);
    expect(corner.norm).toBe(Math.sqrt(corner.product.reduce((sum, one) => sum + one * one, 0)));
    expect(explainPixel(image, { x: 0, y: 5 })).toBeUndefined();
  });

  test('arguments are checked', () => {
    expect(() => explainPixel(image, { x: width, y: 0 })).toThrow('a whole number from 0 to 39 for place.x');
    expect(() => explainPixel(image, { x: 0, y: 0.5 })).toThrow('a whole number from 0 to 29 for place.y');
    expect(() => explainPixel(image, { x: 0, y: 0 }, { passes: 2 } as never)).toThrow('name of an option');
  });
});

test('the backends are listed, the definition last', () => {
  expect(pageBackends.at(-1)).toMatchObject({ name: 'reference', title: 'reference' });
  expect(pageBackends[0]).toMatchObject({ name: 'gpu', title: 'GPU' });
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
