/** Several passes on a device where an image stays between them. */
import { expect, test } from 'vitest';
import type { Operation } from '../../src/options.js';
import { BORDER_MODES } from '../../src/regions.js';
import { modesOf, operationOf } from '../transforms.js';
import { helper, spoil, TestDevice } from '../workers.js';
import {
  aloneMs,
  deal,
  dealerWith,
  HEIGHT,
  MS_PER_MEGAPIXEL,
  photograph,
  ROUNDING_MS,
  rowsOfWorkers,
  WIDTH,
  warm,
} from './jobs.js';
import { useVirtualTime } from './virtual-time.js';

useVirtualTime();

const habits = { msPerMegapixel: MS_PER_MEGAPIXEL / 10, residentPixels: WIDTH * HEIGHT };
const residentRuns = (device: TestDevice) => device.strips.filter(({ passes }) => passes > 1);

/** The device takes a tenth of what the first worker takes, which then computes a row and what that needs above and below. */
function expectOnDevice(elapsedMs: number, operation: Operation): void {
  const deviceMs = aloneMs(photograph, operation) / 10;
  const around = { width: WIDTH, height: 2 * operation.passes + 1 };
  expect(elapsedMs).toBeGreaterThan(deviceMs - ROUNDING_MS);
  expect(elapsedMs).toBeLessThan(deviceMs + aloneMs(around, { ...operation, border: 'wrap' }) + ROUNDING_MS);
}

test.each(modesOf(4))('$alpha $border: the bytes are right', async (mode) => {
  const device = new TestDevice(habits);
  const { dealer, left } = dealerWith([helper(device)]);
  await warm(dealer);
  const operation = { ...mode, passes: 6 };
  for (let round = 0; round < 5; round++) {
    const { result, elapsedMs } = await deal(dealer, photograph, operation);
    rowsOfWorkers(result, photograph, operation);
    expectOnDevice(elapsedMs, operation);
  }
  expect(residentRuns(device)).toHaveLength(5);
  expect(left).toEqual([]);
});

test('the device does most of the rows', async () => {
  const { dealer } = dealerWith([helper(new TestDevice(habits))]);
  await warm(dealer);
  const operation = operationOf({ border: 'wrap', passes: 20 });
  const { result, elapsedMs } = await deal(dealer, photograph, operation);
  expect(rowsOfWorkers(result, photograph, operation).gpu).toBeGreaterThan(16 * HEIGHT);
  expectOnDevice(elapsedMs, operation);
});

test('a device that hangs meanwhile is overtaken', async () => {
  const mishap = ({ passes }: { readonly passes: number }) => (passes > 1 ? ('hangs' as const) : undefined);
  const device = new TestDevice({ ...habits, mishap });
  const { dealer } = dealerWith([helper(device)]);
  await warm(dealer);
  const operation = operationOf({ border: 'replicate', passes: 6 });
  const { elapsedMs } = await deal(dealer, photograph, operation);
  expect(elapsedMs).toBeCloseTo(aloneMs(photograph, operation));
  expect(residentRuns(device)).toHaveLength(1);
});

test.each(BORDER_MODES)('%s: a wrong row is found where it is looked at, and nothing of it is kept', async (border) => {
  const device = new TestDevice(habits);
  const compute = device.compute.bind(device);
  device.compute = async (strip, run) => {
    const computed = await compute(strip, run);
    if (strip.passes > 1) spoil(strip);
    return computed;
  };
  const { dealer, left } = dealerWith([helper(device)]);
  await warm(dealer);
  const operation = operationOf({ border, passes: 6 });
  const { result } = await deal(dealer, photograph, operation);
  expect(left).toHaveLength(1);
  expect(rowsOfWorkers(result, photograph, operation).gpu).toBe(0);
});
