/** The `conformance` command: runs the suite on this machine and reports the result. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus, release, type, version } from 'node:os';
import type { Device, Fact } from '../backend.js';
import { BACKENDS } from '../backends.js';
import { ALL_BACKENDS } from '../bench/choices.js';
import { DEFAULT_SEED, type Fixtures, listCases } from '../conformance/cases.js';
import { type EndlessProgress, runEndless } from '../conformance/endless.js';
import { type ConformanceReport, parseReplayRecord, type ReplayRecord, replayOptions } from '../conformance/report.js';
import { reportHtml } from '../conformance/report-html.js';
import {
  endlessJson,
  endlessProgressText,
  endlessTable,
  reportJson,
  reportJunit,
  reportTable,
} from '../conformance/report-text.js';
import type { Subject } from '../conformance/subject.js';
import { type ConformanceOptions, type Progress, runConformance, type SuiteOptions } from '../conformance/suite.js';
import { pluralText } from '../conformance/wording.js';
import { availableCores } from '../cores.js';
import { readText } from '../files/read.js';
import { writeOutput } from '../files/write.js';
import { decodePngSync } from '../formats/png/decode.js';
import { shaderCode } from '../gpu/shader-code.js';
import { copyAttributes } from '../image-files/output.js';
import type { SpanListener } from '../span.js';
import type { ConformanceOptionValues } from './options.js';
import { CONFORMANCE_PAGE, prepareReport } from './report-files.js';

/** Where the text of a report goes. */
export interface ReportSink {
  /** Writes text and a line break to standard output. */
  readonly print: (text: string) => Promise<void>;
  /** Replaces the line shown before; absent if there is no terminal. */
  readonly showProgress?: ((line: string) => void) | undefined;
}

/** The same, for a run that ends by a signal. */
export interface EndlessSink extends ReportSink {
  /** From now on the first signal does not end the process. @returns whether it has come */
  readonly stopOnFirstSignal: () => () => boolean;
}

/** Small images of the package; each is a case. */
const FIXTURE_NAMES = ['gradient-64x48', 'saturated-40x25', 'noise-31x17', 'flat-33x7', 'one-pixel'];

/**
 * @returns the exit code: 0 only if every backend ran every case and its bytes were equal; one that was not asked for by
 * name and is not available is reported, and does not count
 */
export async function conformance(
  request: ConformanceOptionValues,
  packageVersion: string,
  sink: EndlessSink,
  onSpan: SpanListener | undefined,
): Promise<number> {
  const { print, showProgress } = sink;
  await prepareReport(request.replay, request.report, CONFORMANCE_PAGE);
  const record = request.replay === undefined ? undefined : parseReplayRecord(await readText(request.replay));
  const options = { ...(record ? replayOptions(record) : suiteOptions(request)), fixtures: await readFixtures() };
  if (request.list) {
    await print(
      listCases(options)
        .map(({ id }) => id)
        .join('\n'),
    );
    return 0;
  }
  const { backends, areRequired } = backendsFor(request, record);
  const devices = await openDevices(backends);
  const tested = {
    subjects: devices.flatMap((device) => subjectsOf(device, areRequired)),
    facts: [...machineFacts(packageVersion), ...devices.flatMap(({ facts }) => facts)],
    ...(onSpan && { onSpan }),
  };
  try {
    if (request.endless) return await endless(request, tested, sink);
    const report = await runConformance({
      ...options,
      ...tested,
      onProgress: throttled(TERMINAL_MS, (progress: Progress) => showProgress?.(progressLine(progress))),
    });
    showProgress?.('');
    if (request.report !== undefined) {
      await writeOutput(request.report, Buffer.from(reportHtml(report)), copyAttributes);
    }
    await print(rendered(report, request));
    return report.passed ? 0 : 1;
  } finally {
    for (const device of devices) if ('transformer' in device) device.transformer.dispose();
  }
}

/** How often an endless run says how far it is where there is no terminal. */
const LOG_MS = 60_000;

/** @returns the exit code, as {@link conformance} */
async function endless(
  { seed = DEFAULT_SEED, from = 0, maxBytes, json }: ConformanceOptionValues,
  tested: Pick<ConformanceOptions, 'subjects' | 'facts' | 'onSpan'>,
  { print, showProgress, stopOnFirstSignal }: EndlessSink,
): Promise<number> {
  const log = json ? () => {} : (progress: EndlessProgress) => void print(endlessProgressText(progress));
  const report = await runEndless({
    ...tested,
    seed,
    from,
    mostBytes: maxBytes,
    isStopped: stopOnFirstSignal(),
    onProgress: showProgress
      ? throttled(TERMINAL_MS, (progress) => showProgress(endlessProgressText(progress)))
      : throttled(LOG_MS, log),
  });
  showProgress?.('');
  await print(json ? endlessJson(report) : endlessTable(report));
  return report.passed ? 0 : 1;
}

/** What to test, and whether a backend that is not available is a failure. */
interface TestedBackends {
  readonly backends: typeof BACKENDS;
  readonly areRequired: boolean;
}

/** The backends asked for; of a record, the one that failed, unless the user asks for another. */
function backendsFor({ backend }: ConformanceOptionValues, record: ReplayRecord | undefined): TestedBackends {
  const all = BACKENDS.filter(({ isOracle }) => !isOracle);
  if (backend === ALL_BACKENDS) return { backends: all, areRequired: true };
  const named = all.filter(({ name }) => (backend === undefined ? record?.subject.startsWith(name) : name === backend));
  return named.length > 0 ? { backends: named, areRequired: true } : { backends: all, areRequired: false };
}

async function openDevices(backends: typeof BACKENDS): Promise<readonly Device[]> {
  const devices: Device[] = [];
  for (const { openDevices } of backends) devices.push(...(await openDevices()));
  return devices;
}

/** A device with each thread count: with one core, two threads still cut the work differently. */
function subjectsOf(device: Device, isRequired: boolean): Subject[] {
  const { name } = device;
  if ('missing' in device) return [{ name, missing: device.missing, isOptional: !isRequired }];
  const backend = device.transformer;
  if (!device.hasThreads) return [{ name, backend }];
  return [1, Math.max(2, availableCores())].map((threads) => {
    return { name: `${name}, ${pluralText(threads, 'thread')}`, backend, threads };
  });
}

function machineFacts(packageVersion: string): Fact[] {
  return [
    { name: 'neighbor-product', value: packageVersion },
    { name: 'Processor', value: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableCores()} cores` },
    { name: 'System', value: `${type()} ${release()} ${process.arch}, ${version()}` },
    { name: 'Runtime', value: runtimeText() },
    { name: 'Shaders, SHA-256', value: createHash('sha256').update(shaderCode).digest('hex') },
  ];
}

/** Deno and Bun say that they are a version of Node, too. */
function runtimeText(): string {
  const { deno, bun } = process.versions;
  if (deno !== undefined) return `Deno ${deno}`;
  return bun === undefined ? `Node ${process.version}` : `Bun ${bun}`;
}

function suiteOptions({ filter, seed, quick }: ConformanceOptionValues): SuiteOptions {
  return {
    ...(filter !== undefined && { filter }),
    ...(seed !== undefined && { seed }),
    ...(quick && { quick }),
  };
}

/** Fixtures are not in the package: a checkout has them, an installation runs without their cases. */
async function readFixtures(): Promise<Fixtures> {
  const fixtures = new Map();
  for (const name of FIXTURE_NAMES) {
    const file = await readFile(new URL(`../../fixtures/${name}.png`, import.meta.url)).catch(() => undefined);
    if (file) fixtures.set(name, decodePngSync(file, { maxPixels: 1e6 }));
  }
  return fixtures;
}

function rendered(report: ConformanceReport, { json, junit }: ConformanceOptionValues): string {
  if (json) return reportJson(report);
  return junit ? reportJunit(report) : reportTable(report);
}

function progressLine({ doneCases, caseCount, failed }: Progress): string {
  return `${doneCases} of ${caseCount} cases, ${failed} failed`;
}

/** How often a terminal is written to, which is slower than a case. */
const TERMINAL_MS = 100;

function throttled<P>(leastMs: number, show: (progress: P) => void): (progress: P) => void {
  let shownMs = performance.now();
  return (progress) => {
    if (performance.now() - shownMs < leastMs) return;
    shownMs = performance.now();
    show(progress);
  };
}
