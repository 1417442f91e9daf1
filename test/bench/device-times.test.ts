import { expect, test } from 'vitest';
import { timeDeviceCopy, timeKernel, timeRecording } from '../../src/bench/device-times.js';
import { makeImage } from '../../src/conformance/images.js';
import { describeOnGpu, openHost } from '../gpu/devices.js';

describeOnGpu('the clock of a device', () => {
  test('times a copy: more bytes take longer', async () => {
    const { device } = (await openHost()).backend;
    const timesMs = [];
    for (const byteLength of [2 ** 20, 2 ** 26]) timesMs.push(await timeDeviceCopy(device, byteLength));
    expect(timesMs[0]).toBeGreaterThan(0);
    expect(timesMs[1]).toBeGreaterThan(2 * timesMs[0]);
  });

  test('times a transform: more exact pixels take longer', async () => {
    const { device } = (await openHost()).backend;
    const timesMs = [];
    for (const kind of ['noise', 'worst-case'] as const) {
      timesMs.push(await timeKernel(device, makeImage(kind, 120, 90, 4, 1)));
    }
    expect(timesMs[0]).toBeGreaterThan(0);
    expect(timesMs[1]).toBeGreaterThan(timesMs[0]);
  });
});

/** A device whose clock shows given times, in milliseconds, one list after another, and the commands it received. */
function fakeDevice(...lists: (readonly number[])[]) {
  const commands: string[] = [];
  const command = (name: string) => () => {
    commands.push(name);
  };
  const readBack = () => BigUint64Array.from(lists.shift()!, (timeMs) => BigInt(timeMs * 1e6)).buffer;
  const device = {
    queue: { submit: command('submit') },
    pushErrorScope: () => {},
    popErrorScope: async () => null,
    createQuerySet: () => ({ destroy: () => {} }),
    createBuffer: () => ({ destroy: () => {}, mapAsync: async () => {}, getMappedRange: readBack }),
    createCommandEncoder: () => ({
      copyBufferToBuffer: command('copy'),
      beginComputePass: () => ({ end: command('mark') }),
      resolveQuerySet: command('resolve'),
      finish: () => {},
    }),
  };
  return { device: device as unknown as GPUDevice, commands, record: command('work') };
}

test('work lasts from the end of the mark before it to the end of the mark after it', async () => {
  const { device, commands, record } = fakeDevice([10, 20, 30, 170]);
  expect(await timeRecording(device, record)).toBe(150);
  expect(commands).toEqual(['work', 'mark', 'work', 'mark', 'resolve', 'copy', 'submit']);
});

test('short work is recorded again and again: the time is that of one call', async () => {
  const { device, commands, record } = fakeDevice([0, 1, 1, 6], [0, 10, 10, 110]);
  expect(await timeRecording(device, record)).toBe(5);
  expect(commands.filter((name) => name === 'work')).toHaveLength(2 + 2 * 20);
});

test('work that takes no time by the clock is recorded no more often than the limit', async () => {
  const { device, commands, record } = fakeDevice([0, 1, 1, 1], [0, 10, 10, 30]);
  expect(await timeRecording(device, record)).toBe(0.02);
  expect(commands.filter((name) => name === 'work')).toHaveLength(2 + 2 * 1000);
});
