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
  readSync,
  rmSync,
  type Stats,
  writeFile as writeFileBy,
  writeSync,
  writev,
} from 'node:fs';
import { access, constants, readlink, rename, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import { NeighborProductError } from '../errors.js';
import { unwritable } from './explain.js';
import { createFolder } from './folders.js';
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

/** To create a file in a folder that other processes create and remove. */
const MOST_TRIES = 5;

/** Before the umask. */
const NEW_FILE_MODE = 0o666;

/** Files that are deleted unless they are finished: temporary ones, and new ones written in place. */
const unfinished = new Set<string>();

/** Folders in which leftovers were looked for. */
const searched = new Map<string, Promise<void>>();

/** Whether a path names a file that this process has open already, which must not be replaced by another. */
export function isOpenFile(path: string): boolean {
  return OPEN_FILES.test(path);
}

/**
 * Writes a file at once.
 *
 * @returns why the file was written in place, if it was
 * @throws NeighborProductError `OUTPUT_UNWRITABLE`
 */
export async function writeOutput(
  path: string,
  bytes: Uint8Array,
  copyAttributes: CopyAttributes,
): Promise<string | undefined> {
  const output = new OutputFile(path, copyAttributes);
  try {
    await output.write([bytes]);
    return await output.finish();
  } catch (error) {
    await output.abandon();
    throw error;
  }
}

/**
 * A file that is written piece by piece. Where the file system allows it as a whole or not at all: under a temporary name in
 * its folder, then renamed. An existing file must be writable; its replacement has its owner, its permissions and its
 * attributes, but not its hard links. Where one of these is refused, the file is written in place, once its content is
 * complete. A symbolic link is followed. A pipe or a device is written to directly. Nothing is touched before the first
 * piece.
 */
export class OutputFile {
  readonly #path: string;
  readonly #copyAttributes: CopyAttributes;
  #begun: Promise<Draft> | undefined;
  /** What is to be dropped if the file is not finished. */
  #draft: Draft | undefined;
  /** Whether its folder is created where it does not exist. */
  readonly #makesFolder: boolean;
  #isAbandoned = false;
  /** Resolves when nothing is being written. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(path: string, copyAttributes: CopyAttributes, makesFolder = false) {
    this.#path = path;
    this.#copyAttributes = copyAttributes;
    this.#makesFolder = makesFolder;
  }

  /** One call after another; without any bytes it only begins the file. @throws NeighborProductError `OUTPUT_UNWRITABLE` */
  write(pieces: readonly Uint8Array[]): Promise<void> {
    return this.#explained(async () => {
      const { file } = await this.#begin();
      // Its number may be another file's by now.
      if (this.#isAbandoned) throw new Error('The file was abandoned');
      if (pieces.length === 0) return;
      const writing = writeAll(file, pieces);
      this.#writing = writing.catch(() => {});
      await writing;
    });
  }

  /** @returns why the file was written in place, if it was. @throws NeighborProductError `OUTPUT_UNWRITABLE` */
  finish(): Promise<string | undefined> {
    return this.#explained(async () => {
      const draft = await this.#begin();
      if (draft.path !== undefined) await flush(draft.file).catch(ignoreUnsupported);
      const inPlace = await this.#replace(draft);
      await this.#drop(draft);
      if (draft.path !== undefined) searchOnce(dirname(draft.target));
      return inPlace;
    });
  }

  /** Deletes what was begun, once nothing is being written. Harmless after {@link finish}. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true;
    await this.#begun?.catch(() => {});
    await this.#writing;
    if (this.#draft !== undefined) await this.#drop(this.#draft);
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof NeighborProductError) throw error;
      throw unwritable(this.#path, error, dirname(this.#draft?.target ?? this.#path));
    }
  }

  #begin(): Promise<Draft> {
    this.#begun ??= this.#open().then((draft) => {
      this.#draft = draft;
      return draft;
    });
    return this.#begun;
  }

  async #open(): Promise<Draft> {
    const existing = await stat(pathOf(this.#path)).catch(absentOrThrow);
    const target = await followLinks(this.#path);
    const place = { target, existing };
    if (isOpenFile(target) || (existing && !existing.isFile()))
      return { ...place, file: openSync(pathOf(target), 'w') };
    if (existing) await access(pathOf(target), constants.W_OK);
    // Nobody else may open the file before it has the rights of the one that it replaces.
    const mode = existing ? 0o600 : NEW_FILE_MODE;
    let draft: Draft;
    try {
      draft = { ...place, ...(await this.#createTemporary(dirname(target), mode)) };
    } catch (error) {
      const inPlace = refusal('temporary file', error);
      return existing
        ? { ...place, ...create(temporaryIn(tmpdir()), mode), inPlace }
        : { ...place, ...create(target, mode), inPlace };
    }
    try {
      const copy = () => this.#copyAttributes(Buffer.from(pathOf(target)), Buffer.from(pathOf(draft.path!)));
      if (existing) takeOver(draft.file, existing, copy);
      return draft;
    } catch (error) {
      try {
        return { ...draft, inPlace: refusal('copy of the access rights', error) };
      } catch {
        await this.#drop(draft);
        throw error;
      }
    }
  }

  async #createTemporary(folder: string, mode: number): Promise<{ path: string; file: number }> {
    for (let tries = 1; ; tries++) {
      if (this.#makesFolder) await createFolder(folder);
      try {
        return create(temporaryIn(folder), mode);
      } catch (error) {
        // Another process may have removed the folder, which was empty.
        if (!this.#makesFolder || tries === MOST_TRIES || (error as NodeJS.ErrnoException).code !== 'ENOENT')
          throw error;
      }
    }
  }

  /** @returns why the file was written in place, if it was */
  async #replace({ file, path, target, existing, inPlace }: Draft): Promise<string | undefined> {
    if (path === undefined) return undefined;
    if (path === target) {
      unfinished.delete(path);
      return inPlace;
    }
    let reason = inPlace;
    if (reason === undefined) {
      try {
        await rename(pathOf(path), pathOf(target));
        unfinished.delete(path);
        return undefined;
      } catch (error) {
        reason = refusal('rename', error);
      }
    }
    if (existing) {
      overwrite(target, file);
    } else {
      const created = create(target, NEW_FILE_MODE);
      try {
        copyRange(file, created.file, 0, fstatSync(file).size);
        await flush(created.file).catch(ignoreUnsupported);
      } catch (error) {
        await unlink(pathOf(target)).catch(() => {});
        throw error;
      } finally {
        closeSync(created.file);
        unfinished.delete(target);
      }
    }
    return reason;
  }

  /** Closes a draft, and deletes it unless it has become the file. */
  async #drop({ file, path }: Draft): Promise<void> {
    this.#draft = undefined;
    closeSync(file);
    if (path === undefined || !unfinished.has(path)) return;
    await unlink(pathOf(path)).catch(() => {});
    unfinished.delete(path);
  }
}

/** What is written before it becomes the file. */
interface Draft {
  /** Where the file is to be, links followed. */
  readonly target: string;
  readonly existing: Stats | undefined;
  readonly file: number;
  /** Of what is written; absent where that is the pipe or the device itself. */
  readonly path?: string;
  /** Why the draft cannot replace the file. */
  readonly inPlace?: string;
}

/** Why one way of writing is refused, where another may work. @throws any other error */
function refusal(step: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!(code === undefined || REFUSALS.has(code))) throw error;
  return `${step} refused (${code ?? message})`;
}

/** Creates a file that does not exist. Synchronous: nothing creates one once {@link removeUnfinishedOutputs} has run. */
function create(path: string, mode: number): { path: string; file: number } {
  const file = openSync(pathOf(path), 'wx+', mode);
  unfinished.add(path);
  return { path, file };
}

/**
 * Deletes every file that was begun and not finished. Synchronous: for the handler of a signal, right
 * before the process ends.
 */
export function removeUnfinishedOutputs(): void {
  for (const path of unfinished) rmSync(pathOf(path), { force: true });
}

/** After the first file was written, so that nothing waits for it. */
function searchOnce(folder: string): void {
  if (!searched.has(folder)) searched.set(folder, deleteLeftovers(folder, unfinished));
}

/** Resolves when no leftovers are being looked for any more. */
export async function leftoversDeleted(): Promise<void> {
  await Promise.all(searched.values());
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
 *
 * @param source an open file with the new content
 */
function overwrite(path: string, source: number): void {
  const file = openSync(pathOf(path), 'r+');
  try {
    const [{ size }, { size: newSize }] = [fstatSync(file), fstatSync(source)];
    if (newSize > size) extend(file, source, size, newSize);
    copyRange(source, file, 0, Math.min(size, newSize));
    ftruncateSync(file, newSize);
  } finally {
    closeSync(file);
  }
}

/** @param size of the file, which it has again if this fails */
function extend(file: number, source: number, size: number, newSize: number): void {
  try {
    copyRange(source, file, size, newSize);
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

const COPIED_AT_ONCE = 2 ** 20;

/** Copies a range of one file to the same place of another. */
function copyRange(from: number, to: number, first: number, end: number): void {
  const buffer = Buffer.alloc(Math.min(COPIED_AT_ONCE, end - first));
  for (let at = first; at < end; ) {
    const count = readSync(from, buffer, 0, Math.min(buffer.length, end - at), at);
    for (let written = 0; written < count; ) written += writeSync(to, buffer, written, count - written, at + written);
    at += count;
  }
}

function ignoreUnsupported(error: NodeJS.ErrnoException): void {
  if (!CANNOT_FLUSH.has(error.code ?? '')) throw error;
}

async function writeAll(file: number, pieces: readonly Uint8Array[]): Promise<void> {
  const byteLength = pieces.reduce((sum, { length }) => sum + length, 0);
  const bytesWritten = await writePieces(file, pieces);
  // Seldom: a pipe, or a signal.
  if (bytesWritten < byteLength) await promisify(writeFileBy)(file, Buffer.concat(pieces).subarray(bytesWritten));
}

/** Not by promisify, which takes tens of microseconds; files may be small and many. */
function writePieces(file: number, pieces: readonly Uint8Array[]): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(file, pieces, (error, byteLength) => (error ? reject(error) : resolve(byteLength)));
  });
}

function flush(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(file, (error) => (error ? reject(error) : resolve()));
  });
}
