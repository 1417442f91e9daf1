/** Devices that fail: the job ends all the same, as soon as without them. */
import { describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { operationOf } from '../transforms.js';
import { helper, TestDevice } from '../workers.js';
import {
  aloneMs,
  begin,
  deal,
  dealerWith,
  HEIGHT,
  MS_PER_MEGAPIXEL,
  photograph,
  ROUNDING_MS,
  rowsOfWorkers,
  WIDTH,
} from './jobs.js';
import { passUntil, useVirtualTime } from './virtual-time.js';

useVirtualTime();

const FAULTS = {
  'is lost': ['GPU failed while computing (the device was lost)'],
  'has no memory': ['GPU failed while preparing (no memory)'],
  hangs: [],
};
const cases = (['skip', 'wrap'] as const).flatMap((border) =>
  [1, 3].flatMap((passes) => [1, 3].map((strip) => ({ border, passes, strip }))),
);

describe.each(['is lost', 'has no memory', 'hangs'] as const)('it %s', (what) => {
  test.each(cases)('$border, $passes passes, from strip $strip on: the first worker does its strips', async (one) => {
    const { border, passes, strip } = one;
    const mishap = (_: unknown, number: number) => (number >= strip ? what : undefined);
    const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 3, mishap });
    const { dealer, left } = dealerWith([helper(device)]);
    const operation = operationOf({ border, passes });
    const faults: string[] = [];
    for (let round = 0; round < 3; round++) {
      const { result, elapsedMs } = await deal(dealer, photograph, operation);
      expect(elapsedMs).toBeLessThan(aloneMs(photograph, operation) + ROUNDING_MS);
      faults.push(...result.faults);
    }
    expect(device.strips.length).toBeGreaterThanOrEqual(strip);
    expect(faults).toEqual(FAULTS[what]);
    expect(left).toHaveLength(FAULTS[what].length);
  });
});

test('one that hangs costs nothing', async () => {
  const { dealer } = dealerWith([helper(new TestDevice({ mishap: () => 'hangs' }))]);
  for (let round = 0; round < 3; round++) {
    const { elapsedMs } = await deal(dealer, photograph, operationOf());
    expect(elapsedMs).toBeCloseTo(aloneMs(photograph, operationOf()));
  }
});

test('one that hangs does not hold up a job until those after it are done', async () => {
  const { dealer } = dealerWith([helper(new TestDevice({ mishap: () => 'hangs' }))]);
  const startMs = performance.now();
  const endsMs: number[] = [];
  const jobs = Array.from({ length: 6 }, () => begin(dealer, photograph, operationOf()));
  const ended = jobs.map((job) => job.ended.then(() => endsMs.push(performance.now() - startMs)));
  await passUntil(Promise.all(ended));
  for (const [index, endMs] of endsMs.entries()) {
    expect(endMs).toBeCloseTo((index + 1) * aloneMs(photograph, operationOf()));
  }
});

test('one for which an image is too wide computes others', async () => {
  const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, maxWidth: WIDTH });
  const { dealer, left } = dealerWith([helper(device)]);
  await deal(dealer, makeImage('photograph', WIDTH + 1, HEIGHT, 4, 1), operationOf());
  expect(device.strips).toEqual([]);
  await deal(dealer, photograph, operationOf());
  expect(device.strips).not.toEqual([]);
  expect(left).toEqual([]);
});

test('one that is taken off while it works is not waited for', async () => {
  const worker = helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL }));
  const { dealer } = dealerWith([worker]);
  setTimeout(() => dealer.remove(worker), 10);
  const { result, elapsedMs } = await deal(dealer, photograph, operationOf());
  expect(rowsOfWorkers(result, photograph, operationOf()).gpu).toBe(0);
  expect(elapsedMs).toBeCloseTo(aloneMs(photograph, operationOf()));
});
