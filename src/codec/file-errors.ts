import { NeighborProductError } from '../errors.js';

/** What went wrong and what to do, by the system's code. */
type Explanations = Readonly<Record<string, string>>;

const READING: Explanations = {
  ENOENT: 'there is no such file. Check the path',
  EISDIR: 'it is a folder. Name a file in it',
  ENOTDIR: 'a part of its path is no folder. Check the path',
  EACCES: 'there is no permission to read it. Change its permissions or run as another user',
};

const WRITING: Explanations = {
  ENOENT: 'its folder does not exist. Create it first',
  EISDIR: 'it is a folder. Name a file in it',
  ENOTDIR: 'a part of its path is no folder. Check the path',
  EACCES: 'there is no permission to write it. Change the permissions of file and folder, or name another',
  EROFS: 'it is on a read-only file system. Name another place',
  ENOSPC: 'the disk is full. Make room or name another place',
};

/** The `INPUT_UNREADABLE` of an error that Node's file functions gave. */
export function unreadable(inputPath: string, cause: unknown): NeighborProductError {
  const name = inputPath === '-' ? 'standard input' : `'${inputPath}'`;
  const message = `Expected to read ${name}, but ${explain(cause, READING)}.`;
  return new NeighborProductError('INPUT_UNREADABLE', message, { cause });
}

/** The `OUTPUT_UNWRITABLE` of an error that Node's file functions gave. */
export function unwritable(outputPath: string, cause: unknown): NeighborProductError {
  const message = `Expected to write '${outputPath}', but ${explain(cause, WRITING)}.`;
  return new NeighborProductError('OUTPUT_UNWRITABLE', message, { cause });
}

function explain(cause: unknown, explanations: Explanations): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return explanations[code] ?? `the system says: ${message}. Name another file`;
}
