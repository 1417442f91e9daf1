/** The `transform` command: several images at once; a bad one is reported and the others are still done. */
import { BACKENDS, isOracle } from '../backends.js';
import { availableCores } from '../cpu/cores.js';
import type { ExtraId, MetadataChunk } from '../formats/extra.js';
import type { CodecChoice, Compression, DecodeLimits, EncodeOptions, Extra, ImageFile } from '../formats/formats.js';
import { type CheckedImage, createImage, rowsOf } from '../image.js';
import type { Operation } from '../options.js';
import type { FailureCode } from '../records.js';
import { transformReference } from '../reference.js';
import type { Size } from '../regions.js';
import { AUTO } from '../selector.js';
import { Semaphore } from '../semaphore.js';
import type { SpanListener } from '../span.js';
import type { transform } from '../transform.js';
import { DifferencesFound, exitCodeOf, failureCodeOf } from './exit-codes.js';
import { type Plan, prepareOutputs } from './outputs.js';
import type { TransformRequest } from './program.js';
import {
  type Done,
  detailLines,
  droppedWarnings,
  errorText,
  type FileOutcome,
  recordLine,
  summaryLine,
  warningLine,
} from './report.js';

/** What the command calls; tests replace parts of it. */
export interface Calls {
  readonly read: (path: string, limits: DecodeLimits) => Promise<ImageFile>;
  readonly transform: typeof transform;
  readonly encoderFor: (size: Size, compression: Compression) => CodecChoice;
  readonly encode: (image: CheckedImage, options: EncodeOptions) => Promise<Uint8Array>;
  /** Resolves to why the file was written in place, if it was. */
  readonly write: (path: string, file: Uint8Array) => Promise<string | undefined>;
}

/** Where the command's output goes. */
export interface OutputSink {
  /** Writes a line to standard output. */
  readonly print: (line: string) => Promise<void>;
  /** Writes lines to standard error. */
  readonly warn: (text: string) => void;
  readonly isColoured: boolean;
}

/**
 * @returns the exit code: of the first image that failed, or 0
 * @throws NeighborProductError for what makes the whole request invalid
 */
export async function runTransform(request: TransformRequest, calls: Calls, sink: OutputSink): Promise<number> {
  const plans = await prepareOutputs(request);
  const said: Said = { warnings: new Set(), dropped: new Set() };
  let exitCode = 0;
  for await (const outcome of transformFiles(plans, request, calls)) {
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

/** Whether auto did not take its first choice. Why the reference ran is a warning of its own. */
function isFallback({ result: { backend } }: Done, request: TransformRequest): boolean {
  return request.backend === AUTO && backend !== BACKENDS[0].name && !isOracle(backend);
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

/** What fails for every image. */
const HOPELESS: readonly FailureCode[] = ['BACKEND_UNAVAILABLE', 'READER_LEFT'];

/** Threads of libuv's pool, which codecs and backends run on, unless UV_THREADPOOL_SIZE is set. */
const LIBUV_THREADS = 4;

/** In memory at once, if there is more than one image: 3 GiB, of which two thirds are the codec's. */
const MOST_PIXELS_AT_ONCE = 2 ** 26;

/**
 * Outcomes in the order of the plans. Ends early only after a failure that holds for all images.
 */
export async function* transformFiles(
  plans: readonly Plan[],
  request: TransformRequest,
  calls: Calls,
): AsyncGenerator<FileOutcome, void, void> {
  const waiting = [...plans];
  const pixels = new Semaphore(MOST_PIXELS_AT_ONCE);
  const underWay: Promise<FileOutcome>[] = [];
  // The first one alone: it shows which backend runs.
  let atOnce = 1;
  while (underWay.length + waiting.length > 0) {
    const begun = waiting.splice(0, atOnce - underWay.length);
    underWay.push(...begun.map((plan) => tryFile(plan, request, calls, pixels)));
    const outcome = (await underWay.shift())!;
    yield outcome;
    if (outcome.kind === 'done') atOnce = filesAtOnce(outcome, request);
    else if (HOPELESS.includes(failureCodeOf(outcome.error))) waiting.length = 0;
  }
}

/** How many files to work on at once. One if a trace is written: their spans would overlap. */
function filesAtOnce({ result }: Done, { verify, trace }: TransformRequest): number {
  if (isOracle(result.backend) || verify || trace !== undefined) return 1;
  return Math.min(availableCores(), LIBUV_THREADS) + 1;
}

/** Never rejects. */
async function tryFile(plan: Plan, request: TransformRequest, calls: Calls, pixels: Semaphore): Promise<FileOutcome> {
  try {
    const file = await calls.read(plan.input, { maxPixels: request.maxPixels });
    const release = await pixels.acquire(weightOf(file, request, calls));
    try {
      return await transformFile(file, plan, request, calls);
    } finally {
      release();
    }
  } catch (error) {
    return { kind: 'failed', plan, error };
  }
}

/**
 * All of the semaphore for an image whose long steps block this thread: a signal would wait for them while another image
 * is being written.
 */
function weightOf({ size, decoder }: ImageFile, { compression }: TransformRequest, calls: Calls): number {
  const codecs = [decoder, calls.encoderFor(size, compression)];
  const isOffThread = codecs.every(({ codec }) => codec.readSamplesOffThread !== undefined);
  return isOffThread ? size.width * size.height : MOST_PIXELS_AT_ONCE;
}

async function transformFile(file: ImageFile, plan: Plan, request: TransformRequest, calls: Calls): Promise<Done> {
  const { backend, alpha, border, passes, threads, compression } = request;
  const decoded = await timed(file.decode);
  const result = await calls.transform(decoded.value, { backend, alpha, border, passes, threads });
  const verified = request.verify === true && !isOracle(result.backend);
  if (verified) verify(decoded.value, result.image, request);
  const kept = request.metadata === 'keep' ? file.extras.filter(({ copies }) => copies.length > 0) : [];
  const encoded = await timed(() => calls.encode(result.image, { compression, metadata: copiesOf(kept) }));
  const inPlace = await calls.write(plan.output, encoded.value);
  return {
    kind: 'done',
    plan,
    result,
    decodeMs: decoded.elapsedMs,
    encodeMs: encoded.elapsedMs,
    codecs: { decoder: file.decoder, encoder: calls.encoderFor(result.image, compression) },
    fileByteLength: encoded.value.byteLength,
    ...(inPlace !== undefined && { inPlace }),
    verified,
    kept,
    dropped: file.extras.filter((extra) => !kept.includes(extra)),
  };
}

/** Two extras may be in the same chunk. */
function copiesOf(kept: readonly Extra[]): MetadataChunk[] {
  return [...new Set(kept.flatMap(({ copies }) => copies))];
}

async function timed<T>(step: () => Promise<T>): Promise<{ value: T; elapsedMs: number }> {
  const startMs = performance.now();
  const value = await step();
  return { value, elapsedMs: performance.now() - startMs };
}

/** Runs a step of the command. */
export type Watch = <T>(name: string, step: () => Promise<T>) => Promise<T>;

/** The same calls, each as a step. */
export function watchCalls(calls: Calls, watch: Watch, onSpan?: SpanListener): Calls {
  return {
    ...calls,
    read: async (path, limits) => {
      const file = await watch(`read ${path}`, () => calls.read(path, limits));
      return { ...file, decode: () => watch('decode', file.decode) };
    },
    transform: (image, options) => watch('transform', () => calls.transform(image, { ...options, onSpan })),
    encode: (image, options) => watch('encode', () => calls.encode(image, options)),
    write: (path, file) => watch(`write ${path}`, () => calls.write(path, file)),
  };
}

/** How two images of the same size differ, by the first different pixel in reading order. */
export interface Difference {
  readonly x: number;
  readonly y: number;
  /** The samples of that pixel. */
  readonly expected: readonly number[];
  readonly actual: readonly number[];
  /** Pixels with at least one different sample. */
  readonly differingPixels: number;
}

/**
 * `--verify`: compares every byte with the reference's.
 *
 * @param actual a backend's transform of `input`
 * @throws DifferencesFound
 */
export function verify(input: CheckedImage, actual: CheckedImage, operation: Operation): void {
  const expected = createImage(input.width, input.height, input.channels);
  transformReference(input, expected, operation);
  const difference = findDifference(expected, actual);
  if (difference !== undefined) throw new DifferencesFound(differenceText(difference, input));
}

/** @param actual an image of the same size and channels */
export function findDifference(expected: CheckedImage, actual: CheckedImage): Difference | undefined {
  let first: Omit<Difference, 'differingPixels'> | undefined;
  let differingPixels = 0;
  for (let y = 0; y < expected.height; y++) {
    if (Buffer.compare(samplesOf(expected, y), samplesOf(actual, y)) === 0) continue;
    for (let x = 0; x < expected.width; x++) {
      const pixels = { expected: pixelOf(expected, x, y), actual: pixelOf(actual, x, y) };
      if (Buffer.compare(pixels.expected, pixels.actual) === 0) continue;
      differingPixels++;
      first ??= { x, y, expected: [...pixels.expected], actual: [...pixels.actual] };
    }
  }
  return first && { ...first, differingPixels };
}

function samplesOf(image: CheckedImage, y: number): Uint8Array {
  return rowsOf(image, y, y + 1).data.subarray(0, image.width * image.channels);
}

function pixelOf(image: CheckedImage, x: number, y: number): Uint8Array {
  return samplesOf(image, y).subarray(x * image.channels, (x + 1) * image.channels);
}

const ORACLE = BACKENDS.find((entry) => entry.isOracle)!.name;

function differenceText({ x, y, expected, actual, differingPixels }: Difference, { width, height }: CheckedImage) {
  return (
    `${differingPixels} of ${width * height} pixels differ from the reference, first at x = ${x}, y = ${y}: expected ` +
    `${expected.join(' ')}, actual ${actual.join(' ')}. Nothing was written. Use --backend ${ORACLE}, and report this ` +
    'with the image.'
  );
}
