/** The data of a run: everything that the reports render, and the records that replay a failure. */
import type { Fact } from '../backend.js';
import { NeighborProductError } from '../errors.js';
import type { CaseSelection } from './cases.js';
import type { Evidence, Mismatch } from './compare.js';

/** Everything about a run; JSON holds all of it. */
export interface ConformanceReport {
  /** When the run began, as ISO 8601 in UTC. */
  readonly date: string;
  /** What was selected, for people. */
  readonly selection: string;
  /** Runs the same cases again: `neighbor-product conformance` with its options. */
  readonly command: string;
  /** About the machine and the software. */
  readonly facts: readonly Fact[];
  /**
   * Whether at least one subject ran, each one that ran or had to run ran every case, and no byte differs. It alone
   * decides the exit code.
   */
  readonly passed: boolean;
  /** Why it did not pass, one sentence each; empty if it passed. */
  readonly reasons: readonly string[];
  /** Which optional subjects did not run, and why, one sentence each. */
  readonly notRun: readonly string[];
  /** Of all generated images. */
  readonly seed: number;
  /** Of all selected cases, in the order they were run; every subject that runs runs all of them. */
  readonly caseIds: readonly string[];
  /** SHA-256 over the cases' ids and input bytes, in hexadecimal. */
  readonly corpusHash: string;
  /** In the order they were given. */
  readonly subjects: readonly SubjectResult[];
  /** Milliseconds of the whole run. */
  readonly elapsedMs: number;
}

/** The results of one backend. */
export interface SubjectResult {
  /** Its name in the run. */
  readonly subject: string;
  /** What it ran on; empty if it did not run. */
  readonly device: string;
  /** Why it did not run at all; absent if it ran. */
  readonly missing?: string | undefined;
  /** Whether the run can pass without it; absent if it ran. */
  readonly isOptional?: boolean | undefined;
  /** In the order they were run. */
  readonly groups: readonly GroupResult[];
  /** In the order they were found. */
  readonly failures: readonly Failure[];
}

/** The results of one backend in one group of cases. */
export interface GroupResult {
  /** The first part of the cases' ids. */
  readonly group: string;
  /** Number of cases run. */
  readonly cases: number;
  /** Number of cases failed. */
  readonly failed: number;
  /** Samples of outputs compared, one byte each. */
  readonly bytes: number;
  /** Pixels computed in binary64 because single precision left them undecided, as reported by the backend. */
  readonly exactPixels: number;
  /** Milliseconds in the backend. */
  readonly elapsedMs: number;
}

/** A case that a subject failed; id and seed are enough to run it again. */
export type Failure = {
  /** Such as `border/wrap/rgba/33x7`. */
  readonly caseId: string;
  /** The run's. */
  readonly seed: number;
  /** The backend's name in the run. */
  readonly subject: string;
  /** What it ran on; empty if it never reported it. */
  readonly device: string;
} & (
  | {
      /** The message of the error that the backend threw. */
      readonly error: string;
    }
  | {
      /** The first wrong byte. */
      readonly mismatch: Mismatch;
      /** Absent beyond the first few failures of a subject, and if no pixel of the output differs. */
      readonly evidence?: Evidence | undefined;
    }
);

/** The sums over a subject's groups. */
export function totalOf({ groups }: Pick<SubjectResult, 'groups'>): Omit<GroupResult, 'group'> {
  const total = { cases: 0, failed: 0, bytes: 0, exactPixels: 0, elapsedMs: 0 };
  for (const { cases, failed, bytes, exactPixels, elapsedMs } of groups) {
    total.cases += cases;
    total.failed += failed;
    total.bytes += bytes;
    total.exactPixels += exactPixels;
    total.elapsedMs += elapsedMs;
  }
  return total;
}

/** How many subjects ran. */
export function countOfRun(subjects: readonly SubjectResult[]): number {
  return subjects.filter(({ missing }) => missing === undefined).length;
}

/** Enough to run a failed case again. */
export type ReplayRecord = Pick<Failure, 'caseId' | 'seed' | 'subject'>;

/** The options that run only the case of a record. */
export function replayOptions({
  caseId,
  seed,
}: Pick<ReplayRecord, 'caseId' | 'seed'>): Pick<CaseSelection, 'id' | 'seed'> {
  return { id: caseId, seed };
}

/**
 * Reads a record from the JSON of one failure, or of a whole report, of which it takes the first failure.
 *
 * @throws NeighborProductError with code `INVALID_OPTION`
 */
export function parseReplayRecord(json: string): ReplayRecord {
  const value = parseJson(json);
  const { caseId, seed, subject } = (isReport(value) ? firstFailure(value) : value) as Partial<ReplayRecord>;
  if (typeof caseId === 'string' && Number.isInteger(seed)) return { caseId, seed: seed!, subject: subject ?? '' };
  throw invalidRecord();
}

function parseJson(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw invalidRecord({ cause });
  }
  throw invalidRecord();
}

interface ReportLike {
  readonly subjects: readonly ({ readonly failures?: readonly unknown[] } | null)[];
}

function isReport(value: object): value is ReportLike {
  return 'subjects' in value && Array.isArray(value.subjects);
}

function firstFailure({ subjects }: ReportLike): object {
  return Object(subjects.flatMap((subject) => subject?.failures ?? [])[0]);
}

function invalidRecord(options?: ErrorOptions): NeighborProductError {
  return new NeighborProductError(
    'INVALID_OPTION',
    'Expected a conformance record, JSON with the text caseId and the whole number seed, or a JSON report with a failure. ' +
      'Take one from the report of a failing run.',
    options,
  );
}
