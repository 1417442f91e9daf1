/** The `transform` command: several images at once; a bad one is reported and the others are still done. */
import { totalmem } from 'node:os';
import { BACKENDS, isOracle } from '../backends.js';
import { availableCores } from '../cpu/cores.js';
import type { Input } from '../files/byte-source.js';
import type { ExtraId } from '../formats/extra.js';
import { type DecodeLimits, type ImageReader, outputFormat, writerBytes } from '../formats/formats.js';
import { DEFAULT_MAX_PIXELS } from '../formats/png/codec.js';
import type { FailureCode } from '../records.js';
import { bytesHeld } from '../rows.js';
import { AUTO, QUICK } from '../selector.js';
import { Semaphore } from '../semaphore.js';
import type { SpanListener } from '../span.js';
import type { openBackend, transform } from '../transform.js';
import { exitCodeOf, failureCodeOf } from './exit-codes.js';
import { bytesOfRaw, type OutputStream, transformImageFile, transformRawFile, type Watch } from './flow.js';
import { type Plan, prepareOutputs } from './outputs.js';
import type { TransformRequest } from './program.js';
import {
  type Done,
  detailLines,
  droppedWarnings,
  errorText,
  type FileOutcome,
  progressText,
  recordLine,
  summaryLine,
  warningLine,
} from './report.js';

/** What the command calls; tests replace parts of it. */
export interface Calls {
  readonly openInput: (path: string) => Promise<Input>;
  readonly openImage: (input: Input, limits: DecodeLimits) => Promise<ImageReader>;
  readonly transform: typeof transform;
  /** Opens the backend while the first image is read. */
  readonly openBackend: typeof openBackend;
  /** @param isHeld whether nothing may be written before the image is complete, as far as memory allows */
  readonly create: (path: string, isHeld: boolean) => OutputStream;
  /** Runs each step of a file. */
  readonly watch: Watch;
}

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
 * @returns the exit code: of the first image that failed, or 0
 * @throws NeighborProductError for what makes the whole request invalid
 */
export async function runTransform(request: TransformRequest, calls: Calls, sink: OutputSink): Promise<number> {
  const plans = await prepareOutputs(request);
  const said: Said = { warnings: new Set(), dropped: new Set() };
  let exitCode = 0;
  const progress = new Progress(request, sink.showProgress);
  for await (const outcome of transformFiles(plans, request, calls, progress)) {
    progress.clear();
    if (request.json) await sink.print(recordLine(outcome));
    if (outcome.kind === 'done') {
      if (!request.quiet) reportDone(outcome, request, sink, said);
    } else {
      const { plan, error } = outcome;
      const isVerbose = request.verbose ?? false;
      sink.warn(errorText(error, { input: plan.input, isVerbose, isColoured: sink.isColoured }));
      exitCode ||= exitCodeOf(error);
    }
  }
  return exitCode;
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

/** Whether auto missed its first choice. Why the reference ran is a warning of its own. */
function isFallback({ result: { backend, reason } }: Done, request: TransformRequest): boolean {
  return request.backend === AUTO && backend !== BACKENDS[0].name && reason !== QUICK && !isOracle(backend);
}

function warningsOf({ result }: Done, { backend, verify }: TransformRequest): string[] {
  const warnings = result.fault === undefined ? [] : [result.fault];
  if (!isOracle(result.backend)) return warnings;
  if (backend === AUTO) {
    warnings.push(`The slow reference ran: ${result.reason}. Run neighbor-product devices to see what to do.`);
  }
  if (verify) warnings.push('--verify compared nothing: the reference itself ran.');
  return warnings;
}

/** A request whose memory is bounded. */
type BoundedRequest = TransformRequest & { readonly maxMemory: number };

/** The part of the memory that this process may use, which may be a container's, for rows under way. */
const SHARE_OF_MEMORY = 1 / 8;
const LEAST_BYTES = 2 ** 26;

function defaultMaxBytes(): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.max(LEAST_BYTES, Math.floor(Math.min(totalmem(), limit) * SHARE_OF_MEMORY));
}

/** What fails for every image. */
const HOPELESS: readonly FailureCode[] = ['BACKEND_UNAVAILABLE', 'READER_LEFT'];

/** More files at once would only take more memory: each uses several threads. */
const MOST_FILES_AT_ONCE = 5;

/**
 * Outcomes in the order of the plans. Ends early only after a failure that holds for all images.
 */
export async function* transformFiles(
  plans: readonly Plan[],
  request: TransformRequest,
  calls: Calls,
  progress?: Progress,
): AsyncGenerator<FileOutcome, void, void> {
  const waiting = [...plans];
  const maxBytes = request.maxMemory ?? defaultMaxBytes();
  const bytes = new Semaphore(maxBytes);
  const underWay: Promise<FileOutcome>[] = [];
  // The first one alone: it shows which backend runs.
  let atOnce = 1;
  while (underWay.length + waiting.length > 0) {
    const begun = waiting.splice(0, atOnce - underWay.length);
    underWay.push(...begun.map((plan) => tryFile(plan, { ...request, maxMemory: maxBytes }, calls, bytes, progress)));
    const outcome = (await underWay.shift())!;
    yield outcome;
    if (outcome.kind === 'done') atOnce = filesAtOnce(outcome, request);
    else if (HOPELESS.includes(failureCodeOf(outcome.error))) waiting.length = 0;
  }
}

/** How many files to work on at once. One if a trace is written: their spans would overlap. */
function filesAtOnce({ result }: Done, { verify, trace }: TransformRequest): number {
  if (isOracle(result.backend) || verify || trace !== undefined) return 1;
  return Math.min(availableCores() + 1, MOST_FILES_AT_ONCE);
}

/** Never rejects. */
async function tryFile(
  plan: Plan,
  request: BoundedRequest,
  calls: Calls,
  bytes: Semaphore,
  progress: Progress | undefined,
): Promise<FileOutcome> {
  const { raw, maxMemory: maxBytes } = request;
  const output = calls.create(plan.output, raw === undefined);
  const onPixels = (done: number, all: number | undefined) => progress?.show(plan, done, all);
  const { transform, openBackend, watch } = calls;
  const flow = { plan, request, transform, openBackend, output, watch, maxBytes, onPixels };
  try {
    const opening = `read ${plan.input}`;
    const input = await watch(opening, () => calls.openInput(plan.input));
    const holding = async (weight: number, work: () => Promise<Done>) => {
      const release = await bytes.acquire(weight);
      return work().finally(release);
    };
    if (raw !== undefined) {
      return await closing(input, async () => {
        return holding(bytesOfRaw(raw, request, maxBytes), () => transformRawFile(input, flow));
      });
    }
    const limits = limitsOf(request);
    const reader = await watch(opening, () => calls.openImage(input, limits));
    const openAgain = async () => calls.openImage(await calls.openInput(plan.input), limits);
    const isFile = input.byteLength !== undefined;
    return await closing(reader, () =>
      holding(weightOf(reader, plan, request), () => transformImageFile(reader, flow, isFile ? openAgain : undefined)),
    );
  } catch (error) {
    await output.abandon();
    return { kind: 'failed', plan, error };
  }
}

async function closing<T>(opened: { readonly close: () => Promise<void> }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await opened.close();
  }
}

/** Only what is decoded as a whole has a limit by default. */
function limitsOf({ maxPixels }: TransformRequest): DecodeLimits {
  return { maxPixels: maxPixels ?? DEFAULT_MAX_PIXELS, maxPixelsByRows: maxPixels ?? Number.POSITIVE_INFINITY };
}

/** What reading and writing hold besides strips. */
const CODEC_BYTES = 2 ** 24;

/**
 * How many bytes an image takes while it flows: all there are for one that is decoded as a whole, which keeps this thread
 * busy, so that a signal would wait while another image is being written.
 */
function weightOf(reader: ImageReader, { output }: Plan, request: BoundedRequest): number {
  const codecs = CODEC_BYTES + reader.heldBytes + writerBytes(outputFormat(output, request.format), reader);
  return codecs + bytesHeld(reader, request, request.maxMemory);
}

/** Nothing is shown of what takes less. */
const SILENT_MS = 1000;
/** Between two lines. */
const SHOWN_MS = 200;

/** A line on a terminal that says how far the image is. */
class Progress {
  readonly #show: ((line: string) => void) | undefined;
  readonly #startMs = new Map<Plan, number>();
  #shownMs = 0;

  constructor({ quiet, json }: TransformRequest, show: ((line: string) => void) | undefined) {
    this.#show = quiet || json ? undefined : show;
  }

  /** @param all pixels; absent where nobody knows */
  show(plan: Plan, done: number, all: number | undefined): void {
    const nowMs = performance.now();
    const startMs = this.#startMs.get(plan) ?? nowMs;
    this.#startMs.set(plan, startMs);
    if (nowMs - startMs < SILENT_MS || nowMs - this.#shownMs < SHOWN_MS) return;
    this.#shownMs = nowMs;
    this.#show?.(progressText(plan, done, all, nowMs - startMs));
  }

  clear(): void {
    if (this.#shownMs > 0) this.#show?.('');
    this.#shownMs = 0;
  }
}

/** The same calls, each as a step. */
export function watchCalls(calls: Calls, watch: Watch, onSpan?: SpanListener): Calls {
  return {
    ...calls,
    watch,
    transform: (image, options) => calls.transform(image, { ...options, onSpan }),
  };
}
