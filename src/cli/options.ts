/** The table of options: parsing, help and everything else that is told of an option comes from here. */
import { InvalidArgumentError, Option } from 'commander';
import {
  BENCH_BACKENDS,
  BENCH_KINDS,
  type BenchKind,
  DEFAULT_REPEAT,
  NAMED_SIZES,
  type Size,
} from '../bench/choices.js';
import { COMPRESSIONS, type Compression, DEFAULT_COMPRESSION } from '../codec/png-codec.js';
import { DEFAULT_MAX_PIXELS } from '../codec/png-header.js';
import {
  ALPHA_MODES,
  type AlphaMode,
  BACKEND_CHOICES,
  type BackendChoice,
  BORDER_MODES,
  type BorderMode,
  DEFAULT_OPERATION,
  MAX_PASSES,
  MAX_THREADS,
} from '../options.js';
import { CONFORMANCE_BACKENDS } from './conformance-backends.js';

/** What commander makes of {@link createOptions}: a field is absent where the option has no default and was not given. */
export interface OptionValues {
  readonly output?: string;
  readonly backend: BackendChoice;
  readonly alpha: AlphaMode;
  readonly border: BorderMode;
  readonly passes: number;
  readonly threads?: number;
  readonly maxPixels: number;
  readonly compression: Compression;
  readonly verify?: true;
  readonly json?: true;
  readonly trace?: string;
  readonly quiet?: true;
  readonly verbose?: true;
}

export function createOptions(): Option[] {
  return [
    new Option('-o, --output <path>', 'file to write; a folder, existing or ending in /; - for standard output'),
    new Option('--backend <name>', 'what computes; auto takes the best there is and says why')
      .choices(BACKEND_CHOICES)
      .default('auto')
      .env('NEIGHBOR_PRODUCT_BACKEND'),
    new Option('--alpha <mode>', 'make alpha 255, let it take part as a channel, or keep that of the input')
      .choices(ALPHA_MODES)
      .default(DEFAULT_OPERATION.alpha),
    new Option('--border <mode>', 'what lies beyond the edge; skip leaves a border of zeros')
      .choices(BORDER_MODES)
      .default(DEFAULT_OPERATION.border),
    new Option('--passes <n>', `how often to transform, 1 to ${MAX_PASSES}`)
      .argParser(countUpTo(MAX_PASSES))
      .default(DEFAULT_OPERATION.passes),
    new Option(
      '--threads <n>',
      `CPU threads, 1 to ${MAX_THREADS} (default: what the picture and the cores allow)`,
    ).argParser(countUpTo(MAX_THREADS)),
    new Option('--max-pixels <n>', 'refuse a larger picture before any memory is taken; 2^28 and 64M are numbers too')
      .argParser(parsePixelCount)
      .default(DEFAULT_MAX_PIXELS),
    new Option('--compression <effort>', 'what the files shall be: fast to write, small, or balanced')
      .choices(COMPRESSIONS)
      .default(DEFAULT_COMPRESSION),
    new Option('--verify', 'compute again with the reference and compare every byte before writing'),
    new Option('--json', 'one JSON record a picture on standard output'),
    createTraceOption(),
    new Option('-q, --quiet', 'print errors only').conflicts('verbose'),
    new Option('-v, --verbose', 'print why this backend, and where an error came from'),
  ];
}

export function createDevicesOptions(): Option[] {
  return [new Option('--json', 'as one JSON object'), createTraceOption()];
}

export function createConformanceOptions(): Option[] {
  return [
    new Option('--backend <name>', 'what to compare with the reference; all fails where there is no GPU')
      .choices(CONFORMANCE_BACKENDS)
      .default('all'),
    new Option('--quick', 'a seventh of the cases'),
    new Option('--filter <text>', 'only cases whose id contains this; * stands for any text'),
    new Option('--seed <n>', 'of all generated images').argParser(parseSeed),
    new Option(
      '--replay <file>',
      'only the case of a record: one failure out of a JSON report, or the whole report',
    ).conflicts(['filter', 'quick', 'seed']),
    new Option('--list', 'print the ids of the cases and run nothing'),
    new Option('--report <file>', 'write a page to look at, HTML'),
    new Option('--json', 'print the whole report as JSON').conflicts('junit'),
    new Option('--junit', 'print the report as JUnit XML'),
    createTraceOption(),
  ];
}

export function createBenchOptions(): Option[] {
  return [
    new Option('--sizes <list>', 'half (950x535), 4k, 8k or any such as 640x480 (default: half,4k)').argParser(
      parseSizes,
    ),
    new Option('--kinds <list>', `kinds of pictures (default: ${BENCH_KINDS.join(',')})`).argParser(parseKinds),
    new Option('--backend <name>', 'what to measure; a GPU in software only if it is asked for by name')
      .choices(BENCH_BACKENDS)
      .default('all'),
    new Option('--every-instruction-set', 'of the CPU, and not the fastest alone'),
    new Option('--threads <list>', 'of the CPU and of the copy (default: 1 and all cores)').argParser(parseThreads),
    new Option('--repeat <n>', 'rounds; what is slow takes part in the first ones only')
      .argParser(countUpTo(10_000))
      .default(DEFAULT_REPEAT),
    new Option('--peers', 'also NumPy, Numba, OpenCV, Pillow and C++, where they are installed'),
    new Option('--python <path>', 'the Python that has them').default('python3'),
    new Option('--from <file>', 'measure nothing, show a report that --json printed'),
    new Option('--plot <file>', 'write bars to look at, SVG'),
    new Option('--json', 'print the whole report as JSON').conflicts('markdown'),
    new Option('--markdown', 'print the table as Markdown'),
    createTraceOption(),
  ];
}

function createTraceOption(): Option {
  return new Option('--trace <file>', 'write what took how long, for ui.perfetto.dev or chrome://tracing');
}

function parseSizes(text: string): Size[] {
  return text.split(',').map((name) => {
    const [, width, height] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(name) ?? [];
    const named = Object.entries(NAMED_SIZES).find(([known]) => known === name)?.[1];
    const size = width === undefined ? named : { width: Number(width), height: Number(height) };
    if (size !== undefined) return size;
    throw new InvalidArgumentError(
      `Expected a list of ${Object.keys(NAMED_SIZES).join(', ')} or sizes such as 640x480.`,
    );
  });
}

function parseKinds(text: string): BenchKind[] {
  return text.split(',').map((name) => {
    const kind = BENCH_KINDS.find((known) => known === name);
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`Expected a list of ${BENCH_KINDS.join(', ')}.`);
  });
}

function parseThreads(text: string): number[] {
  return text.split(',').map(countUpTo(MAX_THREADS));
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < 2 ** 32) return seed;
  throw new InvalidArgumentError('Expected a whole number from 0 to 2^32 - 1.');
}

function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
  };
}

/** `1000`, `2^28` or `64M` (megapixels: millions). */
function parsePixelCount(text: string): number {
  const [, digits, unit] = /^(\d+)(M?)$/.exec(text) ?? [];
  const [, exponent] = /^2\^(\d+)$/.exec(text) ?? [];
  const count = exponent === undefined ? Number(digits) * (unit === 'M' ? 1e6 : 1) : 2 ** Number(exponent);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('Expected a number of pixels such as 1000000, 64M or 2^28.');
}
