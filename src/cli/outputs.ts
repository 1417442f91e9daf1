/** Which output belongs to which input; refuses, before anything runs, what would fail or do harm later. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { NeighborProductError } from '../errors.js';
import { unreadable, unwritable } from '../files/explain.js';
import { createFolder } from '../files/folders.js';
import { pathIn, pathOf } from '../files/names.js';
import { identityOf, isFolder, statsOf } from '../files/stats.js';
import { productName, refuseForeignExtension, withOwnExtension } from '../formats/formats.js';
import { DEFAULT_FORMAT } from '../formats/png/codec.js';
import type { FilePair } from '../image-files/flow.js';
import type { Failed } from '../image-files/transform-files.js';
import { type FoundInput, findInputs, namesSeveral } from './inputs.js';
import { COMMAND_NAMES, type TransformRequest } from './program.js';
import { isInShard, resolveShard, type Shard } from './shard.js';
import { asPath, suggestCommand } from './suggestions.js';
import { usage } from './usage-errors.js';

/** What is to be done. */
export interface Plan {
  readonly files: readonly FilePair[];
  /** What `--skip-existing` leaves out. */
  readonly skipped: readonly FilePair[];
  /** What is known already to fail. */
  readonly failed: readonly Failed[];
  /** Whether several files may be meant, though there may be one. */
  readonly isBatch: boolean;
  /** Which part of how many files this is. */
  readonly shard?: Shard & { readonly allFiles: number };
}

const known = new WeakMap<TransformRequest, Promise<Plan>>();

/**
 * Plans the outputs, and checks that each can be written and overwrites no input. The folder of the outputs is created, those
 * in it when a file is written. Once for a request: a list on standard input can be read only once.
 *
 * @throws NeighborProductError `INVALID_OPTION`, `INPUT_UNREADABLE`, `OUTPUT_UNWRITABLE`
 */
export function prepareOutputs(request: TransformRequest): Promise<Plan> {
  const plan = known.get(request) ?? prepare(request);
  known.set(request, plan);
  return plan;
}

async function prepare(given: TransformRequest): Promise<Plan> {
  refuseSharedInput(given);
  const request = given.inPlace ? given : await withOutput(given);
  const isBatch = namesSeveral(request);
  const { output } = request;
  const intoFolder = output !== undefined && output !== '-' && isOutputFolder(output, request);
  const found = await findInputs(request, intoFolder ? output : undefined);
  const readable = found.filter(({ error }) => error === undefined);
  const all =
    output === undefined ? planInPlace(request, readable) : planOutputs({ ...request, output }, readable, intoFolder);
  // Of all parts: another one may be under way.
  const inputs = all.map(({ input }) => input);
  if (output === undefined) refuseTwice(inputs);
  else refuseOverwriting(inputs, outputsOf(all));
  const shard = request.shard === undefined ? undefined : resolveShard(request.shard, process.env);
  const isOurs = ({ relative }: FoundInput) => shard === undefined || isInShard(relative, shard);
  const files = all.filter((_file, index) => isOurs(readable[index]));
  const isDone = (file: FilePair) => request.skipExisting === true && isNewer(file.output, file.input);
  const failed = found.filter((input) => input.error !== undefined && isOurs(input));
  if (intoFolder) await createFolder(output);
  else if (output !== undefined) await requireFolderOf(output);
  return {
    files: files.filter((file) => !isDone(file)),
    skipped: files.filter(isDone),
    failed: failed.map(({ path, error }) => ({ kind: 'failed', file: { input: path, output: '' }, error })),
    isBatch,
    ...(shard && { shard: { ...shard, allFiles: found.length } }),
  };
}

/** Whether the output is a folder: an existing one, one that ends in a slash, or for a folder a new one. */
function isOutputFolder(output: string, { inputs, filesFrom }: TransformRequest): boolean {
  if (namesFolder(output) || isFolder(output)) return true;
  // `folder -o out.png` is a mistake.
  if (extname(output) !== '' || statsOf(output) !== undefined) return false;
  return filesFrom !== undefined || (inputs.length === 1 && inputs[0] !== '-' && isFolder(inputs[0]));
}

function outputsOf(files: readonly FilePair[]): string[] {
  return files.map(({ output }) => output);
}

/** Standard input is one image, or the list. */
function refuseSharedInput({ inputs, filesFrom }: TransformRequest): void {
  if (filesFrom !== '-' || !inputs.includes('-')) return;
  throw usage('Both the input - and --files-from - need standard input. Leave one of them out.');
}

/**
 * Of two inputs without an output, the second one is the output, unless it is a file, or both are folders: a pattern may have
 * become two names, and one image would be lost.
 *
 * @throws NeighborProductError `INVALID_OPTION`, with the command line to type; `INPUT_UNREADABLE` where that would fail
 */
async function withOutput(request: TransformRequest): Promise<CompleteRequest> {
  const { inputs, output, filesFrom } = request;
  if (output) return { ...request, output };
  refuseLateOption(request);
  const [first, second] = inputs;
  const isOne = inputs.length === 2 && output === undefined && second !== '-' && filesFrom === undefined;
  const exists = isOne && statsOf(second) !== undefined && (!isFolder(second) || isFolder(first));
  if (isOne && !exists) return { ...request, inputs: [first], output: second };
  for (const input of inputs) await requireInput(input);
  refuseSharedOutput(plansIn(PRODUCTS, named(inputs), request));
  const existing = isOne ? `, and '${second}' exists already. Put -o before it to overwrite it, or transform both` : '';
  const actual = output === '' ? 'received none, or an empty one' : `received none${existing}`;
  throw usage(`Expected an output path after -o, but ${actual}. Type: ${suggestFor(request)}`);
}

/** After `--`, `-o` is an input. */
function refuseLateOption(request: TransformRequest): void {
  const at = request.inputs.findIndex((input) => ['-o', '--output'].includes(input));
  const inputs = request.inputs.filter((_input, index) => index !== at && index !== at + 1);
  if (at < 0 || inputs.length === 0) return;
  const path = request.inputs[at + 1];
  const fits = path !== undefined && (inputs.length === 1 || namesFolder(path));
  const command = suggestFor({ ...request, inputs }, fits ? withOwnExtension(path, request.format) : undefined);
  throw usage(`Expected -o before --, but it comes after it. Type: ${command}`);
}

async function requireInput(input: string): Promise<void> {
  if (input === '-') return;
  await stat(pathOf(input)).catch((error) => {
    throw unreadable(input, error);
  });
}

/** Whether a path ends as that of a folder. */
export function namesFolder(path: string): boolean {
  return /[/\\]$/.test(path) || ['.', '..'].includes(basename(path));
}

/** A request with its output. */
type CompleteRequest = TransformRequest & { readonly output: string };

/**
 * The outputs without a look at the disk.
 *
 * @param intoFolder whether the output is a folder, so that each image is written there under its input's name
 * @throws NeighborProductError `INVALID_OPTION`, with the command line to type
 */
export function planOutputs(request: CompleteRequest, found: readonly FoundInput[], intoFolder: boolean): FilePair[] {
  const { inputs, output, json, raw, format } = request;
  const isOneFile = found.length === 1 && inputs.length === 1 && found[0].path === inputs[0];
  if (!isOneFile && !intoFolder) {
    refuseSharedOutput(plansIn(PRODUCTS, found, request));
    const actual = output === '-' ? 'standard output' : `'${output}'`;
    const folder = output !== '-' && extname(output) === '' ? `${output}/` : undefined;
    const count = found.length === 1 ? 'a folder or a list' : `${found.length} inputs`;
    throw usage(`Expected a folder for ${count}, but received ${actual}. Type: ${suggestFor(request, folder)}`);
  }
  if (output === '-' && json) {
    throw usage(`Both --json and -o - need standard output. Type: ${suggestFor(request)}`);
  }
  if (!intoFolder && raw === undefined) {
    refuseForeignExtension(output, format, (suggested) => suggestFor(request, suggested));
  }
  const plans = intoFolder ? plansIn(output, found, request) : [{ input: found[0].path, output }];
  refuseSharedOutput(plans);
  return plans;
}

/** Each file replaces itself. @throws NeighborProductError `INVALID_OPTION` for what cannot be written */
function planInPlace(request: TransformRequest, found: readonly FoundInput[]): FilePair[] {
  const { raw, format } = request;
  const fixed = found.find(
    ({ path }) => path === '-' || (raw === undefined && withOwnExtension(path, format) !== path),
  );
  if (fixed === undefined) return found.map(({ path }) => ({ input: path, output: path }));
  const why = format === undefined ? 'whose format is only read' : `which would become ${format}`;
  const what = fixed.path === '-' ? 'standard input' : `'${fixed.path}', ${why}`;
  const otherOptions = request.otherOptions.filter((option) => option !== '--in-place');
  throw usage(`Cannot replace ${what}. Type: ${suggestFor({ ...request, otherOptions })}`);
}

type NamingRequest = Pick<TransformRequest, 'raw' | 'format'>;

function plansIn(
  folder: string,
  found: readonly FoundInput[],
  { raw, format = DEFAULT_FORMAT }: NamingRequest,
): FilePair[] {
  const nameOf = ({ path, relative }: FoundInput) => {
    if (raw !== undefined) return path === '-' ? 'stdin.raw' : relative;
    return withOwnExtension(path === '-' ? 'stdin.png' : relative, format);
  };
  return found.map((input) => ({ input: input.path, output: pathIn(folder, nameOf(input)) }));
}

/** Paths of files as they are named. */
function named(inputs: readonly string[]): FoundInput[] {
  return inputs.map((path) => ({ path, relative: basename(path) }));
}

function refuseSharedOutput(files: readonly FilePair[]): void {
  const inputOf = new Map<string, string>();
  for (const { input, output } of files) {
    const other = inputOf.get(output);
    if (other === input) throw usage(`The input '${input}' is named twice. Name it once.`);
    if (other !== undefined) {
      throw usage(
        `The inputs '${other}' and '${input}' have the same output '${output}'. ` +
          'Leave one of them out, or run the command once for each, with another folder.',
      );
    }
    inputOf.set(output, input);
  }
}

/** The command line with an output: the one given, unless it is an input. */
function suggestFor(request: TransformRequest, output?: string): string {
  const { inputs, otherOptions } = request;
  const isFree = output !== undefined && !includesFile(inputs, output);
  const suggested = namesSeveral(request) ? suggestFolder(request) : suggestOutput(inputs[0], request);
  const paths = inputs.map((input) => asPath(input, COMMAND_NAMES));
  return suggestCommand([...paths, '-o', asPath(isFree ? output : suggested), ...otherOptions]);
}

function includesFile(paths: readonly string[], path: string): boolean {
  return paths.some((other) => resolve(other) === resolve(path));
}

/** One where no input lies. */
function suggestFolder(request: TransformRequest): string {
  let folder = PRODUCTS;
  const isTaken = () => {
    const outputs = outputsOf(plansIn(folder, named(request.inputs), request));
    return [folder, ...outputs].some((path) => includesFile(request.inputs, path));
  };
  for (let number = 2; isTaken(); number++) {
    folder = `products-${number}/`;
  }
  return folder;
}

const PRODUCTS = 'products/';

function suggestOutput(input: string, { raw, format }: NamingRequest): string {
  if (raw !== undefined) return input === '-' ? 'out.raw' : input.replace(/(\.\w+)?$/, '-product$1');
  return input === '-' ? withOwnExtension('out.png', format) : productName(input, format);
}

/**
 * Refuses to write over an input, and to write two outputs to one file.
 *
 * @throws NeighborProductError `INVALID_OPTION`
 */
export function refuseOverwriting(reads: readonly string[], writes: readonly string[]): void {
  const identities = new Identities();
  const inputOf = new Map(reads.map((input) => [identities.of(input), input]));
  const outputOf = new Map<string, string>();
  for (const output of writes) {
    const identity = identities.of(output);
    if (identity === undefined) continue;
    const input = inputOf.get(identity);
    if (input !== undefined) {
      throw usage(`The output '${output}' is the same file as the input '${input}'. Name another file or folder.`);
    }
    const other = outputOf.get(identity);
    if (other !== undefined) {
      throw usage(`The output '${output}' is the same file as the output '${other}'. Name another file or folder.`);
    }
    outputOf.set(identity, output);
  }
}

/** Refuses to replace a file twice. @throws NeighborProductError `INVALID_OPTION` */
function refuseTwice(paths: readonly string[]): void {
  const identities = new Identities();
  const seen = new Map<string, string>();
  for (const path of paths) {
    const identity = identities.of(path);
    if (identity === undefined) continue;
    const other = seen.get(identity);
    if (other !== undefined) throw usage(`'${path}' is the same file as '${other}'. Name it once.`);
    seen.set(identity, path);
  }
}

/** Files by what they are and not by their names. Looks once at each folder. */
class Identities {
  readonly #folders = new Map<string, BigIntStats | undefined>();

  /**
   * The same for every path of one file: through symbolic links, hard links, `./`, and letter case on file systems that
   * ignore it. A file that does not exist yet is identified by its folder and name; what is not a file has no identity.
   */
  of(path: string): string | undefined {
    if (path === '-') return undefined;
    const stats = statsOf(path);
    if (stats) return stats.isFile() ? identityOf(stats) : undefined;
    const name = dirname(path);
    if (!this.#folders.has(name)) this.#folders.set(name, statsOf(name));
    const folder = this.#folders.get(name);
    return folder && `${identityOf(folder)}/${basename(path)}`;
  }
}

/** Whether a file exists, complete as every output is, and its input did not change after it. */
function isNewer(output: string, input: string): boolean {
  const [written, read] = [statsOf(output), statsOf(input)];
  return written !== undefined && read !== undefined && written.isFile() && written.mtimeNs >= read.mtimeNs;
}

/** Refuses a file whose folder does not exist. @throws NeighborProductError `OUTPUT_UNWRITABLE` */
export async function requireFolderOf(output: string): Promise<void> {
  const folder = dirname(output);
  if (output === '-') return;
  try {
    if ((await stat(pathOf(folder))).isDirectory()) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unwritable(output, error);
    throw outputError(`The output folder '${folder}' does not exist. Create it first.`);
  }
  throw outputError(`Cannot write '${output}': '${folder}' is not a folder. Name another one.`);
}

function outputError(message: string): NeighborProductError {
  return new NeighborProductError('OUTPUT_UNWRITABLE', message);
}
