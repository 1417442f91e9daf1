import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NeighborProductError } from '../../src/errors.js';
import { type Reading, readFrom } from '../../src/files/byte-source.js';
import { openInput } from '../../src/files/read.js';

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

/** Opens an input, reads what a reading wants and closes it. */
async function readInput<T>(path: string, begin: (byteLength?: number) => Reading<T>): Promise<T> {
  const input = await openInput(path);
  try {
    return await readFrom(input, begin(input.byteLength));
  } finally {
    await input.close();
  }
}

/** All bytes, and how long the input said it is. */
function* everything(
  byteLength?: number,
): Generator<number, { bytes: Buffer; byteLength: number | undefined }, Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let piece = yield 0; piece.length > 0; piece = yield 0) pieces.push(piece);
  return { bytes: Buffer.concat(pieces), byteLength };
}

/** The first piece. */
function* beginning(): Generator<number, Uint8Array, Uint8Array> {
  return yield 0;
}

describe('openInput', () => {
  it.each([0, 1, 3_000_000])('reads a file of %s bytes', async (byteLength) => {
    const bytes = Buffer.alloc(byteLength, 'pixels');
    writeFileSync(inFolder('in'), bytes);
    const read = await readInput(inFolder('in'), everything);
    expect(bytes.equals(read.bytes)).toBe(true);
    expect(read.byteLength).toBe(byteLength || undefined);
  });

  it.runIf(isPosix)('reads a pipe', async () => {
    execFileSync('mkfifo', [inFolder('pipe')]);
    const [read] = await Promise.all([readInput(inFolder('pipe'), everything), writeFile(inFolder('pipe'), BYTES)]);
    expect(Buffer.compare(read.bytes, BYTES)).toBe(0);
    expect(read.byteLength).toBeUndefined();
  });

  it('leaves out of a file what is not wanted', async () => {
    writeFileSync(inFolder('in'), Buffer.concat([Buffer.alloc(5_000_000, 'a'), Buffer.from('the end')]));
    const read = await readInput(inFolder('in'), function* (): Reading<unknown> {
      const first = yield 0;
      const last = yield 5_000_000 - first.length;
      return [first.length, Buffer.from(last).toString()];
    });
    expect(read).toEqual([2 ** 20, 'the end']);
  });

  it('gives no bytes behind the end of a file', async () => {
    writeFileSync(inFolder('in'), BYTES);
    const read = await readInput(inFolder('in'), function* (): Reading<unknown> {
      yield 0;
      return [(yield 2 ** 33).length, (yield 0).length];
    });
    expect(read).toEqual([0, 0]);
  });

  it.runIf(existsSync('/proc/version'))('reads a file that says that it is empty', async () => {
    expect((await readInput('/proc/version', everything)).bytes.toString()).toMatch(/^Linux/);
  });

  it.runIf(existsSync('/dev/zero'))('reads no more than is wanted of what never ends', async () => {
    expect((await readInput('/dev/zero', beginning)).length).toBe(2 ** 16);
  });

  it.runIf(isPosix)('closes a pipe when it has enough: the writer learns that', async () => {
    execFileSync('mkfifo', [inFolder('pipe')]);
    const writer = createWriteStream(inFolder('pipe'));
    const failed = new Promise((resolve) => writer.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code)));
    writer.write(Buffer.alloc(2 ** 24));
    await readInput(inFolder('pipe'), beginning);
    expect(await failed).toBe('EPIPE');
  });

  it('reads standard input for -', async () => {
    giveStdin(Readable.from([Buffer.from('some '), Buffer.alloc(0), Buffer.from('bytes')]));
    expect((await readInput('-', everything)).bytes.toString()).toBe('some bytes');
  });

  it('closes standard input when it has enough, and when what reads it fails', async () => {
    const forEver = () =>
      Readable.from(
        (function* () {
          while (true) yield Buffer.from('bytes');
        })(),
      );
    const stdin = giveStdin(forEver());
    expect(`${await readInput('-', beginning)}`).toBe('bytes');
    expect(stdin.destroyed).toBe(true);

    const failing = giveStdin(forEver());
    const refusal = new NeighborProductError('INVALID_PNG', 'no image');
    const refuse = function* (): Reading<never> {
      yield 0;
      throw refusal;
    };
    await expect(readInput('-', refuse)).rejects.toBe(refusal);
    expect(failing.destroyed).toBe(true);
  });

  it('does not hide what a reading throws', async () => {
    writeFileSync(inFolder('in'), BYTES);
    const defect = new TypeError('x is not y');
    const fail = function* (): Reading<never> {
      yield 0;
      throw defect;
    };
    await expect(readInput(inFolder('in'), fail)).rejects.toBe(defect);
  });

  it('does not wait for a terminal', async () => {
    vi.spyOn(process, 'stdin', 'get').mockReturnValue({ isTTY: true } as typeof process.stdin);
    await expect(readInput('-', everything)).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(/terminal/),
    });
  });

  it('may be closed twice, and gives no bytes then', async () => {
    writeFileSync(inFolder('in'), BYTES);
    const input = await openInput(inFolder('in'));
    await input.close();
    await input.close();
    expect((await input.read(0)).length).toBe(0);
  });

  it.each([
    ['a missing file', () => inFolder('missing'), /no such file\. Check the path\.$/],
    ['a folder', () => folder, /it is a folder\. Name a file in it\.$/],
    ['a path through a file', () => inFolder('file/in'), /is not a folder\. Check the path\.$/],
  ])('refuses %s', async (_, path, message) => {
    writeFileSync(inFolder('file'), '');
    await expect(readInput(path(), everything)).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(message),
    });
  });
});

function giveStdin(stream: Readable): Readable {
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(stream as typeof process.stdin);
  return stream;
}

function inFolder(name: string): string {
  return join(folder, name);
}
