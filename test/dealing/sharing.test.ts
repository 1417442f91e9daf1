/** Who computes how much of a job, by how fast each is. */
import { describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { modesOf, operationOf } from '../transforms.js';
import { helper, TestDevice } from '../workers.js';
import {
  aloneMs,
  begin,
  deal,
  dealerWith,
  expectRight,
  HEIGHT,
  MS_PER_MEGAPIXEL,
  photograph,
  rowsOfWorkers,
  WIDTH,
  warm,
} from './jobs.js';
import { pass, passUntil, useVirtualTime } from './virtual-time.js';

useVirtualTime();

const long = operationOf({ border: 'wrap', passes: 8 });

describe('a device that is as fast as the first worker', () => {
  test('does half of the work, in half of the time', async () => {
    const { dealer } = dealerWith([helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL }))]);
    await warm(dealer);
    const { result, elapsedMs } = await deal(dealer, photograph, operationOf());
    const rows = rowsOfWorkers(result, photograph, operationOf());
    expect(Math.min(rows.gpu, rows.cpu)).toBeGreaterThan(0.45 * HEIGHT);
    expect(elapsedMs).toBeLessThan(0.55 * aloneMs(photograph, operationOf()));
  });

  test.each(modesOf(4))('$alpha $border: the bytes are right, with 1 and 3 passes', async (mode) => {
    const others = [1, 2].map(() => helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 2 })));
    const { dealer, left } = dealerWith(others);
    for (const passes of [1, 3]) {
      const operation = { ...mode, passes };
      for (let round = 0; round < 3; round++) {
        const { result } = await deal(dealer, photograph, operation);
        rowsOfWorkers(result, photograph, operation);
      }
    }
    for (const { speed } of others) expect(speed.msPerPixel).toBeCloseTo(MS_PER_MEGAPIXEL / 1e6);
    expect(left).toEqual([]);
  });

  test('that joins while a job runs does half of the rest', async () => {
    const { dealer } = dealerWith([]);
    dealer.isGrowing = true;
    setTimeout(() => dealer.join(helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL }))), 60);
    const { result, elapsedMs } = await deal(dealer, photograph, long);
    const { gpu } = rowsOfWorkers(result, photograph, long);
    expect(gpu).toBeGreaterThan(3 * HEIGHT); // of 8, the first worker did 1 before
    expect(elapsedMs).toBeLessThan(60 + 0.55 * (aloneMs(photograph, long) - 60));
  });

  test('but for what a call takes: it is not given what the first worker does meanwhile', async () => {
    const device = new TestDevice({ callMs: 20, msPerMegapixel: MS_PER_MEGAPIXEL / 10 });
    const { dealer } = dealerWith([helper(device)]);
    for (let round = 0; round < 4; round++) await deal(dealer, photograph, operationOf({ border: 'wrap', passes: 4 }));
    const { length } = device.strips;
    const small = makeImage('photograph', 100, 100, 4, 1);
    for (let round = 0; round < 10; round++) {
      const { elapsedMs } = await deal(dealer, small, operationOf());
      expect(elapsedMs).toBeCloseTo(aloneMs(small, operationOf()));
    }
    expect(length).toBeGreaterThan(4);
    expect(device.strips).toHaveLength(length);
  });

  test('takes the last one of the jobs that wait', async () => {
    const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL });
    const { dealer } = dealerWith([helper(device)]);
    await warm(dealer);
    device.strips.length = 0;
    const wrap = operationOf({ border: 'wrap' });
    const images = [1, 2, 3].map((seed) => makeImage('noise', WIDTH, 100, 4, seed));
    const jobs = images.map((image) => begin(dealer, image, wrap));
    await passUntil(Promise.all(jobs.map(({ ended }) => ended)));
    for (const [index, { output }] of jobs.entries()) expectRight(output, images[index], wrap);
    expect(device.strips.map(({ input }) => images.indexOf(input))).toEqual([0, 2]); // the first one was alone for a moment
  });
});

test('a device that is slow is not felt, and is left out once that is known', async () => {
  const device = new TestDevice({ msPerMegapixel: 100 * MS_PER_MEGAPIXEL });
  const worker = helper(device);
  const { dealer } = dealerWith([worker]);
  for (let round = 0; round < 10; round++) {
    const { elapsedMs } = await deal(dealer, photograph, operationOf());
    expect(elapsedMs).toBeCloseTo(aloneMs(photograph, operationOf()));
    if (round === 4) await pass(10_000); // until it answers
  }
  expect(device.strips).toHaveLength(1);
  expect(dealer.timesTooSlow(worker)).toBeCloseTo(100);
});

test('a device that was slow is tried again after fifty times its last strip', async () => {
  const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL });
  const worker = helper(device);
  const { dealer } = dealerWith([]);
  await deal(dealer, photograph, operationOf());
  worker.speed.note(1000, 41);
  dealer.join(worker);
  expect(dealer.timesTooSlow(worker)).toBeCloseTo(41);
  await pass(50 * 41 - 1);
  await deal(dealer, photograph, operationOf());
  expect(device.strips).toEqual([]);
  await deal(dealer, photograph, long);
  expect(dealer.timesTooSlow(worker)).toBeUndefined();
  const { elapsedMs } = await deal(dealer, photograph, long);
  expect(elapsedMs).toBeLessThan(0.55 * aloneMs(photograph, long));
});
