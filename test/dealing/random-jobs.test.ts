/** Random jobs in real time, whose strips the addon computes on its threads: whatever happens at once, the bytes are right. */
import { expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { Dealer } from '../../src/dealing/dealer.js';
import { ALPHA_MODES, type Operation } from '../../src/options.js';
import { BORDER_MODES } from '../../src/regions.js';
import { firstDifference, referenceOf } from '../transforms.js';
import { cpu, firstWorker, helper, TestDevice } from '../workers.js';
import { begin, rowsOfWorkers } from './jobs.js';

/** More with NEIGHBOR_PRODUCT_JOBS=1000. */
const JOBS = Number(process.env.NEIGHBOR_PRODUCT_JOBS ?? 120);

test(`${JOBS} random jobs, with faults and aborts at random moments`, { timeout: 20 * 60_000 }, async () => {
  const random = randomFrom(1);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)];
  const counts = { done: 0, aborted: 0, left: 0 };
  const newHelper = () => {
    const kind = pick(['steady', 'steady', 'hangs', 'is lost', 'has no memory', 'is wrong'] as const);
    const mishap = () => (kind !== 'steady' && random() < 0.05 ? kind : undefined);
    const msPerMegapixel = pick([0, 200, 1000, 30_000]);
    return helper(
      new TestDevice({ msPerMegapixel, stripsAtOnce: pick([1, 3]), residentPixels: pick([0, 1e9]), mishap }),
    );
  };
  const first = firstWorker(400, (strip, run) => cpu.compute(strip, run));
  const dealer = new Dealer(first, () => {
    counts.left++;
    dealer.join(newHelper());
  });
  dealer.join(newHelper());
  dealer.join(newHelper());
  let memory = 0;
  const run = async (): Promise<void> => {
    const size = [1 + Math.floor(random() * 300), 1 + Math.floor(random() * 400)] as const;
    const image = makeImage(pick(['noise', 'photograph']), ...size, pick([3, 4]), Math.floor(random() * 1e6));
    const operation: Operation = {
      alpha: pick(ALPHA_MODES),
      border: pick(BORDER_MODES),
      passes: pick([1, 1, 2, 5]),
    };
    const controller = new AbortController();
    const isAborted = random() < 0.1;
    if (isAborted) setTimeout(() => controller.abort(), random() * 20);
    const { output, ended } = begin(dealer, image, operation, { signal: controller.signal });
    try {
      const result = await ended;
      expect(firstDifference(referenceOf(image, operation), output)).toBeUndefined();
      rowsOfWorkers(result, image, operation);
      counts.done++;
    } catch (error) {
      if (!controller.signal.aborted || error !== controller.signal.reason) throw error;
      counts.aborted++;
      const before = output.data.slice();
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(Buffer.compare(before, output.data)).toBe(0); // nothing is written afterwards
    }
  };
  for (let done = 0; done < JOBS; done += 4) {
    await Promise.all([1, 2, 3, 4].map(run));
    if (done === 40) memory = process.memoryUsage().rss;
  }
  expect(counts.done).toBeGreaterThan(JOBS / 2);
  expect(process.memoryUsage().rss).toBeLessThan(memory + 200 * 2 ** 20);
});

/** Numbers from 0 to 1, always the same. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
