import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutputFile, removeUnfinishedOutputs, writeOutput as writeOutputWith } from '../../src/files/write.js';

const BYTES = Uint8Array.from({ length: 100_000 }, (_, at) => at * 7);
/** The addon's copy has tests of its own. */
const writeOutput = (path: string, bytes: Uint8Array) => writeOutputWith(path, bytes, () => {});
const isPosix = process.platform !== 'win32';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neighbor-product-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe('writeOutput', () => {
  it('makes a new file', async () => {
    await writeOutput(inFolder('out'), BYTES);
    expectBytes('out');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('gives a new file the permissions any new file gets', async () => {
    writeFileSync(inFolder('other'), '');
    await writeOutput(inFolder('out'), BYTES);
    expect(statSync(inFolder('out')).mode).toBe(statSync(inFolder('other')).mode);
  });

  it.runIf(isPosix)('replaces a file, keeps its permissions and leaves its other hard links alone', async () => {
    writeFileSync(inFolder('out'), 'old');
    linkSync(inFolder('out'), inFolder('hard-link'));
    chmodSync(inFolder('out'), 0o642);
    await writeOutput(inFolder('out'), BYTES);
    expectBytes('out');
    expect(statSync(inFolder('out')).mode & 0o777).toBe(0o642);
    expect(readFileSync(inFolder('hard-link'), 'utf8')).toBe('old');
  });

  it.runIf(isPosix).each(['there', 'missing'])(
    'writes what a chain of links leads to, be it %s or not',
    async (target) => {
      mkdirSync(inFolder('sub'));
      writeFileSync(inFolder('sub/there'), 'old');
      symlinkSync(target, inFolder('sub/second'));
      symlinkSync('sub/second', inFolder('first'));
      await writeOutput(inFolder('first'), BYTES);
      expectBytes(`sub/${target}`);
      expect(readlinkSync(inFolder('first'))).toBe('sub/second');
      expect(readlinkSync(inFolder('sub/second'))).toBe(target);
    },
  );

  it.runIf(isPosix)('leaves `..` behind a link to the system', async () => {
    mkdirSync(inFolder('there/sub'), { recursive: true });
    symlinkSync('there/sub', inFolder('link'));
    symlinkSync('link/../second', inFolder('first'));
    await writeOutput(`${folder}/link/../out`, BYTES);
    await writeOutput(inFolder('first'), BYTES);
    expect(readdirSync(inFolder('there')).sort()).toEqual(['out', 'second', 'sub']);
  });

  // A pipe of its own stands for devices too: with the check broken, root would replace the system's /dev/null.
  it.runIf(isPosix)('writes to a pipe and leaves it a pipe', async () => {
    execFileSync('mkfifo', [inFolder('pipe')]);
    const [received] = await Promise.all([readFile(inFolder('pipe')), writeOutput(inFolder('pipe'), BYTES)]);
    expect(Buffer.compare(received, BYTES)).toBe(0);
    expect(statSync(inFolder('pipe')).isFIFO()).toBe(true);
  });

  it.runIf(process.platform === 'linux')('writes to the very file a descriptor has open', async () => {
    const descriptor = openSync(inFolder('out'), 'w');
    const { ino } = statSync(inFolder('out'));
    await writeOutput(`/dev/fd/${descriptor}`, BYTES);
    closeSync(descriptor);
    expectBytes('out');
    expect(statSync(inFolder('out')).ino).toBe(ino);
  });

  it.each([
    ['a missing folder', () => inFolder('missing/out'), /its folder does not exist\. Create it first\.$/],
    ['a folder', () => folder, /it is a folder\. Name a file in it\.$/],
    ['a path through a file', () => inFolder('file/out'), /is not a folder\. Check the path\.$/],
    ['a name that is too long', () => inFolder('x'.repeat(300)), /its path is too long\. Name a shorter one\.$/],
  ])('refuses %s', async (_, path, message) => {
    writeFileSync(inFolder('file'), '');
    await expect(writeOutput(path(), BYTES)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.runIf(process.platform === 'linux')('says that a folder takes no new files', async () => {
    await expect(writeOutput('/proc/out', BYTES)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: "Cannot write '/proc/out': nothing new can be created in its folder. Name another place.",
    });
  });

  it.runIf(isPosix && process.getuid?.() !== 0)('refuses a read-only file (root may write any)', async () => {
    writeFileSync(inFolder('out'), 'old', { mode: 0o444 });
    await expect(writeOutput(inFolder('out'), BYTES)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(readFileSync(inFolder('out'), 'utf8')).toBe('old');
  });

  it.runIf(isPosix)('refuses links in a circle', async () => {
    symlinkSync('b', inFolder('a'));
    symlinkSync('a', inFolder('b'));
    await expect(writeOutput(inFolder('a'), BYTES)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  });

  it('that fails on the way leaves the old file and nothing else', async () => {
    writeFileSync(inFolder('out'), 'old');
    const failing = writeOutput(inFolder('out'), 42 as unknown as Uint8Array);
    await expect(failing).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(readdirSync(folder)).toEqual(['out']);
    expect(readFileSync(inFolder('out'), 'utf8')).toBe('old');
  });
});

describe('OutputFile', () => {
  const outputFile = (name: string, makesFolder = false) => new OutputFile(inFolder(name), () => {}, makesFolder);

  it('takes nothing after it was abandoned: the number of its file is another one’s then', async () => {
    const [a, b] = [outputFile('a'), outputFile('b')];
    await a.write([Buffer.from('AAAA')]);
    await a.abandon();
    await b.write([Buffer.from('BBBB')]);
    await expect(a.write([Buffer.from('late')])).rejects.toThrow();
    await b.finish();
    expect(readFileSync(inFolder('b'), 'utf8')).toBe('BBBB');
    expect(readdirSync(folder)).toEqual(['b']);
  });

  it('is abandoned once what it is writing is written', async () => {
    for (let round = 0; round < 20; round++) {
      const [a, b] = [outputFile('a'), outputFile('b')];
      await a.write([Buffer.from('A')]);
      const writing = a.write([Buffer.alloc(2 ** 22, 'A')]).catch(() => {});
      await a.abandon();
      await b.write([Buffer.from('BBBB')]);
      await writing;
      await b.finish();
      expect(readFileSync(inFolder('b'), 'utf8')).toBe('BBBB');
    }
    expect(readdirSync(folder)).toEqual(['b']);
  });

  it('makes its folder when it is begun, and not before', async () => {
    const file = outputFile('x/y/a', true);
    expect(readdirSync(folder)).toEqual([]);
    await file.write([BYTES]);
    await file.finish();
    expectBytes('x/y/a');
    await expect(outputFile('z/a').write([BYTES])).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  });

  it('says why its folder cannot be made', async () => {
    writeFileSync(inFolder('x'), '');
    await expect(outputFile('x/y/a', true).write([BYTES])).rejects.toThrow(
      /^Cannot write '.*a': a part of its path is not a folder\./,
    );
  });
});

describe('removeUnfinishedOutputs', () => {
  it('deletes what is being written, so that nothing is left', async () => {
    const writing = writeOutput(inFolder('out'), new Uint8Array(2 ** 26));
    const settled = expect(writing).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    while (readdirSync(folder).length === 0) await setImmediate();
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.neighbor-product-.*\.tmp$/)]);
    removeUnfinishedOutputs();
    expect(readdirSync(folder)).toEqual([]);
    await settled;
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves what is written', async () => {
    await writeOutput(inFolder('out'), BYTES);
    removeUnfinishedOutputs();
    expectBytes('out');
  });
});

function inFolder(name: string): string {
  return join(folder, name);
}

function expectBytes(name: string): void {
  expect(Buffer.compare(readFileSync(inFolder(name)), BYTES)).toBe(0);
}
