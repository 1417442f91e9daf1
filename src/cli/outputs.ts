/** Which output belongs to which input; refuses, before anything runs, what would fail or do harm later. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { NeighborProductError } from '../errors.js';
import { unwritable } from '../files/explain.js';
import { createFolder } from '../files/folders.js';
import { pathIn, pathOf, readableName } from '../files/names.js';
import { refuseForeignExtension, withOwnExtension } from '../formats/formats.js';
import type { TransformRequest } from './program.js';

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
export async function prepareOutputs(request: TransformRequest): Promise<Plan[]> {
  const { output } = request;
  const isFolder = output !== undefined && output !== '-' && (namesFolder(output) || (await isExistingFolder(output)));
  const plans = planOutputs(request, isFolder);
  await refuseOverwriting(
    plans.map(({ input }) => input),
    plans.map(({ output }) => output),
  );
  if (isFolder) await createFolder(output);
  else await requireFolderOf(plans[0].output);
  return plans;
}

/** Whether a path ends as that of a folder. */
export function namesFolder(path: string): boolean {
  return /[/\\]$/.test(path) || ['.', '..'].includes(basename(path));
}

/**
 * The plan without a look at the disk.
 *
 * @param isFolder whether the output is a folder, so that each image is written there under its input's name
 * @throws NeighborProductError `INVALID_OPTION`, with the command line to type
 */
export function planOutputs({ inputs, output, json }: TransformRequest, isFolder: boolean): Plan[] {
  if (output === undefined) {
    throw usage(`Expected an output path after -o, but received none. Type: ${suggestCommand(inputs)}`);
  }
  if (output === '') throw usage(`Expected a path after -o, but it is empty. Type: ${suggestCommand(inputs)}`);
  if (output === '-' && json) {
    throw usage('Both --json and -o - need standard output. Write to a file: -o out.png');
  }
  if (inputs.length > 1 && !isFolder) {
    const actual = output === '-' ? 'standard output' : `'${output}'`;
    throw usage(
      `Expected a folder for ${inputs.length} inputs, but received ${actual}. Type: ${suggestCommand(inputs)}`,
    );
  }
  if (!isFolder) refuseForeignExtension(output);
  const plans = inputs.map((input) => ({ input, output: isFolder ? pathIn(output, nameInFolder(input)) : output }));
  refuseSharedOutput(plans);
  return plans;
}

function nameInFolder(input: string): string {
  return input === '-' ? 'stdin.png' : withOwnExtension(basename(input));
}

function refuseSharedOutput(plans: readonly Plan[]): void {
  const inputOf = new Map<string, string>();
  for (const { input, output } of plans) {
    const other = inputOf.get(output);
    if (other !== undefined) {
      throw usage(
        `The inputs '${other}' and '${input}' have the same output '${output}'. ` +
          'Run the command once for each, with another folder.',
      );
    }
    inputOf.set(output, input);
  }
}

function suggestCommand(inputs: readonly string[]): string {
  const output = inputs.length > 1 ? 'products/' : suggestOutput(inputs[0]);
  return ['neighbor-product', ...inputs.map(quote), '-o', quote(output)].join(' ');
}

function suggestOutput(input: string): string {
  if (input === '-') return 'out.png';
  return `${withOwnExtension(input).replace(/\.png$/i, '')}-product.png`;
}

/** As an argument for a POSIX shell. */
function quote(arg: string): string {
  // Bytes that are no text are printed as \\xE9, which bash, zsh and ksh read back in $'...'.
  if (readableName(arg) !== arg) return `$'${arg.replace(/[\\']/g, '\\$&')}'`;
  return /^[\w./@%+=:,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
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

async function isExistingFolder(path: string): Promise<boolean> {
  return (await statIfAny(path))?.isDirectory() ?? false;
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
