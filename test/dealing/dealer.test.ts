/** Strips that are dealt to workers made for these tests: right bytes whatever a device does, and no waiting for it. */
import { afterEach, describe, expect, test } from 'vitest';
import { BackendFault } from '../../src/backend.js';
import { makeImage } from '../../src/conformance/images.js';
import { rowsToCompare } from '../../src/dealing/audit.js';
import { Dealer } from '../../src/dealing/dealer.js';
import type { JobResult, Worker } from '../../src/dealing/job.js';
import { Speed } from '../../src/dealing/speed.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { ALPHA_MODES, type Operation, type RunOptions } from '../../src/options.js';
import { BORDER_MODES, countRows, regionOf } from '../../src/regions.js';
import { firstDifference, modesOf, operationOf, referenceOf } from '../transforms.js';
import { firstWorker, GatedDevice, helper, spoil, TestDevice } from '../workers.js';

/** A second for a megapixel: strips of these images take milliseconds. */
const MS_PER_MEGAPIXEL = 1000;
const WIDTH = 100;
const HEIGHT = 600;
const photograph = makeImage('photograph', WIDTH, HEIGHT, 4, 1);

interface Left {
  readonly worker: Worker;
  readonly fault: BackendFault;
}

/** A dealer with these others, all of which joined before. */
function dealerWith(others: readonly Worker[], first = firstWorker(MS_PER_MEGAPIXEL)) {
  const left: Left[] = [];
  const dealer = new Dealer(first, (worker, fault) => left.push({ worker, fault }));
  for (const worker of others) dealer.join(worker);
  return { dealer, left };
}

const pending: Promise<unknown>[] = [];
afterEach(() => Promise.allSettled(pending.splice(0)));

/** Runs a job as one that is long enough to be shared. */
async function deal(
  dealer: Dealer,
  input: CheckedImage,
  operation: Operation,
  run: RunOptions = {},
): Promise<{ result: JobResult; output: CheckedImage; elapsedMs: number }> {
  const output = createImage(input.width, input.height, input.channels);
  const startMs = performance.now();
  const estimateMs = (input.width * input.height * operation.passes * MS_PER_MEGAPIXEL) / 1e6;
  const dealing = dealer.compute({ input, output, operation, run, auditSeed: run.auditSeed ?? 1, estimateMs });
  pending.push(dealing);
  const result = await dealing;
  return { result, output, elapsedMs: performance.now() - startMs };
}

/** The rows of each worker; together they are those of the operation. */
function rowsOfWorkers({ shares }: JobResult, input: CheckedImage, { border, passes }: Operation) {
  const rows = Object.fromEntries(shares.map((share) => [share.backend, share.rows]));
  const sum = shares.reduce((total, share) => total + share.rows, 0);
  expect(sum).toBe(passes * countRows(regionOf(input, border)));
  return { cpu: 0, gpu: 0, ...rows };
}

/** Tries again what a busy machine may delay. */
async function eventually(isDone: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 20; round++) if (await isDone()) return;
  expect.fail('it never happened');
}

/** Lets a device show how fast it is. */
async function warm(dealer: Dealer): Promise<void> {
  for (let round = 0; round < 3; round++) await deal(dealer, photograph, operationOf());
}

describe('a device that is as fast as the first worker', () => {
  test('does about half of the work', async () => {
    const { dealer } = dealerWith([helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL }))]);
    await warm(dealer);
    await eventually(async () => {
      const { result } = await deal(dealer, photograph, operationOf());
      const rows = rowsOfWorkers(result, photograph, operationOf());
      return Math.min(rows.gpu, rows.cpu) > HEIGHT / 5;
    });
  });

  test.each(modesOf(4))('$alpha $border: the bytes are right, with 1 and 3 passes', async (mode) => {
    const others = [1, 2].map(() => helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 2 })));
    const { dealer, left } = dealerWith(others);
    for (const passes of [1, 3]) {
      const operation = { ...mode, passes };
      const expected = referenceOf(photograph, operation);
      for (let round = 0; round < 3; round++) {
        const { result, output } = await deal(dealer, photograph, operation);
        expect(firstDifference(expected, output)).toBeUndefined();
        rowsOfWorkers(result, photograph, operation);
      }
    }
    expect(left).toEqual([]);
  });

  test('that joins while a job runs takes part in it', async () => {
    const { dealer } = dealerWith([]);
    dealer.isGrowing = true;
    const dealing = deal(dealer, photograph, operationOf({ border: 'wrap', passes: 8 }));
    setTimeout(() => dealer.join(helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL }))), 50);
    const { result, output } = await dealing;
    expect(rowsOfWorkers(result, photograph, operationOf({ border: 'wrap', passes: 8 })).gpu).toBeGreaterThan(0);
    expect(firstDifference(referenceOf(photograph, { border: 'wrap', passes: 8 }), output)).toBeUndefined();
  });

  test('but for what a call takes: it is not given what the first worker does meanwhile', async () => {
    const device = new TestDevice({ callMs: 20, msPerMegapixel: MS_PER_MEGAPIXEL / 10 });
    const { dealer } = dealerWith([helper(device)]);
    const long = operationOf({ border: 'wrap', passes: 4 });
    for (let round = 0; round < 4; round++) await deal(dealer, photograph, long);
    const { length } = device.strips;
    const small = makeImage('photograph', 100, 100, 4, 1);
    for (let round = 0; round < 10; round++) await deal(dealer, small, operationOf());
    expect(length).toBeGreaterThan(4);
    expect(device.strips.length - length).toBeLessThanOrEqual(2); // it may be tried again
  });

  test('takes the last one of the jobs that wait', async () => {
    const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL });
    const { dealer } = dealerWith([helper(device)]);
    await warm(dealer);
    device.strips.length = 0;
    const images = [1, 2, 3].map((seed) => makeImage('noise', WIDTH, 100, 4, seed));
    const isInLast = () => device.strips.some(({ input }) => input === images[2]);
    await eventually(async () => {
      const all = await Promise.all(images.map((image) => deal(dealer, image, operationOf({ border: 'wrap' }))));
      for (const [index, { output }] of all.entries()) {
        expect(firstDifference(referenceOf(images[index], { border: 'wrap' }), output)).toBeUndefined();
      }
      return isInLast();
    });
  });
});

test('a device that is slow is not felt, and is left out once that is known', async () => {
  const device = new TestDevice({ msPerMegapixel: 100 * MS_PER_MEGAPIXEL });
  const alone = dealerWith([]).dealer;
  const { dealer } = dealerWith([helper(device)]);
  await deal(dealer, photograph, operationOf());
  expect(device.strips).toHaveLength(1);
  const [withIt, without] = [0, 0].map(() => [] as number[]);
  for (let round = 0; round < 5; round++) {
    withIt.push((await deal(dealer, photograph, operationOf())).elapsedMs);
    without.push((await deal(alone, photograph, operationOf())).elapsedMs);
  }
  expect(Math.min(...withIt)).toBeLessThan(1.3 * Math.min(...without));
  expect(device.strips.length).toBeLessThanOrEqual(2);
});

test('a device that was slow is tried again', async () => {
  const worker = helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL }));
  worker.speed.note(1000, 41);
  const { dealer } = dealerWith([]);
  await deal(dealer, photograph, operationOf());
  dealer.join(worker);
  expect(dealer.timesTooSlow(worker)).toBeGreaterThan(10);
  const operation = operationOf({ passes: 8 });
  let rows = 0;
  for (let round = 0; round < 30 && rows < HEIGHT; round++) {
    rows += rowsOfWorkers((await deal(dealer, photograph, operation)).result, photograph, operation).gpu;
  }
  expect(rows).toBeGreaterThanOrEqual(HEIGHT);
});

describe('a device that fails', () => {
  const slow = 30 * MS_PER_MEGAPIXEL;

  test.each(['is lost', 'has no memory', 'hangs'] as const)('it %s: the first worker does its strips', async (what) => {
    for (const border of ['skip', 'wrap'] as const) {
      for (const passes of [1, 3]) {
        for (const strip of [1, 3]) {
          const mishap = (_: unknown, number: number) => (number >= strip ? what : undefined);
          const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 3, mishap });
          const { dealer, left } = dealerWith([helper(device)]);
          const operation = operationOf({ border, passes });
          let faults: readonly string[] = [];
          for (let round = 0; round < 3; round++) {
            const { result, output } = await deal(dealer, photograph, operation);
            expect(firstDifference(referenceOf(photograph, operation), output)).toBeUndefined();
            faults = [...faults, ...result.faults];
          }
          if (what === 'hangs') continue;
          expect(left).toHaveLength(device.strips.length >= strip ? 1 : 0);
          if (device.strips.length >= strip) expect(faults.length).toBeGreaterThanOrEqual(1);
        }
      }
    }
  });

  test('one that hangs costs no more than its strip', async () => {
    const [withIt, without] = [0, 0].map(() => [] as number[]);
    for (let round = 0; round < 3; round++) {
      const { dealer } = dealerWith([helper(new TestDevice({ mishap: () => 'hangs' }))]);
      withIt.push((await deal(dealer, photograph, operationOf())).elapsedMs);
      without.push((await deal(dealerWith([]).dealer, photograph, operationOf())).elapsedMs);
    }
    expect(Math.min(...withIt)).toBeLessThan(1.5 * Math.min(...without));
  });

  test('one that hangs does not hold up a job until those after it are done', async () => {
    const { dealer } = dealerWith([helper(new TestDevice({ mishap: () => 'hangs' }))]);
    let done = 0;
    const first = deal(dealer, photograph, operationOf());
    const others = Array.from({ length: 5 }, () => deal(dealer, photograph, operationOf()).then(() => done++));
    await first;
    expect(done).toBeLessThan(others.length);
    await Promise.all(others);
  });

  test('one for which an image is too wide computes others', async () => {
    const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, maxWidth: WIDTH });
    const { dealer, left } = dealerWith([helper(device)]);
    const wide = makeImage('photograph', WIDTH + 1, HEIGHT, 4, 1);
    await deal(dealer, wide, operationOf());
    expect(device.strips).toEqual([]);
    await deal(dealer, photograph, operationOf());
    expect(device.strips.length).toBeGreaterThan(0);
    expect(left).toEqual([]);
  });

  test('one that is taken off while it works is not waited for', async () => {
    const worker = helper(new TestDevice({ msPerMegapixel: slow }));
    const { dealer } = dealerWith([worker]);
    const dealing = deal(dealer, photograph, operationOf());
    dealer.remove(worker);
    const { output, result } = await dealing;
    expect(firstDifference(referenceOf(photograph), output)).toBeUndefined();
    expect(rowsOfWorkers(result, photograph, operationOf()).gpu).toBe(0);
  });
});

describe('a device that computes wrong bytes', () => {
  const wrongFrom = (strip: number) => (_: unknown, number: number) =>
    number >= strip ? ('is wrong' as const) : undefined;

  test('in one row of a thousand: it is found within 50 jobs, and never used again', async () => {
    const image = makeImage('photograph', 60, 1000, 4, 2);
    for (const seed of [1, 2, 3]) {
      const row = 100 * seed + 7;
      const isIn = ({ region }: { readonly region: { first: { y: number }; end: { y: number } } }) =>
        region.first.y <= row && row < region.end.y;
      // The wrong byte is in the strip's first row; a strip that begins elsewhere has it in this one.
      const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL / 4, stripsAtOnce: 3 });
      const compute = device.compute.bind(device);
      device.compute = async (strip, run) => {
        const computed = await compute(strip, run);
        if (isIn(strip)) strip.output.data[(row - strip.region.first.y) * strip.output.rowBytes] ^= 1;
        return computed;
      };
      const { dealer, left } = dealerWith([helper(device)]);
      let jobs = 0;
      while (left.length === 0 && jobs < 50) {
        jobs++;
        await deal(dealer, image, operationOf({ border: 'wrap' }), { auditSeed: seed * 7919 + jobs });
      }
      expect(left).toHaveLength(1);
      expect(left[0].fault).toMatchObject({ code: 'BACKEND_UNAVAILABLE', reason: expect.stringMatching(/^row \d+7 /) });
      const { length } = device.strips;
      const { output } = await deal(dealer, image, operationOf({ border: 'wrap' }));
      expect(firstDifference(referenceOf(image, { border: 'wrap' }), output)).toBeUndefined();
      expect(device.strips).toHaveLength(length);
    }
  });

  test('all that it did in the job is computed again, with one pass and with several', async () => {
    let found = 0;
    for (const passes of [1, 4]) {
      for (const strip of [1, 2, 5]) {
        const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 2, mishap: wrongFrom(strip) });
        const { dealer, left } = dealerWith([helper(device)]);
        const operation = operationOf({ border: 'wrap', passes });
        for (let round = 0; round < 6; round++) {
          const { result, output } = await deal(dealer, photograph, operation);
          expect(firstDifference(referenceOf(photograph, operation), output)).toBeUndefined();
          if (result.faults.length === 0) continue;
          found++;
          expect(rowsOfWorkers(result, photograph, operation).gpu).toBe(0);
          expect(result.faults).toEqual([
            expect.stringMatching(/^GPU computed wrong bytes \(row \d+ was computed again/),
          ]);
        }
        expect(left).toHaveLength(1);
      }
    }
    expect(found).toBe(6);
  });

  test('so are other jobs at the same time in which it took part', async () => {
    const device = new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL, stripsAtOnce: 3, mishap: wrongFrom(6) });
    const { dealer, left } = dealerWith([helper(device)]);
    const images = [1, 2, 3, 4].map((seed) => makeImage('noise', WIDTH, 300, 4, seed));
    const operation = operationOf({ border: 'reflect', passes: 2 });
    for (let round = 0; round < 4; round++) {
      const all = await Promise.all(images.map((image) => deal(dealer, image, operation)));
      for (const [index, { output }] of all.entries()) {
        expect(firstDifference(referenceOf(images[index], operation), output)).toBeUndefined();
      }
    }
    expect(left).toHaveLength(1);
  });
});

describe('several passes on a device where an image stays', () => {
  const habits = { msPerMegapixel: MS_PER_MEGAPIXEL / 10, residentPixels: WIDTH * HEIGHT };
  const residentRuns = (device: TestDevice) => device.strips.filter(({ passes }) => passes > 1);

  test.each(modesOf(4))('$alpha $border: the bytes are right', async (mode) => {
    const device = new TestDevice(habits);
    const { dealer, left } = dealerWith([helper(device)]);
    await warm(dealer);
    const operation = { ...mode, passes: 6 };
    for (let round = 0; round < 5; round++) {
      const { output, result } = await deal(dealer, photograph, operation);
      expect(firstDifference(referenceOf(photograph, operation), output)).toBeUndefined();
      rowsOfWorkers(result, photograph, operation);
    }
    expect(residentRuns(device)).not.toEqual([]);
    expect(left).toEqual([]);
  });

  test('the device does most of the rows', async () => {
    const { dealer } = dealerWith([helper(new TestDevice(habits))]);
    await warm(dealer);
    const operation = operationOf({ border: 'wrap', passes: 20 });
    await eventually(async () => {
      const { result } = await deal(dealer, photograph, operation);
      return rowsOfWorkers(result, photograph, operation).gpu > 10 * HEIGHT;
    });
  });

  test('a device that hangs meanwhile is overtaken', async () => {
    const mishap = ({ passes }: { readonly passes: number }) => (passes > 1 ? ('hangs' as const) : undefined);
    const device = new TestDevice({ ...habits, mishap });
    const { dealer } = dealerWith([helper(device)]);
    await warm(dealer);
    const operation = operationOf({ border: 'replicate', passes: 6 });
    await eventually(async () => {
      const { output } = await deal(dealer, photograph, operation);
      expect(firstDifference(referenceOf(photograph, operation), output)).toBeUndefined();
      return residentRuns(device).length > 0;
    });
    expect(residentRuns(device)).toHaveLength(1);
  });

  test.each(BORDER_MODES)(
    '%s: a wrong row is found where it is looked at, and nothing of it is kept',
    async (border) => {
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
      await eventually(async () => {
        const { output, result } = await deal(dealer, photograph, operation);
        expect(firstDifference(referenceOf(photograph, operation), output)).toBeUndefined();
        if (left.length > 0) expect(rowsOfWorkers(result, photograph, operation).gpu).toBe(0);
        return left.length > 0;
      });
    },
  );
});

describe('the end of a job', () => {
  test('an abort: nothing is written afterwards, and the next job runs', async () => {
    const msPerMegapixel = 4 * MS_PER_MEGAPIXEL;
    const device = new TestDevice({ msPerMegapixel, stripsAtOnce: 3, residentPixels: 1e9 });
    const { dealer, left } = dealerWith([helper(device)], firstWorker(msPerMegapixel));
    await warm(dealer);
    for (const passes of [1, 6]) {
      for (const delayMs of [0, 3, 10, 20]) {
        const controller = new AbortController();
        const output = createImage(WIDTH, HEIGHT, 4);
        const running = dealer.compute({
          input: photograph,
          output,
          operation: operationOf({ border: 'wrap', passes }),
          run: { signal: controller.signal },
          auditSeed: 1,
          estimateMs: 60 * passes,
        });
        setTimeout(() => controller.abort(new Error('enough')), delayMs);
        await expect(running).rejects.toThrow('enough');
        const before = output.data.slice();
        await new Promise((resolve) => setTimeout(resolve, 30));
        expect(Buffer.compare(before, output.data)).toBe(0);
      }
    }
    const { output } = await deal(dealer, photograph, operationOf());
    expect(firstDifference(referenceOf(photograph), output)).toBeUndefined();
    expect(left).toEqual([]);
  });

  test('a signal that was aborted before', async () => {
    const { dealer } = dealerWith([]);
    await expect(
      deal(dealer, photograph, operationOf(), { signal: AbortSignal.abort(new Error('no')) }),
    ).rejects.toThrow('no');
  });

  test('memory that is transferred meanwhile is an error of the image, and nobody is blamed', async () => {
    const { dealer, left } = dealerWith([helper(new TestDevice({ msPerMegapixel: MS_PER_MEGAPIXEL }))]);
    await warm(dealer);
    for (const delayMs of [0, 5, 20]) {
      const image = { ...photograph, data: photograph.data.slice() };
      const running = deal(dealer, image, operationOf({ passes: 2 }));
      setTimeout(() => structuredClone(image.data, { transfer: [image.data.buffer as ArrayBuffer] }), delayMs);
      await expect(running).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    }
    expect(left).toEqual([]);
  });

  test('a fault of the first worker is the fault of the job', async () => {
    const first = firstWorker();
    first.backend.compute = async () => {
      throw new BackendFault('The CPU addon failed', 'no memory', { code: 'OUT_OF_MEMORY' });
    };
    const { dealer } = dealerWith([helper(new TestDevice())], first);
    await expect(deal(dealer, photograph, operationOf())).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  });

  test('an image without a pixel to compute', async () => {
    const { dealer } = dealerWith([helper(new TestDevice())]);
    const { result } = await deal(dealer, makeImage('noise', 2, 500, 4, 1), operationOf({ passes: 3 }));
    expect(result.shares).toEqual([expect.objectContaining({ backend: 'cpu', rows: 0 })]);
  });
});

describe('orders of events', () => {
  const first = new GatedDevice();
  const tick = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));
  /** Whose speed is known: it takes a little less than the first worker. */
  const known = (device: GatedDevice) => {
    const worker = helper(device);
    worker.speed.note(6000, 5);
    worker.speed.note(12_000, 10);
    return worker;
  };

  function begin(device: GatedDevice) {
    const left: BackendFault[] = [];
    first.gates.length = 0;
    const dealer = new Dealer({ name: 'cpu', backend: first, speed: new Speed() }, (_worker, fault) =>
      left.push(fault),
    );
    dealer.join(known(device));
    return { dealer, left };
  }

  function start(dealer: Dealer, input: CheckedImage, operation: Operation) {
    const output = createImage(input.width, input.height, input.channels);
    const request = { input, output, operation, run: {}, auditSeed: 7, estimateMs: 60 * operation.passes };
    const done: { result?: JobResult } = {};
    const dealing = dealer.compute(request).then((result) => {
      done.result = result;
    });
    pending.push(dealing);
    return { output, done };
  }

  /** Lets the first worker end its strips until the jobs are done. */
  async function finish(jobs: readonly { readonly done: { result?: JobResult } }[]) {
    for (let round = 0; round < 500 && jobs.some(({ done }) => !done.result); round++) {
      for (const gate of [...first.gates]) gate.end();
      await tick(1);
    }
    for (const { done } of jobs) expect(done.result).toBeDefined();
  }

  const wrap = operationOf({ border: 'wrap' });
  const lost = () => new BackendFault('GPU failed while computing', 'the device was lost');

  test('a device is found wrong in another job, while its image of several passes is accepted', async () => {
    const device = new GatedDevice({ stripsAtOnce: 3, residentPixels: 1e9 });
    const { dealer, left } = begin(device);
    const operation = operationOf({ border: 'wrap', passes: 6 });
    const one = start(dealer, photograph, operation);
    const noise = makeImage('noise', WIDTH, HEIGHT, 4, 2);
    const other = start(dealer, noise, wrap);
    const resident = device.gates.find(({ strip }) => strip.passes > 1)!;
    const strip = device.gates.find((gate) => gate.strip.input === noise)!;
    const [{ first: row }] = rowsToCompare(7, resident.strip.region, false);
    resident.end((wrong) => {
      spoil(wrong);
      wrong.output.data[row * wrong.output.rowBytes] ^= 1; // only the row that is compared is right
    });
    await tick(100); // it waits for the first worker's strip
    strip.end(spoil);
    await finish([one, other]);
    expect(left).toHaveLength(1);
    expect(firstDifference(referenceOf(photograph, operation), one.output)).toBeUndefined();
    expect(firstDifference(referenceOf(noise, wrap), other.output)).toBeUndefined();
    expect(rowsOfWorkers(one.done.result!, photograph, operation).gpu).toBe(0);
  });

  test('a device is lost with strips of two jobs: both say so', async () => {
    const device = new GatedDevice({ stripsAtOnce: 3 });
    const { dealer, left } = begin(device);
    const jobs = [photograph, makeImage('noise', WIDTH, HEIGHT, 4, 2)].map((image) => start(dealer, image, wrap));
    device.gates[0].end();
    await tick(1);
    expect(new Set(device.gates.map(({ strip }) => strip.input)).size).toBe(2);
    for (const gate of [...device.gates]) gate.fail(lost());
    await finish(jobs);
    expect(left).toHaveLength(1);
    for (const { done } of jobs)
      expect(done.result!.faults).toEqual(['GPU failed while computing (the device was lost)']);
  });

  test('a device fails after the job, whose memory is gone: it leaves all the same', async () => {
    const device = new GatedDevice();
    const { dealer, left } = begin(device);
    const job = start(dealer, photograph, wrap);
    await finish([job]);
    structuredClone(job.output.data, { transfer: [job.output.data.buffer as ArrayBuffer] });
    device.gates[0].fail(lost());
    await tick();
    expect(left).toHaveLength(1);
  });

  test('the job ends once the first worker reads its input no more', async () => {
    const device = new GatedDevice();
    const { dealer } = begin(device);
    const job = start(dealer, photograph, wrap);
    const isBackup = () => first.gates[0]?.strip.region === device.gates[0]?.strip.region;
    for (let round = 0; round < 100 && !isBackup(); round++) {
      first.gates[0]?.end();
      await tick(1);
    }
    device.gates[0].end();
    await tick(20);
    expect(job.done.result).toBeUndefined();
    first.gates[0].end();
    await tick();
    expect(job.done.result).toBeDefined();
    expect(firstDifference(referenceOf(photograph, wrap), job.output)).toBeUndefined();
  });

  test('a retired device may end what it has, and its failure is told', async () => {
    const device = new GatedDevice({ stripsAtOnce: 2 });
    const worker = known(device);
    const left: BackendFault[] = [];
    first.gates.length = 0;
    const dealer = new Dealer({ name: 'cpu', backend: first, speed: new Speed() }, (_worker, fault) =>
      left.push(fault),
    );
    dealer.join(worker);
    const job = start(dealer, photograph, wrap);
    dealer.retire(worker);
    const [one, other] = [...device.gates];
    one.end();
    await tick(1);
    expect(device.gates).toHaveLength(1);
    other.fail(lost());
    await finish([job]);
    expect(left).toHaveLength(1);
    expect(rowsOfWorkers(job.done.result!, photograph, wrap).gpu).toBeGreaterThan(0);
    expect(firstDifference(referenceOf(photograph, wrap), job.output)).toBeUndefined();
  });
});

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
  const first = firstWorker(400);
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
    try {
      const { output, result } = await deal(dealer, image, operation, { signal: controller.signal });
      expect(firstDifference(referenceOf(image, operation), output)).toBeUndefined();
      rowsOfWorkers(result, image, operation);
      counts.done++;
    } catch (error) {
      if (!controller.signal.aborted || error !== controller.signal.reason) throw error;
      counts.aborted++;
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
