/** Inputs read into memory. */
import { fstatSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { NeighborProductError } from '../errors.js';
import type { Reading } from './byte-source.js';
import { unreadable } from './explain.js';
import { pathOf } from './names.js';

/**
 * Reads as much of a file, a pipe or, for `-`, of standard input as it takes, which decides that as the bytes come in.
 *
 * @param begin gets the length of the input, where that is known before its end
 * @throws NeighborProductError `INPUT_UNREADABLE`; whatever the reading throws
 */
export async function readInput<T>(inputPath: string, begin: (byteLength?: number) => Reading<T>): Promise<T> {
  try {
    return await (inputPath === '-' ? readStandardInput(begin()) : readFromPath(inputPath, begin));
  } catch (error) {
    throw isSystemError(error) ? unreadable(inputPath, error) : error;
  }
}

async function readStandardInput<T>(reading: Reading<T>): Promise<T> {
  if (process.stdin.isTTY) {
    const message = 'Cannot read standard input: it is a terminal. Name a file, or redirect one with < FILE.';
    throw new NeighborProductError('INPUT_UNREADABLE', message);
  }
  // To Node, a folder is an empty stream.
  if (isFolder(0)) throw Object.assign(new Error('standard input is a folder'), { code: 'EISDIR' });
  let step = reading.next();
  // Leaving the loop destroys the stream, so that a program that writes to it ends.
  for await (const piece of process.stdin) {
    if (piece.length > 0) step = reading.next(piece);
    if (step.done) break;
  }
  while (!step.done) step = reading.next(NOTHING);
  return step.value;
}

const NOTHING = new Uint8Array();

/** Bytes read at once: of a file, and of what may bring them in smaller pieces, such as a pipe. */
const FILE_PIECE_BYTES = 2 ** 20;
const PIPE_PIECE_BYTES = 2 ** 16;

async function readFromPath<T>(path: string, begin: (byteLength?: number) => Reading<T>): Promise<T> {
  const file = await open(pathOf(path));
  try {
    const stats = await file.stat();
    // Files of /proc say that they are empty.
    const byteLength = stats.isFile() && stats.size > 0 ? stats.size : undefined;
    const reading = begin(byteLength);
    let position = 0;
    let step = reading.next();
    while (!step.done) {
      position += step.value;
      const most = byteLength === undefined ? PIPE_PIECE_BYTES : Math.min(FILE_PIECE_BYTES, byteLength - position);
      const buffer = Buffer.allocUnsafeSlow(Math.max(1, most));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, byteLength === undefined ? null : position);
      position += bytesRead;
      step = reading.next(buffer.subarray(0, bytesRead));
    }
    return step.value;
  } finally {
    await file.close();
  }
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
