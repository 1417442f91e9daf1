/** One subject's account of the suite: runs a case on it, compares, counts. */
import type { Backend, Run } from '../backend.js';
import { messageOf } from '../errors.js';
import type { Job } from '../options.js';
import type { SpanListener } from '../span.js';
import { compareMemory } from './compare.js';
import { type Evidence, gatherEvidence } from './evidence.js';
import { type CaseMemory, copyMemory, type PreparedCase, viewImages } from './memory.js';
import type { Failure, GroupResult, SubjectResult } from './result.js';

/** What the suite asks of a backend: it hands over images in memory with guarded surroundings, and awaits the promise. */
export type TestedBackend = Pick<Backend, 'transform'>;

/** A backend to test, or the reason why one that was asked for cannot be tested. */
export type Subject = {
  /** How reports call it. */
  readonly name: string;
} & (
  | {
      /** What is tested. */
      readonly backend: TestedBackend;
      /** Threads it is asked to use; by default it decides. */
      readonly threads?: number;
    }
  | {
      /** Why it cannot be tested: a failure of the run. */
      readonly missing: string;
    }
);

/** Failures of a subject that keep their pictures. */
const ILLUSTRATED_FAILURES = 8;

export class Tally {
  readonly #subject: Subject;
  readonly #seed: number;
  readonly #onSpan: SpanListener | undefined;
  readonly #groups = new Map<string, GroupResult>();
  readonly #failures: Failure[] = [];
  /** As the run of the largest image named it: a small one may not use all that there is. */
  #device = '';
  #largestPixels = 0;
  #pixelsRedone = 0;

  constructor(subject: Subject, seed: number, onSpan?: SpanListener) {
    this.#subject = subject;
    this.#seed = seed;
    this.#onSpan = onSpan;
  }

  get failed(): number {
    return this.#failures.length;
  }

  /** Runs a case, unless the subject is missing. Throws the reason of `signal`; what else a backend throws is a failure. */
  async run(prepared: PreparedCase, signal: AbortSignal | undefined): Promise<void> {
    if ('missing' in this.#subject) return;
    const memory = copyMemory(prepared.before);
    const startMs = performance.now();
    const run = await attemptCase(this.#subject, prepared, memory, { signal, onSpan: this.#onSpan });
    const endMs = performance.now();
    this.#onSpan?.({ name: prepared.item.id, lane: this.#subject.name, startMs, endMs });
    const failure = this.#judge(prepared, memory, run);
    if (failure) this.#failures.push(failure);
    this.#count(prepared, endMs - startMs, failure ? 1 : 0);
  }

  result(): SubjectResult {
    return {
      subject: this.#subject.name,
      device: this.#device,
      ...('missing' in this.#subject && { missing: this.#subject.missing }),
      groups: [...this.#groups.values()],
      failures: this.#failures,
      pixelsRedone: this.#pixelsRedone,
    };
  }

  #judge(prepared: PreparedCase, memory: CaseMemory, run: Run | { error: string }): Failure | undefined {
    const { item, image, expected } = prepared;
    const head = { caseId: item.id, seed: this.#seed, subject: this.#subject.name };
    if ('error' in run) return { ...head, device: this.#device, error: run.error };
    this.#note(prepared, run);
    const comparison = compareMemory(item, image, expected, memory);
    if (comparison.equal) return undefined;
    const { mismatch } = comparison;
    const failure = { ...head, device: run.device, mismatch };
    if (!mismatch.pixel || this.failed >= ILLUSTRATED_FAILURES) return failure;
    return { ...failure, evidence: illustrate(prepared, memory, mismatch.pixel) };
  }

  #note({ image }: PreparedCase, { device, pixelsRedone }: Run): void {
    this.#pixelsRedone += pixelsRedone;
    if (image.width * image.height <= this.#largestPixels) return;
    this.#largestPixels = image.width * image.height;
    this.#device = device;
  }

  #count({ item }: PreparedCase, elapsedMs: number, failed: number): void {
    const { width, height, channels } = item.image;
    const before = this.#groups.get(item.group) ?? { group: item.group, cases: 0, failed: 0, bytes: 0, elapsedMs: 0 };
    this.#groups.set(item.group, {
      group: item.group,
      cases: before.cases + 1,
      failed: before.failed + failed,
      bytes: before.bytes + width * height * channels,
      elapsedMs: before.elapsedMs + elapsedMs,
    });
  }
}

async function attemptCase(
  { backend, threads }: Extract<Subject, { backend: TestedBackend }>,
  { item }: PreparedCase,
  memory: CaseMemory,
  listeners: Pick<Job, 'signal' | 'onSpan'>,
): Promise<Run | { error: string }> {
  const { input, output } = viewImages(item, memory);
  try {
    return await backend.transform(input, output, {
      ...item.operation,
      backend: 'auto',
      threads,
      output,
      ...listeners,
    });
  } catch (error) {
    listeners.signal?.throwIfAborted();
    return { error: messageOf(error) };
  }
}

function illustrate(
  { item, image, expected }: PreparedCase,
  memory: CaseMemory,
  at: { x: number; y: number },
): Evidence {
  return gatherEvidence(image, viewImages(item, expected).output, viewImages(item, memory).output, at.x, at.y);
}
