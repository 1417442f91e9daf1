/** Errors of Node's file functions as errors of this library: the cause, and what to do. */
import { NeighborProductError } from '../errors.js';

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
