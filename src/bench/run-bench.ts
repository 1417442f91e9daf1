/** The whole benchmark: every case, every candidate, the peers. */

import { type SpanListener, withSpan } from '../span.js';
import { type CandidateOptions, openCandidates } from './candidates.js';
import { makeCase, type Photograph } from './cases.js';
import type { BenchKind, Size } from './choices.js';
import { describeMachine, readLoad } from './machine.js';
import { measureCase } from './measure.js';
import { measurePeers } from './peers.js';
import { type BenchReport, type CaseResult, REPORT_FORMAT } from './result.js';

export interface BenchOptions extends CandidateOptions {
  /** The command line that asked for it, for the report. */
  readonly command: string;
  readonly sizes: readonly Size[];
  readonly kinds: readonly BenchKind[];
  readonly repeat: number;
  /** A Python 3 to run the peers with; absent: without them. */
  readonly python?: string;
  readonly photograph?: Photograph;
  readonly onProgress?: (text: string) => void;
  /** Is told of every call that was timed, and of what was done around them. */
  readonly onSpan?: SpanListener;
}

/** @throws as {@link measureCase} */
export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const date = new Date().toISOString();
  const loadBefore = readLoad();
  const cases: CaseResult[] = [];
  for (const size of options.sizes) {
    for (const kind of options.kinds) cases.push(await runCase(size, kind, options));
  }
  const machine = { ...describeMachine(), loadBefore, loadAfter: readLoad() };
  return { format: REPORT_FORMAT, command: options.command, date, machine, cases };
}

async function runCase(size: Size, kind: BenchKind, options: BenchOptions): Promise<CaseResult> {
  options.onProgress?.(`${size.width}x${size.height}/${kind}: making the picture`);
  const { onSpan } = options;
  const bench = await withSpan(onSpan, 'make the picture', () => makeCase(size, kind, options.photograph));
  const { candidates, missing } = await openCandidates(options, bench.input.data.length);
  try {
    const rows = await measureCase(bench, candidates, options);
    const { python } = options;
    options.onProgress?.(`${bench.id}: peers`);
    const peers =
      python === undefined
        ? { rows: [], missing: [] }
        : await withSpan(onSpan, 'peers', () => measurePeers(bench, rows, { ...options, python }));
    return {
      id: bench.id,
      ...size,
      kind,
      origin: bench.origin,
      rows: [...rows, ...peers.rows],
      missing: [...missing, ...peers.missing],
    };
  } finally {
    for (const candidate of candidates) await candidate.close();
  }
}
