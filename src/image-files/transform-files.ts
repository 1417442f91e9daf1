/** Many files: several under way at a time, as far as memory allows; a bad one is reported and the others are still done. */
import { totalmem } from 'node:os';
import { onAbort } from '../abort.js';
import { type BackendName, isOracle } from '../backends.js';
import { poolThreads } from '../cores.js';
import { NeighborProductError } from '../errors.js';
import type { Input } from '../files/byte-source.js';
import {
  type DecodeLimits,
  type ImageReader,
  isReadWhole,
  outputFormat,
  withOwnExtension,
  writerBytes,
} from '../formats/formats.js';
import { DEFAULT_MAX_PIXELS } from '../formats/png/codec.js';
import { bytesHeld } from '../rows.js';
import { Semaphore } from '../semaphore.js';
import type { SpanListener } from '../span.js';
import type { isDistrusted, openBackend, transform } from '../transform.js';
import {
  bytesOfRaw,
  type Done,
  type FilePair,
  type FileRequest,
  type OutputStream,
  transformImageFile,
  transformRawFile,
  type Watch,
} from './flow.js';

/** What is called for each file; the command and tests replace parts of it. */
export interface FileCalls {
  readonly openInput: (path: string) => Promise<Input>;
  readonly openImage: (input: Input, limits: DecodeLimits) => Promise<ImageReader>;
  readonly transform: typeof transform;
  /** Opens the backend while the first image is read. */
  readonly openBackend: typeof openBackend;
  readonly isDistrusted: typeof isDistrusted;
  /** @param isHeld whether nothing may be written before the image is complete, as far as memory allows */
  readonly create: (path: string, isHeld: boolean) => OutputStream;
  /** Runs each step of a file. */
  readonly watch: Watch;
}

/** How many files are transformed. */
export interface FilesRequest extends FileRequest {
  /** Bytes for rows under way, of all files together. Default: {@link SHARE_OF_MEMORY}. */
  readonly maxMemory?: number | undefined;
  /** The most files at a time. Default: {@link defaultJobs}. */
  readonly jobs?: number | undefined;
}

/** An image file that was not written. */
export interface Failed {
  readonly kind: 'failed';
  readonly file: FilePair;
  readonly error: unknown;
}

/** What came of a file. */
export type FileOutcome = Done | Failed;

/** An outcome, and which of the files it is of. */
export interface NumberedOutcome {
  readonly index: number;
  readonly outcome: FileOutcome;
}

/** Called while a file is transformed, with the pixels that are done, and all, where their number is known. */
export type PixelListener = (file: FilePair, done: number, all: number | undefined) => void;

/** The part of the memory that this process may use, which may be a container's, for rows under way. */
const SHARE_OF_MEMORY = 1 / 8;
const LEAST_BYTES = 2 ** 26;

/** What reading and writing hold besides strips. */
const CODEC_BYTES = 2 ** 24;

function defaultMaxBytes(): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.max(LEAST_BYTES, Math.floor(Math.min(totalmem(), limit) * SHARE_OF_MEMORY));
}

/** One thread of the pool is left to the file that is being written; with one a core and two, that is a core and one. */
function defaultJobs(): number {
  return Math.max(2, poolThreads() - 1);
}

/** What {@link outcomesAsTheyCome} waits for. */
type Event =
  | { readonly kind: 'next'; readonly next: IteratorResult<FilePair, unknown> }
  | { readonly kind: 'backend'; readonly name: BackendName }
  | { readonly kind: 'aborted' }
  | ({ readonly kind: 'ended' } & NumberedOutcome);

/**
 * Outcomes as they come. The first file is alone until its backend is known; then files are begun as the others end. Begins
 * no other after a failure that holds for all. If the caller leaves early, the files under way are dropped.
 *
 * @throws whatever `files` throws, or the reason of an aborted signal, once the files under way have ended
 */
export async function* outcomesAsTheyCome(
  files: AsyncIterable<FilePair> | Iterable<FilePair>,
  request: FilesRequest,
  calls: FileCalls,
  onPixels: PixelListener = () => {},
): AsyncGenerator<NumberedOutcome, void, void> {
  const leaving = new AbortController();
  const stopListening = onAbort(request.signal, () => leaving.abort(request.signal?.reason));
  const aborted = new Promise<Event>((resolve) => onAbort(leaving.signal, () => resolve({ kind: 'aborted' })));
  const memory = new Memory(request.maxMemory ?? defaultMaxBytes());
  let onBackend = (_name: BackendName) => {};
  let learning: Promise<Event> | undefined = new Promise((resolve) => {
    onBackend = (name) => resolve({ kind: 'backend', name });
  });
  const shared = { request: { ...request, signal: leaving.signal }, calls, memory, onPixels, onBackend };
  const source = Symbol.asyncIterator in files ? files[Symbol.asyncIterator]() : files[Symbol.iterator]();
  const underWay = new Map<number, Promise<Event>>();
  let asking: Promise<Event> | undefined;
  let atOnce = 1;
  let begun = 0;
  /** Whether no other file is begun, and whether there is none. */
  let isAtEnd = false;
  let isExhausted = false;
  try {
    request.signal?.throwIfAborted();
    for (;;) {
      if (!isAtEnd && underWay.size < atOnce) asking ??= askFor(source);
      if (asking === undefined && underWay.size === 0) return;
      const events = [aborted, asking, learning, ...underWay.values()].filter((promise) => promise !== undefined);
      const event = await Promise.race(events).catch((error) => {
        isExhausted = true; // only the source throws
        throw error;
      });
      leaving.signal.throwIfAborted();
      if (event.kind === 'backend') {
        learning = undefined;
        atOnce = filesAtOnce(event.name, request);
      } else if (event.kind === 'next') {
        asking = undefined;
        isExhausted = event.next.done === true;
        isAtEnd ||= isExhausted;
        if (isAtEnd) continue;
        const index = begun++;
        const work = tryFile(event.next.value as FilePair, shared);
        const ended = work.then((outcome): Event => ({ kind: 'ended', index, outcome }));
        underWay.set(index, ended);
      } else if (event.kind === 'ended') {
        underWay.delete(event.index);
        isAtEnd ||= isHopeless(event.outcome);
        if (isAtEnd) asking = undefined;
        yield event;
      }
    }
  } finally {
    stopListening();
    leaving.abort();
    if (!isExhausted) leave(source);
    await Promise.all(underWay.values());
  }
}

/** Outcomes in the order of the files. */
export async function* inOrder(outcomes: AsyncIterable<NumberedOutcome>): AsyncGenerator<NumberedOutcome, void, void> {
  const early = new Map<number, NumberedOutcome>();
  let next = 0;
  for await (const outcome of outcomes) {
    early.set(outcome.index, outcome);
    for (; early.has(next); next++) {
      yield early.get(next)!;
      early.delete(next);
    }
  }
}

async function askFor(source: AsyncIterator<FilePair> | Iterator<FilePair>): Promise<Event> {
  return { kind: 'next', next: await source.next() };
}

/** Not waited for, since it may be waiting for a file; and what it throws then would hide why it is left. */
function leave(source: AsyncIterator<FilePair> | Iterator<FilePair>): void {
  const leaving = async () => source.return?.();
  leaving().catch(() => {});
}

/** Whether it would fail for every file. */
function isHopeless(outcome: FileOutcome): boolean {
  if (outcome.kind === 'done') return false;
  return outcome.error instanceof NeighborProductError && outcome.error.code === 'BACKEND_UNAVAILABLE';
}

/** The reference computes on this thread. */
function filesAtOnce(backend: BackendName, { verify, jobs }: FilesRequest): number {
  if (isOracle(backend) || verify) return 1;
  return jobs ?? defaultJobs();
}

/** What all files share. */
interface Shared {
  readonly request: FilesRequest;
  readonly calls: FileCalls;
  readonly memory: Memory;
  readonly onPixels: PixelListener;
  readonly onBackend: (name: BackendName) => void;
}

/** Never rejects. */
async function tryFile(file: FilePair, shared: Shared): Promise<FileOutcome> {
  let output: OutputStream | undefined;
  try {
    output = shared.calls.create(file.output, shared.request.raw === undefined);
    return await transformOne(file, output, shared);
  } catch (error) {
    await output?.abandon().catch(() => {}); // the first failure counts
    return { kind: 'failed', file, error };
  }
}

async function transformOne(
  file: FilePair,
  output: OutputStream,
  { request, calls, memory, onPixels, onBackend }: Shared,
): Promise<Done> {
  const { raw } = request;
  const { maxBytes } = memory;
  const { transform, openBackend, isDistrusted, watch } = calls;
  const flow = {
    file,
    request,
    transform,
    openBackend,
    isDistrusted,
    output,
    watch,
    maxBytes,
    onPixels: (done: number, all: number | undefined) => onPixels(file, done, all),
    onBackend,
  };
  if (raw === undefined) refuseMisnamed(file.output, request);
  const opening = `read ${file.input}`;
  const input = await watch(opening, () => calls.openInput(file.input));
  if (raw !== undefined) {
    return closing(input, async () =>
      memory.hold(bytesOfRaw(raw, request, maxBytes), () => transformRawFile(input, flow)),
    );
  }
  const limits = limitsOf(request);
  const isFile = input.byteLength !== undefined;
  const open = () => watch(opening, () => calls.openImage(input, limits));
  const openAgain = async () => calls.openImage(await calls.openInput(file.input), limits);
  const transformed = (reader: ImageReader) => transformImageFile(reader, flow, isFile ? openAgain : undefined);
  const weight = (reader: ImageReader) => weightOf(reader, file, request, maxBytes);
  if (isFile && isReadWhole(file.input)) return memory.holdOpened(open, weight, transformed);
  const reader = await open();
  return closing(reader, () => memory.hold(weight(reader), () => transformed(reader)));
}

/** The bytes that files may take together. */
class Memory {
  readonly maxBytes: number;
  readonly #semaphore: Semaphore;
  /** Files that are read as a whole when they are opened, before it is known how much they take: one at a time. */
  readonly #opening = new Semaphore(1);

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.#semaphore = new Semaphore(maxBytes);
  }

  async hold<T>(byteLength: number, work: () => Promise<T>): Promise<T> {
    const release = await this.#semaphore.acquire(byteLength);
    return work().finally(release);
  }

  async holdOpened<T>(
    open: () => Promise<ImageReader>,
    weightOf: (reader: ImageReader) => number,
    work: (reader: ImageReader) => Promise<T>,
  ): Promise<T> {
    const opened = await this.#opening.run(async () => {
      const reader = await open();
      try {
        return { reader, release: await this.#semaphore.acquire(weightOf(reader)) };
      } catch (error) {
        await reader.close();
        throw error;
      }
    });
    return closing(opened.reader, () => work(opened.reader).finally(opened.release));
  }
}

/** The command has refused it before. @throws NeighborProductError `INVALID_OPTION` for the extension of another format */
function refuseMisnamed(output: string, { format }: FileRequest): void {
  const fitting = withOwnExtension(output, format);
  if (fitting === output) return;
  const message =
    `Cannot write ${outputFormat(output, format)} to '${output}', whose extension is that of another format. ` +
    `Name it '${fitting}'.`;
  throw new NeighborProductError('INVALID_OPTION', message);
}

async function closing<T>(opened: { readonly close: () => Promise<void> }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await opened.close();
  }
}

/** Only what is decoded as a whole has a limit by default. */
function limitsOf({ maxPixels }: FileRequest): DecodeLimits {
  return { maxPixels: maxPixels ?? DEFAULT_MAX_PIXELS, maxPixelsByRows: maxPixels ?? Number.POSITIVE_INFINITY };
}

/**
 * How many bytes an image takes while it flows: all there are for one whose decoding keeps this thread busy, so that a signal
 * would wait while another image is being written.
 */
function weightOf(reader: ImageReader, { output }: FilePair, request: FileRequest, maxBytes: number): number {
  const codecs = CODEC_BYTES + reader.heldBytes + writerBytes(outputFormat(output, request.format), reader);
  return codecs + bytesHeld(reader, request, maxBytes);
}

/** The same calls, each as a step. */
export function watchCalls(calls: FileCalls, watch: Watch, onSpan?: SpanListener): FileCalls {
  return {
    ...calls,
    watch,
    transform: (image, options) => calls.transform(image, { ...options, onSpan }),
    openBackend: (choice, work) => calls.openBackend(choice, { ...work, onSpan }),
  };
}
