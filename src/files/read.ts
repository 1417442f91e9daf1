/** Inputs read into memory. */
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { NeighborProductError } from '../errors.js';
import { unreadable } from './explain.js';
import { pathOf } from './names.js';

/** The most bytes of an input: /dev/zero and its like never end. */
const MAX_INPUT_BYTES = 2 ** 31;

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
    return await gather(
      inputPath === '-' ? process.stdin : createReadStream(pathOf(inputPath), { highWaterMark: 2 ** 20 }),
    );
  } catch (error) {
    throw error instanceof NeighborProductError ? error : unreadable(inputPath, error);
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
