/** The whole benchmark: every case with every candidate, then the peers. */
import type { Size } from '../regions.js';
import { type SpanListener, withSpan } from '../span.js';
import { type CandidateOptions, openCandidates } from './candidates.js';
import { makeCase, type Photograph } from './cases.js';
import type { BenchKind } from './choices.js';
import { measureCase } from './measure.js';
import { measurePeers } from './peers.js';
import { type BenchReport, type CaseResult, describeMachine, REPORT_FORMAT, readLoad } from './result.js';

export interface BenchOptions extends CandidateOptions {
  /** The command line, for the report. */
  readonly command: string;
  readonly sizes: readonly Size[];
  readonly kinds: readonly BenchKind[];
  readonly repeat: number;
  /** Texts of which a program's name contains one, unless it is a copy. Absent: every program. */
  readonly only?: readonly string[];
  /** A Python 3 that runs the peers. Absent: no peers. */
  readonly python?: string;
  readonly photograph?: Photograph;
  readonly onProgress?: (text: string) => void;
  /** Receives a span for every timed call and for the work between them. */
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
  options.onProgress?.(`${size.width}x${size.height}/${kind}: making the image`);
  const { onSpan } = options;
  const benchCase = await withSpan(onSpan, 'make the image', () => makeCase(size, kind, options.photograph));
  const { candidates, missing } = await openCandidates(options, benchCase.input.data.length);
  try {
    const { python, only } = options;
    const chosen = candidates.filter(({ program, role }) => {
      return role === 'copy' || (only?.some((text) => program.includes(text)) ?? true);
    });
    const rows = await measureCase(benchCase, chosen, options);
    options.onProgress?.(`${benchCase.id}: peers`);
    const peers =
      python === undefined
        ? { rows: [], missing: [] }
        : await withSpan(onSpan, 'peers', () => measurePeers(benchCase, rows, { ...options, python }));
    return {
      id: benchCase.id,
      ...size,
      kind,
      origin: benchCase.origin,
      rows: [...rows, ...peers.rows],
      missing: [...missing, ...peers.missing],
    };
  } finally {
    for (const candidate of candidates) await candidate.close?.();
  }
}
