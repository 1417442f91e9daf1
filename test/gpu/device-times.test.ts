import { describe, expect, test } from 'vitest';
import { measureDevice } from '../../src/bench/device-times.js';
import { makeImage } from '../../src/conformance/images.js';
import { timeDeviceCopy } from '../../src/gpu/device-copy.js';
import type { GpuBackend } from '../../src/gpu/gpu-backend.js';
import { createRaster } from '../../src/image.js';
import type { Job } from '../../src/options.js';
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

/** A device whose clock shows given times, in milliseconds, and the commands that it was given. */
function fakeDevice(timesMs: readonly number[]) {
  const commands: string[] = [];
  const command = (name: string) => () => {
    commands.push(name);
  };
  const readBack = () => BigUint64Array.from(timesMs, (timeMs) => BigInt(timeMs * 1e6)).buffer;
  const device = {
    features: new Set(['timestamp-query']),
    queue: { submit: command('submit') },
    pushErrorScope: () => {},
    popErrorScope: async () => null,
    createQuerySet: () => ({ destroy: () => {} }),
    createBuffer: () => ({ destroy: () => {}, mapAsync: async () => {}, getMappedRange: readBack }),
    createCommandEncoder: () => ({
      clearBuffer: command('clear'),
      copyBufferToBuffer: command('copy'),
      beginComputePass: () => ({ end: command('pass') }),
      resolveQuerySet: command('resolve'),
      finish: () => {},
    }),
  };
  return { device: device as unknown as GPUDevice, commands };
}

describe('by a clock that is known', () => {
  const TIMES_MS = [10, 20, 30, 70];

  test('a copy lasts from the end of the pass before it to the end of the pass after it', async () => {
    const { device, commands } = fakeDevice(TIMES_MS);
    expect(await timeDeviceCopy(device, 64)).toBe(50);
    expect(commands).toEqual(['clear', 'copy', 'pass', 'copy', 'pass', 'resolve', 'copy', 'submit']);
  });

  test('each phase is the sum over its strips', async () => {
    const transform = async (_input: unknown, _output: unknown, { onSpan }: Job) => {
      const tell = (name: string, lane: string, endMs: number) => onSpan!({ name, lane, startMs: 1, endMs });
      for (const strip of [1, 2]) {
        tell('upload', `GPU slot ${strip}`, 2);
        tell('map', `GPU slot ${strip}`, 100);
        tell('pass 1', 'GPU', 4);
        tell('copy', `GPU slot ${strip}`, 6);
      }
    };
    const backend = { device: fakeDevice(TIMES_MS).device, transform } as unknown as GpuBackend;
    const image = createRaster(3, 3, 4);
    expect(await measureDevice(backend, image, image)).toEqual({
      uploadMs: 2,
      kernelMs: 6,
      readBackMs: 10,
      copyMs: 50,
    });
  });
});
