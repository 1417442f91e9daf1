/** What a run of the suite says, as data: everything the reports render, and what a failure needs to be run again. */
import type { Mismatch } from './compare.js';
import type { Evidence } from './evidence.js';

/** A case that a subject failed: with the same seed, enough to run it again alone. */
export type Failure = {
  /** As `border/wrap/rgba/33x7`. */
  readonly caseId: string;
  /** The run's. */
  readonly seed: number;
  /** The backend's name in the run. */
  readonly subject: string;
  /** What it ran on; empty where it never said. */
  readonly device: string;
} & (
  | {
      /** The message of what the backend threw. */
      readonly error: string;
    }
  | {
      /** The first wrong byte. */
      readonly mismatch: Mismatch;
      /** Crops and a map to look at. Absent beyond the first few failures of a subject, and where no pixel of the output differs. */
      readonly evidence?: Evidence;
    }
);

/** What a subject did in one group of cases. */
export interface GroupResult {
  /** The first part of the cases' ids. */
  readonly group: string;
  /** How many it ran. */
  readonly cases: number;
  /** How many of them it failed. */
  readonly failed: number;
  /** Samples of outputs compared, one byte each. */
  readonly bytes: number;
  /** Milliseconds in the backend. */
  readonly elapsedMs: number;
}

/** What one backend made of the suite. */
export interface SubjectResult {
  /** Its name in the run. */
  readonly subject: string;
  /** What it ran on; empty where it did not run. */
  readonly device: string;
  /** Why it did not run at all; absent where it ran. */
  readonly missing?: string;
  /** In the order they were run. */
  readonly groups: readonly GroupResult[];
  /** In the order they were found. */
  readonly failures: readonly Failure[];
  /** Pixels that single precision could not settle, over all cases. */
  readonly pixelsRedone: number;
}

/** What all of them made of it. */
export interface SuiteResult {
  /** Whether every subject ran every case and no byte differs. */
  readonly passed: boolean;
  /** Why it did not pass, one sentence each; none where it passed. */
  readonly reasons: readonly string[];
  /** Of all generated images. */
  readonly seed: number;
  /** Of all cases selected, in the order they were run; every subject runs all of them. */
  readonly caseIds: readonly string[];
  /** SHA-256 over the cases' ids and input bytes, in hexadecimal. */
  readonly corpusHash: string;
  /** In the order they were given. */
  readonly subjects: readonly SubjectResult[];
  /** Milliseconds of the whole run. */
  readonly elapsedMs: number;
}

/** The sums over a subject's groups. */
export function totalOf({ groups }: Pick<SubjectResult, 'groups'>): Omit<GroupResult, 'group'> {
  const total = { cases: 0, failed: 0, bytes: 0, elapsedMs: 0 };
  for (const { cases, failed, bytes, elapsedMs } of groups) {
    total.cases += cases;
    total.failed += failed;
    total.bytes += bytes;
    total.elapsedMs += elapsedMs;
  }
  return total;
}

/** Why a run is not a pass: whatever was asked for and did not run is a failure, and so is having run nothing. */
export function findReasons(caseCount: number, subjects: readonly SubjectResult[]): string[] {
  const reasons = subjects.flatMap((result) => findReason(caseCount, result) ?? []);
  if (subjects.length === 0) reasons.push('No backend was asked to run.');
  if (caseCount === 0) reasons.push('No case was selected.');
  return reasons;
}

function findReason(caseCount: number, result: SubjectResult): string | undefined {
  if (result.missing !== undefined) return `${result.subject} did not run: ${result.missing.replace(/\.$/, '')}.`;
  const { cases, failed } = totalOf(result);
  if (cases !== caseCount) return `${result.subject} ran ${cases} of ${caseCount} cases.`;
  return failed > 0 ? `${result.subject} failed ${failed} of ${cases} cases.` : undefined;
}
