/**
 * Whole images on one backend that computes regions: passes, overlapping memory, strips. The reference shares nothing with
 * it, so that it can find mistakes made here.
 */
import { type Backend, BackendFault, type Computed, type Transformer } from './backend.js';
import { type CheckedImage, checkStillThere } from './image.js';
import type { Operation, RunOptions } from './options.js';
import { cutIntoStrips, type Region } from './regions.js';
import { Semaphore } from './semaphore.js';
import { planSteps, type Step, stripOf } from './steps.js';

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

  transform(input: CheckedImage, output: CheckedImage, operation: Operation, run: RunOptions = {}): Promise<Computed> {
    return this.#turn.run(() => transformOn(this.backend, input, output, operation, run), run.signal);
  }

  get lost(): Promise<string> | undefined {
    return this.backend.lost;
  }

  /** Disposes of the backend; transforms that run or wait are rejected. */
  dispose(): void {
    this.backend.dispose();
  }
}

async function transformOn(
  backend: Backend,
  input: CheckedImage,
  output: CheckedImage,
  operation: Operation,
  run: RunOptions,
): Promise<Computed> {
  checkStillThere(input, output);
  const total = new Total();
  for (const step of planSteps(input, output, operation, backend.residentPixels)) {
    await computeStep(backend, step, operation, run, total);
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
    for (const region of cutIntoStrips(step.region, backend.maxRows(input.width))) {
      total.add(backend.computeSync!(stripOf(step, region, operation), run));
    }
  }
  return total;
}

/** Several strips at a time. @throws the first failure, once no strip is under way */
async function computeStep(
  backend: Backend,
  step: Step,
  operation: Operation,
  run: RunOptions,
  total: Total,
): Promise<void> {
  checkStillThere(step.input, step.output);
  const failures: unknown[] = [];
  const underWay = new Set<Promise<void>>();
  const compute = async (region: Region) => {
    try {
      total.add(await backend.compute(stripOf(step, region, operation), run));
    } catch (error) {
      failures.push(error);
    }
  };
  const maxRows = backend.maxRows(step.input.width); // also says whether the image is too wide
  const strips = step.passes > 1 ? [step.region] : cutIntoStrips(step.region, maxRows);
  for (const region of strips) {
    if (underWay.size === backend.stripsAtOnce) await Promise.race(underWay);
    if (failures.length > 0) break;
    const work = compute(region).finally(() => underWay.delete(work));
    underWay.add(work);
  }
  await Promise.all(underWay);
  checkStillThere(step.input, step.output); // a backend fails, too, where the memory has gone
  for (const failure of failures) if (!(failure instanceof BackendFault)) throw failure;
  if (failures.length > 0) throw failures[0];
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
