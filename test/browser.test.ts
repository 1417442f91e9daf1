/** The entry for pages, run in Node: without a GPU object, and with the software GPU's. */
import { afterEach, describe, expect, test } from 'vitest';
import { dispose, transform } from '../src/browser.js';
import { createImage } from '../src/image.js';
import { describeOnGpu, gpu } from './gpu/devices.js';
import { firstDifference, operationOf, referenceOf } from './transforms.js';

/** What `getImageData` gives, without its class. */
function imageData(width = 9, height = 7) {
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, at) => 255 - ((at * 41) % 97));
  return { data, width, height, colorSpace: 'srgb' };
}

const EXPECTED = (() => {
  const { data, width, height } = imageData();
  const input = { ...createImage(width, height, 4), data: new Uint8Array(data.buffer) };
  return referenceOf(input, operationOf({ border: 'wrap' }));
})();

afterEach(() => dispose());

describe('a page without a GPU', () => {
  test('gets the reference, and is told why', async () => {
    const result = await transform(imageData(), { border: 'wrap' });
    expect(result).toMatchObject({ backend: 'reference', reason: 'no GPU: this browser has no WebGPU' });
    expect(firstDifference(EXPECTED, result.image)).toBeUndefined();
  });

  test('that asks for it by name gets an error', async () => {
    await expect(transform(imageData(), { backend: 'gpu' })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: 'No usable GPU: this browser has no WebGPU. Or use the backend auto.',
    });
  });

  test.each([
    ['a path', 'in.png', 'INVALID_IMAGE'],
    ['no size', { data: new Uint8Array(4) }, 'INVALID_IMAGE'],
  ])('arguments are checked: %s', async (_, image, code) => {
    await expect(transform(image as never)).rejects.toMatchObject({ code });
  });

  test('a backend of Node is none of a page', async () => {
    await expect(transform(imageData(), { backend: 'cpu' as never })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describeOnGpu('a page with a GPU', () => {
  test('runs on it', async () => {
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
    const result = await transform(imageData(), { border: 'wrap' });
    expect(result).toMatchObject({ backend: 'gpu', reason: 'a GPU answers' });
    expect(firstDifference(EXPECTED, result.image)).toBeUndefined();
  });
});
