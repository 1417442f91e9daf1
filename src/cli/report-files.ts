/** Files that are written beside or instead of images: refuses, before anything runs, what would fail or do harm later. */
import { stat } from 'node:fs/promises';
import { expected } from '../errors.js';
import { pathOf } from '../files/names.js';
import { readBeginning } from '../files/read.js';
import { isOpenFile } from '../files/write.js';
import { prepareOutputs, refuseOverwriting, requireFolderOf } from './outputs.js';
import type { Work } from './program.js';
import { usage } from './usage-errors.js';

/** A file of a command that is no image. */
export interface ReportKind {
  readonly option: string;
  /** With its article. */
  readonly noun: string;
  /** Of every such file. */
  readonly beginning: RegExp;
}

export const CONFORMANCE_PAGE: ReportKind = {
  option: '--report',
  noun: 'a page of this command',
  beginning: /^<!doctype html>.*neighbor-product/s,
};

export const BENCH_PLOT: ReportKind = {
  option: '--plot',
  noun: 'a plot of this command',
  beginning: /^<svg .*neighbor-product/s,
};

const TRACE: ReportKind = {
  option: '--trace',
  noun: 'a trace of this command',
  beginning: /^\{"displayTimeUnit":.*neighbor-product/s,
};

/** Enough for every {@link ReportKind.beginning}. */
const BEGINNING_BYTES = 1024;

/**
 * Prepares a command that reads at most one file and writes at most one.
 *
 * @throws NeighborProductError `INVALID_OPTION`, `OUTPUT_UNWRITABLE`
 */
export async function prepareReport(
  read: string | undefined,
  write: string | undefined,
  kind: ReportKind,
): Promise<void> {
  if (write !== undefined) await prepareFile(write, kind, read === undefined ? [] : [read], []);
}

/**
 * Refuses a trace that could not be written, or would overwrite what a command reads or writes.
 *
 * @throws NeighborProductError `INVALID_OPTION`, `OUTPUT_UNWRITABLE`
 */
export async function prepareTrace(trace: string, work: Work): Promise<void> {
  refuseNoFile(trace, TRACE);
  const { reads, writes } = await filesOf(work);
  await prepareFile(trace, TRACE, reads, writes);
}

async function prepareFile(
  path: string,
  kind: ReportKind,
  reads: readonly string[],
  writes: readonly string[],
): Promise<void> {
  refuseNoFile(path, kind);
  await requireFolderOf(path);
  refuseOverwriting(reads, [...writes, path]);
  await refuseOtherFile(path, kind);
}

function refuseNoFile(path: string, { option }: ReportKind): void {
  if (path === '-' || path === '') throw usage(expected('the path of a file', option, path));
}

/** Refuses to overwrite what a user may have named by mistake. Pipes and devices are written to as they are. */
async function refuseOtherFile(path: string, { option, noun, beginning }: ReportKind): Promise<void> {
  const stats = await stat(pathOf(path)).catch(() => undefined); // writing says what is wrong
  if (!stats?.isFile() || stats.size === 0 || isOpenFile(path)) return;
  const start = Buffer.from(await readBeginning(path, BEGINNING_BYTES)).toString();
  if (beginning.test(start)) return;
  throw usage(
    `Expected a new file or ${noun} for ${option}, but '${path}' is another file. Name another one, or delete it first.`,
  );
}

async function filesOf(work: Work): Promise<{ reads: string[]; writes: string[] }> {
  switch (work.kind) {
    case 'transform': {
      const { files, skipped } = await prepareOutputs(work.request);
      const all = [...files, ...skipped];
      return { reads: all.map(({ input }) => input), writes: all.map(({ output }) => output) };
    }
    case 'conformance':
      return { reads: [work.request.replay ?? []].flat(), writes: [work.request.report ?? []].flat() };
    case 'bench':
      return { reads: [work.request.from ?? []].flat(), writes: [work.request.plot ?? []].flat() };
    case 'devices':
      return { reads: [], writes: [] };
  }
}
