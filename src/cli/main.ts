#!/usr/bin/env node
/** The only file that touches the arguments, the streams, the signals and the exit code of the process. */
import { write } from 'node:fs';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { availableCores } from '../cores.js';
import { messageOf, NeighborProductError } from '../errors.js';
import { silenceFallbackWarning } from '../fallback-warning.js';
import { readableName } from '../files/names.js';
import { isStandardOutputClosed } from '../files/streams.js';
import type { OutputStream } from '../image-files/flow.js';
import type { FileCalls } from '../image-files/transform-files.js';
import { type SpanListener, withSpan } from '../span.js';
import { exactArguments } from './arguments.js';
import { exitCodeOf, ReaderLeft } from './exit-codes.js';
import type { Shell } from './options.js';
import type { Plan } from './outputs.js';
import { parseCommandLine, readVersion, type TransformRequest, type Work } from './program.js';
import { errorText, wantsColour, warningLine } from './report.js';
import { Signals } from './signals.js';

/** More do not speed up a single image, which one thread inflates. */
const MOST_CORES = 16;

let isColoured = false;

const loadedMs = performance.now();

/** What the command waits for: objects, since several images may be at steps of the same name. */
const steps = new Set<{ readonly name: string }>();

/** Deletes temporary files; set where there may be some. */
let cleanUp = () => {};

/** Waits for files that are being deleted; set as {@link cleanUp}. @returns whether nothing is left that needs time to end */
let settle = async () => false;

const signals = new Signals(
  () => cleanUp(),
  (exitCode) => process.exit(exitCode),
);
process.once('beforeExit', endWithoutResult);

// No `await`: the bundle is a script (tools/build.mjs).
main(exactArguments(process.argv.slice(2))).then(end);

async function main(args: readonly string[]): Promise<number> {
  process.stderr.on('error', () => {});
  silenceFallbackWarning(); // the command prints its own
  let isVerbose = false;
  let data: string | undefined;
  try {
    isColoured = wantsColour(process.env, process.stderr.isTTY);
    const commandLine = parseCommandLine(args);
    if (commandLine.kind === 'text') {
      await writeTo(process.stdout, commandLine.text);
      return 0;
    }
    if (commandLine.kind === 'completion') {
      await completion(commandLine.shell);
      return 0;
    }
    setThreadPoolSize();
    isVerbose = commandLine.kind === 'transform' && commandLine.request.verbose === true;
    data = dataOf(commandLine);
    if (data !== undefined) refuseClosedOutput(data);
    return await tidied(() =>
      traced(commandLine, args, (onSpan) => step(commandLine.kind, () => perform(commandLine, args, onSpan))),
    );
  } catch (thrown) {
    const error = explainDeno(thrown);
    // A text may be left at any time, as `| head` does; data are missed.
    if (data !== undefined || !(error instanceof ReaderLeft)) warn(errorText(error, { isVerbose, isColoured }));
    return exitCodeOf(error);
  }
}

/** Deno throws where a permission is missing, and names it. */
function explainDeno(error: unknown): unknown {
  if (Object(error).name !== 'NotCapable') return error;
  const flags = ['read', 'write', 'env', 'sys', 'ffi'].map((name) => `--allow-${name}`).join(' ');
  const advice = `The command takes deno run -A, or deno run ${flags}.`;
  return new NeighborProductError('INVALID_OPTION', `${messageOf(error)}. ${advice}`, { cause: error });
}

/**
 * Ends the process once output is flushed: at once where nothing but memory is left, which Node would take milliseconds to
 * give back. A device ends by itself, unless it hangs.
 */
async function end(exitCode: number): Promise<void> {
  process.off('beforeExit', endWithoutResult);
  process.exitCode = exitCode;
  const canExitAtOnce = await settle();
  const exit = () => {
    cleanUp();
    if (!signals.endStopped()) process.exit();
  };
  process.once('beforeExit', exit); // where nothing is left that keeps the process
  process.stderr.write('', canExitAtOnce ? exit : () => setTimeout(exit, HANGING_MS).unref());
}

/** How long anything but a hanging device may take to end. */
const HANGING_MS = 2000;

/** Nothing is left that could end a step: a promise was lost, or belongs to a driver that hangs. */
function endWithoutResult(): void {
  cleanUp();
  const waiting = [...new Set([...steps].map(({ name }) => `'${name}'`))].join(', ') || 'a result';
  warn(errorText(new Error(`Nothing is left to do, but there is still ${waiting} to wait for.`), { isColoured }));
  process.exit(exitCodeOf(undefined));
}

/** Read by libuv when it first needs a thread: one for each core that helps, and two that read. */
function setThreadPoolSize(): void {
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, Math.min(availableCores(), MOST_CORES) + 2));
}

/** Deletes the folders that a failed command created and left empty. */
async function tidied(command: () => Promise<number>): Promise<number> {
  let exitCode: number | undefined;
  try {
    exitCode = await command();
    return exitCode;
  } finally {
    if (exitCode !== 0 || signals.isStopped) await (await import('../files/folders.js')).removeEmptyFolders();
  }
}

/** Runs a command and writes its trace, if one was requested, even if the command failed. */
async function traced(
  work: Work,
  args: readonly string[],
  command: (onSpan: SpanListener | undefined) => Promise<number>,
): Promise<number> {
  const path = work.request.trace;
  if (path === undefined) return command(undefined);
  const [{ Trace }, { prepareTrace }, { writeOutput }, { copyAttributes }] = await Promise.all([
    import('./trace.js'),
    import('./report-files.js'),
    import('../files/write.js'),
    import('../image-files/output.js'),
  ]);
  await prepareTrace(path, work);
  const trace = new Trace(loadedMs);
  const write = () => writeOutput(path, Buffer.from(trace.render(textOf(args))), copyAttributes);
  const exitCode = await command(trace.onSpan).catch(async (error) => {
    await write().catch(() => {}); // the first failure counts
    throw error;
  });
  await write();
  return exitCode;
}

async function perform(work: Work, args: readonly string[], onSpan: SpanListener | undefined): Promise<number> {
  switch (work.kind) {
    case 'transform':
      return transform(work.request, onSpan);
    case 'devices': {
      const { devicesJson, devicesText, listDevices } = await import('./devices.js');
      const devices = await withSpan(onSpan, 'list devices', listDevices);
      await print(work.request.json ? devicesJson(devices) : devicesText(devices));
      return 0;
    }
    case 'conformance': {
      const { conformance } = await import('./conformance.js');
      const sink = { print, showProgress, stopOnFirstSignal: () => signals.stopOnFirst(sayInterrupted) };
      return conformance(work.request, readVersion(), sink, onSpan);
    }
    case 'bench': {
      const { bench } = await import('./bench.js');
      await bench(work.request, textOf(args), { print, showProgress }, onSpan);
      return 0;
    }
  }
}

function sayInterrupted(): void {
  warn(warningLine('Interrupted. The case under way is finished; interrupt again to end at once.', isColoured));
}

/** Notes what the command waits for. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const entry = { name };
  steps.add(entry);
  try {
    return await work();
  } finally {
    steps.delete(entry);
  }
}

/** Replaces the line shown before. For a terminal only. */
const showProgress = process.stderr.isTTY
  ? (line: string) => void process.stderr.write(`\r\u001b[K${line}`)
  : undefined;

async function completion(shell: Shell): Promise<void> {
  const { completionScript } = await import('./completion.js');
  await writeTo(process.stdout, completionScript(shell));
}

async function transform(request: TransformRequest, onSpan: SpanListener | undefined): Promise<number> {
  // Loaded where it is needed: it brings Node's sockets along.
  if (request.output === '-' && (await import('node:tty')).isatty(STANDARD_OUTPUT)) {
    const message = 'Cannot write the image: standard output is a terminal. Add > out.png, or name a file after -o.';
    throw new NeighborProductError('INVALID_OPTION', message);
  }
  const load = () => Promise.all([import('./transform.js'), import('../image-files/transform-files.js'), loadCalls()]);
  const [{ runTransform }, { watchCalls }, calls] = await withSpan(onSpan, 'load codec and backend', load);
  const watch = <T>(name: string, work: () => Promise<T>) => step(name, () => withSpan(onSpan, name, work));
  const sink = { print, warn, isColoured, showProgress };
  return runTransform(request, watchCalls(calls, watch, onSpan), sink, (plan) => stopOnFirstSignal(plan, request));
}

/** A single file is dropped by a signal: whoever waits for it may wait for long. */
function stopOnFirstSignal({ isBatch }: Plan, { quiet }: TransformRequest): () => boolean {
  if (!isBatch) return () => false;
  return signals.stopOnFirst(() => {
    if (quiet) return;
    warn(warningLine('Interrupted. The files under way are finished; interrupt again to end at once.', isColoured));
  });
}

/** What a command writes to standard output for programs, which miss it where it is cut short. */
function dataOf({ kind, request }: Work): string | undefined {
  if (kind === 'transform') return request.output === '-' ? 'the image' : request.json ? 'the records' : undefined;
  return request.json || (kind === 'conformance' && request.junit) ? 'the report' : undefined;
}

/**
 * Not for text: a parent that throws it away, such as Node with `stdio: 'ignore'` or Python with DEVNULL, opens /dev/null
 * to read and write, too.
 */
function refuseClosedOutput(data: string): void {
  if (!isStandardOutputClosed()) return;
  const message = `Cannot write ${data}: standard output is closed. Redirect it with > FILE`;
  throw new NeighborProductError(
    'OUTPUT_UNWRITABLE',
    data === 'the image' ? `${message}, or name a file after -o.` : `${message}.`,
  );
}

/** Loaded here and not before: help and usage errors need no codec and no backend. */
async function loadCalls(): Promise<FileCalls> {
  const [
    { transform, openBackend, isDistrusted, hasOpenedDevice },
    { openImage },
    { openInput },
    { removeUnfinishedOutputs, leftoversDeleted },
    { createOutput },
  ] = await Promise.all([
    import('../transform.js'),
    import('../formats/formats.js'),
    import('../files/read.js'),
    import('../files/write.js'),
    import('../image-files/output.js'),
  ]);
  cleanUp = removeUnfinishedOutputs;
  settle = async () => {
    await leftoversDeleted();
    return !hasOpenedDevice();
  };
  const create = (path: string, isHeld: boolean) => {
    if (path === '-') return standardOutput(isHeld);
    return signals.guard(createOutput(path, true));
  };
  return { openInput, openImage, transform, openBackend, isDistrusted, create, watch: (_name, work) => work() };
}

/** What standard output is held back for, so that nothing is written of an image that turns out to be damaged. */
const HELD_BYTES = 2 ** 24;

function standardOutput(isHeld: boolean): OutputStream {
  let held: Uint8Array[] | undefined = isHeld ? [] : undefined;
  let heldBytes = 0;
  const writeHeld = async () => {
    const pieces = held ?? [];
    held = undefined;
    for (const piece of pieces) await writeImage(piece);
  };
  const take = async (pieces: readonly Uint8Array[]) => {
    for (const piece of pieces) {
      heldBytes += piece.length;
      if (heldBytes > HELD_BYTES) await writeHeld();
      if (held === undefined) await writeImage(piece);
      else held.push(Buffer.from(piece)); // the piece may change
    }
  };
  const finish = async () => {
    await writeHeld();
    return undefined;
  };
  return { take, finish, abandon: async () => {} };
}

const STANDARD_OUTPUT = 1;

/**
 * By a thread of the pool: Node's stream would keep this one from reading while a pipe is full. @throws as {@link writeTo}
 */
async function writeImage(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await promisify(write)(STANDARD_OUTPUT, bytes, at)).bytesWritten;
    } catch (error) {
      // Where another process has made the pipe non-blocking, only the stream can wait for it.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return writeTo(process.stdout, bytes.subarray(at));
      throw unwritten(error as NodeJS.ErrnoException);
    }
  }
}

function textOf(args: readonly string[]): string {
  return readableName(['neighbor-product', ...args].join(' '));
}

function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(text: string): Promise<void> {
  return writeTo(process.stdout, `${text}\n`);
}

/** @throws ReaderLeft; NeighborProductError `OUTPUT_UNWRITABLE` */
function writeTo(stream: Writable, data: string | Uint8Array): Promise<void> {
  // Each write tells of its own failure.
  if (stream.listenerCount('error') === 0) stream.on('error', () => {});
  return new Promise((resolve, reject) => {
    stream.write(data, (error: NodeJS.ErrnoException | null | undefined) => {
      if (error) reject(unwritten(error));
      else resolve();
    });
  });
}

function unwritten(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EPIPE') return new ReaderLeft();
  const message = `Cannot write to standard output: ${error.message}. Write to a file with -o.`;
  return new NeighborProductError('OUTPUT_UNWRITABLE', message, { cause: error });
}
