/** Runs the cases of a selection on every subject and compares each byte with the reference. Returns data, prints nothing. */
import type { Computed, Fact, Transformer } from '../backend.js';
import { messageOf } from '../errors.js';
import type { RunOptions } from '../options.js';
import type { SpanListener } from '../span.js';
import { type Case, type CaseSelection, DEFAULT_SEED, listCases } from './cases.js';
import { compareMemory, gatherEvidence } from './compare.js';
import { type CaseMemory, copyMemory, type PreparedCase, prepareCase, viewImages } from './memory.js';
import { type ConformanceReport, type Failure, type GroupResult, type SubjectResult, totalOf } from './report.js';

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

/** How far a run has come. */
export interface Progress {
  /** Cases that every subject has run. */
  readonly doneCases: number;
  /** Cases that were selected. */
  readonly caseCount: number;
  /** Over all subjects. */
  readonly failed: number;
}

/** How to run the suite, and which cases. */
export interface SuiteOptions extends CaseSelection {
  /** Called after each case, when every subject has run it. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Stops the run. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the times of every case on every subject, and the spans of the backends. */
  readonly onSpan?: SpanListener | undefined;
}

/** The subjects to test, with which cases, and facts for the report. */
export interface ConformanceOptions extends SuiteOptions {
  /** Every backend to report on, including those that cannot run. */
  readonly subjects: readonly Subject[];
  /** Machine, adapters, drivers, versions, shader hash. */
  readonly facts?: readonly Fact[] | undefined;
}

/**
 * Runs the suite. A backend that throws fails the case; the suite goes on.
 *
 * @throws only the reason of `options.signal`
 */
export async function runConformance({
  subjects,
  facts = [],
  ...options
}: ConformanceOptions): Promise<ConformanceReport> {
  const { seed = DEFAULT_SEED, fixtures = new Map(), onProgress, signal, onSpan } = options;
  const date = new Date().toISOString();
  const startMs = performance.now();
  const cases = listCases(options);
  const tests = subjects.map((subject) => new SubjectTest(subject, seed, { signal, onSpan }));
  const hashes: Uint8Array[] = [];
  const pause = makePause();
  for (const item of cases) {
    const prepared = prepareCase(item, fixtures);
    hashes.push(await hashCase(item, prepared.before));
    for (const test of tests) {
      signal?.throwIfAborted();
      await test.run(prepared);
    }
    const failed = tests.reduce((sum, test) => sum + test.failed, 0);
    onProgress?.({ doneCases: hashes.length, caseCount: cases.length, failed });
    await pause();
  }
  const results = tests.map((test) => test.result());
  const reasons = findReasons(cases.length, results);
  return {
    date,
    selection: describeSelection(options),
    facts,
    passed: reasons.length === 0,
    reasons,
    notRun: results.filter(isSkipped).map(notRunText),
    seed,
    caseIds: cases.map(({ id }) => id),
    corpusHash: await hashCorpus(hashes),
    subjects: results,
    elapsedMs: performance.now() - startMs,
  };
}

const PAUSE_EVERY_MS = 50;

/** Lets timers and the page run now and then: the reference computes on this thread. */
function makePause(): () => Promise<void> {
  let lastMs = performance.now();
  return async () => {
    if (performance.now() - lastMs < PAUSE_EVERY_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    lastMs = performance.now();
  };
}

/** Failures of a subject that keep their evidence. */
const ILLUSTRATED_FAILURES = 8;

/** Runs cases on one subject, compares, and counts. */
class SubjectTest {
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

/**
 * Why a run did not pass. A run of nothing is a failure, and so is a subject that did not run, unless it is optional and
 * another one ran.
 */
function findReasons(caseCount: number, subjects: readonly SubjectResult[]): string[] {
  const required = subjects.every(hasNotRun) ? subjects : subjects.filter((result) => !isSkipped(result));
  const reasons = required.flatMap((result) => findReason(caseCount, result) ?? []);
  if (subjects.length === 0) reasons.push('No backend was asked to run.');
  if (caseCount === 0) reasons.push('No case was selected.');
  return reasons;
}

function findReason(caseCount: number, result: SubjectResult): string | undefined {
  if (hasNotRun(result)) return notRunText(result);
  const { cases, failed } = totalOf(result);
  if (cases !== caseCount) return `${result.subject} ran ${cases} of ${caseCount} cases.`;
  return failed > 0 ? `${result.subject} failed ${failed} of ${cases} cases.` : undefined;
}

type MissingResult = SubjectResult & { readonly missing: string };

function hasNotRun(result: SubjectResult): result is MissingResult {
  return result.missing !== undefined;
}

function isSkipped(result: SubjectResult): result is MissingResult {
  return hasNotRun(result) && result.isOptional === true;
}

function notRunText({ subject, missing }: MissingResult): string {
  return `${subject} was not run: ${missing.replace(/\.$/, '')}.`;
}

function describeSelection({ quick, filter, id }: CaseSelection): string {
  if (id !== undefined) return `the case ${id}`;
  const extent = quick ? 'quick' : 'full';
  return filter ? `${extent}, filter ${filter}` : extent;
}

/** SHA-256 of a case's id and input memory. */
async function hashCase({ id }: Case, { input }: CaseMemory): Promise<Uint8Array> {
  const idBytes = new TextEncoder().encode(`${id}\n`);
  const bytes = new Uint8Array(idBytes.length + input.length);
  bytes.set(idBytes);
  bytes.set(input, idBytes.length);
  return sha256(bytes);
}

/** SHA-256 of the cases' hashes, in hexadecimal: two runs with the same hash compared the same things. */
async function hashCorpus(caseHashes: readonly Uint8Array[]): Promise<string> {
  const bytes = new Uint8Array(caseHashes.flatMap((hash) => [...hash]));
  return Array.from(await sha256(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
