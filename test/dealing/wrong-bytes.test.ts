/** Devices that compute wrong bytes: none of them is in an output, and the device is found and never used again. */
import { expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { operationOf } from '../transforms.js';
import { helper, TestDevice } from '../workers.js';
import { begin, deal, dealerWith, expectRight, MS_PER_MEGAPIXEL, photograph, rowsOfWorkers, WIDTH } from './jobs.js';
import { passUntil, useVirtualTime } from './virtual-time.js';

useVirtualTime();

const wrongFrom = (strip: number) => (_: unknown, number: number) =>
  number >= strip ? ('is wrong' as const) : undefined;

test.each([1, 2, 3])('in one row of a thousand: it is found within 50 jobs (%i)', async (seed) => {
  const image = makeImage('photograph', 60, 1000, 4, 2);
  const wrap = operationOf({ border: 'wrap' });
  const row = 300 * seed + 7; // the first worker has the rows above
  const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL / 4, stripsAtOnce: 3 });
  const compute = device.compute.bind(device);
  device.compute = async (strip, run) => {
    const computed = await compute(strip, run);
    const { first, end } = strip.region;
    if (first.y <= row && row < end.y) strip.output.data[(row - first.y) * strip.output.rowBytes] ^= 1;
    return computed;
  };
  const { dealer, left } = dealerWith([helper(device)]);
  let jobs = 0;
  while (left.length === 0 && jobs < 50) {
    jobs++;
    const output = begin(dealer, image, wrap, { auditSeed: seed * 7919 + jobs });
    await passUntil(output.ended);
  }
  expect(left).toHaveLength(1);
  expect(left[0].fault).toMatchObject({ code: 'BACKEND_UNAVAILABLE', reason: expect.stringMatching(`^row ${row} `) });
  const { length } = device.strips;
  await deal(dealer, image, wrap);
  expect(device.strips).toHaveLength(length);
});

test.each([1, 4].flatMap((passes) => [1, 2, 5].map((strip) => ({ passes, strip }))))(
  'all that it did in the job is computed again: $passes passes, from strip $strip on',
  async ({ passes, strip }) => {
    const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 2, mishap: wrongFrom(strip) });
    const { dealer, left } = dealerWith([helper(device)]);
    const operation = operationOf({ border: 'wrap', passes });
    let found = 0;
    for (let round = 0; round < 6; round++) {
      const { result } = await deal(dealer, photograph, operation);
      if (result.faults.length === 0) continue;
      found++;
      expect(rowsOfWorkers(result, photograph, operation).gpu).toBe(0);
      expect(result.faults).toEqual([expect.stringMatching(/^GPU computed wrong bytes \(row \d+ was computed again/)]);
    }
    expect(found).toBe(1);
    expect(left).toHaveLength(1);
  },
);

test('so are other jobs at the same time in which it took part', async () => {
  const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 3, mishap: wrongFrom(6) });
  const { dealer, left } = dealerWith([helper(device)]);
  const images = [1, 2, 3, 4].map((seed) => makeImage('noise', WIDTH, 300, 4, seed));
  const operation = operationOf({ border: 'reflect', passes: 2 });
  const faulty: number[] = [];
  for (let round = 0; round < 4; round++) {
    const jobs = images.map((image) => begin(dealer, image, operation));
    const results = await passUntil(Promise.all(jobs.map(({ ended }) => ended)));
    for (const [index, { output }] of jobs.entries()) expectRight(output, images[index], operation);
    faulty.push(results.filter(({ faults }) => faults.length > 0).length);
  }
  expect(faulty).toEqual([3, 0, 0, 0]); // the first job was done before
  expect(left).toHaveLength(1);
});
