/** Standard input and output by their names, and whether anything is there. */
import { fstatSync, readFileSync, statSync } from 'node:fs';

/** Names of standard input and output in the file system, where they are sockets or pipes that cannot be opened again. */
const NAMES = {
  input: ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'],
  output: ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'],
};

/** `-` for a path that is standard input or output. */
export function withDash(path: string, stream: keyof typeof NAMES): string {
  return NAMES[stream].includes(path) ? '-' : path;
}

const ACCESS_MODE = 0o3;
const READ_AND_WRITE = 0o2;

/**
 * Whether the process was started with standard output closed. Node opens /dev/null in its place, to read and write, which
 * no redirection of a shell does; only Linux tells. A parent that opens it so itself cannot be told apart.
 */
export function isStandardOutputClosed(): boolean {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))?.[1] ?? '';
    const output = fstatSync(1);
    const isNull = output.isCharacterDevice() && output.rdev === statSync('/dev/null').rdev;
    return isNull && (Number.parseInt(flags, 8) & ACCESS_MODE) === READ_AND_WRITE;
  } catch {
    return false;
  }
}
