import { beforeAll, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { DeviceTransform } from '../../src/gpu/device-transform.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { transformReference } from '../../src/reference.js';
import { firstDifference, modesOf } from '../transforms.js';
import { describeOnGpu, openDevice, readBuffer } from './devices.js';

const USAGE = 0x80 | 0x8 | 0x4; // STORAGE, COPY_DST, COPY_SRC

describeOnGpu('a transform in the caller’s command encoder', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });

  function bufferOf(image: CheckedImage): GPUBuffer {
    const buffer = device.createBuffer({ size: image.data.byteLength, usage: USAGE });
    device.queue.writeBuffer(buffer, 0, image.data as Uint8Array<ArrayBuffer>);
    return buffer;
  }

  test.each(modesOf(4))('$alpha $border, 1 to 4 passes: the bytes of the reference', async (mode) => {
    const image = makeImage('near-integers', 71, 19, 4, 3);
    const input = bufferOf(image);
    for (const passes of [1, 2, 3, 4]) {
      const before = makeImage('noise', 71, 19, 4, 4);
      const output = bufferOf(before);
      const transform = await DeviceTransform.create(device, { width: 71, height: 19, ...mode, passes });
      const encoder = device.createCommandEncoder();
      transform.record(encoder, { input, output });
      device.queue.submit([encoder.finish()]);
      const actual = { ...before, data: await readBuffer(device, output) };
      transformReference(image, before, { ...mode, passes });
      expect(firstDifference(before, actual)).toBeUndefined();
      transform.destroy();
    }
    expect(firstDifference(image, { ...image, data: await readBuffer(device, input) })).toBeUndefined();
  });

  test('several recordings in one submission, each feeding the next', async () => {
    const image = makeImage('photograph', 40, 30, 4, 5);
    const buffers = [image, createImage(40, 30, 4), createImage(40, 30, 4)].map(bufferOf);
    const options = { width: 40, height: 30, border: 'wrap', alpha: 'channel' } as const;
    const transform = await DeviceTransform.create(device, options);
    const encoder = device.createCommandEncoder();
    transform.record(encoder, { input: buffers[0], output: buffers[1] });
    transform.record(encoder, { input: buffers[1], output: buffers[2] });
    device.queue.submit([encoder.finish()]);
    const expected = createImage(40, 30, 4);
    transformReference(image, expected, { ...options, passes: 2 });
    expect(firstDifference(expected, { ...expected, data: await readBuffer(device, buffers[2]) })).toBeUndefined();
  });

  test('an image that skip leaves nothing of is not touched', async () => {
    const transform = await DeviceTransform.create(device, { width: 2, height: 30 });
    const [input, output] = [makeImage('ones', 2, 30, 4, 0), makeImage('noise', 2, 30, 4, 0)].map(bufferOf);
    const encoder = device.createCommandEncoder();
    transform.record(encoder, { input, output });
    device.queue.submit([encoder.finish()]);
    expect(Buffer.from(await readBuffer(device, output))).toEqual(Buffer.from(makeImage('noise', 2, 30, 4, 0).data));
  });

  test.each([
    [{ width: 0, height: 1 }, 'Expected a whole number of at least 1 for options.width, but received 0 (number).'],
    [{ width: 1, height: 1.5 }, 'Expected a whole number of at least 1 for options.height, but received 1.5 (number).'],
    [{ width: 1, height: 1, passes: 0 }, /^Expected a whole number from 1 to 1000 for options.passes/],
  ])('%o is refused', async (options, message) => {
    await expect(DeviceTransform.create(device, options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  test.each([
    [{ width: 2 ** 20, height: 2 ** 20 }, /^The image has 1048576x1048576 pixels, more than the \d+ of this device/],
    [{ width: 2 ** 23, height: 1 }, /^The image is 8388608 pixels wide, more than the 8388480 of one dispatch\./],
  ])('%o is beyond the device', async (options, message) => {
    await expect(DeviceTransform.create(device, options)).rejects.toMatchObject({
      code: 'DEVICE_LIMIT',
      message: expect.stringMatching(message),
    });
  });

  test('buffers that are too small, or one for both ends, are refused', async () => {
    const transform = await DeviceTransform.create(device, { width: 4, height: 4 });
    const [fits, small] = [createImage(4, 4, 4), createImage(4, 3, 4)].map(bufferOf);
    const encoder = device.createCommandEncoder();
    expect(transform.byteLength).toBe(64);
    expect(() => transform.record(encoder, { input: fits, output: small })).toThrow(
      'Expected at least 64 bytes for output.size, but received 48 (number).',
    );
    expect(() => transform.record(encoder, { input: fits, output: fits })).toThrow(
      /^Expected another buffer than input/,
    );
  });
});
