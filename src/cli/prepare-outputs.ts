/** Refuses, before anything runs, what would fail or do harm after the work is done. */
import type { BigIntStats } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NeighborProductError } from '../errors.js';
import { namesFolder, type Plan, planOutputs } from './plan-outputs.js';
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
  await refuseInputAsOutput(plans);
  if (isFolder) await createFolder(output);
  else await requireFolderOf(plans[0].output);
  return plans;
}

async function refuseInputAsOutput(plans: readonly Plan[]): Promise<void> {
  const inputOf = new Map<string, string>();
  for (const { input } of plans) {
    const identity = await identityOf(input);
    if (identity !== undefined) inputOf.set(identity, input);
  }
  for (const { output } of plans) {
    const input = inputOf.get((await identityOf(output)) ?? '');
    if (input === undefined) continue;
    throw new NeighborProductError(
      'INVALID_OPTION',
      `Expected an output that is not an input, but '${output}' is the same file as '${input}'. Name another file or folder after -o.`,
    );
  }
}

/** The same for every path of one file: through symbolic links, hard links, `./`, and letter case where that is one. */
async function identityOf(path: string): Promise<string | undefined> {
  if (path === '-') return undefined;
  const stats = await statIfAny(path);
  return stats?.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
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

async function requireFolderOf(output: string): Promise<void> {
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
