/** The same transform by other programs: runs bench/peers/peers.py on a case and reads its output. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase } from './cases.js';
import type { DeviceTimes, MissingProgram, Row, Spread } from './result.js';

export interface PeerOptions {
  /** A Python 3. */
  readonly python: string;
  readonly threadCounts: readonly number[];
  readonly repeat: number;
  /** Texts of which a peer's name contains one. Absent: every peer. */
  readonly only?: readonly string[];
}

export interface PeerResult {
  readonly rows: readonly Row[];
  readonly missing: readonly MissingProgram[];
}

/** A line of its output. */
type PeerLine =
  | { readonly program: string; readonly missing: string }
  | {
      readonly program: string;
      readonly threads: number;
      readonly nsPerPixel: Spread;
      readonly repetitions: number;
      readonly firstMs: number;
      readonly differingShare: number;
      readonly crop?: string;
      readonly device?: DeviceTimes;
    };

const SCRIPT = fileURLToPath(new URL('../../bench/peers/peers.py', import.meta.url));

/**
 * Never throws: peers that do not run are reported as missing, with the reason.
 *
 * @param copies rows of this case's copies, with which the peers' times are compared
 */
export async function measurePeers(
  benchCase: BenchCase,
  copies: readonly Row[],
  options: PeerOptions,
): Promise<PeerResult> {
  const allMissing = (reason: string): PeerResult => ({
    rows: [],
    missing: [{ program: 'every peer in Python', reason }],
  });
  if (!existsSync(SCRIPT)) return allMissing('bench/peers/ is not part of an installed package; clone the project');
  const folder = await mkdtemp(path.join(tmpdir(), 'neighbor-product-peers-'));
  try {
    const ended = await runScript(benchCase, folder, options);
    if ('reason' in ended) return allMissing(ended.reason);
    return readLines(ended.text, copies);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runScript(
  { input, expected }: BenchCase,
  folder: string,
  { python, threadCounts, repeat, only }: PeerOptions,
): Promise<{ text: string } | { reason: string }> {
  const inputPath = path.join(folder, 'input.rgba');
  const expectedPath = path.join(folder, 'expected.rgba');
  await Promise.all([writeFile(inputPath, input.data), writeFile(expectedPath, expected.data)]);
  const sizes = [input.width, input.height].map(String);
  const limits = [
    '--threads',
    threadCounts.join(','),
    '--repeat',
    String(repeat),
    ...(only ? ['--only', only.join(',')] : []),
  ];
  return runToEnd(python, [SCRIPT, ...sizes, inputPath, expectedPath, ...limits]);
}

function runToEnd(program: string, args: readonly string[]): Promise<{ text: string } | { reason: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let errors = '';
    child.stdout.on('data', (part) => {
      text += part;
    });
    child.stderr.on('data', (part) => {
      errors += part;
    });
    child.once('error', ({ message }) => resolve({ reason: `${program} does not start: ${message}` }));
    child.once('close', (code) => {
      const lastLine = errors.trim().split('\n').at(-1);
      resolve(code === 0 ? { text } : { reason: `${program} ended with exit code ${code}: ${lastLine}` });
    });
  });
}

/** @param text JSON objects, one per line */
export function readLines(text: string, copies: readonly Row[]): PeerResult {
  const lines: PeerLine[] = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return {
    rows: lines.flatMap((line) => ('missing' in line ? [] : [peerRow(line, copies)])),
    missing: lines.flatMap((line) => ('missing' in line ? [{ program: line.program, reason: line.missing }] : [])),
  };
}

function peerRow({ firstMs, ...line }: Exclude<PeerLine, { missing: string }>, copies: readonly Row[]): Row {
  const copy = copies.find(({ threads }) => threads === line.threads) ?? copies[0];
  return {
    ...line,
    role: 'peer',
    gbPerSecond: 8 / line.nsPerPixel.median,
    timesCopy: line.nsPerPixel.median / copy.nsPerPixel.median,
    cold: { firstMs },
  };
}
