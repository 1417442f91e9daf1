/** Random cases without end: each is decided by the seed and its number, so a run can stop anywhere and go on from there. */
import { endlessCase } from './cases.js';
import { prepareCase } from './memory.js';
import { type ConformanceReport, totalOf } from './report.js';
import { SubjectTest } from './subject.js';
import { type ConformanceOptions, findReasons, isSkipped, makePause, notRunText } from './suite.js';

/** The subjects to test, where to begin and when to stop. */
export interface EndlessOptions extends Pick<ConformanceOptions, 'subjects' | 'facts' | 'signal' | 'onSpan'> {
  readonly seed: number;
  /** The number of the first case. */
  readonly from: number;
  /** Stops the run once so many bytes were compared, over all subjects. */
  readonly mostBytes?: number | undefined;
  /** Whether to stop after the case under way. */
  readonly isStopped?: (() => boolean) | undefined;
  /** Called after each case. */
  readonly onProgress?: ((progress: EndlessProgress) => void) | undefined;
}

/** How far a run has come. */
export interface EndlessProgress {
  /** The number of the next case. */
  readonly next: number;
  /** Compared, over all subjects. */
  readonly bytes: number;
}

/** A run until it was stopped, or until the first case that a subject failed. */
export interface EndlessReport extends Omit<ConformanceReport, 'selection' | 'command' | 'caseIds' | 'corpusHash'> {
  /** The number of the first case. */
  readonly from: number;
  /** The number of the case to go on with: the first that was not compared, or the one that failed. */
  readonly next: number;
}

export async function runEndless({ subjects, facts = [], ...options }: EndlessOptions): Promise<EndlessReport> {
  const { seed, from, mostBytes = Number.POSITIVE_INFINITY, isStopped = () => false, onProgress } = options;
  const date = new Date().toISOString();
  const startMs = performance.now();
  const tests = subjects.map((subject) => new SubjectTest(subject, seed, options));
  const pause = makePause();
  const hasRunning = subjects.some((subject) => !('missing' in subject));
  let next = from;
  let failed = false;
  for (let bytes = 0; hasRunning && bytes < mostBytes && !isStopped(); await pause()) {
    const prepared = prepareCase(endlessCase(seed, next), new Map());
    for (const test of tests) await test.run(prepared);
    failed = tests.some((test) => test.failed > 0);
    bytes = tests.reduce((sum, test) => sum + totalOf(test.result()).bytes, 0);
    if (failed) break;
    next++;
    onProgress?.({ next, bytes });
  }
  const results = tests.map((test) => test.result());
  const reasons = findReasons(next - from + (failed ? 1 : 0), results);
  return {
    date,
    facts,
    passed: reasons.length === 0,
    reasons,
    notRun: results.filter(isSkipped).map(notRunText),
    seed,
    from,
    next,
    subjects: results,
    elapsedMs: performance.now() - startMs,
  };
}
