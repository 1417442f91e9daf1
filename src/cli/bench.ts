/** The `bench` command: measures, or shows what was measured before. */
import { readFile } from 'node:fs/promises';
import { makeCase, type Photograph } from '../bench/cases.js';
import { BENCH_KINDS, DEFAULT_SIZES, NAMED_SIZES } from '../bench/choices.js';
import { benchPlot } from '../bench/plot.js';
import { type BenchReport, parseReport } from '../bench/result.js';
import { runBench } from '../bench/run-bench.js';
import { benchMarkdown, benchTable } from '../bench/table.js';
import { tuneGpu, tuningTable } from '../bench/tune-gpu.js';
import { availableCores } from '../cores.js';
import { NeighborProductError } from '../errors.js';
import { readText } from '../files/read.js';
import { writeOutput } from '../files/write.js';
import { decodePngSync } from '../formats/png/decode.js';
import { copyAttributes } from '../image-files/output.js';
import type { SpanListener } from '../span.js';
import type { ReportSink } from './conformance.js';
import type { BenchOptionValues } from './options.js';
import { BENCH_PLOT, prepareReport } from './report-files.js';

/** @param command the whole command line, for the report */
export async function bench(
  request: BenchOptionValues,
  command: string,
  { print, showProgress }: ReportSink,
  onSpan: SpanListener | undefined,
): Promise<void> {
  if (request.tuneGpu) {
    await print(await tune(request, showProgress));
    return;
  }
  await prepareReport(request.from, request.plot, BENCH_PLOT);
  const report =
    request.from === undefined
      ? await measure(request, command, showProgress, onSpan)
      : await readReport(request.from, request);
  showProgress?.('');
  if (request.plot !== undefined) {
    await writeOutput(request.plot, Buffer.from(benchPlot(report)), copyAttributes);
  }
  await print(rendered(report, request));
}

async function measure(
  request: BenchOptionValues,
  command: string,
  onProgress: ReportSink['showProgress'],
  onSpan: SpanListener | undefined,
): Promise<BenchReport> {
  const { backend, everyInstructionSet = false, repeat, peers, python, only } = request;
  const photograph = await readPhotograph();
  return runBench({
    command,
    sizes: request.sizes ?? DEFAULT_SIZES,
    kinds: request.kinds ?? BENCH_KINDS,
    backend,
    everyInstructionSet,
    threadCounts: [...new Set(request.threads ?? [1, availableCores()])],
    repeat,
    ...(only && { only }),
    ...(peers && { python }),
    ...(photograph && { photograph }),
    ...(onProgress && { onProgress }),
    ...(onSpan && { onSpan }),
  });
}

async function tune({ sizes, kinds, repeat, json }: BenchOptionValues, onProgress: ReportSink['showProgress']) {
  onProgress?.('making the image');
  const [size, kind] = [sizes?.[0] ?? NAMED_SIZES['4k'], kinds?.[0] ?? BENCH_KINDS[0]];
  const benchCase = makeCase(size, kind, await readPhotograph());
  const report = await tuneGpu(benchCase, { repeat, ...(onProgress && { onProgress }) });
  onProgress?.('');
  return json ? JSON.stringify(report, null, 2) : tuningTable(report);
}

/** Fixtures are not in the package: a checkout has them, an installation measures on a generated image. */
async function readPhotograph(): Promise<Photograph | undefined> {
  const name = 'fixtures/watermelon-pizza.png';
  const file = await readFile(new URL(`../../${name}`, import.meta.url)).catch(() => undefined);
  return file && { name, image: decodePngSync(file, { maxPixels: 1e7 }) };
}

/** The report of a file, reduced to the chosen sizes and kinds. */
async function readReport(path: string, { sizes, kinds }: BenchOptionValues): Promise<BenchReport> {
  const report = parseReport(await readText(path), path);
  const cases = report.cases.filter(({ width, height, kind }) => {
    const isSize = sizes?.some((size) => size.width === width && size.height === height) ?? true;
    return isSize && (kinds?.some((name) => name === kind) ?? true);
  });
  if (cases.length > 0) return { ...report, cases };
  const measured = report.cases.map(({ id }) => id).join(', ');
  const message = `Expected one of ${measured} for --sizes and --kinds, but received others. Choose from these.`;
  throw new NeighborProductError('INVALID_OPTION', message);
}

function rendered(report: BenchReport, { json, markdown }: BenchOptionValues): string {
  if (json) return JSON.stringify(report, null, 2);
  return markdown ? benchMarkdown(report) : benchTable(report);
}
