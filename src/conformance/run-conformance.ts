/** What the command line and the page call: one run of the suite, and what a report says besides. */
import { NeighborProductError } from '../errors.js';
import type { Failure, SuiteResult } from './result.js';
import { runSuite, type SuiteOptions } from './run-suite.js';
import type { Subject } from './tally.js';

/** One line about the machine or the software, for people: `{ name: 'driver', value: 'Mesa 23.1' }`. */
export interface Fact {
  /** What it is about. */
  readonly name: string;
  /** What it says. */
  readonly value: string;
}

/** Whom to test, with what. */
export interface ConformanceOptions extends SuiteOptions {
  /** Every backend asked for, those that cannot run included. */
  readonly subjects: readonly Subject[];
  /** Machine, adapters, drivers, versions, shader hash. */
  readonly facts?: readonly Fact[];
}

/** Everything a report renders; plain data, so JSON holds all of it. */
export interface ConformanceReport extends SuiteResult {
  /** When the run began, as ISO 8601 in UTC. */
  readonly date: string;
  /** What was selected, for people. */
  readonly selection: string;
  /** About the machine and the software. */
  readonly facts: readonly Fact[];
}

/**
 * Runs the suite for a report. `passed` is the exit code's one source.
 *
 * @throws only the reason of `options.signal`
 */
export async function runConformance({
  subjects,
  facts = [],
  ...options
}: ConformanceOptions): Promise<ConformanceReport> {
  const date = new Date().toISOString();
  return { date, selection: describeSelection(options), facts, ...(await runSuite(subjects, options)) };
}

/** What is needed to run one failed case again. */
export type ReplayRecord = Pick<Failure, 'caseId' | 'seed' | 'subject'>;

/** The options that run just the case of a record. */
export function replayOptions({
  caseId,
  seed,
}: Pick<ReplayRecord, 'caseId' | 'seed'>): Pick<SuiteOptions, 'id' | 'seed'> {
  return { id: caseId, seed };
}

/**
 * Reads the JSON of one failure, or of a whole report, of which it takes the first failure.
 *
 * @throws NeighborProductError with code `INVALID_OPTION`
 */
export function parseReplayRecord(json: string): ReplayRecord {
  const value = parseJson(json);
  const { caseId, seed, subject } = (isReport(value) ? firstFailure(value) : value) as Partial<ReplayRecord>;
  if (typeof caseId === 'string' && Number.isInteger(seed)) return { caseId, seed: seed!, subject: subject ?? '' };
  throw invalidRecord();
}

function isReport(value: object): value is { subjects: ({ failures?: unknown[] } | null)[] } {
  return 'subjects' in value && Array.isArray(value.subjects);
}

function firstFailure({ subjects }: { subjects: ({ failures?: unknown[] } | null)[] }): object {
  return Object(subjects.flatMap((subject) => subject?.failures ?? [])[0]);
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

function invalidRecord(options?: ErrorOptions): NeighborProductError {
  return new NeighborProductError(
    'INVALID_OPTION',
    'Expected a conformance record, JSON with the text caseId and the whole number seed, or a JSON report with a failure. ' +
      'Take one from the report of a failing run.',
    options,
  );
}

function describeSelection({ quick, filter, id }: SuiteOptions): string {
  if (id !== undefined) return `the case ${id}`;
  const extent = quick ? 'quick' : 'full';
  return filter ? `${extent}, filter ${filter}` : extent;
}
