import { expect, test } from 'vitest';
import { measureDevice } from '../../src/bench/device-times.js';
import { makeImage } from '../../src/conformance/images.js';
import { timeDeviceCopy } from '../../src/gpu/device-copy.js';
import { createRaster } from '../../src/image.js';
import { describeOnGpu, openBackend } from './devices.js';

describeOnGpu('the clock of a device', () => {
  test('tells of a copy: more bytes take longer', async () => {
    const { device } = await openBackend();
    await timeDeviceCopy(device, 4);
    const timesMs = await Promise.all([2 ** 20, 2 ** 26].map((byteLength) => timeDeviceCopy(device, byteLength)));
    expect(timesMs[0]).toBeGreaterThan(0);
    expect(timesMs[1]).toBeGreaterThan(2 * timesMs[0]);
  });

  test('tells of the kernel, which takes longer than a copy, and the phases fit into the whole', async () => {
    const backend = await openBackend();
    const input = makeImage('photograph', 800, 600, 4, 1);
    const output = createRaster(800, 600, 4);
    const startMs = performance.now();
    const times = await measureDevice(backend, input, output);
    const elapsedMs = performance.now() - startMs;
    expect(times!.kernelMs).toBeGreaterThan(times!.copyMs);
    expect(times!.uploadMs + times!.kernelMs + times!.readBackMs).toBeLessThan(elapsedMs);
    for (const timeMs of Object.values(times!)) expect(timeMs).toBeGreaterThan(0);
  });

  test('is not asked where there is none', async () => {
    const backend = await openBackend();
    Object.defineProperty(backend.device, 'features', { value: new Set() });
    expect(await measureDevice(backend, createRaster(3, 3, 4), createRaster(3, 3, 4))).toBeUndefined();
  });
});
