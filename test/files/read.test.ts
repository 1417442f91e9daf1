import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readInput } from '../../src/files/read.js';

const BYTES = Uint8Array.from({ length: 100_000 }, (_, at) => at * 7);
const isPosix = process.platform !== 'win32';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neighbor-product-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe('readInput', () => {
  it.each([0, 1, 3_000_000])('reads a file of %s bytes', async (byteLength) => {
    const bytes = Buffer.alloc(byteLength, 'pixels');
    writeFileSync(inFolder('in'), bytes);
    expect(bytes.equals(await readInput(inFolder('in')))).toBe(true);
  });

  it.runIf(isPosix)('reads a pipe', async () => {
    execFileSync('mkfifo', [inFolder('pipe')]);
    const [read] = await Promise.all([readInput(inFolder('pipe')), writeFile(inFolder('pipe'), BYTES)]);
    expect(Buffer.compare(read, BYTES)).toBe(0);
  });

  it('reads standard input for -', async () => {
    const stdin = Readable.from([Buffer.from('some '), Buffer.from('bytes')]);
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as typeof process.stdin);
    expect(Buffer.from(await readInput('-')).toString()).toBe('some bytes');
  });

  it('does not wait for a terminal', async () => {
    vi.spyOn(process, 'stdin', 'get').mockReturnValue({ isTTY: true } as typeof process.stdin);
    await expect(readInput('-')).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(/terminal/),
    });
  });

  it.each([
    ['a missing file', () => inFolder('missing'), /no such file\. Check the path\.$/],
    ['a folder', () => folder, /it is a folder\. Name a file in it\.$/],
    ['a path through a file', () => inFolder('file/in'), /is not a folder\. Check the path\.$/],
  ])('refuses %s', async (_, path, message) => {
    writeFileSync(inFolder('file'), '');
    await expect(readInput(path())).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(message),
    });
  });
});

function inFolder(name: string): string {
  return join(folder, name);
}
