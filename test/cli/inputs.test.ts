/** Inputs that are no image, no file or without end, given to the command as a process. */
import { closeSync, existsSync, openSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { chunk } from '../../fixtures/png/build-png.mjs';
import { ended, folderWith, PNG_FILE, run, spawnCommand } from './command.js';

/** Above what the command takes for a small image, about 60 MiB. */
const MOST_MEMORY_MIB = 128;

/** Prints the greatest resident set of the process. */
const PRINT_MEMORY = `
  process.on('exit', () => process.stderr.write('MiB ' + process.resourceUsage().maxRSS / 1024 + '\\n'));
`;

function memoryIn(stderr: string): number {
  return Number(/^MiB (.*)$/m.exec(stderr)![1]);
}

describe('memory stays low for', () => {
  test.runIf(existsSync('/dev/zero'))('a device without end', async () => {
    const cwd = folderWith();
    const { exitCode, stderr } = await run(['/dev/zero', '-o', 'out.png'], { cwd, before: PRINT_MEMORY });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('Cannot read a file that begins with the bytes 00 00 00 00 00 00 00 00 as an image.');
    expect(memoryIn(stderr)).toBeLessThan(MOST_MEMORY_MIB);
  });

  test('a gibibyte behind a PNG', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    truncateSync(path.join(cwd, 'in.png'), 2 ** 30);
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png'], { cwd, before: PRINT_MEMORY });
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `warning: Not in the output: ${2 ** 30 - PNG_FILE.length} bytes after the end of the PNG.`,
    );
    expect(memoryIn(stderr)).toBeLessThan(MOST_MEMORY_MIB);
  });

  test('a gibibyte within a chunk of a file', async () => {
    const hole = Buffer.concat([PNG_FILE.subarray(0, 33), chunk('abCd').subarray(0, 8)]);
    hole.writeUInt32BE(2 ** 30, 33);
    const cwd = folderWith({ 'in.png': hole });
    truncateSync(path.join(cwd, 'in.png'), hole.length + 2 ** 30 + 4);
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png'], { cwd, before: PRINT_MEMORY });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('another chunk expected, but the file ends after');
    expect(memoryIn(stderr)).toBeLessThan(MOST_MEMORY_MIB);
  });
});

describe('standard input', () => {
  test('that never ends is closed: what writes to it learns that', async () => {
    const child = spawnCommand(['-', '-o', 'out.png'], { cwd: folderWith() });
    const stdin = child.stdin!;
    const failed = new Promise((resolve) => stdin.on('error', resolve));
    const writeForEver = () => void stdin.write(Buffer.alloc(2 ** 16, 'text'), (error) => error ?? writeForEver());
    writeForEver();
    const { exitCode, stderr } = await ended(child);
    expect(stderr).toBe('error: standard input: Cannot read text as an image. Name an image file.\n');
    expect(exitCode).toBe(3);
    await failed;
  });

  test('with two PNG files is refused', async () => {
    const stdin = Buffer.concat([PNG_FILE, PNG_FILE]);
    const { exitCode, stdout, stderr } = await run(['-', '-o', '-'], { cwd: folderWith(), stdin });
    expect({ exitCode, byteLength: stdout.length }).toEqual({ exitCode: 3, byteLength: 0 });
    expect(stderr).toMatch(/^error: standard input: The input holds more than one PNG: .*ffmpeg/);
  });

  test.runIf(process.platform !== 'win32')('that is a folder is called one', async () => {
    const cwd = folderWith();
    const folder = openSync(cwd, 'r');
    const { exitCode, stderr } = await run(['-', '-o', 'out.png'], { cwd, stdinDescriptor: folder });
    closeSync(folder);
    expect(exitCode).toBe(3);
    expect(stderr).toBe('error: Cannot read standard input: it is a folder. Name a file in it.\n');
  });
});
