/** The `bench` command: measures, or shows what was measured before. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Photograph } from '../bench/cases.js';
import { BENCH_KINDS, type BenchBackends, type BenchKind, DEFAULT_SIZES, type Size } from '../bench/choices.js';
import { benchPlot } from '../bench/plot.js';
import { type BenchReport, parseReport } from '../bench/result.js';
import { runBench } from '../bench/run-bench.js';
import { benchMarkdown, benchTable } from '../bench/table.js';
import { writeOutput } from '../codec/files.js';
import { decodePng } from '../codec/png.js';
import { expected, NeighborProductError } from '../errors.js';
import type { SpanListener } from '../span.js';
import type { ConformanceVoice } from './conformance.js';
import { prepareReport } from './prepare-outputs.js';

export interface BenchRequest {
  readonly sizes?: readonly Size[];
  readonly kinds?: readonly BenchKind[];
  readonly backend: BenchBackends;
  readonly everyInstructionSet?: true;
  readonly threads?: readonly number[];
  readonly repeat: number;
  readonly peers?: true;
  readonly python: string;
  /** Path of a report. */
  readonly from?: string;
  /** Path of the SVG to write. */
  readonly plot?: string;
  readonly json?: true;
  readonly markdown?: true;
  /** Path of the trace to write. */
  readonly trace?: string;
}

/** @param command the whole command line, for the report */
export async function bench(
  request: BenchRequest,
  command: string,
  { print, showProgress }: ConformanceVoice,
  onSpan: SpanListener | undefined,
): Promise<void> {
  await prepareReport(request.from, request.plot);
  const report =
    request.from === undefined
      ? await measure(request, command, showProgress, onSpan)
      : await readReport(request.from, request);
  showProgress?.('');
  if (request.plot !== undefined) await writeOutput(request.plot, Buffer.from(benchPlot(report)));
  await print(`${rendered(report, request)}\n`);
}

async function measure(
  request: BenchRequest,
  command: string,
  onProgress: ConformanceVoice['showProgress'],
  onSpan: SpanListener | undefined,
): Promise<BenchReport> {
  const { backend, everyInstructionSet = false, repeat, peers, python } = request;
  const photograph = await readPhotograph();
  return runBench({
    command,
    sizes: request.sizes ?? DEFAULT_SIZES,
    kinds: request.kinds ?? BENCH_KINDS,
    backend,
    everyInstructionSet,
    threadCounts: [...new Set(request.threads ?? [1, availableParallelism()])],
    repeat,
    ...(peers && { python }),
    ...(photograph && { photograph }),
    ...(onProgress && { onProgress }),
    ...(onSpan && { onSpan }),
  });
}

/** Fixtures do not come with the package: a checkout has them, an installation measures on a generated picture. */
async function readPhotograph(): Promise<Photograph | undefined> {
  const name = 'fixtures/watermelon-pizza.png';
  const file = await readFile(new URL(`../../${name}`, import.meta.url)).catch(() => undefined);
  return file && { name, image: decodePng(file, { maxPixels: 1e7 }) };
}

/** The report of a file, of the sizes and kinds that are asked for. */
async function readReport(path: string, { sizes, kinds }: BenchRequest): Promise<BenchReport> {
  const report = parseReport(await readText(path), path);
  const cases = report.cases.filter(({ width, height, kind }) => {
    const isSize = sizes?.some((size) => size.width === width && size.height === height) ?? true;
    return isSize && (kinds?.some((name) => name === kind) ?? true);
  });
  if (cases.length > 0) return { ...report, cases };
  const measured = report.cases.map(({ id }) => id).join(', ');
  throw new NeighborProductError('INVALID_OPTION', expected(`one of ${measured}`, '--sizes and --kinds', 'another'));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new NeighborProductError('INPUT_UNREADABLE', expected('a readable report', '--from', path), { cause });
  }
}

function rendered(report: BenchReport, { json, markdown }: BenchRequest): string {
  if (json) return JSON.stringify(report, null, 2);
  return markdown ? benchMarkdown(report) : benchTable(report);
}
