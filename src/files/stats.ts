/** What lies at a path. Synchronous: a promise for each of ten thousand files takes longer than to look. */
import { type BigIntStats, statSync } from 'node:fs';
import { pathOf } from './names.js';

/** Undefined where nothing exists, or nothing that can be looked at: reading or writing it says why. */
export function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(pathOf(path), { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether a path leads to a folder. */
export function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() ?? false;
}

/** The same for every path of a folder or file: device and inode, which on Windows has more bits than a number. */
export function identityOf({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}
