/** Inputs, read as they come in. */
import { fstatSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { NeighborProductError } from '../errors.js';
import type { Input } from './byte-source.js';
import { unreadable } from './explain.js';
import { pathOf } from './names.js';

/** Bytes read at once: of a file, and of what may bring them in smaller pieces, such as a pipe. */
const FILE_PIECE_BYTES = 2 ** 20;
const PIPE_PIECE_BYTES = 2 ** 16;

const NOTHING = new Uint8Array();

/**
 * Opens a file, a pipe or, for `-`, standard input, to be read as it comes in.
 *
 * @throws NeighborProductError `INPUT_UNREADABLE`, as the reading does
 */
export async function openInput(path: string): Promise<Input> {
  const input = await explained(path, path === '-' ? openStandardInput : () => openPath(path));
  return { ...input, read: (skipped) => explained(path, () => input.read(skipped)) };
}

async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isSystemError(error) ? unreadable(path, error) : error;
  }
}

async function openStandardInput(): Promise<Input> {
  if (process.stdin.isTTY) {
    const message = 'Cannot read standard input: it is a terminal. Name a file, or redirect one with < FILE.';
    throw new NeighborProductError('INPUT_UNREADABLE', message);
  }
  // To Node, a folder is an empty stream.
  if (isFolder(0)) throw Object.assign(new Error('standard input is a folder'), { code: 'EISDIR' });
  const pieces = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  const read = async () => {
    let piece: Uint8Array | undefined;
    do piece = (await pieces.next()).value;
    while (piece?.length === 0);
    return piece ?? NOTHING;
  };
  // Destroys the stream, so that a program that writes to it ends.
  const close = async () => void (await pieces.return?.());
  return { byteLength: undefined, read, close };
}

async function openPath(path: string): Promise<Input> {
  const file = await open(pathOf(path));
  try {
    const stats = await file.stat();
    // Files of /proc say that they are empty.
    const byteLength = stats.isFile() && stats.size > 0 ? stats.size : undefined;
    return inputOf(file, byteLength);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function inputOf(file: FileHandle, byteLength: number | undefined): Input {
  let position = 0;
  let isClosed = false;
  const read = async (skipped: number) => {
    if (isClosed) return NOTHING;
    position += skipped;
    const most = byteLength === undefined ? PIPE_PIECE_BYTES : Math.min(FILE_PIECE_BYTES, byteLength - position);
    const buffer = Buffer.allocUnsafeSlow(Math.max(1, most));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, byteLength === undefined ? null : position);
    position += bytesRead;
    return buffer.subarray(0, bytesRead);
  };
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await file.close();
  };
  return { byteLength, read, close };
}

/** Reads a text file. @throws NeighborProductError `INPUT_UNREADABLE` */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(pathOf(path), 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The first bytes of a file, at most `byteLength`. @throws NeighborProductError `INPUT_UNREADABLE` */
export async function readBeginning(path: string, byteLength: number): Promise<Uint8Array> {
  const file = await open(pathOf(path)).catch((error) => {
    throw unreadable(path, error);
  });
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(byteLength), 0, byteLength, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function isFolder(fileDescriptor: number): boolean {
  try {
    return fstatSync(fileDescriptor).isDirectory();
  } catch {
    return false; // Reading will say what is wrong with it.
  }
}

/** Whether an error comes from a function of Node's, for files or for memory, and not from a reading. */
function isSystemError(error: unknown): boolean {
  if (error instanceof NeighborProductError) return false;
  const { code, message } = error as NodeJS.ErrnoException;
  return code !== undefined || message === 'Array buffer allocation failed';
}
