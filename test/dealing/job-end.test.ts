/** How a job ends: by an abort, a failure, memory that is gone. */
import { describe, expect, test } from 'vitest';
import { BackendFault } from '../../src/backend.js';
import { makeImage } from '../../src/conformance/images.js';
import { operationOf } from '../transforms.js';
import { firstWorker, helper, TestDevice } from '../workers.js';
import { begin, deal, dealerWith, HEIGHT, MS_PER_MEGAPIXEL, photograph, WIDTH, warm } from './jobs.js';
import { pass, passUntil, useVirtualTime } from './virtual-time.js';

useVirtualTime();

const strips = { msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 3 };
const staying = { msPerMegapixel: MS_PER_MEGAPIXEL / 10, residentPixels: WIDTH * HEIGHT };

describe.each([
  ['ends at once', firstWorker(MS_PER_MEGAPIXEL)],
  ['goes on', deafWorker()],
])('after an abort, at which the first worker %s, nothing is written, and the next job runs', (_, first) => {
  test.each([
    ['one pass', 1, strips],
    ['several passes', 6, strips],
    ['several passes while the image stays', 6, staying],
  ])('%s', async (_name, passes, habits) => {
    const operation = operationOf({ border: 'wrap', passes });
    const { dealer, left } = dealerWith([helper(new TestDevice(habits))], first);
    await warm(dealer);
    const { elapsedMs } = await deal(dealer, photograph, operation);
    // Not to the end: others are a little quicker.
    for (let delayMs = 0; delayMs < 0.9 * elapsedMs; delayMs += elapsedMs / 25) {
      const controller = new AbortController();
      const { output, ended } = begin(dealer, photograph, operation, { signal: controller.signal });
      setTimeout(() => controller.abort(new Error('enough')), delayMs);
      await expect(passUntil(ended)).rejects.toThrow('enough');
      const before = output.data.slice();
      await pass(2 * elapsedMs);
      expect(Buffer.compare(before, output.data)).toBe(0);
    }
    await deal(dealer, photograph, operation);
    expect(left).toEqual([]);
  });
});

/** Writes its strip even if the signal is aborted meanwhile, as the addon may. */
function deafWorker() {
  const worker = firstWorker(MS_PER_MEGAPIXEL);
  const compute = worker.backend.compute.bind(worker.backend);
  worker.backend.compute = (strip, run) => compute(strip, { ...run, signal: undefined });
  return worker;
}

test('a signal that was aborted before', async () => {
  const { dealer } = dealerWith([]);
  const { ended } = begin(dealer, photograph, operationOf(), { signal: AbortSignal.abort(new Error('no')) });
  await expect(ended).rejects.toThrow('no');
});

test('memory that is transferred meanwhile is an error of the image, and nobody is blamed', async () => {
  const { dealer, left } = dealerWith([helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL }))]);
  await warm(dealer);
  for (let delayMs = 0; delayMs < 50; delayMs += 1.3) {
    const image = { ...photograph, data: photograph.data.slice() };
    const { ended } = begin(dealer, image, operationOf({ passes: 2 }));
    setTimeout(() => structuredClone(image.data, { transfer: [image.data.buffer as ArrayBuffer] }), delayMs);
    await expect(passUntil(ended)).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
  }
  expect(left).toEqual([]);
});

test('a fault of the first worker is the fault of the job', async () => {
  const first = firstWorker();
  first.backend.compute = async () => {
    throw new BackendFault('The CPU addon failed', 'no memory', { code: 'OUT_OF_MEMORY' });
  };
  const { dealer } = dealerWith([helper(new TestDevice())], first);
  const { ended } = begin(dealer, photograph, operationOf());
  await expect(passUntil(ended)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
});

test('an image without a pixel to compute', async () => {
  const { dealer } = dealerWith([helper(new TestDevice())]);
  const { result } = await deal(dealer, makeImage('noise', 2, 500, 4, 1), operationOf({ passes: 3 }));
  expect(result.shares).toEqual([expect.objectContaining({ backend: 'cpu', rows: 0 })]);
});
