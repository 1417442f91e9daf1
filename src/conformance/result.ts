/** What a run of the suite says, as data: everything the reports render, and what a failure needs to be run again. */
import type { Mismatch } from './compare.js';
import type { Evidence } from './evidence.js';

/** A case that a subject failed: with the same seed, enough to run it again alone. */
export type Failure = {
  readonly caseId: string;
  readonly seed: number;
  readonly subject: string;
  /** What it ran on; empty where it never said. */
  readonly device: string;
} & (
  | { readonly error: string }
  | {
      readonly mismatch: Mismatch;
      /** Absent beyond the first few failures of a subject, and where no pixel of the output differs. */
      readonly evidence?: Evidence;
    }
);

export interface GroupResult {
  readonly group: string;
  readonly cases: number;
  readonly failed: number;
  /** Samples of outputs compared, one byte each. */
  readonly bytes: number;
  readonly elapsedMs: number;
}

export interface SubjectResult {
  readonly subject: string;
  /** What it ran on; empty where it did not run. */
  readonly device: string;
  /** Why it did not run at all; absent where it ran. */
  readonly missing?: string;
  readonly groups: readonly GroupResult[];
  readonly failures: readonly Failure[];
  /** Pixels that single precision could not settle, over all cases. */
  readonly pixelsRedone: number;
}

export interface SuiteResult {
  readonly passed: boolean;
  /** Why it did not pass, one sentence each; none where it passed. */
  readonly reasons: readonly string[];
  readonly seed: number;
  /** Of all cases selected, in the order they were run; every subject runs all of them. */
  readonly caseIds: readonly string[];
  /** SHA-256 over the cases' ids and input bytes, in hexadecimal. */
  readonly corpusHash: string;
  readonly subjects: readonly SubjectResult[];
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
