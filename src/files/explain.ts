/** Errors of Node's file functions as errors of this library: the cause, and what to do. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { NeighborProductError } from '../errors.js';
import { pathOf } from './names.js';

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
  EPERM: 'the system does not permit it. Change its owner or attributes, or name another file',
  EROFS: 'the file system is read-only. Name another place',
  ENOSPC: 'the disk is full. Make room or name another place',
  EDQUOT: 'the disk quota is used up. Make room or name another place',
  ELOOP: 'its symbolic links lead in a circle. Name another file',
  ENAMETOOLONG: 'its path is too long. Name a shorter one',
};

/** Where it takes no files and no folders, such as /proc. */
const CLOSED_FOLDER = 'nothing new can be created in its folder. Name another place';

const CREATING_FOLDER: Explanations = {
  ...WRITING,
  ENOENT: CLOSED_FOLDER,
  EEXIST: 'something that is not a folder is in its place. Name another folder',
  EACCES: 'permission denied. Change the permissions of the folder above it, or name another place',
};

/** The `INPUT_UNREADABLE` of an error of Node's file functions. */
export function unreadable(inputPath: string, cause: unknown): NeighborProductError {
  const name = inputPath === '-' ? 'standard input' : `'${inputPath}'`;
  const message = `Cannot read ${name}: ${mistakenName(inputPath, cause) ?? explain(cause, READING)}.`;
  return new NeighborProductError('INPUT_UNREADABLE', message, { cause });
}

/**
 * The `OUTPUT_UNWRITABLE` of an error of Node's file functions.
 *
 * @param folder where the file lies, behind symbolic links
 */
export function unwritable(outputPath: string, cause: unknown, folder = dirname(outputPath)): NeighborProductError {
  const isClosed = (cause as NodeJS.ErrnoException).code === 'ENOENT' && existsSync(pathOf(folder));
  const explanation = isClosed ? CLOSED_FOLDER : explain(cause, WRITING);
  return new NeighborProductError('OUTPUT_UNWRITABLE', `Cannot write '${outputPath}': ${explanation}.`, { cause });
}

/** The `OUTPUT_UNWRITABLE` of an error of `mkdir` whose parent folder exists. */
export function uncreatable(folder: string, cause: unknown): NeighborProductError {
  const message = `Cannot create the folder '${folder}': ${explain(cause, CREATING_FOLDER)}.`;
  return new NeighborProductError('OUTPUT_UNWRITABLE', message, { cause });
}

/** What a path is that was never a file's; undefined for any other. */
function mistakenName(path: string, cause: unknown): string | undefined {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') return undefined;
  if (/^\w+:\/\//.test(path)) return 'it is a URL, and nothing is downloaded. Download it first, and name the file';
  if (/[*?]/.test(path)) return 'the shell made no names of this pattern. Check the folder, or name the files';
  return undefined;
}

function explain(cause: unknown, explanations: Explanations): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return explanations[code] ?? `${message}. Name another file`;
}
