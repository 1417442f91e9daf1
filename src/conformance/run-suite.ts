/** Runs the cases of a selection on every subject and compares each byte with the reference. Returns data, prints nothing. */

import type { SpanListener } from '../span.js';
import { type CaseSelection, DEFAULT_SEED, listCases } from './cases.js';
import { hashCase, hashCorpus } from './corpus-hash.js';
import { prepareCase } from './memory.js';
import { findReasons, type SuiteResult } from './result.js';
import { type Subject, Tally } from './tally.js';

/** How far a run came. */
export interface Progress {
  /** Cases that every subject has run. */
  readonly doneCases: number;
  /** Cases that were selected. */
  readonly caseCount: number;
  /** Over all subjects. */
  readonly failed: number;
}

/** Which cases to run, and who listens. */
export interface SuiteOptions extends CaseSelection {
  /** Called after each case, when every subject has run it. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the run. */
  readonly signal?: AbortSignal;
  /** Is told of every case on every subject, and of what the backends tell. */
  readonly onSpan?: SpanListener;
}

/**
 * Runs the suite. A backend that throws fails the case; the suite goes on.
 *
 * @throws only the reason of `options.signal`
 */
export async function runSuite(subjects: readonly Subject[], options: SuiteOptions = {}): Promise<SuiteResult> {
  const { seed = DEFAULT_SEED, fixtures = new Map(), onProgress, signal, onSpan } = options;
  const startMs = performance.now();
  const cases = listCases(options);
  const tallies = subjects.map((subject) => new Tally(subject, seed, onSpan));
  const hashes: Uint8Array[] = [];
  const pause = makePause();
  for (const item of cases) {
    const prepared = prepareCase(item, fixtures);
    hashes.push(await hashCase(item, prepared.before));
    for (const tally of tallies) {
      signal?.throwIfAborted();
      await tally.run(prepared, signal);
    }
    onProgress?.({ doneCases: hashes.length, caseCount: cases.length, failed: countFailures(tallies) });
    await pause();
  }
  const results = tallies.map((tally) => tally.result());
  const reasons = findReasons(cases.length, results);
  return {
    passed: reasons.length === 0,
    reasons,
    seed,
    caseIds: cases.map(({ id }) => id),
    corpusHash: await hashCorpus(hashes),
    subjects: results,
    elapsedMs: performance.now() - startMs,
  };
}

function countFailures(tallies: readonly Tally[]): number {
  return tallies.reduce((sum, tally) => sum + tally.failed, 0);
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
