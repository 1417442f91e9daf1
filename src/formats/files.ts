/** Whole files, read into memory and written from it. */
import { createReadStream, rmSync, type Stats, writeFileSync } from 'node:fs';
import {
  access,
  chmod,
  chown,
  constants,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { NeighborProductError } from '../errors.js';

/** The most bytes of an input: /dev/zero and its like never end. */
const MAX_INPUT_BYTES = 2 ** 31;

/** Names of files that this process has open already, which must not be replaced by others. */
const OPEN_FILES = /^\/(dev\/(stdout|stderr|fd\/)|proc\/)/;

/** Temporary files that are not renamed yet. */
const unfinished = new Set<string>();

/**
 * Reads a file, a pipe or, for `-`, standard input to its end.
 *
 * @throws NeighborProductError `INPUT_UNREADABLE`
 */
export async function readInput(inputPath: string): Promise<Uint8Array> {
  if (inputPath === '-' && process.stdin.isTTY) {
    const message = 'Cannot read standard input: it is a terminal. Name a file, or redirect one with < FILE.';
    throw new NeighborProductError('INPUT_UNREADABLE', message);
  }
  try {
    return await gather(inputPath === '-' ? process.stdin : createReadStream(inputPath, { highWaterMark: 2 ** 20 }));
  } catch (error) {
    throw error instanceof NeighborProductError ? error : unreadable(inputPath, error);
  }
}

/** Reads a text file. @throws NeighborProductError `INPUT_UNREADABLE` */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

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

async function gather(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let byteLength = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    byteLength += piece.length;
    if (byteLength > MAX_INPUT_BYTES) {
      const message = `The input has more than ${MAX_INPUT_BYTES} bytes. Name a smaller file.`;
      throw new NeighborProductError('INPUT_UNREADABLE', message);
    }
  }
  return Buffer.concat(pieces);
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

/** The cause and what to do, by the system's error code. */
type Explanations = Readonly<Record<string, string>>;

const READING: Explanations = {
  ENOENT: 'no such file. Check the path',
  EISDIR: 'it is a folder. Name a file in it',
  ENOTDIR: 'a part of its path is not a folder. Check the path',
  EACCES: 'permission denied. Change its permissions or run as another user',
};

const WRITING: Explanations = {
  ENOENT: 'its folder does not exist. Create it first',
  EISDIR: 'it is a folder. Name a file in it',
  ENOTDIR: 'a part of its path is not a folder. Check the path',
  EACCES: 'permission denied. Change the permissions of file and folder, or name another',
  EROFS: 'the file system is read-only. Name another place',
  ENOSPC: 'the disk is full. Make room or name another place',
};

/** The `INPUT_UNREADABLE` of an error of Node's file functions. */
export function unreadable(inputPath: string, cause: unknown): NeighborProductError {
  const name = inputPath === '-' ? 'standard input' : `'${inputPath}'`;
  const message = `Cannot read ${name}: ${explain(cause, READING)}.`;
  return new NeighborProductError('INPUT_UNREADABLE', message, { cause });
}

/** The `OUTPUT_UNWRITABLE` of an error of Node's file functions. */
export function unwritable(outputPath: string, cause: unknown): NeighborProductError {
  const message = `Cannot write '${outputPath}': ${explain(cause, WRITING)}.`;
  return new NeighborProductError('OUTPUT_UNWRITABLE', message, { cause });
}

function explain(cause: unknown, explanations: Explanations): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return explanations[code] ?? `${message}. Name another file`;
}
