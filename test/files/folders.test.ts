import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolder, removeEmptyFolders } from '../../src/files/folders.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neighbor-product-'));
});
afterEach(async () => {
  await removeEmptyFolders();
  rmSync(folder, { recursive: true });
});

describe('a folder', () => {
  it.each(['a', 'a/', 'a/b/c//', 'x/../a/', './a/./b/'])(
    '%s is created with its parents, and removed again',
    async (path) => {
      await createFolder(`${folder}/${path}`);
      expect(existsSync(`${folder}/${path}`)).toBe(true);
      await removeEmptyFolders();
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('that exists stays', async () => {
    mkdirSync(join(folder, 'old'));
    await createFolder(join(folder, 'old'));
    await createFolder(join(folder, 'old/new'));
    await removeEmptyFolders();
    expect(readdirSync(folder, { recursive: true })).toEqual(['old']);
  });

  it('with a file in it stays, and its parents', async () => {
    await createFolder(join(folder, 'a/b'));
    await createFolder(join(folder, 'a/c'));
    writeFileSync(join(folder, 'a/b/image'), '');
    await removeEmptyFolders();
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(
      ['a', 'a/b', 'a/b/image'].map((name) => join(name)),
    );
  });

  it('created by two at once is no failure', async () => {
    await Promise.all([createFolder(join(folder, 'a/b/c')), createFolder(join(folder, 'a/b/c'))]);
    expect(existsSync(join(folder, 'a/b/c'))).toBe(true);
  });

  it.each([
    ['file/', 'something that is not a folder is in its place. Name another folder.'],
    ['file/a/', 'something that is not a folder is in its place. Name another folder.'],
    [`${'x'.repeat(300)}/`, 'its path is too long. Name a shorter one.'],
    ['circle/a/', 'something that is not a folder is in its place. Name another folder.'],
  ])('%s cannot be created, for its true cause', async (path, message) => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('circle', join(folder, 'circle'));
    await expect(createFolder(`${folder}/${path}`)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringMatching(new RegExp(`^Cannot create the folder '.*': ${message}$`)),
    });
  });

  it.runIf(process.platform === 'linux')('cannot be created where there are no new ones', async () => {
    await expect(createFolder('/proc/new/')).rejects.toMatchObject({
      message: "Cannot create the folder '/proc/new/': nothing new can be created in its folder. Name another place.",
    });
  });
});
