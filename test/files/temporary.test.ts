import { spawnSync } from 'node:child_process';
import type fs from 'node:fs';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deleteLeftovers, temporaryIn } from '../../src/files/temporary.js';
import { writeOutput } from '../../src/files/write.js';

const endedPid = spawnSync(process.execPath, ['--version']).pid;
const MINUTES = 60;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neighbor-product-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true });
});

/** The name of a temporary file of another process on this host. */
function nameOf(pid: number): string {
  return temporaryIn('.').replace(`-${process.pid}-`, `-${pid}-`);
}

function createAged(name: string, ageS = 0): void {
  writeFileSync(join(folder, name), 'a part of an image');
  const time = Date.now() / 1000 - ageS;
  utimesSync(join(folder, name), time, time);
}

describe('a temporary name', () => {
  it('is short, and another one each time', () => {
    const names = Array.from({ length: 1000 }, () => basename(temporaryIn(folder)));
    expect(new Set(names).size).toBe(1000);
    for (const name of names) expect(name).toMatch(/^\.neighbor-product-[0-9a-z]{1,7}-\d+-[0-9a-z]{1,7}\.tmp$/);
  });
});

describe('leftovers', () => {
  it.each([
    ['of an ended process of this host', nameOf(endedPid), 0],
    ['of a process with the number of this one, before it', temporaryIn('.'), 24 * 60 * MINUTES],
    ['of another host, an hour old', '.neighbor-product-0otherhost-1-abc.tmp', 61 * MINUTES],
    ['of a living process with the same number, an hour old', nameOf(process.ppid), 61 * MINUTES],
    ['of an earlier version, an hour old', '.neighbor-product-4711-jt504lq2cz.tmp', 61 * MINUTES],
  ])('are deleted: %s', async (_, name, ageS) => {
    createAged(name, ageS);
    await deleteLeftovers(folder, []);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are deleted though a file before them was finished since the folder was read', async () => {
    const leftover = nameOf(endedPid);
    createAged(leftover);
    const names = [temporaryIn('.'), leftover];
    const entries = (async function* () {
      for (const name of names) yield { name };
    })();
    vi.spyOn(fsPromises, 'opendir').mockResolvedValue(entries as unknown as fs.Dir);
    syncBuiltinESMExports();
    await deleteLeftovers(folder, []);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['a file of a living process', nameOf(process.ppid), 0],
    ['a file of another thread of this process', temporaryIn('.'), 0],
    ['a file of another host', '.neighbor-product-0otherhost-1-abc.tmp', 59 * MINUTES],
    ['a file of another host whose process has a number that ended here', `.neighbor-product-0-${endedPid}-abc.tmp`, 0],
    ['a file of an earlier version', '.neighbor-product-4711-jt504lq2cz.tmp', 59 * MINUTES],
    ['a file of another program', '.neighbor-product-list.txt', 61 * MINUTES],
    ['another file of the user', 'neighbor-product-1-1-a.tmp', 61 * MINUTES],
  ])('%s stays', async (_, name, ageS) => {
    createAged(name, ageS);
    await deleteLeftovers(folder, []);
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('what this process is writing stays, by whatever path', async () => {
    const name = basename(temporaryIn(folder));
    createAged(name);
    await deleteLeftovers(folder, new Set([`${folder}/../${basename(folder)}/${name}`]));
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('what cannot be deleted stops nothing', async () => {
    const names = [nameOf(endedPid), nameOf(endedPid), nameOf(endedPid)];
    for (const name of names) createAged(name);
    // Any one: folders are not in order.
    vi.spyOn(fsPromises, 'unlink').mockRejectedValueOnce(new Error('EPERM'));
    syncBuiltinESMExports();
    await deleteLeftovers(folder, []);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('a missing folder is no failure', () => deleteLeftovers(join(folder, 'missing'), []));

  it('a folder without end is looked at in part', async () => {
    let entries = 0;
    async function* endless() {
      while (entries++ < 1e6) {
        yield { name: 'image.png' };
      }
    }
    vi.spyOn(fsPromises, 'opendir').mockResolvedValue(endless() as unknown as fs.Dir);
    syncBuiltinESMExports();
    await deleteLeftovers(folder, []);
    expect(entries).toBeGreaterThan(1000);
    expect(entries).toBeLessThan(20_000);
  });
});

describe('writing into a folder', () => {
  it('deletes leftovers there, once, and waits for nothing', async () => {
    const { opendir } = fsPromises;
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const spy = vi.spyOn(fsPromises, 'opendir').mockImplementation(async (...args) => {
      await begun;
      return opendir(...args);
    });
    syncBuiltinESMExports();
    createAged(nameOf(endedPid));
    mkdirSync(join(folder, 'sub'));
    for (const name of ['a', 'b', 'sub/a', 'sub/b']) await writeOutput(join(folder, name), Buffer.from(name), () => {});
    expect(spy.mock.calls.map(([path]) => path)).toEqual([folder, join(folder, 'sub')]);
    expect(readdirSync(folder)).toHaveLength(4);
    begin();
    await vi.waitFor(() => expect(readdirSync(folder).sort()).toEqual(['a', 'b', 'sub']));
  });
});
