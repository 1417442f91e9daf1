/** The `transform` command: several files at once; a bad one is reported and the others are still done. */
import { BACKENDS, backendEntry } from '../backends.js';
import type { ExtraId } from '../formats/extra.js';
import type { Done, FilePair } from '../image-files/flow.js';
import { type FileCalls, type FileOutcome, inOrder, outcomesAsTheyCome } from '../image-files/transform-files.js';
import { AUTO, saysMissing } from '../selector.js';
import { Trust } from '../trust.js';
import { type ExitCode, exitCodeOf, exitCodeOfAll } from './exit-codes.js';
import { type Plan, prepareOutputs } from './outputs.js';
import type { TransformRequest } from './program.js';
import {
  detailLines,
  droppedWarnings,
  errorText,
  filesProgressText,
  progressText,
  recordLine,
  shardLine,
  skippedLine,
  summaryLine,
  totalLine,
  totalRecordLine,
  warningLine,
} from './report.js';

/** Where the command's output goes. */
export interface OutputSink {
  /** Writes a line to standard output. */
  readonly print: (line: string) => Promise<void>;
  /** Writes lines to standard error. */
  readonly warn: (text: string) => void;
  readonly isColoured: boolean;
  /** Shows a line in place of the one before, nothing for ''; absent where there is no terminal. */
  readonly showProgress?: ((line: string) => void) | undefined;
}

/**
 * @param isStopped asked before each file; the files under way are finished
 * @returns the exit code: of the first image that failed, or 0
 * @throws NeighborProductError for what makes the whole request invalid
 */
export async function runTransform(
  request: TransformRequest,
  calls: FileCalls,
  sink: OutputSink,
  isStopped = (_plan: Plan) => () => false,
): Promise<ExitCode> {
  const startMs = performance.now();
  const plan = await prepareOutputs(request);
  const { files, skipped, failed, isBatch, shard } = plan;
  if (shard && !request.quiet) {
    sink.warn(shardLine(shard, files.length + skipped.length + failed.length, shard.allFiles));
  }
  const report = new Report(request, sink, new Trust(calls.isDistrusted));
  for (const file of skipped) await report.skipped(file);
  for (const failure of failed) await report.ended(-1, failure);
  const progress = new Progress(request, report, isBatch ? files.length + failed.length : 1, sink.showProgress);
  const outcomes = outcomesAsTheyCome(filesUntil(isStopped(plan), files), inTurn(request), calls, (file, done, all) =>
    progress.show(file, done, all),
  );
  for await (const { index, outcome } of request.json ? outcomes : inOrder(outcomes)) {
    progress.clear();
    await report.ended(index, outcome);
  }
  report.checkTrust();
  if (isBatch) await report.total(files.length + failed.length, performance.now() - startMs);
  return report.exitCode;
}

function* filesUntil(isStopped: () => boolean, files: readonly FilePair[]): Generator<FilePair, void, void> {
  for (const file of files) {
    if (isStopped()) return;
    yield file;
  }
}

/** In a trace the spans of several files would overlap. */
function inTurn(request: TransformRequest): TransformRequest {
  return request.trace === undefined ? request : { ...request, jobs: 1 };
}

/** Prints what came of each file, and counts. */
class Report {
  readonly #request: TransformRequest;
  readonly #sink: OutputSink;
  readonly #trust: Trust;
  readonly #said: Said = { warnings: new Set(), dropped: new Set() };
  /** Which of the files failed. */
  readonly #failures: { readonly index: number; readonly exitCode: ExitCode }[] = [];
  #exitCodeOfTrust: readonly ExitCode[] = [];
  #skipped = 0;
  /** Images that were written, and their pixels. */
  done = 0;
  pixels = 0;

  constructor(request: TransformRequest, sink: OutputSink, trust: Trust) {
    this.#request = request;
    this.#sink = sink;
    this.#trust = trust;
  }

  async skipped(file: FilePair): Promise<void> {
    this.#skipped++;
    if (this.#request.json) await this.#sink.print(skippedLine(file));
  }

  /** @param index of the file among all; of several failures the first one counts */
  async ended(index: number, outcome: FileOutcome): Promise<void> {
    const { json, quiet } = this.#request;
    if (json) await this.#sink.print(recordLine(outcome));
    if (outcome.kind === 'done') {
      this.done++;
      this.#trust.note(outcome.result.shares, outcome.file.output);
      this.pixels += outcome.width * outcome.height * outcome.images;
      if (!quiet) reportDone(outcome, this.#request, this.#sink, this.#said);
    } else {
      const { file, error } = outcome;
      this.#warnOf(error, file.input);
      this.#failures.push({ index, exitCode: exitCodeOf(error) });
    }
  }

  /** Says which files may be wrong, since a GPU turned out to be; that counts as a failure. */
  checkTrust(): void {
    try {
      this.#trust.check();
    } catch (error) {
      this.#warnOf(error);
      this.#exitCodeOfTrust = [exitCodeOf(error)];
    }
  }

  #warnOf(error: unknown, input?: string): void {
    const isVerbose = this.#request.verbose ?? false;
    this.#sink.warn(
      errorText(error, { ...(input !== undefined && { input }), isVerbose, isColoured: this.#sink.isColoured }),
    );
  }

  get failed(): number {
    return this.#failures.length;
  }

  /** Of all files. */
  get exitCode(): ExitCode {
    const failures = this.#failures.toSorted((a, b) => a.index - b.index);
    return exitCodeOfAll([...failures.map(({ exitCode }) => exitCode), ...this.#exitCodeOfTrust]);
  }

  /** @param files that were not left out */
  async total(files: number, elapsedMs: number): Promise<void> {
    const { json, quiet } = this.#request;
    const { done, failed, pixels } = this;
    const notBegun = files - done - failed;
    const total = { done, failed, skipped: this.#skipped, notBegun, pixels, elapsedMs };
    if (json) await this.#sink.print(totalRecordLine(total));
    if (!quiet && !json) this.#sink.warn(totalLine(total));
  }
}

/** What was printed before: once is enough for any number of images. */
interface Said {
  readonly warnings: Set<string>;
  readonly dropped: Set<ExtraId>;
}

function reportDone(done: Done, request: TransformRequest, sink: OutputSink, said: Said): void {
  if (!request.json) sink.warn(summaryLine(done, isFallback(done, request)));
  if (request.verbose) sink.warn(detailLines(done).join('\n'));
  const unsaid = done.dropped.filter(({ id }) => !said.dropped.has(id));
  for (const { id } of unsaid) said.dropped.add(id);
  for (const warning of [...warningsOf(done, request), ...droppedWarnings(unsaid, request.metadata)]) {
    if (!said.warnings.has(warning)) sink.warn(warningLine(warning, sink.isColoured));
    said.warnings.add(warning);
  }
}

/** Whether auto missed its first choice. Why a slow backend ran is a warning of its own. */
function isFallback({ result: { backend, reason } }: Done, request: TransformRequest): boolean {
  if (backendEntry(backend).ranInstead !== undefined) return false;
  return request.backend === AUTO && backend !== BACKENDS[0].name && saysMissing(reason);
}

function warningsOf({ result }: Done, { backend, verify }: TransformRequest): string[] {
  const warnings = result.fault === undefined ? [] : [result.fault];
  const { ranInstead, isOracle } = backendEntry(result.backend);
  if (backend === AUTO && ranInstead !== undefined) {
    warnings.push(`${ranInstead}: ${result.reason}. Run neighbor-product devices to see what to do.`);
  }
  if (isOracle && verify) warnings.push('--verify compared nothing: the reference itself ran.');
  return warnings;
}

/** Nothing is shown of what takes less. */
const SILENT_MS = 1000;
/** Between two lines. */
const SHOWN_MS = 200;

/** A line on a terminal that says how far the image is, or how many files are done. */
class Progress {
  readonly #show: ((line: string) => void) | undefined;
  readonly #report: Report;
  readonly #files: number;
  readonly #beganMs = performance.now();
  /** When the file was begun, where there is one. */
  #startMs: number | undefined;
  #shownMs = 0;

  constructor(
    { quiet, json }: TransformRequest,
    report: Report,
    files: number,
    show: ((line: string) => void) | undefined,
  ) {
    this.#report = report;
    this.#show = quiet || json ? undefined : show;
    this.#files = files;
  }

  /** @param all pixels; absent where nobody knows */
  show(file: FilePair, done: number, all: number | undefined): void {
    const nowMs = performance.now();
    this.#startMs ??= nowMs;
    const startMs = this.#files > 1 ? this.#beganMs : this.#startMs;
    if (nowMs - startMs < SILENT_MS || nowMs - this.#shownMs < SHOWN_MS) return;
    this.#shownMs = nowMs;
    const elapsedMs = nowMs - startMs;
    const { done: written, failed, pixels } = this.#report;
    this.#show?.(
      this.#files > 1
        ? filesProgressText(written + failed, this.#files, pixels, elapsedMs)
        : progressText(file, done, all, elapsedMs),
    );
  }

  /** Makes room for other lines. */
  clear(): void {
    if (this.#shownMs > 0) this.#show?.('');
    this.#shownMs = 0;
  }
}
