/** Orders of events that a device would seldom show: strips end and fail when the test says so. */
import { beforeEach, expect, test } from 'vitest';
import { BackendFault } from '../../src/backend.js';
import { makeImage } from '../../src/conformance/images.js';
import { rowsToCompare } from '../../src/dealing/audit.js';
import type { Dealer } from '../../src/dealing/dealer.js';
import type { JobResult } from '../../src/dealing/job.js';
import { Speed } from '../../src/dealing/speed.js';
import type { CheckedImage } from '../../src/image.js';
import type { Operation } from '../../src/options.js';
import { operationOf } from '../transforms.js';
import { GatedDevice, helper, spoil } from '../workers.js';
import { begin, dealerWith, expectRight, HEIGHT, photograph, rowsOfWorkers, WIDTH } from './jobs.js';
import { pass, settle, useVirtualTime } from './virtual-time.js';

useVirtualTime();

const first = new GatedDevice();
const wrap = operationOf({ border: 'wrap' });
const noise = makeImage('noise', WIDTH, HEIGHT, 4, 2);
const lost = () => new BackendFault('GPU failed while computing', 'the device was lost');

beforeEach(() => {
  first.gates.length = 0;
});

/** A device whose speed is known: it takes a little less than the first worker. */
function dealerWithGated(device: GatedDevice) {
  const worker = helper(device);
  worker.speed.note(6000, 5);
  worker.speed.note(12_000, 10);
  return { worker, ...dealerWith([worker], { name: 'cpu', backend: first, speed: new Speed() }) };
}

function start(dealer: Dealer, input: CheckedImage, operation: Operation) {
  const { output, ended } = begin(dealer, input, operation);
  const done: { result?: JobResult } = {};
  void ended.then((result) => {
    done.result = result;
  });
  return { output, done };
}

/** Lets the first worker end its strips, each after a millisecond, until the jobs are done. */
async function finish(jobs: readonly { readonly done: { result?: JobResult } }[]) {
  for (let round = 0; round < 500 && jobs.some(({ done }) => !done.result); round++) {
    await pass(1);
    for (const gate of [...first.gates]) gate.end();
    await settle();
  }
  for (const { done } of jobs) expect(done.result).toBeDefined();
}

test('a device is found wrong in another job, while its image of several passes is accepted', async () => {
  const device = new GatedDevice({ stripsAtOnce: 3, residentPixels: 1e9 });
  const { dealer, left } = dealerWithGated(device);
  const operation = operationOf({ border: 'wrap', passes: 6 });
  const one = start(dealer, photograph, operation);
  const other = start(dealer, noise, wrap);
  const resident = device.gates.find(({ strip }) => strip.passes > 1)!;
  const strip = device.gates.find((gate) => gate.strip.input === noise)!;
  const [{ first: row }] = rowsToCompare(1, resident.strip.region, false);
  resident.end((wrong) => {
    spoil(wrong);
    wrong.output.data[row * wrong.output.rowBytes] ^= 1; // only the row that is compared is right
  });
  await settle(); // it waits for the first worker's strip
  expect(left).toEqual([]);
  strip.end(spoil);
  await finish([one, other]);
  expect(left).toHaveLength(1);
  expectRight(one.output, photograph, operation);
  expectRight(other.output, noise, wrap);
  expect(rowsOfWorkers(one.done.result!, photograph, operation).gpu).toBe(0);
});

test('a device is lost with strips of two jobs: both say so', async () => {
  const device = new GatedDevice({ stripsAtOnce: 3 });
  const { dealer, left } = dealerWithGated(device);
  const jobs = [photograph, noise].map((image) => start(dealer, image, wrap));
  await pass(1);
  device.gates[0].end();
  await settle();
  expect(new Set(device.gates.map(({ strip }) => strip.input)).size).toBe(2);
  for (const gate of [...device.gates]) gate.fail(lost());
  await finish(jobs);
  expect(left).toHaveLength(1);
  for (const { done } of jobs)
    expect(done.result!.faults).toEqual(['GPU failed while computing (the device was lost)']);
});

test('a device fails after the job, whose memory is gone: it leaves all the same', async () => {
  const device = new GatedDevice();
  const { dealer, left } = dealerWithGated(device);
  const job = start(dealer, photograph, wrap);
  await finish([job]);
  structuredClone(job.output.data, { transfer: [job.output.data.buffer as ArrayBuffer] });
  device.gates[0].fail(lost());
  await settle();
  expect(left).toHaveLength(1);
});

test('the job ends once the first worker reads its input no more', async () => {
  const device = new GatedDevice();
  const { dealer } = dealerWithGated(device);
  const job = start(dealer, photograph, wrap);
  const isBackup = () => first.gates[0]?.strip.region === device.gates[0]?.strip.region;
  for (let round = 0; round < 100 && !isBackup(); round++) {
    await pass(1);
    first.gates[0]?.end();
    await settle();
  }
  device.gates[0].end();
  await pass(1000);
  expect(job.done.result).toBeUndefined();
  first.gates[0].end();
  await settle();
  expect(job.done.result).toBeDefined();
  expectRight(job.output, photograph, wrap);
});

test('a retired device may end what it has, and its failure is told', async () => {
  const device = new GatedDevice({ stripsAtOnce: 2 });
  const { dealer, worker, left } = dealerWithGated(device);
  const job = start(dealer, photograph, wrap);
  dealer.retire(worker);
  const [one, other] = [...device.gates];
  await pass(1);
  one.end();
  await settle();
  expect(device.gates).toHaveLength(1);
  other.fail(lost());
  await finish([job]);
  expect(left).toHaveLength(1);
  expect(rowsOfWorkers(job.done.result!, photograph, wrap).gpu).toBeGreaterThan(0);
  expectRight(job.output, photograph, wrap);
});
