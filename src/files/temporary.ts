/** Temporary files: how they are called, and how those that a killed process left are found and deleted. */
import { readlinkSync } from 'node:fs';
import { lstat, opendir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { fnv1a } from '../hash.js';
import { pathIn, pathOf } from './names.js';

/** The host and the process, and a number of its own; names of earlier versions lack the host. */
const TEMPORARY_NAME = /^\.neighbor-product-(?:([0-9a-z]+)-(\d+)-)?[0-9a-z-]+\.tmp$/;

/** A folder with more entries than these is looked at in part: it may be slow, and leftovers only cost space. */
const MOST_ENTRIES = 10_000;

/** Longer than any pause of a process that is still writing, seen from another host or container. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/** Clocks of file systems are coarse, and may be another machine's. */
const CLOCK_MARGIN_MS = 5000;

function processStartMs(): number {
  return Date.now() - process.uptime() * 1000;
}

/** A path for a temporary file in a folder. */
export function temporaryIn(folder: string): string {
  // No UUID: node:crypto takes longer to load than a small image to transform.
  const unique = Math.random().toString(36).slice(2, 9);
  return pathIn(folder, `.neighbor-product-${host()}-${process.pid}-${unique}.tmp`);
}

/**
 * Deletes temporary files in a folder whose process was killed: at once where this host knows that the process has
 * ended, else when the file has not changed for an hour. Never fails; what cannot be deleted stays.
 *
 * @param unfinished paths of temporary files that this process is writing
 */
export async function deleteLeftovers(folder: string, unfinished: Iterable<string>): Promise<void> {
  try {
    let entries = 0;
    for await (const { name } of await opendir(pathOf(folder) as string, { bufferSize: 1000 })) {
      if (++entries > MOST_ENTRIES) return;
      if (await isLeftover(folder, name, unfinished)) await unlink(pathOf(pathIn(folder, name))).catch(() => {});
    }
  } catch {
    // The folder cannot be read, or is gone.
  }
}

async function isLeftover(folder: string, name: string, unfinished: Iterable<string>): Promise<boolean> {
  const [temporaryName, itsHost, pid] = TEMPORARY_NAME.exec(name) ?? [];
  if (temporaryName === undefined) return false;
  if ([...unfinished].some((path) => basename(path) === name)) return false;
  if (itsHost === host() && hasEnded(Number(pid))) return true;
  const stats = await lstat(pathOf(pathIn(folder, name))).catch(() => undefined);
  if (stats === undefined) return false; // finished meanwhile
  const { mtimeMs } = stats;
  // A process with this very number may be this one, and the file another thread's; or an earlier one, in a container that
  // was started anew.
  if (itsHost === host() && Number(pid) === process.pid) return mtimeMs < processStartMs() - CLOCK_MARGIN_MS;
  return Date.now() - mtimeMs > ABANDONED_AFTER_MS;
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

let knownHost: string | undefined;

/**
 * Seven or fewer letters and digits for all processes that see each other's numbers. Containers can share the name of the
 * host, but then differ in their PID namespace.
 */
function host(): string {
  knownHost ??= fnv1a(Buffer.from(`${hostname()} ${pidNamespace()}`)).toString(36);
  return knownHost;
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // not Linux
  }
}
