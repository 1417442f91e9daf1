/** Files written whole or not at all. */
import { rmSync, type Stats, writeFileSync } from 'node:fs';
import { access, chmod, chown, constants, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { unwritable } from './explain.js';

/** Names of files that this process has open already, which must not be replaced by others. */
const OPEN_FILES = /^\/(dev\/(stdout|stderr|fd\/)|proc\/)/;

/** Temporary files that are not renamed yet. */
const unfinished = new Set<string>();

/**
 * Writes a file as a whole or not at all: under a temporary name in its folder, then renamed. An existing file must be
 * writable and keeps its permissions and, where that is allowed, its owner, but not its hard links; a symbolic link is
 * followed. A pipe or a device is written to directly.
 *
 * @throws NeighborProductError `OUTPUT_UNWRITABLE`
 */
export async function writeOutput(outputPath: string, bytes: Uint8Array): Promise<void> {
  try {
    if (OPEN_FILES.test(outputPath)) return await writeFile(outputPath, bytes);
    const existing = await stat(outputPath).catch(absentOrThrow);
    if (existing && !existing.isFile()) return await writeFile(outputPath, bytes);
    if (existing) await access(outputPath, constants.W_OK);
    await replaceFile(await followLinks(outputPath), bytes, existing);
  } catch (error) {
    throw unwritable(outputPath, error);
  }
}

/**
 * Deletes the temporary file of every {@link writeOutput} that has not finished. Synchronous: for the handler of a
 * signal, right before the process ends.
 */
export function removeUnfinishedOutputs(): void {
  for (const temporary of unfinished) rmSync(temporary, { force: true });
}

/** Where a symbolic link leads in the end, whether a file exists there or not. Circular links were refused before. */
async function followLinks(path: string): Promise<string> {
  const link = await readlink(path).catch(() => undefined);
  return link === undefined ? path : followLinks(resolve(await realpath(dirname(path)), link));
}

function absentOrThrow(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function replaceFile(target: string, bytes: Uint8Array, existing: Stats | undefined): Promise<void> {
  // No UUID: node:crypto takes longer to load than a small image to transform.
  const unique = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  const temporary = join(dirname(target), `.neighbor-product-${unique}.tmp`);
  unfinished.add(temporary);
  try {
    // Synchronous, and below only opened: nothing creates the file again once removeUnfinishedOutputs has run.
    writeFileSync(temporary, '', { flag: 'wx', mode: existing ? 0o600 : 0o666 });
    await writeFile(temporary, bytes, { flag: 'r+' });
    if (existing) await takeOver(temporary, existing);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    unfinished.delete(temporary);
  }
}

async function takeOver(temporary: string, { uid, gid, mode }: Stats): Promise<void> {
  // Only root may give files away; anyone else's new file is their own.
  await chown(temporary, uid, gid).catch(() => {});
  await chmod(temporary, mode);
}
