/**
 * Measures candidates against each other in one process. Each is first started cold in a process of its own and has its
 * bytes checked; then all run in interleaved rounds; last, GPUs are asked where their time goes.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Computed, Transformer } from '../backend.js';
import { NeighborProductError } from '../errors.js';
import { type CheckedImage, createImage, rowsOf } from '../image.js';
import { DEFAULT_OPERATION } from '../options.js';
import { MAIN_TRACK, type Span, type SpanListener, withSpan } from '../span.js';
import type { BenchCase } from './cases.js';
import type { BackendSpec, ColdJob } from './cold-start-process.js';
import type { ColdStart, DeviceTimes, Role, Row, Spread } from './result.js';

/** Something to measure. It is called again and again, in memory that was allocated before. */
export interface Candidate {
  readonly program: string;
  readonly role: Role;
  /** Absent where thread counts have no effect. */
  readonly threads?: number;
  /** Called before each {@link run}, not timed. */
  prepare?(): void;
  run(input: CheckedImage, output: CheckedImage): Promise<Computed> | Computed | undefined;
  /** Whether {@link run} wrote the right bytes into an output of zeros. */
  isCorrect(benchCase: BenchCase, output: CheckedImage): boolean;
  /** Measures a first result in a new process; absent where that means nothing. */
  startCold?(input: CheckedImage): Promise<ColdStart>;
  /** Where the time of a GPU goes; undefined for what does not run on one, and for one without a clock. */
  measureDevice?(input: CheckedImage, output: CheckedImage): Promise<DeviceTimes | undefined>;
  close?(): Promise<void> | void;
}

export interface MeasureOptions {
  /** Rounds. A slow candidate takes part in fewer, see {@link BUDGET_MS}. */
  readonly repeat: number;
  readonly onProgress?: (text: string) => void;
  readonly onSpan?: SpanListener;
}

/** A candidate drops out once it has taken this long, but not before {@link LEAST_REPETITIONS}. */
const BUDGET_MS = 1500;
const LEAST_REPETITIONS = 3;
/** Caches make no difference to calls that take longer. */
const WARMED_MS = 100;

/** A candidate, and what was measured of it. */
interface Contender {
  readonly candidate: Candidate;
  /** What it reported of the run that was checked. */
  readonly computed: Computed | undefined;
  readonly cold: ColdStart | undefined;
  readonly timesMs: number[];
  device?: DeviceTimes | undefined;
}

/**
 * Every round runs every candidate once, so that a busy moment of the machine affects all of them alike.
 *
 * @throws NeighborProductError with code `DIFFERENCES_FOUND` where a candidate's bytes differ from the reference's
 */
export async function measureCase(
  benchCase: BenchCase,
  candidates: readonly Candidate[],
  { repeat, onProgress = () => {}, onSpan }: MeasureOptions,
): Promise<Row[]> {
  const { id, input } = benchCase;
  const output = createImage(input.width, input.height, input.channels);
  const contenders: Contender[] = [];
  for (const candidate of candidates) {
    onProgress(`${id}: checking ${candidate.program}`);
    const cold = await withSpan(onSpan, `cold start ${candidate.program}`, () => candidate.startCold?.(input));
    const check = () => checkBytes(benchCase, candidate, output);
    const computed = await withSpan(onSpan, `check ${candidate.program}`, check);
    contenders.push({ candidate, computed, cold, timesMs: [] });
  }
  for (let round = 0; round < repeat; round++) {
    onProgress(`${id}: round ${round + 1} of ${repeat}`);
    for (const contender of contenders.filter(isDue)) {
      const span = await timeWarm(contender, input, output);
      contender.timesMs.push(span.endMs - span.startMs);
      onSpan?.(span);
    }
  }
  for (const contender of contenders) contender.device = await contender.candidate.measureDevice?.(input, output);
  return contenders.map((contender) => rowOf(contender, contenders, input));
}

async function checkBytes(
  benchCase: BenchCase,
  candidate: Candidate,
  output: CheckedImage,
): Promise<Computed | undefined> {
  output.data.fill(0);
  candidate.prepare?.();
  const computed = await candidate.run(benchCase.input, output);
  if (candidate.isCorrect(benchCase, output)) return computed;
  throw new NeighborProductError(
    'DIFFERENCES_FOUND',
    `The bytes of ${candidate.program} differ from the reference's on ${benchCase.id}, so its time means nothing. ` +
      'Run neighbor-product conformance to find the first difference.',
  );
}

function isDue({ timesMs }: Contender): boolean {
  return timesMs.length < LEAST_REPETITIONS || timesMs.reduce((sum, timeMs) => sum + timeMs) < BUDGET_MS;
}

/** A call that does not count replaces what the previous candidate left in the caches. */
async function timeWarm({ candidate, timesMs }: Contender, input: CheckedImage, output: CheckedImage): Promise<Span> {
  const lastMs = timesMs.at(-1) ?? 0;
  if (lastMs < WARMED_MS) await timeOnce(candidate, input, output);
  return timeOnce(candidate, input, output);
}

/** Awaits only a promise: a turn of the event loop would count against fast candidates. */
async function timeOnce(candidate: Candidate, input: CheckedImage, output: CheckedImage): Promise<Span> {
  candidate.prepare?.();
  const startMs = performance.now();
  const running = candidate.run(input, output);
  if (running instanceof Promise) await running;
  return { name: candidate.program, track: MAIN_TRACK, startMs, endMs: performance.now() };
}

function rowOf(
  { candidate, computed, cold, timesMs, device }: Contender,
  all: readonly Contender[],
  input: CheckedImage,
): Row {
  const { program, role, threads } = candidate;
  const pixels = input.width * input.height;
  const nsPerPixel = spreadOf(timesMs.map((timeMs) => (timeMs * 1e6) / pixels));
  const copies = all.filter((contender) => contender.candidate.role === 'copy');
  const copy = copies.find((contender) => contender.candidate.threads === threads) ?? copies[0];
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
    ...(computed && { exactShare: computed.exactPixels / pixels }),
  };
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.trunc(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1] };
}

/**
 * Times opening a backend and its first transform in a new process, where nothing is loaded or compiled yet. Starting
 * Node and reading the image do not count.
 *
 * @throws Error where the process ends without a result
 */
export async function startCold(spec: BackendSpec, { data, width, height }: CheckedImage): Promise<ColdStart> {
  const folder = await mkdtemp(path.join(tmpdir(), 'neighbor-product-bench-'));
  try {
    const inputPath = path.join(folder, 'input.rgba');
    await writeFile(inputPath, data);
    return await runColdJob({ spec, inputPath, width, height });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runColdJob(job: ColdJob): Promise<ColdStart> {
  const child = fork(new URL('../bench/cold-start-process.js', import.meta.url));
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as ColdStart));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The process for a cold start ended with exit code ${code}.`)));
    child.send(job);
  });
}

const DEVICE_REPETITIONS = 5;

/**
 * Where the time of a GPU goes. Measured apart from the rounds, since spans slow a transform down; the kernel apart from
 * transfers, since a strip's passes wait for those of others, and an image that is too large for it by its first rows.
 *
 * @returns undefined for what does not run on a GPU, and for a GPU without a clock
 */
export async function measureDevice(
  transformer: Transformer,
  input: CheckedImage,
  output: CheckedImage,
): Promise<DeviceTimes | undefined> {
  const { device, residentPixels } = gpuOf(transformer) ?? {};
  if (!device?.features.has('timestamp-query')) return undefined;
  const { timeDeviceCopy, timeKernel } = await import('./device-times.js');
  const rows = Math.min(input.height, Math.floor(residentPixels! / input.width));
  const part = rowsOf(input, 0, rows);
  const runs: DeviceTimes[] = [];
  for (let run = 0; run < DEVICE_REPETITIONS; run++) {
    const spans: Span[] = [];
    await transformer.transform(input, output, DEFAULT_OPERATION, { onSpan: (span) => spans.push(span) });
    runs.push({
      uploadMs: totalMs(spans, 'upload'),
      kernelMs: ((await timeKernel(device, part)) * input.height) / rows,
      readBackMs: totalMs(spans, 'copy'),
      copyMs: ((await timeDeviceCopy(device, rows * input.rowBytes)) * input.height) / rows,
    });
  }
  const median = (name: keyof DeviceTimes) => spreadOf(runs.map((times) => times[name])).median;
  return {
    uploadMs: median('uploadMs'),
    kernelMs: median('kernelMs'),
    readBackMs: median('readBackMs'),
    copyMs: median('copyMs'),
  };
}

/** By its shape: testing for a class of the GPU backend would load that backend when a CPU is measured. */
function gpuOf(transformer: Transformer): { device?: GPUDevice; residentPixels?: number } | undefined {
  return (transformer as { readonly backend?: { device?: GPUDevice; residentPixels?: number } }).backend;
}

function totalMs(spans: readonly Span[], name: string): number {
  return spans.filter((span) => span.name === name).reduce((sum, { startMs, endMs }) => sum + (endMs - startMs), 0);
}
