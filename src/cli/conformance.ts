/** The `conformance` command: runs the suite on this machine and says what came of it. */
import { readFile } from 'node:fs/promises';
import { writeOutput } from '../codec/files.js';
import { decodePng } from '../codec/png.js';
import { type Fixtures, listCases } from '../conformance/cases.js';
import { reportHtml } from '../conformance/report-html.js';
import { reportJson } from '../conformance/report-json.js';
import { reportJunit } from '../conformance/report-junit.js';
import { reportTable } from '../conformance/report-table.js';
import {
  type ConformanceReport,
  parseReplayRecord,
  type ReplayRecord,
  replayOptions,
  runConformance,
} from '../conformance/run-conformance.js';
import type { Progress, SuiteOptions } from '../conformance/run-suite.js';
import { expected, NeighborProductError } from '../errors.js';
import type { SpanListener } from '../span.js';
import type { ConformanceBackends } from './conformance-backends.js';
import { openSubjects } from './conformance-subjects.js';
import { prepareReport } from './prepare-outputs.js';

export interface ConformanceRequest {
  readonly backend: ConformanceBackends;
  readonly filter?: string;
  readonly list?: true;
  readonly seed?: number;
  readonly quick?: true;
  /** Path of a record. */
  readonly replay?: string;
  /** Path of the HTML page to write. */
  readonly report?: string;
  readonly json?: true;
  readonly junit?: true;
  /** Path of the trace to write. */
  readonly trace?: string;
}

/** Where the words go. */
export interface ConformanceVoice {
  readonly print: (text: string) => Promise<void>;
  /** Replaces the line shown before; absent where there is no terminal. */
  readonly showProgress?: (line: string) => void;
}

/** Small pictures of the package; a case for each. */
const FIXTURE_NAMES = ['gradient-64x48', 'saturated-40x25', 'noise-31x17', 'flat-33x7', 'one-pixel'];

/** @returns the exit code: 0 only if every case of every backend asked for ran and agreed */
export async function conformance(
  request: ConformanceRequest,
  packageVersion: string,
  { print, showProgress }: ConformanceVoice,
  onSpan: SpanListener | undefined,
): Promise<number> {
  await prepareReport(request.replay, request.report);
  const record = request.replay === undefined ? undefined : parseReplayRecord(await readRecord(request.replay));
  const options = { ...(record ? replayOptions(record) : suiteOptions(request)), fixtures: await readFixtures() };
  if (request.list) {
    await print(
      `${listCases(options)
        .map(({ id }) => `${id}\n`)
        .join('')}`,
    );
    return 0;
  }
  const { subjects, facts, close } = await openSubjects(
    record ? backendsOf(record, request.backend) : request.backend,
    packageVersion,
  );
  try {
    const onProgress = throttled((progress) => showProgress?.(progressLine(progress)));
    const report = await runConformance({ ...options, subjects, facts, onProgress, ...(onSpan && { onSpan }) });
    showProgress?.('');
    if (request.report !== undefined) await writeOutput(request.report, Buffer.from(reportHtml(report)));
    await print(rendered(report, request));
    return report.passed ? 0 : 1;
  } finally {
    close();
  }
}

/** The backend that failed, unless the user asks for one. */
function backendsOf({ subject }: ReplayRecord, asked: ConformanceBackends): ConformanceBackends {
  if (asked !== 'all') return asked;
  return (['gpu', 'cpu'] as const).find((backend) => subject.startsWith(backend)) ?? 'all';
}

function suiteOptions({ filter, seed, quick }: ConformanceRequest): SuiteOptions {
  return {
    ...(filter !== undefined && { filter }),
    ...(seed !== undefined && { seed }),
    ...(quick && { quick }),
  };
}

async function readRecord(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new NeighborProductError('INPUT_UNREADABLE', expected('a readable record', '--replay', path), { cause });
  }
}

/** Fixtures do not come with the package: a checkout has them, an installation runs without their cases. */
async function readFixtures(): Promise<Fixtures> {
  const fixtures = new Map();
  for (const name of FIXTURE_NAMES) {
    const file = await readFile(new URL(`../../fixtures/${name}.png`, import.meta.url)).catch(() => undefined);
    if (file) fixtures.set(name, decodePng(file, { maxPixels: 1e6 }));
  }
  return fixtures;
}

function rendered(report: ConformanceReport, { json, junit }: ConformanceRequest): string {
  if (json) return `${reportJson(report)}\n`;
  return junit ? `${reportJunit(report)}\n` : `${reportTable(report)}\n`;
}

function progressLine({ doneCases, caseCount, failed }: Progress): string {
  return `${doneCases} of ${caseCount} cases, ${failed} failed`;
}

/** Ten times a second: a terminal is slower than a case. */
function throttled(show: (progress: Progress) => void): (progress: Progress) => void {
  let shownMs = 0;
  return (progress) => {
    if (performance.now() - shownMs < 100) return;
    shownMs = performance.now();
    show(progress);
  };
}
