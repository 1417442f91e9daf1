/** File systems that refuse a step of replacing a file, imitated by functions of Node that fail. */
import fs, { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CopyAttributes, removeUnfinishedOutputs, writeOutput } from '../../src/files/write.js';

const OLD = Buffer.from('the old content');
const SHORTER = Buffer.from('short');
const LONGER = Buffer.alloc(100_000, 'a new content');
const copyNothing: CopyAttributes = () => {};
const isPosix = process.platform !== 'win32';
const isRoot = process.getuid?.() === 0;

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neighbor-product-'));
  out = join(folder, 'out');
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true });
});

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

function failsWith(error: Error): () => never {
  return () => {
    throw error;
  };
}

/** A function of Node that fails where `condition` holds for its arguments. */
function refuse(
  module: typeof fs | typeof fsPromises,
  name: string,
  code: string,
  condition: (...args: never[]) => boolean = () => true,
): void {
  const real = module[name as 'rename'] as unknown as (...args: unknown[]) => unknown;
  vi.spyOn(module as typeof fs, name as 'renameSync').mockImplementation(((...args: never[]) => {
    if (!condition(...args)) return real(...args);
    if (module === fsPromises) return Promise.reject(failure(code));
    const callback = args.at(-1) as unknown;
    if (typeof callback === 'function') return callback(failure(code));
    throw failure(code);
  }) as never);
  syncBuiltinESMExports();
}

/** In the folder of the file; elsewhere they are not refused. */
const isTemporary = (path: unknown) => String(path).startsWith(join(folder, '.neighbor-product-'));

function writeOld(mode = 0o640): number {
  fs.writeFileSync(out, OLD);
  fs.chmodSync(out, mode);
  return statSync(out).ino;
}

type Refusal = [name: string, prepare: () => void, copyAttributes: CopyAttributes, reason: string];

const REFUSALS: Refusal[] = [
  ...['EBUSY', 'EPERM', 'EXDEV'].map((code): Refusal => {
    return [`a rename (${code})`, () => refuse(fsPromises, 'rename', code), copyNothing, `rename refused (${code})`];
  }),
  // A folder that is not writable, a read-only one, a path that gets too long.
  ...['EACCES', 'EROFS', 'ENAMETOOLONG'].map((code): Refusal => {
    const prepare = () => refuse(fs, 'openSync', code, isTemporary);
    return [`a temporary file (${code})`, prepare, copyNothing, `temporary file refused (${code})`];
  }),
  ['attributes', () => {}, failsWith(failure('ENOTSUP')), 'copy of the access rights refused (ENOTSUP)'],
  ['attributes for want of an addon', () => {}, failsWith(new Error('no addon')), 'rights refused (no addon)'],
];

const POSIX_REFUSALS: Refusal[] = [
  ['chmod', () => refuse(fs, 'fchmodSync', 'EPERM'), copyNothing, 'copy of the access rights refused (EPERM)'],
];

const chownRefused = () => {
  fs.chownSync(out, 1, 1);
  refuse(fs, 'fchownSync', 'EPERM');
};

const ROOT_REFUSALS: Refusal[] = [['chown', chownRefused, copyNothing, 'copy of the access rights refused (EPERM)']];

describe.each([
  ['shorter', SHORTER],
  ['longer', LONGER],
  ['empty', Buffer.alloc(0)],
])('an existing file gets new content in place, be it %s, where the file system refuses', (_, bytes) => {
  it.each([...REFUSALS, ...(isPosix ? POSIX_REFUSALS : []), ...(isRoot ? ROOT_REFUSALS : [])])(
    '%s',
    async (_name, prepare, copyAttributes, reason) => {
      const inode = writeOld();
      prepare();
      const { uid, mode } = statSync(out);
      expect(await writeOutput(out, bytes, copyAttributes)).toContain(reason);
      expect(readFileSync(out).equals(bytes)).toBe(true);
      expect(statSync(out)).toMatchObject({ ino: inode, uid, mode });
      expect(readdirSync(folder)).toEqual(['out']);
    },
  );
});

it.each([
  ['rename', () => refuse(fsPromises, 'rename', 'EPERM'), 'rename refused (EPERM)'],
  ['a temporary file', () => refuse(fs, 'openSync', 'EINVAL', isTemporary), 'temporary file refused (EINVAL)'],
])('a new file is written in place where the file system refuses %s', async (_, prepare, reason) => {
  prepare();
  expect(await writeOutput(out, LONGER, copyNothing)).toBe(reason);
  expect(readFileSync(out).equals(LONGER)).toBe(true);
  expect(readdirSync(folder)).toEqual(['out']);
});

it.runIf(process.platform === 'linux')(
  'a path that leaves no room for a temporary name is written in place',
  async () => {
    const longest = 4096 - 1; // PATH_MAX counts the zero byte
    let deep = folder;
    while (longest - deep.length > 20) deep = join(deep, 'x'.repeat(Math.min(200, longest - deep.length - 10)));
    mkdirSync(deep, { recursive: true });
    const path = join(deep, 'out.png');
    expect(await writeOutput(path, OLD, copyNothing)).toBe('temporary file refused (ENAMETOOLONG)');
    expect(await writeOutput(path, LONGER, copyNothing)).toBe('temporary file refused (ENAMETOOLONG)');
    expect(readFileSync(path).equals(LONGER)).toBe(true);
  },
);

/** Runs as the user nobody, whom the system refuses what it refuses anyone. */
async function asNobody<Value>(action: () => Promise<Value>): Promise<Value> {
  process.seteuid!(65534);
  try {
    return await action();
  } finally {
    process.seteuid!(0);
  }
}

describe.runIf(isRoot)("another user's file (as root only, who can become another user)", () => {
  it.each([
    ['in a folder that is not writable', 0o755, 'temporary file refused (EACCES)'],
    [
      'in a folder where files can only be replaced by their owners',
      0o1777,
      'copy of the access rights refused (EPERM)',
    ],
  ])('%s is written in place', async (_, folderMode, reason) => {
    const inode = writeOld(0o666);
    fs.chmodSync(folder, folderMode);
    expect(await asNobody(() => writeOutput(out, LONGER, copyNothing))).toBe(reason);
    expect(readFileSync(out).equals(LONGER)).toBe(true);
    expect(statSync(out)).toMatchObject({ ino: inode, uid: 0 });
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('that is not writable is refused, also in a folder that is', async () => {
    writeOld(0o444);
    fs.chmodSync(folder, 0o777);
    await expect(asNobody(() => writeOutput(out, LONGER, copyNothing))).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringContaining('permission denied'),
    });
    expect(readFileSync(out).equals(OLD)).toBe(true);
  });
});

describe('a failing disk is an error at once: the old file stays, and no other', () => {
  it.each([
    ['ENOSPC for the temporary file', () => refuse(fs, 'openSync', 'ENOSPC', isTemporary)],
    ['ENOSPC while writing', () => refuse(fs, 'writev', 'ENOSPC')],
    ['EDQUOT while writing', () => refuse(fs, 'writev', 'EDQUOT')],
    ['EACCES while writing', () => refuse(fs, 'writev', 'EACCES')],
    ['EIO while flushing', () => refuse(fs, 'fdatasync', 'EIO')],
    ['ENOSPC for the rename', () => refuse(fsPromises, 'rename', 'ENOSPC')],
    ['EIO for the rename', () => refuse(fsPromises, 'rename', 'EIO')],
  ])('%s', async (_, prepare) => {
    const inode = writeOld();
    prepare();
    await expect(writeOutput(out, LONGER, copyNothing)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(readFileSync(out).equals(OLD)).toBe(true);
    expect(statSync(out).ino).toBe(inode);
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('also in place, where the longer content does not fit', async () => {
    writeOld();
    refuse(fsPromises, 'rename', 'EBUSY');
    let writes = 0;
    const { writeSync } = fs;
    const writeLittle = (file: number, bytes: Uint8Array, at: number, length: number, position: number) => {
      if (++writes > 1) throw failure('ENOSPC');
      return writeSync(file, bytes, at, Math.min(length, 1000), position);
    };
    vi.spyOn(fs, 'writeSync').mockImplementation(writeLittle as typeof fs.writeSync);
    syncBuiltinESMExports();
    await expect(writeOutput(out, LONGER, copyNothing)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(writes).toBeGreaterThan(1);
    expect(readFileSync(out).equals(OLD)).toBe(true);
  });

  it('a new file in place is deleted', async () => {
    refuse(fsPromises, 'rename', 'EPERM');
    let flushes = 0;
    refuse(fs, 'fdatasync', 'EIO', () => ++flushes > 1);
    await expect(writeOutput(out, LONGER, copyNothing)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(flushes).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });
});

it('a file system that cannot flush is no failure', async () => {
  writeOld();
  refuse(fs, 'fdatasync', 'ENOTSUP');
  expect(await writeOutput(out, LONGER, copyNothing)).toBeUndefined();
  expect(readFileSync(out).equals(LONGER)).toBe(true);
});

describe.runIf(isPosix)('rights', () => {
  it('that are right are not set, so that what refuses to set them replaces whole files', async () => {
    const inode = writeOld(0o600);
    linkSync(out, join(folder, 'link'));
    refuse(fs, 'fchmodSync', 'EPERM');
    refuse(fs, 'fchownSync', 'EPERM');
    expect(await writeOutput(out, LONGER, copyNothing)).toBeUndefined();
    expect(statSync(out).ino).not.toBe(inode);
    expect(readFileSync(join(folder, 'link')).equals(OLD)).toBe(true);
  });

  it('are never wider than those of the old file', async () => {
    writeOld(0o666);
    if (isRoot) fs.chownSync(out, 1, 2);
    const seen: fs.Stats[] = [];
    const copied: unknown[][] = [];
    await writeOutput(out, LONGER, (from, to) => {
      copied.push([String(from), String(to).replace(/\.neighbor-product-.*\.tmp$/, 'temporary')]);
      seen.push(statSync(Buffer.from(to)));
    });
    expect(copied).toEqual([[out, join(folder, 'temporary')]]);
    expect(seen[0].mode & 0o777).toBe(0o600);
    expect(seen[0].size).toBe(0);
    expect(statSync(out)).toMatchObject({ uid: seen[0].uid, gid: seen[0].gid });
    expect(statSync(out).mode & 0o777).toBe(0o666);
    if (isRoot) expect(seen[0]).toMatchObject({ uid: 1, gid: 2 });
  });
});

it('removeUnfinishedOutputs deletes a new file that is written in place', async () => {
  refuse(fsPromises, 'rename', 'EPERM');
  let finish = () => {};
  let flushes = 0;
  vi.spyOn(fs, 'fdatasync').mockImplementation(((_: number, callback: (error: null) => void) => {
    finish = () => callback(null);
    if (++flushes === 1) finish();
  }) as never);
  syncBuiltinESMExports();
  const writing = writeOutput(out, LONGER, copyNothing);
  while (flushes < 2) await setImmediate();
  expect(readFileSync(out).equals(LONGER)).toBe(true);
  removeUnfinishedOutputs();
  expect(existsSync(out)).toBe(false);
  finish();
  await writing;
});
