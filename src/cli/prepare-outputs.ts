/** Refuses, before anything runs, what would fail or do harm after the work is done. */
import type { BigIntStats } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { NeighborProductError } from '../errors.js';
import { namesFolder, type Plan, planOutputs, usage } from './plan-outputs.js';
import type { TransformRequest } from './program.js';

/**
 * Plans the outputs and makes sure that each has a folder to be written to and is none of the inputs. A folder that is
 * named as one, with a slash at its end, is created.
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

/**
 * Makes sure that the report of a command that reads at most one file and writes at most one can be written.
 *
 * @throws NeighborProductError `INVALID_OPTION`, `OUTPUT_UNWRITABLE`
 */
export async function prepareReport(read: string | undefined, write: string | undefined): Promise<void> {
  if (write === undefined) return;
  await requireFolderOf(write);
  await refuseOverwriting(read === undefined ? [] : [read], [write]);
}

/**
 * Refuses to write over what is read, and to write two things to one file.
 *
 * @throws NeighborProductError with code `INVALID_OPTION`
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
      throw usage(
        `Expected an output that is not an input, but '${output}' is the same file as '${input}'. Name another file or folder.`,
      );
    }
    const other = outputOf.get(identity);
    if (other !== undefined) {
      throw usage(
        `Expected a file of its own for each output, but '${output}' is the same file as '${other}'. Name another file or folder.`,
      );
    }
    outputOf.set(identity, output);
  }
}

/**
 * The same for every path of one file: through symbolic links, hard links, `./`, and letter case where that is one. A
 * file that is not there yet is known by its folder and its name; of what is no file, nothing is known.
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

async function createFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const { message } = error as Error;
    throw unwritable(`Expected a folder '${path}' to write to, but it cannot be created: ${message}.`, error);
  }
}

/** @throws NeighborProductError with code `OUTPUT_UNWRITABLE` */
export async function requireFolderOf(output: string): Promise<void> {
  const folder = dirname(output);
  if (output === '-' || (await isExistingFolder(folder))) return;
  throw unwritable(`Expected an existing folder for the output '${output}', but '${folder}' is none. Create it first.`);
}

/** Absent where there is nothing, or nothing that can be looked at: reading or writing it says why. */
async function statIfAny(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

function unwritable(message: string, cause?: unknown): NeighborProductError {
  return new NeighborProductError('OUTPUT_UNWRITABLE', message, { cause });
}
