/** Runs the cases of a selection on every subject and compares each byte with the reference. Returns data, prints nothing. */
import type { Fact } from '../backend.js';
import type { SpanListener } from '../span.js';
import { type Case, type CaseSelection, DEFAULT_SEED, listCases } from './cases.js';
import { type CaseMemory, prepareCase } from './memory.js';
import { type ConformanceReport, type SubjectResult, totalOf } from './report.js';
import { type Subject, SubjectTest } from './subject.js';
import { commandFor } from './wording.js';

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
    command: commandFor(options),
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
export function makePause(): () => Promise<void> {
  let lastMs = performance.now();
  return async () => {
    if (performance.now() - lastMs < PAUSE_EVERY_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    lastMs = performance.now();
  };
}

/**
 * Why a run did not pass. A run of nothing is a failure, and so is a subject that did not run, unless it is optional and
 * another one ran.
 */
export function findReasons(caseCount: number, subjects: readonly SubjectResult[]): string[] {
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

export function isSkipped(result: SubjectResult): result is MissingResult {
  return hasNotRun(result) && result.isOptional === true;
}

export function notRunText({ subject, missing }: MissingResult): string {
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
