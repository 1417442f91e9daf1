/**
 * The option table: flag, help, type and default of every option of every command. Parsing, help, shell completion and
 * the manual page follow from it.
 */
import { InvalidArgumentError, Option } from 'commander';
import { BACKEND_CHOICES, BACKEND_NAMES, isOracle } from '../backends.js';
import {
  ALL_BACKENDS,
  BENCH_BACKENDS,
  BENCH_KINDS,
  type BenchKind,
  DEFAULT_REPEAT,
  DEFAULT_SIZES,
  NAMED_SIZES,
} from '../bench/choices.js';
import { NeighborProductError } from '../errors.js';
import {
  COMPRESSIONS,
  DEFAULT_COMPRESSION,
  DEFAULT_MAX_PIXELS,
  METADATA_CHOICES,
  OUTPUT_FORMATS,
} from '../formats/png/codec.js';
import type { ImageShape } from '../image.js';
import { ALPHA_MODES, DEFAULT_OPERATION, MAX_GPU_TIMEOUT_MS, MAX_PASSES, MAX_THREADS } from '../options.js';
import { BORDER_MODES, type Size } from '../regions.js';
import { AUTO } from '../selector.js';
import { isShard, SHARD_FORMS } from './shard.js';

/** The keys of a table are the names that commander derives from its flags: `maxPixels` from `--max-pixels`. */
export const transformOptions = () => ({
  output: value(
    '-o, --output <path>',
    'output file, or a folder: existing, or ending in /; - for standard output',
    onlyOnce,
  ),
  backend: choice(
    '--backend <name>',
    'backend to run on; auto takes the best one available and says why',
    BACKEND_CHOICES,
    AUTO,
  ).env('NEIGHBOR_PRODUCT_BACKEND'),
  alpha: choice(
    '--alpha <mode>',
    'how alpha is handled: set to 255, treated as a colour channel, or copied from the input',
    ALPHA_MODES,
    DEFAULT_OPERATION.alpha,
  ),
  border: choice(
    '--border <mode>',
    'what lies beyond the edge; skip leaves a border of zeros',
    BORDER_MODES,
    DEFAULT_OPERATION.border,
  ),
  passes: value(
    '--passes <n>',
    `number of times to apply the transform, 1 to ${MAX_PASSES}`,
    countUpTo(MAX_PASSES),
    DEFAULT_OPERATION.passes,
  ),
  threads: value(
    '--threads <n>',
    `number of CPU threads, 1 to ${MAX_THREADS} (default: depends on image size and cores)`,
    countUpTo(MAX_THREADS),
  ),
  gpuTimeoutMs: value(
    '--gpu-timeout-ms <n>',
    'milliseconds that a GPU may take to answer before it is abandoned (default: 10000, and 60000 to open one chosen by name)',
    countUpTo(MAX_GPU_TIMEOUT_MS),
  ),
  maxPixels: value(
    '--max-pixels <n>',
    'refuse larger images; a number such as 1000000, 64M, 2G or 2^28 ' +
      `(default: ${DEFAULT_MAX_PIXELS} for interlaced PNG, JPEG and others that are decoded as a whole, no limit for others)`,
    parsePixelCount,
  ),
  maxMemory: value(
    '--max-memory <bytes>',
    'most memory for rows under way, such as 256M or 2G (default: an eighth of what this process may use)',
    parseByteCount,
  ),
  raw: value(
    '--raw <size>',
    'read and write raw samples, image after image: WIDTHxHEIGHT, then :rgb or :rgba (default: rgba)',
    parseRawSize,
  ),
  jobs: value(
    '-j, --jobs <n>',
    `most files at a time, 1 to ${MAX_THREADS} (default: one more than there are cores)`,
    countUpTo(MAX_THREADS),
  ),
  recursive: flag('-r, --recursive', 'take the folders in a folder too, as is the default'),
  notRecursive: flag('--no-recursive', 'take only the images that are in a folder itself'),
  include: value(
    '--include <glob>',
    'of the images in folders take only those that match, by name or by path; may be given several times',
    oneMore,
  ),
  exclude: value('--exclude <glob>', 'leave out matching images and folders; may be given several times', oneMore),
  hidden: flag('--hidden', 'take what is hidden in folders too: names that begin with a dot'),
  follow: flag('-L, --follow', 'follow the symbolic links in folders'),
  filesFrom: value(
    '--files-from <file>',
    'take the inputs from a list, a name on each line; - for standard input',
    asIs,
  ),
  null: flag('-0, --null', 'each name in the list ends with a NUL, not with a line'),
  inPlace: flag('--in-place', 'replace each input by its result').conflicts(['output', 'skipExisting']),
  skipExisting: flag('--skip-existing', 'leave out inputs whose output exists and is not older: to continue a run'),
  shard: value(
    '--shard <part>',
    'take only a part of the inputs: 2/8, or auto or auto/8 for a task of Kubernetes, Slurm or AWS Batch',
    parseShard,
  ),
  compression: choice(
    '--compression <effort>',
    'trade encoding speed for file size',
    COMPRESSIONS,
    DEFAULT_COMPRESSION,
  ),
  format: optionalChoice(
    '--format <name>',
    'format of the output (default: by its extension; PNG in a folder and on standard output)',
    OUTPUT_FORMATS,
  ).conflicts('raw'),
  metadata: optionalChoice(
    '--metadata <choice>',
    'copy density, text, Exif and colour space to a PNG (keep), or leave them out without a warning (drop)',
    METADATA_CHOICES,
  ),
  verify: flag('--verify', 'compare every byte with the result of the reference before writing'),
  json: flag('--json', 'print a JSON record to standard output as each image ends, and the total'),
  trace: traceOption(),
  quiet: flag('-q, --quiet', 'print errors only').conflicts('verbose'),
  verbose: flag('-v, --verbose', 'also print why this backend, which codecs, and the causes of errors'),
});

export const devicesOptions = () => ({
  json: flag('--json', 'print a JSON object'),
  trace: traceOption(),
});

/** The reference is what the others are compared with. */
const COMPARED_BACKENDS = [ALL_BACKENDS, ...BACKEND_NAMES.filter((name) => !isOracle(name))] as const;

export const conformanceOptions = () => ({
  backend: optionalChoice(
    '--backend <name>',
    'backend to compare with the reference; one that is not available is a failure, of all too ' +
      '(default: every one that is available)',
    COMPARED_BACKENDS,
  ),
  quick: flag('--quick', 'run only a seventh of the cases'),
  filter: value('--filter <text>', 'run only cases whose id contains this text; * matches any characters', asIs),
  seed: value('--seed <n>', 'seed of the generated images', parseSeed),
  replay: value(
    '--replay <file>',
    'run only the failed case in a JSON file: a report (its first failure) or one of its failures',
    asIs,
  ).conflicts(['filter', 'quick', 'seed']),
  endless: flag(
    '--endless',
    'run random cases until interrupted, or until one fails, and print how many bytes agreed',
  ).conflicts(['filter', 'quick', 'replay', 'list', 'report', 'junit']),
  from: value(
    '--from <n>',
    'of an endless run, the number of the first case, as the run before printed it',
    parseFrom,
  ).implies({ endless: true }),
  maxBytes: value(
    '--max-bytes <n>',
    'end an endless run after comparing so many bytes, such as 100G',
    parseByteCount,
  ).implies({ endless: true }),
  list: flag('--list', 'print the ids of the cases and run nothing'),
  report: value('--report <file>', 'write the report as an HTML page', asIs),
  json: flag('--json', 'print the report as JSON').conflicts('junit'),
  junit: flag('--junit', 'print the report as JUnit XML'),
  trace: traceOption(),
});

export const benchOptions = () => ({
  sizes: value(
    '--sizes <list>',
    `image sizes: ${SIZE_NAMES.map(nameAndSize).join(', ')} or others such as 640x480 (default: ${DEFAULT_SIZE_NAMES})`,
    listOf(parseSize),
  ),
  kinds: value('--kinds <list>', `kinds of images (default: ${BENCH_KINDS.join(',')})`, listOf(parseKind)),
  backend: choice('--backend <name>', 'backend to measure; all skips software GPUs', BENCH_BACKENDS, ALL_BACKENDS),
  everyInstructionSet: flag(
    '--every-instruction-set',
    'measure every instruction set of the CPU, not only the fastest',
  ),
  threads: value(
    '--threads <list>',
    'thread counts of the CPU and of the copy (default: 1 and all cores)',
    listOf(countUpTo(MAX_THREADS)),
  ),
  repeat: value(
    '--repeat <n>',
    'number of rounds; slow programs take part only in the first ones',
    countUpTo(10_000),
    DEFAULT_REPEAT,
  ),
  tuneGpu: flag(
    '--tune-gpu',
    'instead, try sizes of workgroups on the GPU, on the first size and kind, and print the best',
  ).conflicts(['backend', 'everyInstructionSet', 'threads', 'only', 'peers', 'from', 'plot', 'markdown', 'trace']),
  only: value(
    '--only <list>',
    'measure only programs whose names contain one of these texts, and the copies',
    listOf(asIs),
  ),
  peers: flag(
    '--peers',
    'also measure NumPy, Numba, OpenCV, Halide, Pillow, C++, CuPy, PyTorch and Triton where they run',
  ),
  python: value('--python <path>', 'the Python that runs the peers', asIs, 'python3'),
  from: value('--from <file>', 'measure nothing, and show a report that --json printed', asIs),
  plot: value('--plot <file>', 'write a bar chart as SVG', asIs),
  json: flag('--json', 'print the report as JSON').conflicts('markdown'),
  markdown: flag('--markdown', 'print the table as Markdown'),
  trace: traceOption(),
});

/** The shells that can complete the command. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export type TransformOptionValues = ValuesOf<typeof transformOptions>;
export type DevicesOptionValues = ValuesOf<typeof devicesOptions>;
export type ConformanceOptionValues = ValuesOf<typeof conformanceOptions>;
export type BenchOptionValues = ValuesOf<typeof benchOptions>;

/** What commander parses a table into; the value of an option without a default is absent if it is not given. */
type ValuesOf<Table extends () => Record<string, TypedOption<unknown>>> = {
  readonly [Name in keyof ReturnType<Table>]: ReturnType<Table>[Name] extends TypedOption<infer Value> ? Value : never;
};

/** An option with the type of its value. */
class TypedOption<Value> extends Option {
  /** Exists for the compiler only. */
  declare readonly valueType: () => Value;
}

/** An option without a value. */
function flag(flags: string, help: string): TypedOption<true | undefined> {
  return new TypedOption(flags, help);
}

/** An option whose value is one of a list. */
function choice<Choice extends string>(
  flags: string,
  help: string,
  choices: readonly Choice[],
  defaultChoice: Choice,
): TypedOption<Choice> {
  return new TypedOption<Choice>(flags, help).choices(choices).default(defaultChoice);
}

/** An option whose value is one of a list, absent by default. */
function optionalChoice<Choice extends string>(
  flags: string,
  help: string,
  choices: readonly Choice[],
): TypedOption<Choice | undefined> {
  return new TypedOption<Choice | undefined>(flags, help).choices(choices);
}

/** An option whose value is parsed. */
function value<Value>(
  flags: string,
  help: string,
  parse: (text: string, before?: Value) => Value,
): TypedOption<Value | undefined>;
function value<Value>(
  flags: string,
  help: string,
  parse: (text: string, before?: Value) => Value,
  defaultValue: Value,
): TypedOption<Value>;
function value<Value>(
  flags: string,
  help: string,
  parse: (text: string, before?: Value) => Value,
  defaultValue?: Value,
) {
  return new TypedOption<Value | undefined>(flags, help).argParser(parse).default(defaultValue);
}

function traceOption(): TypedOption<string | undefined> {
  return value('--trace <file>', 'write a timeline of the work, for ui.perfetto.dev or chrome://tracing', asIs);
}

function listOf<Item>(parse: (text: string) => Item): (text: string) => Item[] {
  return (text) => text.split(',').map(parse);
}

function oneMore(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function asIs(text: string): string {
  return text;
}

/** For the output: the last of two would be the only one written. */
function onlyOnce(path: string, before?: string): string {
  if (before === undefined) return path;
  const message = `Expected one path after -o, but received '${before}' and '${path}'. Leave one of them out.`;
  throw new NeighborProductError('INVALID_OPTION', message);
}

// A parser's message is what it expects; usage-errors.ts makes a sentence of it.

function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`a whole number from 1 to ${most}`);
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** `1000`, `2^28`, `64M` or `1.5g`: thousands, millions and billions. */
function parsePixelCount(text: string): number {
  const [, digits, unit = ''] = /^(\d+|\d+\.\d+(?=[kmg]))([kmg]?)$/i.exec(text) ?? [];
  const [, exponent] = /^2\^(\d+)$/.exec(text) ?? [];
  const count = exponent === undefined ? Math.round(Number(digits) * UNITS[unit.toLowerCase()]) : 2 ** Number(exponent);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('a number of pixels such as 1000000, 64M, 2G or 2^28');
}

/** `67108864`, `256M` or `1.5G`, in units of 1024. */
function parseByteCount(text: string): number {
  const [, digits, unit = ''] = /^(\d+|\d+\.\d+(?=[kmg]))([kmg]?)(?:i?b)?$/i.exec(text) ?? [];
  const count = Math.round(Number(digits) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' '));
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('a number of bytes such as 67108864, 256M or 2G');
}

function parseRawSize(text: string): ImageShape {
  const [, width, height, samples = 'rgba'] = /^([1-9]\d{0,8})x([1-9]\d{0,8})(?::(rgba?))?$/i.exec(text) ?? [];
  if (width !== undefined) {
    return { width: Number(width), height: Number(height), channels: samples.toLowerCase() === 'rgb' ? 3 : 4 };
  }
  throw new InvalidArgumentError('a size such as 1920x1080, 1920x1080:rgb or 1920x1080:rgba');
}

function parseShard(text: string): string {
  if (isShard(text)) return text;
  throw new InvalidArgumentError(SHARD_FORMS);
}

/** A parsed value as it can be typed. */
export function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { width, height, channels } = value as ImageShape;
  return `${width}x${height}:${channels === 3 ? 'rgb' : 'rgba'}`;
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < 2 ** 32) return seed;
  throw new InvalidArgumentError('a whole number from 0 to 2^32 - 1');
}

function parseFrom(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('a whole number from 0 to 2^53 - 1');
}

const SIZE_NAMES = Object.keys(NAMED_SIZES);
const DEFAULT_SIZE_NAMES = SIZE_NAMES.filter((name) => DEFAULT_SIZES.includes(NAMED_SIZES[name])).join(',');

/** `half (950x535)` */
function nameAndSize(name: string): string {
  const { width, height } = NAMED_SIZES[name];
  return `${name} (${width}x${height})`;
}

function parseSize(name: string): Size {
  if (SIZE_NAMES.includes(name)) return NAMED_SIZES[name];
  const [, width, height] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(name) ?? [];
  if (width !== undefined) return { width: Number(width), height: Number(height) };
  throw new InvalidArgumentError(`a list of ${SIZE_NAMES.join(', ')} or sizes such as 640x480`);
}

function parseKind(name: string): BenchKind {
  const kind = BENCH_KINDS.find((known) => known === name);
  if (kind !== undefined) return kind;
  throw new InvalidArgumentError(`a list of ${BENCH_KINDS.join(', ')}`);
}
