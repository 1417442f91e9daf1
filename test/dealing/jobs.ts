/** Jobs for workers made for these tests, in virtual time. */
import { expect } from 'vitest';
import type { BackendFault } from '../../src/backend.js';
import { makeImage } from '../../src/conformance/images.js';
import { Dealer } from '../../src/dealing/dealer.js';
import type { JobResult, Worker } from '../../src/dealing/job.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import type { Operation, RunOptions } from '../../src/options.js';
import { countPixels, countRows, regionOf, type Size } from '../../src/regions.js';
import { firstDifference, operationOf, referenceOf } from '../transforms.js';
import { firstWorker } from '../workers.js';
import { passUntil } from './virtual-time.js';

/** Of the first worker. A second for a megapixel: strips of these images take milliseconds. */
export const MS_PER_MEGAPIXEL = 1000;
export const WIDTH = 100;
export const HEIGHT = 600;
export const photograph = makeImage('photograph', WIDTH, HEIGHT, 4, 1);

/** A dealer with these others, all of which joined before, and whom it left out. */
export function dealerWith(others: readonly Worker[], first = firstWorker(MS_PER_MEGAPIXEL)) {
  const left: { readonly worker: Worker; readonly fault: BackendFault }[] = [];
  const dealer = new Dealer(first, (worker, fault) => left.push({ worker, fault }));
  for (const worker of others) dealer.join(worker);
  return { dealer, left };
}

/** Begins a job as one that is long enough to be shared. */
export function begin(dealer: Dealer, input: CheckedImage, operation: Operation, run: RunOptions = {}) {
  const output = createImage(input.width, input.height, input.channels);
  const estimateMs = (input.width * input.height * operation.passes * MS_PER_MEGAPIXEL) / 1e6;
  const ended = dealer.compute({ input, output, operation, run, auditSeed: run.auditSeed ?? 1, estimateMs });
  return { output, ended };
}

/** Runs a job, and compares its output. */
export async function deal(
  dealer: Dealer,
  input: CheckedImage,
  operation: Operation,
  run?: RunOptions,
): Promise<{ result: JobResult; elapsedMs: number }> {
  const startMs = performance.now();
  const { output, ended } = begin(dealer, input, operation, run);
  const result = await passUntil(ended);
  expectRight(output, input, operation);
  return { result, elapsedMs: performance.now() - startMs };
}

/** Milliseconds of the first worker for a job without others. */
export function aloneMs(input: Size, { border, passes }: Operation): number {
  return (passes * countPixels(regionOf(input, border)) * MS_PER_MEGAPIXEL) / 1e6;
}

/** A job's time is a sum of strips. */
export const ROUNDING_MS = 1e-6;

const expectedOf = new WeakMap<CheckedImage, Map<string, CheckedImage>>();

/** Compares with the reference, which computes each operation on an image once. */
export function expectRight(output: CheckedImage, input: CheckedImage, operation: Operation): void {
  const known = expectedOf.get(input) ?? new Map<string, CheckedImage>();
  const key = JSON.stringify(operation);
  const expected = known.get(key) ?? referenceOf(input, operation);
  expectedOf.set(input, known.set(key, expected));
  expect(firstDifference(expected, output)).toBeUndefined();
}

/** The rows of each worker; together they are those of the operation. */
export function rowsOfWorkers({ shares }: JobResult, input: CheckedImage, { border, passes }: Operation) {
  const rows = Object.fromEntries(shares.map((share) => [share.backend, share.rows]));
  const sum = shares.reduce((total, share) => total + share.rows, 0);
  expect(sum).toBe(passes * countRows(regionOf(input, border)));
  return { cpu: 0, gpu: 0, ...rows };
}

/** Lets a device show how fast it is. */
export async function warm(dealer: Dealer): Promise<void> {
  for (let round = 0; round < 3; round++) await deal(dealer, photograph, operationOf());
}
