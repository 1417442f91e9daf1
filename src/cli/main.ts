#!/usr/bin/env node
/**
 * The only file that touches the arguments, the streams, the signals and the exit code of the process; start.ts adds
 * arguments where there are none.
 */
import type { Writable } from 'node:stream';
import { NeighborProductError } from '../errors.js';
import { type SpanListener, withSpan } from '../span.js';
import type { BenchRequest } from './bench.js';
import type { Shell } from './completion/shells.js';
import type { ConformanceRequest, ConformanceVoice } from './conformance.js';
import { exitCodeOf } from './exit-codes.js';
import { type DevicesRequest, parseCommandLine, readVersion, type TransformRequest, type Work } from './program.js';
import { errorText, wantsColour } from './report.js';
import type { Steps } from './transform-files.js';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const isColoured = wantsColour(process.env, process.stderr.isTTY);

const loadedMs = performance.now();

// No `await`: the bundle is a script (src/release/command-script.mjs).
main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});

async function main(args: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let isVerbose = false;
  try {
    const commandLine = parseCommandLine(args);
    if (commandLine.kind === 'text') {
      await writeTo(process.stdout, commandLine.text);
      return 0;
    }
    if (commandLine.kind === 'completion') {
      await completion(commandLine.shell);
      return 0;
    }
    isVerbose = commandLine.kind === 'transform' && commandLine.request.verbosity === 'verbose';
    return await traced(commandLine, args, (onSpan) => perform(commandLine, args, onSpan));
  } catch (error) {
    say(errorText(error, { isVerbose, isColoured }));
    return exitCodeOf(error);
  }
}

function perform(commandLine: Work, args: readonly string[], onSpan: SpanListener | undefined): Promise<number> {
  switch (commandLine.kind) {
    case 'transform':
      return transform(commandLine.request, onSpan);
    case 'devices':
      return devices(commandLine.request, onSpan);
    case 'conformance':
      return conformance(commandLine.request, onSpan);
    case 'bench':
      return bench(commandLine.request, args, onSpan);
  }
}

/** Runs a command and, where a trace is asked for, writes it afterwards, also of a command that failed. */
async function traced(
  work: Work,
  args: readonly string[],
  command: (onSpan: SpanListener | undefined) => Promise<number>,
): Promise<number> {
  const path = work.request.trace;
  if (path === undefined) return command(undefined);
  const [{ Trace }, { prepareTrace }, { writeOutput }] = await Promise.all([
    import('./trace.js'),
    import('./prepare-trace.js'),
    import('../codec/files.js'),
  ]);
  await prepareTrace(path, work);
  const trace = new Trace(loadedMs);
  const write = () => writeOutput(path, Buffer.from(trace.render(commandText(args))));
  const exitCode = await command(trace.onSpan).catch(async (error) => {
    await write().catch(() => {}); // the first failure counts
    throw error;
  });
  await write();
  return exitCode;
}

function commandText(args: readonly string[]): string {
  return ['neighbor-product', ...args].join(' ');
}

async function devices({ json }: DevicesRequest, onSpan: SpanListener | undefined): Promise<number> {
  const [{ listDevices }, { devicesText }] = await Promise.all([import('../devices.js'), import('./devices.js')]);
  const found = await withSpan(onSpan, 'list devices', listDevices);
  await writeTo(process.stdout, json ? `${JSON.stringify(found)}\n` : devicesText(found));
  return 0;
}

async function completion(shell: Shell): Promise<void> {
  const { completionScript } = await import('./completion/completion.js');
  await writeTo(process.stdout, completionScript(shell));
}

async function conformance(request: ConformanceRequest, onSpan: SpanListener | undefined): Promise<number> {
  const { conformance } = await import('./conformance.js');
  return conformance(request, readVersion(), createVoice(), onSpan);
}

async function bench(
  request: BenchRequest,
  args: readonly string[],
  onSpan: SpanListener | undefined,
): Promise<number> {
  const { bench } = await import('./bench.js');
  await bench(request, commandText(args), createVoice(), onSpan);
  return 0;
}

/** Progress is for a terminal only. */
function createVoice(): ConformanceVoice {
  const print = (text: string) => writeTo(process.stdout, text);
  const showProgress = (line: string) => process.stderr.write(`\r\u001b[K${line}`);
  return process.stderr.isTTY ? { print, showProgress } : { print };
}

async function transform(request: TransformRequest, onSpan: SpanListener | undefined): Promise<number> {
  if (request.output === '-' && process.stdout.isTTY) {
    throw new NeighborProductError(
      'INVALID_OPTION',
      'Expected a file or a pipe for -o -, but standard output is a terminal. Add > out.png, or name a file after -o.',
    );
  }
  const load = () => Promise.all([import('./run-transform.js'), loadSteps(onSpan)]);
  const [{ runTransform }, steps] = await withSpan(onSpan, 'load what transforms', load);
  const record = (line: string) => writeTo(process.stdout, `${line}\n`);
  return runTransform(request, steps, { record, say, isColoured });
}

/** Loaded here and not before: help and usage errors need no codec and no backend. */
async function loadSteps(onSpan: SpanListener | undefined): Promise<Steps> {
  const [
    { transform },
    { declaredSize, decodePngOffThread, encodePngOffThread, describeCodecs },
    { readInput, removeUnfinishedOutputs, writeOutput },
  ] = await Promise.all([import('../transform.js'), import('../codec/png.js'), import('../codec/files.js')]);
  const write = (path: string, file: Uint8Array) =>
    path === '-' ? writeTo(process.stdout, file) : cleaningUp(removeUnfinishedOutputs, () => writeOutput(path, file));
  const steps = {
    read: readInput,
    declaredSize,
    decode: decodePngOffThread,
    transform,
    encode: encodePngOffThread,
    codecs: describeCodecs,
    write,
  };
  return onSpan ? (await import('./trace.js')).traceSteps(steps, onSpan) : steps;
}

/**
 * Only while a file is being written is there anything to clean up. At any other time a signal ends the process at
 * once, as it does without a handler: also in the middle of a codec or of the reference, where a handler would not run.
 */
async function cleaningUp(cleanUp: () => void, action: () => Promise<void>): Promise<void> {
  const end = (signal: NodeJS.Signals) => {
    cleanUp();
    process.kill(process.pid, signal);
  };
  for (const signal of ENDING_SIGNALS) process.once(signal, end);
  try {
    await action();
  } finally {
    for (const signal of ENDING_SIGNALS) process.off(signal, end);
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A reader that has had enough and left is no failure. */
function writeTo(stream: Writable, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error: NodeJS.ErrnoException | null | undefined) => {
      if (!error || error.code === 'EPIPE') return resolve();
      const message = `Expected to write to standard output, but it fails: ${error.message}. Write to a file with -o.`;
      reject(new NeighborProductError('OUTPUT_UNWRITABLE', message, { cause: error }));
    });
  });
}
