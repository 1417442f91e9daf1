/** Files written whole or not at all, where the file system allows it. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  type Stats,
  writeFile as writeFileBy,
  writeSync,
} from 'node:fs';
import { access, constants, readlink, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import { unwritable } from './explain.js';
import { nameFrom, pathIn, pathOf } from './names.js';
import { deleteLeftovers, temporaryIn } from './temporary.js';

/**
 * Gives the file `to` the ACL and the extended attributes of the file `from`, and no others, or throws. Paths are bytes.
 */
export type CopyAttributes = (from: Uint8Array, to: Uint8Array) => void;

/** Names of files that a process has open already. */
const OPEN_FILES = /^\/(dev\/(stdout|stderr|fd\/.*)|proc\/.*)$/;

/** A file system refuses one way of writing, another may work. Not among them: a full or failing disk. */
const REFUSALS = new Set(['EACCES', 'EBUSY', 'EINVAL', 'ENAMETOOLONG', 'ENOSYS', 'ENOTSUP', 'EPERM', 'EROFS', 'EXDEV']);

/** For a file system that has nothing to flush. */
const CANNOT_FLUSH = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP']);

/** Before the umask. */
const NEW_FILE_MODE = 0o666;

/** Files that are deleted unless they are finished: temporary ones, and new ones written in place. */
const unfinished = new Set<string>();

/** Folders in which leftovers were looked for. */
const searched = new Set<string>();

/** Whether a path names a file that this process has open already, which must not be replaced by another. */
export function isOpenFile(path: string): boolean {
  return OPEN_FILES.test(path);
}

/**
 * Writes a file. Where the file system allows it as a whole or not at all: under a temporary name in its folder, then
 * renamed. An existing file must be writable; its replacement has its owner, its permissions and its attributes, but not
 * its hard links. Where one of these is refused, the file is written in place. A symbolic link is followed. A pipe or a
 * device is written to directly.
 *
 * @returns why the file was written in place, if it was
 * @throws NeighborProductError `OUTPUT_UNWRITABLE`
 */
export async function writeOutput(
  outputPath: string,
  bytes: Uint8Array,
  copyAttributes: CopyAttributes,
): Promise<string | undefined> {
  let target = outputPath;
  try {
    const existing = await stat(pathOf(outputPath)).catch(absentOrThrow);
    target = await followLinks(outputPath);
    if (isOpenFile(target) || (existing && !existing.isFile())) {
      await writeFile(pathOf(target), bytes);
      return undefined;
    }
    if (existing) await access(pathOf(target), constants.W_OK);
    return await writeRegularFile(target, bytes, existing, copyAttributes).finally(() => searchOnce(dirname(target)));
  } catch (error) {
    throw unwritable(outputPath, error, dirname(target));
  }
}

/**
 * Deletes every file that {@link writeOutput} has begun and not finished. Synchronous: for the handler of a signal, right
 * before the process ends.
 */
export function removeUnfinishedOutputs(): void {
  for (const path of unfinished) rmSync(pathOf(path), { force: true });
}

/** After the first file was written, so that nothing waits for it. */
function searchOnce(folder: string): void {
  if (searched.has(folder)) return;
  searched.add(folder);
  void deleteLeftovers(folder, unfinished);
}

/** Where a symbolic link leads in the end, whether a file exists there or not. Circular links were refused before. */
async function followLinks(path: string): Promise<string> {
  if (isOpenFile(path)) return path;
  const link = await readlink(pathOf(path), 'buffer').catch(() => undefined);
  if (link === undefined) return path;
  const name = nameFrom(link);
  return followLinks(isAbsolute(name) ? name : pathIn(dirname(path), name));
}

function absentOrThrow(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** @returns why the file was written in place, if it was */
async function writeRegularFile(
  target: string,
  bytes: Uint8Array,
  existing: Stats | undefined,
  copyAttributes: CopyAttributes,
): Promise<string | undefined> {
  const temporary = temporaryIn(dirname(target));
  const copy = () => copyAttributes(Buffer.from(pathOf(target)), Buffer.from(pathOf(temporary)));
  let step: string | undefined = 'temporary file refused'; // what is refused, undefined while content is written
  const write = async (file: number) => {
    step = 'copy of the access rights refused';
    if (existing) takeOver(file, existing, copy);
    step = undefined;
    await fill(file, bytes);
  };
  const replace = () => {
    step = 'rename refused';
    return rename(pathOf(temporary), pathOf(target));
  };
  try {
    // Nobody else may open the file before it has the rights of the one that it replaces.
    await create(temporary, existing ? 0o600 : NEW_FILE_MODE, write, replace);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (step === undefined || !(code === undefined || REFUSALS.has(code))) throw error;
    if (existing) overwrite(target, bytes);
    else await create(target, NEW_FILE_MODE, (file) => fill(file, bytes));
    return `${step} (${code ?? message})`;
  }
}

/**
 * Creates a file that does not exist, and deletes it on failure.
 *
 * @param finish runs when the file is closed, before it counts as finished
 */
async function create(
  path: string,
  mode: number,
  write: (file: number) => Promise<void>,
  finish?: () => Promise<void>,
): Promise<void> {
  // Synchronous: nothing creates a file any more once removeUnfinishedOutputs has run.
  const file = openSync(pathOf(path), 'wx', mode);
  unfinished.add(path);
  try {
    await write(file).finally(() => closeSync(file));
    await finish?.();
  } catch (error) {
    await unlink(pathOf(path)).catch(() => {});
    throw error;
  } finally {
    unfinished.delete(path);
  }
}

/** To the disk: after a loss of power, a file that was renamed must not be empty. */
async function fill(file: number, bytes: Uint8Array): Promise<void> {
  await promisify(writeFileBy)(file, bytes);
  await promisify(fdatasync)(file).catch(ignoreUnsupported);
}

/**
 * Gives a new file what the old one has. In this order its rights are never wider than the old ones. What is equal is not
 * set: some file systems have one owner and one mode for all files, and refuse to change them.
 */
function takeOver(file: number, { uid, gid, mode }: Stats, copyAttributes: () => void): void {
  const own = fstatSync(file);
  if (own.uid !== uid || own.gid !== gid) fchownSync(file, uid, gid);
  copyAttributes();
  if (fstatSync(file).mode !== mode) fchmodSync(file, mode & 0o7777);
}

/**
 * Writes over a file. What goes beyond its end comes first: if the disk is full, the file is as it was. Synchronous, so
 * that no signal ends the process half-way.
 */
function overwrite(path: string, bytes: Uint8Array): void {
  const file = openSync(pathOf(path), 'r+');
  try {
    const { size } = fstatSync(file);
    if (bytes.length > size) extend(file, bytes.subarray(size), size);
    writeAt(file, bytes.subarray(0, size), 0);
    ftruncateSync(file, bytes.length);
  } finally {
    closeSync(file);
  }
}

/** @param size of the file, which it has again if this fails */
function extend(file: number, bytes: Uint8Array, size: number): void {
  try {
    writeAt(file, bytes, size);
    try {
      fdatasyncSync(file);
    } catch (error) {
      ignoreUnsupported(error as NodeJS.ErrnoException);
    }
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  }
}

function writeAt(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, position + at);
}

function ignoreUnsupported(error: NodeJS.ErrnoException): void {
  if (!CANNOT_FLUSH.has(error.code ?? '')) throw error;
}
