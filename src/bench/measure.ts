/** Measures candidates against each other in one process: checked first, then one after the other, again and again. */
import type { Run } from '../backend.js';
import { NeighborProductError } from '../errors.js';
import { createRaster, type Raster } from '../image.js';
import { MAIN_LANE, type Span, type SpanListener, withSpan } from '../span.js';
import type { Candidate } from './candidate.js';
import type { BenchCase } from './cases.js';
import type { DeviceTimes, Row } from './result.js';
import { spreadOf } from './spread.js';

export interface MeasureOptions {
  /** Rounds; a slow candidate leaves early, see {@link BUDGET_MS}. */
  readonly repeat: number;
  readonly onProgress?: (text: string) => void;
  readonly onSpan?: SpanListener;
}

/** A candidate that has taken this long leaves, but not before {@link LEAST_REPETITIONS}. */
const BUDGET_MS = 1500;
const LEAST_REPETITIONS = 3;
/** Caches make no difference to calls that take longer. */
const WARMED_MS = 100;

/**
 * Every round runs every candidate once, so that a busy moment of the machine hits all of them alike.
 *
 * @throws NeighborProductError with code `BACKEND_FAILED` where a candidate's bytes are not the reference's
 */
export async function measureCase(
  bench: BenchCase,
  candidates: readonly Candidate[],
  { repeat, onProgress = () => {}, onSpan }: MeasureOptions,
): Promise<Row[]> {
  const { width, height, channels } = bench.input;
  const output = createRaster(width, height, channels);
  const contenders: Contender[] = [];
  for (const candidate of candidates) {
    onProgress(`${bench.id}: checking ${candidate.program}`);
    const cold = await withSpan(onSpan, `cold start ${candidate.program}`, () => candidate.startCold?.(bench.input));
    const run = await withSpan(onSpan, `check ${candidate.program}`, () => checkBytes(bench, candidate, output));
    contenders.push({ candidate, run, cold, timesMs: [] });
  }
  for (let round = 0; round < repeat; round++) {
    onProgress(`${bench.id}: round ${round + 1} of ${repeat}`);
    for (const contender of contenders.filter(isDue)) {
      const span = await timeWarm(contender, bench.input, output);
      contender.timesMs.push(span.endMs - span.startMs);
      onSpan?.(span);
    }
  }
  for (const contender of contenders) contender.device = await contender.candidate.measureDevice?.(bench.input, output);
  return contenders.map((contender) => rowOf(contender, contenders, bench.input));
}

interface Contender {
  readonly candidate: Candidate;
  /** What it said of the run that was checked. */
  readonly run: Run | undefined;
  readonly cold: Row['cold'] | undefined;
  readonly timesMs: number[];
  device?: DeviceTimes | undefined;
}

async function checkBytes(bench: BenchCase, candidate: Candidate, output: Raster): Promise<Run | undefined> {
  output.data.fill(0);
  candidate.makeReady?.();
  const run = await candidate.run(bench.input, output);
  if (candidate.isRight(bench, output)) return run;
  throw new NeighborProductError(
    'BACKEND_FAILED',
    `Expected the reference's bytes from ${candidate.program} on ${bench.id}, but some differ, so its time says nothing. ` +
      'neighbor-product conformance finds out where.',
  );
}

function isDue({ timesMs }: Contender): boolean {
  return timesMs.length < LEAST_REPETITIONS || timesMs.reduce((sum, timeMs) => sum + timeMs) < BUDGET_MS;
}

/** What the candidate before left in the caches is not this one's: one call that counts for nothing, then the one. */
async function timeWarm({ candidate, timesMs }: Contender, input: Raster, output: Raster): Promise<Span> {
  const lastMs = timesMs.at(-1) ?? 0;
  if (lastMs < WARMED_MS) await timeOnce(candidate, input, output);
  return timeOnce(candidate, input, output);
}

/** Waits only where there is something to wait for: a turn of the event loop would count against the fast ones. */
async function timeOnce(candidate: Candidate, input: Raster, output: Raster): Promise<Span> {
  candidate.makeReady?.();
  const startMs = performance.now();
  const running = candidate.run(input, output);
  if (running instanceof Promise) await running;
  return { name: candidate.program, lane: MAIN_LANE, startMs, endMs: performance.now() };
}

function rowOf({ candidate, run, cold, timesMs, device }: Contender, all: readonly Contender[], input: Raster): Row {
  const pixels = input.width * input.height;
  const nsPerPixel = spreadOf(timesMs.map((timeMs) => (timeMs * 1e6) / pixels));
  const copies = all.filter(({ candidate: { role } }) => role === 'copy');
  const copy = copies.find(({ candidate: { threads } }) => threads === candidate.threads) ?? copies[0];
  const { program, role, threads } = candidate;
  return {
    program,
    role,
    ...(threads !== undefined && { threads }),
    nsPerPixel,
    repetitions: timesMs.length,
    gbPerSecond: (2 * input.channels) / nsPerPixel.median,
    timesCopy: (nsPerPixel.median * pixels) / (spreadOf(copy.timesMs).median * 1e6),
    ...(cold && { cold }),
    ...(device && { device }),
    differingShare: 0,
    ...(run && role === 'ours' && { redoneShare: run.pixelsRedone / pixels }),
  };
}
