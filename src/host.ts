/**
 * Whole images on a backend that computes regions: passes, overlapping memory, strips, and handing the rest to another
 * backend. The reference shares nothing with it, so that it can find mistakes made here.
 */
import { type Backend, BackendFault, type Computed, type Strip, type TakeOver, type Transformer } from './backend.js';
import { type CheckedImage, checkStillThere, copyImage, createImage, overlaps, rowsOf } from './image.js';
import type { Operation, RunOptions } from './options.js';
import { cutIntoStrips, type Region, regionOf } from './regions.js';
import { Semaphore } from './semaphore.js';

/** Transforms whole images on one backend, one at a time, in the order of the calls. */
export class Host implements Transformer {
  /** What it runs on. */
  readonly backend: Backend;
  /** One at a time: a transform uses all cores, or the whole device. */
  readonly #turn = new Semaphore(1);

  /** The same on the calling thread; absent where the backend cannot. */
  readonly transformSync: Transformer['transformSync'];

  constructor(backend: Backend) {
    this.backend = backend;
    if (backend.computeSync) this.transformSync = (...args) => transformSyncOn(backend, ...args);
  }

  transform(
    input: CheckedImage,
    output: CheckedImage,
    operation: Operation,
    run: RunOptions = {},
    takeOver?: TakeOver,
  ): Promise<Computed> {
    return this.#turn.run(() => transformOn(this.backend, input, output, operation, run, takeOver), run.signal);
  }

  get lost(): Promise<string> | undefined {
    return this.backend.lost;
  }

  /** Disposes of the backend; transforms that run or wait are rejected. */
  dispose(): void {
    this.backend.dispose();
  }
}

/** One pass over the image; several where the image stays on the device between them. */
interface Step {
  readonly input: CheckedImage;
  /** Shares no memory with the input. */
  readonly output: CheckedImage;
  readonly passes: number;
  /** What is not computed yet. */
  remaining: Region[];
}

async function transformOn(
  firstBackend: Backend,
  input: CheckedImage,
  output: CheckedImage,
  operation: Operation,
  run: RunOptions,
  takeOver: TakeOver | undefined,
): Promise<Computed> {
  checkStillThere(input, output);
  const total = new Total();
  let backend = firstBackend;
  let steps = planSteps(input, output, operation, backend.residentPixels);
  while (steps.length > 0) {
    const [step, ...rest] = steps;
    const fault = await computeStep(backend, step, operation, run, total);
    if (fault === undefined) {
      steps = rest;
      continue;
    }
    if (takeOver === undefined) throw fault;
    const done = countRows([regionOf(input, operation.border)]) - countRows(step.remaining);
    const next = await takeOver(fault, rest.length === 0 ? done : 0);
    const remainingOperation = { ...operation, passes: steps.reduce((sum, { passes }) => sum + passes, 0) };
    if (!(next instanceof Host)) return total.add(await next.transform(step.input, output, remainingOperation, run));
    backend = next.backend;
    if (step.passes > 1) steps = planSteps(step.input, output, remainingOperation);
  }
  return total;
}

function transformSyncOn(
  backend: Backend,
  input: CheckedImage,
  output: CheckedImage,
  operation: Operation,
  run: RunOptions = {},
): Computed {
  checkStillThere(input, output);
  const total = new Total();
  for (const step of planSteps(input, output, operation)) {
    for (const region of step.remaining.flatMap((whole) => cutIntoStrips(whole, backend.maxRows(input.width)))) {
      total.add(backend.computeSync!(stripOf(step, region, operation), run));
    }
  }
  return total;
}

/**
 * The passes as steps. A step never reads memory that it writes: it reads the result of the step before, or the input, which
 * is copied if the output overlaps it.
 */
function planSteps(input: CheckedImage, output: CheckedImage, operation: Operation, residentPixels = 0): Step[] {
  const { border, passes } = operation;
  const { width, height, channels } = input;
  const stepOf = (from: CheckedImage, to: CheckedImage, count: number): Step => {
    return { input: from, output: to, passes: count, remaining: [regionOf(input, border)] };
  };
  if (passes === 1 || width * height <= residentPixels) {
    return [stepOf(overlaps(input, output) ? copyImage(input) : input, output, passes)];
  }
  // Pixels that the border mode skips are never written: later passes read zeros.
  const between = Array.from({ length: Math.min(passes - 1, 2) }, () => createImage(width, height, channels));
  return Array.from({ length: passes }, (_, pass) =>
    stepOf(pass === 0 ? input : between[(pass - 1) % 2], pass === passes - 1 ? output : between[pass % 2], 1),
  );
}

/** Computes what remains of a step, several strips at a time. @returns the first fault, once no strip is under way */
async function computeStep(
  backend: Backend,
  step: Step,
  operation: Operation,
  run: RunOptions,
  total: Total,
): Promise<BackendFault | undefined> {
  checkStillThere(step.input, step.output);
  const failures: unknown[] = [];
  const underWay = new Set<Promise<void>>();
  const compute = async (region: Region) => {
    try {
      total.add(await backend.compute(stripOf(step, region, operation), run));
      step.remaining = step.remaining.filter((other) => other !== region);
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    const maxRows = backend.maxRows(step.input.width);
    if (step.passes === 1) step.remaining = step.remaining.flatMap((region) => cutIntoStrips(region, maxRows));
  } catch (error) {
    failures.push(error);
  }
  for (const region of step.remaining) {
    if (underWay.size === backend.stripsAtOnce) await Promise.race(underWay);
    if (failures.length > 0) break;
    const work = compute(region).finally(() => underWay.delete(work));
    underWay.add(work);
  }
  await Promise.all(underWay);
  checkStillThere(step.input, step.output); // a backend fails, too, where the memory has gone
  for (const failure of failures) if (!(failure instanceof BackendFault)) throw failure;
  return failures[0] as BackendFault | undefined;
}

function stripOf({ input, output, passes }: Step, region: Region, { alpha }: Operation): Strip {
  return { input, region, output: rowsOf(output, region.first.y, region.end.y), alpha, passes };
}

function countRows(regions: readonly Region[]): number {
  return regions.reduce((sum, { first, end }) => sum + end.y - first.y, 0);
}

/** The report over all strips. */
class Total implements Computed {
  device = '';
  exactPixels = 0;

  add({ device, exactPixels }: Computed): this {
    this.device = device;
    this.exactPixels += exactPixels;
    return this;
  }
}
