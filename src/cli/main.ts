#!/usr/bin/env node
/**
 * The only file that touches the arguments, the streams, the signals and the exit code of the process; start.ts adds
 * arguments where there are none.
 */
import type { Writable } from 'node:stream';
import { NeighborProductError } from '../errors.js';
import type { BenchRequest } from './bench.js';
import type { ConformanceRequest, ConformanceVoice } from './conformance.js';
import { exitCodeOf } from './exit-codes.js';
import { parseCommandLine, readVersion, type TransformRequest } from './program.js';
import { errorText, wantsColour } from './report.js';
import type { Steps } from './transform-files.js';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const isColoured = wantsColour(process.env, process.stderr.isTTY);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let isVerbose = false;
  try {
    const commandLine = parseCommandLine(args);
    if (commandLine.kind === 'text') {
      await writeTo(process.stdout, commandLine.text);
      return 0;
    }
    if (commandLine.kind === 'devices') {
      await devices(commandLine.json);
      return 0;
    }
    if (commandLine.kind === 'conformance') return await conformance(commandLine.request);
    if (commandLine.kind === 'bench') {
      await bench(commandLine.request, args);
      return 0;
    }
    isVerbose = commandLine.request.verbosity === 'verbose';
    return await transform(commandLine.request);
  } catch (error) {
    say(errorText(error, { isVerbose, isColoured }));
    return exitCodeOf(error);
  }
}

async function devices(json: boolean): Promise<void> {
  const [{ listDevices }, { devicesText }] = await Promise.all([import('../devices.js'), import('./devices.js')]);
  const found = await listDevices();
  await writeTo(process.stdout, json ? `${JSON.stringify(found)}\n` : devicesText(found));
}

async function conformance(request: ConformanceRequest): Promise<number> {
  const { conformance } = await import('./conformance.js');
  return conformance(request, readVersion(), createVoice());
}

async function bench(request: BenchRequest, args: readonly string[]): Promise<void> {
  const { bench } = await import('./bench.js');
  await bench(request, ['neighbor-product', ...args].join(' '), createVoice());
}

/** Progress is for a terminal only. */
function createVoice(): ConformanceVoice {
  const print = (text: string) => writeTo(process.stdout, text);
  const showProgress = (line: string) => process.stderr.write(`\r\u001b[K${line}`);
  return process.stderr.isTTY ? { print, showProgress } : { print };
}

async function transform(request: TransformRequest): Promise<number> {
  if (request.output === '-' && process.stdout.isTTY) {
    throw new NeighborProductError(
      'INVALID_OPTION',
      'Expected a file or a pipe for -o -, but standard output is a terminal. Add > out.png, or name a file after -o.',
    );
  }
  const [{ runTransform }, steps] = await Promise.all([import('./run-transform.js'), loadSteps()]);
  const record = (line: string) => writeTo(process.stdout, `${line}\n`);
  return runTransform(request, steps, { record, say, isColoured });
}

/** Loaded here and not before: help and usage errors need no codec and no backend. */
async function loadSteps(): Promise<Steps> {
  const [{ transform }, { decodePng, encodePng, describeCodecs }, { readInput, removeUnfinishedOutputs, writeOutput }] =
    await Promise.all([import('../transform.js'), import('../codec/png.js'), import('../codec/files.js')]);
  const write = (path: string, file: Uint8Array) =>
    path === '-' ? writeTo(process.stdout, file) : cleaningUp(removeUnfinishedOutputs, () => writeOutput(path, file));
  return { read: readInput, decode: decodePng, transform, encode: encodePng, codecs: describeCodecs, write };
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
