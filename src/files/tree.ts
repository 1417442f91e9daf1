/** The files in a folder and the folders below it, in the order of their names. */
import { readdir } from 'node:fs/promises';
import { unreadable } from './explain.js';
import { nameFrom, pathIn, pathOf } from './names.js';
import { identityOf, statsOf } from './stats.js';

export interface TreeOptions {
  /** Whether folders in the folder are taken too. */
  readonly isRecursive: boolean;
  /** Whether names that begin with a dot are taken. */
  readonly withHidden: boolean;
  /** Whether symbolic links are followed; those that lead back to a folder above them are not. */
  readonly followsLinks: boolean;
  /**
   * Which files are taken, and which folders are looked into.
   *
   * @param relative the path below the folder, with `/`
   */
  readonly takes: (relative: string, isFolder: boolean) => boolean;
  /** A folder to leave out; see {@link identityOf}. */
  readonly leftOut?: string | undefined;
}

/** A file of a tree, or a folder that cannot be read. */
export interface TreeEntry {
  readonly path: string;
  /** Below the folder, with `/`. */
  readonly relative: string;
  /** `INPUT_UNREADABLE`; absent for a file. */
  readonly error?: unknown;
}

/** Yields files, and folders that cannot be read; other things, such as pipes, are left out. */
export async function* filesIn(folder: string, options: TreeOptions): AsyncGenerator<TreeEntry, void, void> {
  yield* filesBelow(folder, '', [], options);
}

/** @param above identities of the folders that this one is in, where links are followed */
async function* filesBelow(
  folder: string,
  prefix: string,
  above: readonly string[],
  options: TreeOptions,
): AsyncGenerator<TreeEntry, void, void> {
  const { isRecursive, withHidden, followsLinks, takes, leftOut } = options;
  let entries: Awaited<ReturnType<typeof entriesOf>>;
  try {
    entries = await entriesOf(folder);
  } catch (error) {
    yield { path: folder, relative: prefix, error: unreadable(folder, error) };
    return;
  }
  const needsIdentity = followsLinks || leftOut !== undefined;
  const here = followsLinks ? [...above, identityAt(folder) ?? ''] : above;
  for (const { name, kind } of entries) {
    if (!withHidden && name.startsWith('.')) continue;
    const path = pathIn(folder, name);
    const relative = `${prefix}${name}`;
    const actual = kind === 'link' ? (followsLinks ? kindBehind(path) : 'other') : kind;
    if (actual === 'file' && takes(relative, false)) yield { path, relative };
    if (actual !== 'folder' || !isRecursive || !takes(relative, true)) continue;
    const identity = needsIdentity ? identityAt(path) : undefined;
    if (identity !== undefined && (identity === leftOut || here.includes(identity))) continue;
    yield* filesBelow(path, `${relative}/`, here, options);
  }
}

type Kind = 'file' | 'folder' | 'link' | 'other';

/** By the bytes of their names, so that the order is the same everywhere. */
async function entriesOf(folder: string): Promise<{ readonly name: string; readonly kind: Kind }[]> {
  const entries = await readdir(pathOf(folder), { withFileTypes: true, encoding: 'buffer' });
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  return entries.map((entry) => ({
    name: nameFrom(entry.name),
    kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other',
  }));
}

/** What a link leads to. A broken one passes for a file, whose reading says what is wrong. */
function kindBehind(path: string): Kind {
  const stats = statsOf(path);
  if (stats === undefined) return 'file';
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
}

function identityAt(path: string): string | undefined {
  const stats = statsOf(path);
  return stats && identityOf(stats);
}
