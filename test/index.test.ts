import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeImage } from '../src/conformance/images.js';
import { decodePngSync as decodePng } from '../src/formats/png/decode.js';
import { createImage } from '../src/image.js';
import { type Image, NeighborProductError, transform, transformSync } from '../src/index.js';
import { firstDifference, referenceOf } from './transforms.js';

const input = makeImage('photograph', 80, 60, 4, 1);

describe.each(['auto', 'cpu', 'reference'] as const)('backend %s', (backend) => {
  test("gives the reference's bytes and an account", async () => {
    const expected = referenceOf(input, { border: 'reflect' });
    for (const result of [
      await transform(input, { backend, border: 'reflect' }),
      transformSync(input, { backend, border: 'reflect' }),
    ]) {
      expect(firstDifference(expected, result.image)).toBeUndefined();
      expect(result.image).toMatchObject({ width: 80, height: 60, channels: 4, rowBytes: 320 });
      expect(result.reason).not.toBe('');
      expect(result.device).not.toBe('');
      expect(result.elapsedMs).toBeGreaterThan(0);
      if (backend !== 'auto') expect(result).toMatchObject({ backend, reason: 'asked for' });
    }
  });

  test("writes into a caller's image, which may be the input", async () => {
    const image: Image = { ...input, data: input.data.slice() };
    const result = await transform(image, { backend, border: 'wrap', output: image });
    expect(result.image.data.buffer).toBe(image.data.buffer);
    expect(firstDifference(referenceOf(input, { border: 'wrap' }), result.image)).toBeUndefined();
  });

  test('writes over its input in shared memory that goes by another name', async () => {
    const memory = new SharedArrayBuffer(input.data.length);
    const image = { ...input, data: new Uint8Array(memory) };
    image.data.set(input.data);
    const output = { ...input, data: new Uint8Array(structuredClone(memory)) };
    await transform(image, { backend, border: 'wrap', output });
    expect(firstDifference(referenceOf(input, { border: 'wrap' }), output)).toBeUndefined();
  });

  test('memory that is transferred before its turn is an error, not a black picture', async () => {
    const image = { ...input, data: input.data.slice() };
    const pending = transform(image, { backend });
    structuredClone(image.data, { transfer: [image.data.buffer] });
    await expect(pending).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
  });

  test('an aborted signal rejects with its reason', async () => {
    const signal = AbortSignal.abort(new Error('not today'));
    await expect(transform(input, { backend, signal })).rejects.toThrow('not today');
    expect(() => transformSync(input, { backend, signal })).toThrow('not today');
  });
});

test('bad input rejects; it does not throw', async () => {
  const rejected = transform({ ...input, width: 0 });
  await expect(rejected).rejects.toBeInstanceOf(NeighborProductError);
  await expect(rejected).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
  await expect(transform(input, { passes: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test('the input is not changed', async () => {
  const before = input.data.slice();
  await transform(input, { output: createImage(80, 60, 4), passes: 3 });
  expect(Buffer.compare(before, input.data)).toBe(0);
});

test('gpu cannot run on the calling thread, and says what can', () => {
  expect(() => transformSync(input, { backend: 'gpu' })).toThrow(
    expect.objectContaining({ code: 'BACKEND_UNAVAILABLE' }),
  );
});

/** Made by `neighbor-product fixtures/watermelon-pizza.png -o docs/watermelon-pizza-product.png --backend reference`. */
test('the picture after, in the README, is the transform of the picture before', async () => {
  const decoded = (name: string) =>
    decodePng(readFileSync(new URL(`../${name}`, import.meta.url)), { maxPixels: 1_000_000 });
  const result = await transform(decoded('fixtures/watermelon-pizza.png'));
  expect(firstDifference(decoded('docs/watermelon-pizza-product.png'), result.image)).toBeUndefined();
});
