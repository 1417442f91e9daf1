import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { nameFrom } from '../../src/files/names.js';
import { filesIn, type TreeOptions } from '../../src/files/tree.js';
import { folderWith } from '../cli/command.js';

const ALL: TreeOptions = { isRecursive: true, withHidden: false, followsLinks: false, takes: () => true };

async function found(folder: string, options: Partial<TreeOptions> = {}): Promise<string[]> {
  const relatives: string[] = [];
  for await (const { relative, error } of filesIn(folder, { ...ALL, ...options })) {
    relatives.push(error === undefined ? relative : `error in ${relative}`);
  }
  return relatives;
}

const FILES = { 'b.png': '', 'a/z.png': '', 'a/y/x.png': '', 'B.png': '', '.hidden.png': '', '.git/c.png': '' };

test('files come in the order of the bytes of their names, with the path below the folder', async () => {
  const folder = folderWith(FILES);
  expect(await found(folder)).toEqual(['B.png', 'a/y/x.png', 'a/z.png', 'b.png']);
  for await (const entry of filesIn(folder, ALL)) expect(entry.path).toBe(path.join(folder, entry.relative));
});

test('of a folder alone', async () => {
  expect(await found(folderWith(FILES), { isRecursive: false })).toEqual(['B.png', 'b.png']);
});

test('hidden files and folders, if they are wanted', async () => {
  const all = ['.git/c.png', '.hidden.png', 'B.png', 'a/y/x.png', 'a/z.png', 'b.png'];
  expect(await found(folderWith(FILES), { withHidden: true })).toEqual(all);
});

test('a folder that is not taken is not looked into', async () => {
  const asked: string[] = [];
  const takes = (relative: string, isFolder: boolean) => {
    asked.push(relative);
    return !isFolder;
  };
  expect(await found(folderWith(FILES), { takes })).toEqual(['B.png', 'b.png']);
  expect(asked).toEqual(['B.png', 'a', 'b.png']);
});

describe.runIf(process.platform !== 'win32')('symbolic links', () => {
  function linked() {
    const folder = folderWith({ 'in/a.png': '', 'out/b.png': '' });
    symlinkSync('../out/b.png', path.join(folder, 'in/file.png'));
    symlinkSync('../out', path.join(folder, 'in/folder'));
    symlinkSync('.', path.join(folder, 'in/circle'));
    symlinkSync('gone.png', path.join(folder, 'in/gone.png'));
    return path.join(folder, 'in');
  }

  test('are left out', async () => {
    expect(await found(linked())).toEqual(['a.png']);
  });

  test('are followed, but for circles; reading a broken one says so', async () => {
    expect(await found(linked(), { followsLinks: true })).toEqual(['a.png', 'file.png', 'folder/b.png', 'gone.png']);
  });
});

test.runIf(process.platform !== 'win32')('a folder that cannot be read is an entry with the reason', async () => {
  const folder = folderWith({ 'a/x.png': '', 'b.png': '' });
  const entries = [];
  for await (const entry of filesIn(path.join(folder, 'gone'), ALL)) entries.push(entry);
  expect(entries).toMatchObject([{ relative: '', error: { code: 'INPUT_UNREADABLE' } }]);
  if (process.getuid?.() === 0) return; // who may read everything
  chmodSync(path.join(folder, 'a'), 0);
  expect(await found(folder)).toEqual(['error in a/', 'b.png']);
});

test.runIf(process.platform === 'linux')('names keep every byte', async () => {
  const folder = folderWith();
  const names = [Buffer.from([0x61, 0xe9, 0x2e]), Buffer.from('line\nbreak.png'), Buffer.from([0x61, 0xe8])];
  for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), '');
  expect(await found(folder)).toEqual([names[2], names[0], names[1]].map(nameFrom));
});
