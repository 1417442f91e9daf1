#!/usr/bin/env node
/** The only file that touches the arguments, the streams, the signals and the exit code of the process. */
import type { Writable } from 'node:stream';
import { NeighborProductError } from '../errors.js';
import { type SpanListener, withSpan } from '../span.js';
import { exitCodeOf } from './exit-codes.js';
import type { Shell } from './options.js';
import { parseCommandLine, readVersion, type TransformRequest, type Work } from './program.js';
import { errorText, wantsColour } from './report.js';
import type { Calls } from './transform.js';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const isColoured = wantsColour(process.env, process.stderr.isTTY);

const loadedMs = performance.now();

// No `await`: the bundle is a script (tools/build.mjs).
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
    isVerbose = commandLine.kind === 'transform' && commandLine.request.verbose === true;
    return await traced(commandLine, args, (onSpan) => perform(commandLine, args, onSpan));
  } catch (error) {
    warn(errorText(error, { isVerbose, isColoured }));
    return exitCodeOf(error);
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
  const [{ Trace }, { prepareTrace }, { writeOutput }] = await Promise.all([
    import('./trace.js'),
    import('./outputs.js'),
    import('../files/write.js'),
  ]);
  await prepareTrace(path, work);
  const trace = new Trace(loadedMs);
  const write = () => writeOutput(path, Buffer.from(trace.render(textOf(args))));
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
      return conformance(work.request, readVersion(), { print, showProgress }, onSpan);
    }
    case 'bench': {
      const { bench } = await import('./bench.js');
      await bench(work.request, textOf(args), { print, showProgress }, onSpan);
      return 0;
    }
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
  if (request.output === '-' && process.stdout.isTTY) {
    const message = 'Cannot write the image: standard output is a terminal. Add > out.png, or name a file after -o.';
    throw new NeighborProductError('INVALID_OPTION', message);
  }
  const load = () => Promise.all([import('./transform.js'), loadCalls()]);
  const [{ runTransform, traceCalls }, calls] = await withSpan(onSpan, 'load codec and backend', load);
  return runTransform(request, onSpan ? traceCalls(calls, onSpan) : calls, { print, warn, isColoured });
}

/** Loaded here and not before: help and usage errors need no codec and no backend. */
async function loadCalls(): Promise<Calls> {
  const [{ transform }, { declaredSize, decode, encode, describeCodecs }, { readInput }, files] = await Promise.all([
    import('../transform.js'),
    import('../formats/formats.js'),
    import('../files/read.js'),
    import('../files/write.js'),
  ]);
  const { removeUnfinishedOutputs, writeOutput } = files;
  const write = (path: string, file: Uint8Array) =>
    path === '-' ? writeTo(process.stdout, file) : cleaningUp(removeUnfinishedOutputs, () => writeOutput(path, file));
  return { read: readInput, declaredSize, decode, transform, encode, codecs: describeCodecs, write };
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

function textOf(args: readonly string[]): string {
  return ['neighbor-product', ...args].join(' ');
}

function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(text: string): Promise<void> {
  return writeTo(process.stdout, `${text}\n`);
}

/** Ignores EPIPE: the reader has left. */
function writeTo(stream: Writable, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error: NodeJS.ErrnoException | null | undefined) => {
      if (!error || error.code === 'EPIPE') return resolve();
      const message = `Cannot write to standard output: ${error.message}. Write to a file with -o.`;
      reject(new NeighborProductError('OUTPUT_UNWRITABLE', message, { cause: error }));
    });
  });
}
