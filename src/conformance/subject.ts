/** A backend under test: runs cases on it, compares every byte with the reference's, and counts. */
import type { Computed, Transformer } from '../backend.js';
import { messageOf } from '../errors.js';
import type { RunOptions } from '../options.js';
import type { Case } from './cases.js';
import { compareMemory, gatherEvidence } from './compare.js';
import { type CaseMemory, copyMemory, type PreparedCase, viewImages } from './memory.js';
import { type Failure, type GroupResult, type SubjectResult, totalOf } from './report.js';

/** The part of a backend that is tested. The suite passes images in guarded memory and awaits the promise. */
export type TestedBackend = Pick<Transformer, 'transform'>;

/** A backend to test, or the reason why one cannot be tested. */
export type Subject = {
  /** Its name in reports. */
  readonly name: string;
} & (
  | {
      /** The backend. */
      readonly backend: TestedBackend;
      /** Number of threads to request; by default the backend decides. */
      readonly threads?: number | undefined;
    }
  | {
      /** Why it cannot be tested. */
      readonly missing: string;
      /** Whether the run can pass without it, as long as another one ran. Default false. */
      readonly isOptional?: boolean | undefined;
    }
);

/** Failures of a subject that keep their evidence. */
const ILLUSTRATED_FAILURES = 8;

/** Runs cases on one subject, compares, and counts. */
export class SubjectTest {
  readonly #subject: Subject;
  readonly #seed: number;
  readonly #run: Pick<RunOptions, 'signal' | 'onSpan'>;
  readonly #groups = new Map<string, GroupResult>();
  readonly #failures: Failure[] = [];
  /** As named in the run with the largest image: a small image may not use every thread. */
  #device = '';
  #largestPixels = 0;

  constructor(subject: Subject, seed: number, run: Pick<RunOptions, 'signal' | 'onSpan'>) {
    this.#subject = subject;
    this.#seed = seed;
    this.#run = run;
  }

  get failed(): number {
    return this.#failures.length;
  }

  /** Runs a case, unless the subject is missing. Throws the reason of the signal; any other error is a failure. */
  async run(prepared: PreparedCase): Promise<void> {
    if ('missing' in this.#subject) return;
    const { name, backend, threads } = this.#subject;
    const memory = copyMemory(prepared.before);
    const startMs = performance.now();
    const outcome = await attempt(backend, prepared.item, memory, { threads, ...this.#run });
    const endMs = performance.now();
    this.#run.onSpan?.({ name: prepared.item.id, track: name, startMs, endMs });
    const failure = this.#judge(prepared, memory, outcome);
    if (failure) this.#failures.push(failure);
    this.#count(prepared.item, {
      failed: failure ? 1 : 0,
      exactPixels: 'error' in outcome ? 0 : outcome.exactPixels,
      elapsedMs: endMs - startMs,
    });
  }

  result(): SubjectResult {
    const subject = this.#subject;
    return {
      subject: subject.name,
      device: this.#device,
      ...('missing' in subject && { missing: subject.missing, isOptional: subject.isOptional ?? false }),
      groups: [...this.#groups.values()],
      failures: this.#failures,
    };
  }

  #judge(prepared: PreparedCase, memory: CaseMemory, outcome: Computed | { error: string }): Failure | undefined {
    const { item, image, expected } = prepared;
    const head = { caseId: item.id, seed: this.#seed, subject: this.#subject.name };
    if ('error' in outcome) return { ...head, device: this.#device, error: outcome.error };
    this.#noteDevice(item, outcome.device);
    const comparison = compareMemory(prepared, memory);
    if (comparison.equal) return undefined;
    const { mismatch } = comparison;
    const failure = { ...head, device: outcome.device, mismatch };
    if (!mismatch.pixel || this.failed >= ILLUSTRATED_FAILURES) return failure;
    const outputOf = (from: CaseMemory) => viewImages(item, from).output;
    const images = { input: image, expected: outputOf(expected), actual: outputOf(memory) };
    return { ...failure, evidence: gatherEvidence(images, mismatch.pixel) };
  }

  #noteDevice({ image }: Case, device: string): void {
    if (image.width * image.height <= this.#largestPixels) return;
    this.#largestPixels = image.width * image.height;
    this.#device = device;
  }

  #count({ group, image }: Case, result: Pick<GroupResult, 'failed' | 'exactPixels' | 'elapsedMs'>): void {
    const one = { group, cases: 1, bytes: image.width * image.height * image.channels, ...result };
    const before = this.#groups.get(group);
    this.#groups.set(group, { group, ...totalOf({ groups: before ? [before, one] : [one] }) });
  }
}

async function attempt(
  backend: TestedBackend,
  item: Case,
  memory: CaseMemory,
  run: RunOptions,
): Promise<Computed | { error: string }> {
  const { input, output } = viewImages(item, memory);
  try {
    return await backend.transform(input, output, item.operation, run);
  } catch (error) {
    run.signal?.throwIfAborted();
    return { error: messageOf(error) };
  }
}
