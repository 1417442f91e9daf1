/** Which output belongs to which input; refuses, before anything runs, what would fail or do harm later. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { NeighborProductError } from '../errors.js';
import { unreadable, unwritable } from '../files/explain.js';
import { createFolder, isFolder } from '../files/folders.js';
import { pathIn, pathOf } from '../files/names.js';
import { productName, refuseForeignExtension, withOwnExtension } from '../formats/formats.js';
import { DEFAULT_FORMAT } from '../formats/png/codec.js';
import { COMMAND_NAMES, type TransformRequest } from './program.js';
import { asPath, suggestCommand } from './suggestions.js';

/** One image to transform; `-` is standard input or standard output. */
export interface Plan {
  readonly input: string;
  readonly output: string;
}

/**
 * Plans the outputs, and checks that each can be written and overwrites no input. A folder whose path ends in a slash is
 * created.
 *
 * @throws NeighborProductError `INVALID_OPTION`, `OUTPUT_UNWRITABLE`
 */
export async function prepareOutputs(given: TransformRequest): Promise<Plan[]> {
  const request = await withOutput(given);
  const { output } = request;
  const intoFolder = output !== '-' && (namesFolder(output) || (await isFolder(output)));
  const plans = planOutputs(request, intoFolder);
  await refuseOverwriting(
    plans.map(({ input }) => input),
    plans.map(({ output }) => output),
  );
  if (intoFolder) await createFolder(output);
  else await requireFolderOf(plans[0].output);
  return plans;
}

/**
 * Of two inputs without an output, the second one is the output, unless it is a file: a pattern may have become two
 * names, and one image would be lost.
 *
 * @throws NeighborProductError `INVALID_OPTION`, with the command line to type; `INPUT_UNREADABLE` where that would fail
 */
async function withOutput(request: TransformRequest): Promise<CompleteRequest> {
  const { inputs, output } = request;
  if (output) return { ...request, output };
  refuseLateOption(request);
  const [first, second] = inputs;
  const isOne = inputs.length === 2 && output === undefined && second !== '-';
  if (isOne && !(await isExistingFile(second))) return { ...request, inputs: [first], output: second };
  for (const input of inputs) await requireInput(input);
  refuseSharedOutput(plansIn(PRODUCTS, request));
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
  const stats = await stat(pathOf(input)).catch((error) => {
    throw unreadable(input, error);
  });
  if (stats.isDirectory()) throw unreadable(input, Object.assign(new Error('EISDIR'), { code: 'EISDIR' }));
}

/** Whether a path ends as that of a folder. */
export function namesFolder(path: string): boolean {
  return /[/\\]$/.test(path) || ['.', '..'].includes(basename(path));
}

/** A request with its output. */
type CompleteRequest = TransformRequest & { readonly output: string };

/**
 * The plan without a look at the disk.
 *
 * @param intoFolder whether the output is a folder, so that each image is written there under its input's name
 * @throws NeighborProductError `INVALID_OPTION`, with the command line to type
 */
export function planOutputs(request: CompleteRequest, intoFolder: boolean): Plan[] {
  const { inputs, output, json, raw, format } = request;
  if (inputs.length > 1 && !intoFolder) {
    refuseSharedOutput(plansIn(PRODUCTS, request));
    const actual = output === '-' ? 'standard output' : `'${output}'`;
    const folder = output !== '-' && extname(output) === '' ? `${output}/` : undefined;
    throw usage(
      `Expected a folder for ${inputs.length} inputs, but received ${actual}. Type: ${suggestFor(request, folder)}`,
    );
  }
  if (output === '-' && json) {
    throw usage(`Both --json and -o - need standard output. Type: ${suggestFor(request)}`);
  }
  if (!intoFolder && raw === undefined) {
    refuseForeignExtension(output, format, (suggested) => suggestFor(request, suggested));
  }
  const plans = intoFolder ? plansIn(output, request) : [{ input: inputs[0], output }];
  refuseSharedOutput(plans);
  return plans;
}

type InputsRequest = Pick<TransformRequest, 'inputs' | 'raw' | 'format'>;

function plansIn(folder: string, { inputs, raw, format = DEFAULT_FORMAT }: InputsRequest): Plan[] {
  const nameOf = (input: string) => {
    if (raw !== undefined) return input === '-' ? 'stdin.raw' : basename(input);
    return withOwnExtension(input === '-' ? 'stdin.png' : basename(input), format);
  };
  return inputs.map((input) => ({ input, output: pathIn(folder, nameOf(input)) }));
}

function refuseSharedOutput(plans: readonly Plan[]): void {
  const inputOf = new Map<string, string>();
  for (const { input, output } of plans) {
    const other = inputOf.get(output);
    if (other === input) throw usage(`The input '${input}' is named twice. Name it once.`);
    if (other !== undefined) {
      throw usage(
        `The inputs '${other}' and '${input}' have the same output '${output}'. ` +
          'Run the command once for each, with another folder.',
      );
    }
    inputOf.set(output, input);
  }
}

/** The command line with an output: the one given, unless it is an input. */
function suggestFor(request: TransformRequest, output?: string): string {
  const { inputs, otherOptions } = request;
  const isFree = output !== undefined && !includesFile(inputs, output);
  const suggested = inputs.length > 1 ? suggestFolder(request) : suggestOutput(inputs[0], request);
  const paths = inputs.map((input) => asPath(input, COMMAND_NAMES));
  return suggestCommand([...paths, '-o', asPath(isFree ? output : suggested), ...otherOptions]);
}

function includesFile(paths: readonly string[], path: string): boolean {
  return paths.some((other) => resolve(other) === resolve(path));
}

/** One where no input lies. */
function suggestFolder(request: InputsRequest): string {
  let folder = PRODUCTS;
  for (let number = 2; plansIn(folder, request).some(({ output }) => includesFile(request.inputs, output)); number++) {
    folder = `products-${number}/`;
  }
  return folder;
}

const PRODUCTS = 'products/';

function suggestOutput(input: string, { raw, format }: InputsRequest): string {
  if (raw !== undefined) return input === '-' ? 'out.raw' : input.replace(/(\.\w+)?$/, '-product$1');
  return input === '-' ? withOwnExtension('out.png', format) : productName(input, format);
}

/**
 * Refuses to write over an input, and to write two outputs to one file.
 *
 * @throws NeighborProductError `INVALID_OPTION`
 */
export async function refuseOverwriting(reads: readonly string[], writes: readonly string[]): Promise<void> {
  const inputOf = new Map<string, string>();
  const outputOf = new Map<string, string>();
  for (const input of reads) inputOf.set((await identityOf(input)) ?? '', input);
  for (const output of writes) {
    const identity = await identityOf(output);
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

/**
 * The same for every path of one file: through symbolic links, hard links, `./`, and letter case on file systems that
 * ignore it. A file that does not exist yet is identified by its folder and name; what is not a file has no identity.
 */
async function identityOf(path: string): Promise<string | undefined> {
  if (path === '-') return undefined;
  const stats = await statIfAny(path);
  if (stats) return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
  const folder = await statIfAny(dirname(path));
  return folder && `${folder.dev}:${folder.ino}/${basename(path)}`;
}

async function isExistingFile(path: string): Promise<boolean> {
  const stats = await statIfAny(path);
  return stats !== undefined && !stats.isDirectory();
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

/** Undefined where nothing exists, or nothing that can be looked at: reading or writing it says why. */
async function statIfAny(path: string): Promise<BigIntStats | undefined> {
  return stat(pathOf(path), { bigint: true }).catch(() => undefined);
}

/** The error of a command line that is not valid. */
export function usage(message: string): NeighborProductError {
  return new NeighborProductError('INVALID_OPTION', message);
}

function outputError(message: string): NeighborProductError {
  return new NeighborProductError('OUTPUT_UNWRITABLE', message);
}
