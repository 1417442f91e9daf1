import { expect, test } from 'vitest';
import { DeviceClock, type TimedStrip, timeDeviceCopy } from '../../src/gpu/timing.js';
import type { Span } from '../../src/span.js';
import { describeOnGpu, openHost } from './devices.js';

describeOnGpu('the clock of a device', () => {
  test('times a copy: more bytes take longer', async () => {
    const { device } = (await openHost()).backend;
    await timeDeviceCopy(device, 4);
    const timesMs = await Promise.all([2 ** 20, 2 ** 26].map((byteLength) => timeDeviceCopy(device, byteLength)));
    expect(timesMs[0]).toBeGreaterThan(0);
    expect(timesMs[1]).toBeGreaterThan(2 * timesMs[0]);
  });
});

/** A device whose clock shows given times, in milliseconds, and the commands it received. */
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

test('a copy lasts from the end of the pass before it to the end of the pass after it', async () => {
  const { device, commands } = fakeDevice([10, 20, 30, 70]);
  expect(await timeDeviceCopy(device, 64)).toBe(50);
  expect(commands).toEqual(['clear', 'copy', 'pass', 'copy', 'pass', 'resolve', 'copy', 'submit']);
});

test('passes are placed as late as possible, none beyond the moment its result was mapped', () => {
  const spans: Span[] = [];
  const timed = (row: number, mappedMs: number, passesMs: number[]): TimedStrip => ({
    rows: `${row} to ${row}`,
    mappedMs,
    passesNs: BigUint64Array.from(passesMs, (ms) => 5_000_000_000n + BigInt(ms * 1e6)),
    onSpan: (span) => spans.push(span),
  });
  const clock = new DeviceClock();
  clock.add(timed(0, 1010, [0, 4]));
  clock.add(timed(1, 1013, [4, 8, 8, 9]));
  clock.add(timed(2, 1000, []));
  clock.report();
  expect(spans.map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
    ['pass 1', 1004, 1008],
    ['pass 1', 1008, 1012],
    ['pass 2', 1012, 1013],
  ]);
  clock.report();
  expect(spans).toHaveLength(3);
});
