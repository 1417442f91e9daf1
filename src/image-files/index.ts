/**
 * Image files to image files, as the command does it: read, transformed and written at the same time, row by row where the
 * format allows it, so that images larger than memory pass; each output is complete or not there at all.
 *
 * @example
 * const { backend } = await transformFile('in.png', 'out.png', { border: 'wrap' });
 *
 * @module neighbor-product/files
 */
import { BACKEND_NAMES, type BackendName } from '../backends.js';
import { openInput } from '../files/read.js';
import { openImage } from '../formats/formats.js';
import {
  COMPRESSIONS,
  type Compression,
  DEFAULT_COMPRESSION,
  METADATA_CHOICES,
  type MetadataChoice,
  OUTPUT_FORMATS,
  type OutputFormat,
} from '../formats/png/codec.js';
import { checkRawSize, type RawSize } from '../image-sequence.js';
import { checkCallOptions } from '../one-call.js';
import {
  checkCount,
  checkOptionNames,
  checkRunOptions,
  invalidOption,
  type OperationOptions,
  oneOf,
  type RunOptions,
} from '../options.js';
import type { DoneRecord } from '../records.js';
import type { Choice } from '../selector.js';
import { isDistrusted, openBackend, transform } from '../transform.js';
import { Trust } from '../trust.js';
import type { FilePair } from './flow.js';
import { createOutput } from './output.js';
import { doneRecord } from './record.js';
import { type FileCalls, type FilesRequest, inOrder, outcomesAsTheyCome, watchCalls } from './transform-files.js';

export type { BackendName } from '../backends.js';
export { type ErrorCode, NeighborProductError } from '../errors.js';
export type { Compression, MetadataChoice, OutputFormat } from '../formats/png/codec.js';
export type { RawSize } from '../image-sequence.js';
export type { AlphaMode, Operation, OperationOptions, RunOptions } from '../options.js';
export type { DoneRecord } from '../records.js';
export type { BorderMode } from '../regions.js';
export type { Choice } from '../selector.js';
export type { Span, SpanListener } from '../span.js';
export type { FilePair } from './flow.js';

/** How a file is transformed and written. */
export interface TransformFileOptions extends OperationOptions, RunOptions {
  /** Default `auto`. */
  readonly backend?: Choice<BackendName> | undefined;
  /** Of the output. Default: by its extension, PNG where that says nothing. */
  readonly format?: OutputFormat | undefined;
  /** What to save, time or bytes. Default `balanced`. */
  readonly compression?: Compression | undefined;
  /** `keep` copies density, text, Exif and colour space to the output. Default: they are left out, and named in the result. */
  readonly metadata?: MetadataChoice | undefined;
  /**
   * The most pixels, width times height, of an image. Default: 2^28 for what is decoded as a whole, no limit for others; a
   * server should set one.
   */
  readonly maxPixels?: number | undefined;
  /** Bytes for rows under way, of all files together. Default: an eighth of the memory that this process may use. */
  readonly maxMemory?: number | undefined;
  /** Files are raw samples: images of this size one after another, with nothing between them. */
  readonly raw?: RawSize | undefined;
  /** Compares every byte with the reference's before it is written; slow. */
  readonly verify?: boolean | undefined;
}

/** How many files are transformed at a time. */
export interface TransformFilesOptions extends TransformFileOptions {
  /** The most files at a time. Default: one less than the threads of libuv's pool, at least 2. */
  readonly jobs?: number | undefined;
}

/** A file that was not written. */
export interface FileFailure extends FilePair {
  /** Why: mostly a `NeighborProductError`, whose `isTemporary` says whether another try may succeed. */
  readonly error: unknown;
}

const OPTION_NAMES: readonly (keyof TransformFilesOptions & string)[] = [
  'backend',
  'alpha',
  'border',
  'passes',
  'threads',
  'gpuTimeoutMs',
  'auditSeed',
  'signal',
  'onSpan',
  'format',
  'compression',
  'metadata',
  'maxPixels',
  'maxMemory',
  'raw',
  'verify',
  'jobs',
];

/**
 * Transforms an image file into another one, which is complete or not there at all: it is written under a temporary name and
 * renamed. It may replace the input. Its folder must exist.
 *
 * @param input the path of a file or a pipe
 * @param output the path of a file, which is replaced if it exists
 * @throws NeighborProductError `INPUT_UNREADABLE`, `INVALID_IMAGE`, `INVALID_PNG`, `TOO_MANY_PIXELS`, `OUTPUT_UNWRITABLE`,
 * `DIFFERENCES_FOUND`; as `transform`. The reason of an aborted signal
 */
export async function transformFile(
  input: string,
  output: string,
  options: TransformFileOptions = {},
): Promise<DoneRecord> {
  for await (const result of transformFiles([{ input, output }], { ...options, jobs: 1 })) {
    if ('error' in result) throw result.error;
    return result;
  }
  throw new Error('A file has no result.');
}

/**
 * Transforms many files, several at a time. Results come in the order of the files. A file that fails stops no other, but for a
 * backend chosen by name that is not available. To stop and finish what is under way, end `files`; to drop it, leave the
 * loop or abort the signal.
 *
 * @example
 * for await (const result of transformFiles([{ input: 'a.png', output: 'out/a.png' }])) {
 *   if ('error' in result) console.error(result.input, result.error);
 * }
 *
 * @param files asked for the next one when there is room for it; no two may have the same output
 * @throws NeighborProductError `INVALID_OPTION` at once; `BACKEND_FAILED` after the last file, where a GPU turned out to compute
 * wrong bytes and files before may have some; the reason of an aborted signal; whatever `files` throws
 */
export function transformFiles(
  files: AsyncIterable<FilePair> | Iterable<FilePair>,
  options: TransformFilesOptions = {},
): AsyncGenerator<DoneRecord | FileFailure, void, void> {
  const request = checkOptions(options);
  const given = files as Partial<AsyncIterable<FilePair> & Iterable<FilePair>> | null | undefined;
  if (!given?.[Symbol.asyncIterator] && !given?.[Symbol.iterator]) throw invalidOption('an iterable', 'files', files);
  const { onSpan } = checkRunOptions(options);
  const calls = watchCalls(CALLS, (_name, step) => step(), onSpan);
  return results(checked(files), request, calls);
}

/** @throws NeighborProductError `INVALID_OPTION` for what is no pair of paths */
async function* checked(files: AsyncIterable<FilePair> | Iterable<FilePair>): AsyncGenerator<FilePair, void, void> {
  for await (const file of files) {
    for (const name of ['input', 'output'] as const) {
      if (typeof file?.[name] !== 'string') throw invalidOption('the path of a file', name, file?.[name]);
    }
    yield file;
  }
}

async function* results(
  files: AsyncIterable<FilePair> | Iterable<FilePair>,
  request: FilesRequest,
  calls: FileCalls,
): AsyncGenerator<DoneRecord | FileFailure, void, void> {
  const trust = new Trust(calls.isDistrusted);
  for await (const { outcome } of inOrder(outcomesAsTheyCome(files, request, calls))) {
    if (outcome.kind === 'done') trust.note(outcome.result.shares, outcome.file.output);
    yield outcome.kind === 'done' ? doneRecord(outcome) : { ...outcome.file, error: outcome.error };
  }
  trust.check();
}

/** @throws NeighborProductError `INVALID_OPTION` */
function checkOptions(options: TransformFilesOptions): FilesRequest {
  checkOptionNames(options, OPTION_NAMES);
  const { backend, alpha, border, passes, verify = false, raw } = options;
  const { threads, gpuTimeoutMs, auditSeed, signal, onSpan } = options;
  const call = checkCallOptions(
    { backend, alpha, border, passes, threads, gpuTimeoutMs, auditSeed, signal, onSpan },
    BACKEND_NAMES,
  );
  for (const name of ['maxPixels', 'maxMemory', 'jobs'] as const) {
    if (options[name] !== undefined) checkCount(options[name], `options.${name}`);
  }
  if (typeof verify !== 'boolean') throw invalidOption('true or false', 'options.verify', verify);
  return {
    ...call.operation,
    backend: call.backend,
    threads: call.run.threads,
    gpuTimeoutMs: call.run.gpuTimeoutMs,
    auditSeed: call.run.auditSeed,
    signal: call.run.signal,
    compression: oneOf(COMPRESSIONS, options.compression ?? DEFAULT_COMPRESSION, 'options.compression'),
    format: options.format && oneOf(OUTPUT_FORMATS, options.format, 'options.format'),
    metadata: options.metadata && oneOf(METADATA_CHOICES, options.metadata, 'options.metadata'),
    maxPixels: options.maxPixels,
    maxMemory: options.maxMemory,
    jobs: options.jobs,
    raw: raw && checkRawSize(raw),
    verify,
  };
}

const CALLS: FileCalls = {
  openInput: (path) => openInput(asPath(path)),
  openImage,
  transform,
  openBackend,
  isDistrusted,
  create: (path) => createOutput(asPath(path)),
  watch: (_name, step) => step(),
};

/** To the command alone, `-` is standard input. */
function asPath(path: string): string {
  return path === '-' ? './-' : path;
}
