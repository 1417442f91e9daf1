/** The archive's launcher before a Node that says how it was started. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const LAUNCHER = path.resolve('tools/launcher.sh');
const FAKE_NODE = `#!/bin/sh\nprintf '%s\\n' "\${LD_LIBRARY_PATH-unset}" "$@"\n`;
const runsHere = process.platform === 'linux' && process.arch === 'x64';

const scratch = mkdtempSync(path.join(tmpdir(), 'neighbor-product-launcher-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** An archive's folder that brings libraries of these names. */
function archive(name: string, libraries: readonly string[]): string {
  const root = path.join(scratch, name);
  for (const library of libraries) mkdirSync(path.join(root, 'lib/shared', library), { recursive: true });
  copyFileSync(LAUNCHER, path.join(root, 'neighbor-product'));
  writeFileSync(path.join(root, 'lib/node'), FAKE_NODE);
  for (const file of ['neighbor-product', 'lib/node']) chmodSync(path.join(root, file), 0o755);
  return root;
}

/** The lines that Node printed: LD_LIBRARY_PATH, its script, the words. */
function start(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = scratch): string[] {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd, env: { PATH: '/nonexistent', ...env } });
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
  return String(stdout).trimEnd().split('\n');
}

describe.runIf(runsHere)('the launcher', () => {
  let root = '';
  let launcher = '';
  beforeAll(() => {
    root = archive('an archive', ['libc.so.6', 'libnone.so.9']);
    launcher = path.join(root, 'neighbor-product');
  });
  const none = () => path.join(root, 'lib/shared/libnone.so.9');
  const script = () => path.join(root, 'lib/node_modules/.bin/neighbor-product');

  test("hands on every word, and only the libraries that the system lacks, behind the user's", () => {
    expect(start(launcher, ['a b', '', '*'])).toEqual([none(), script(), 'a b', '', '*']);
    expect(start(launcher, [], { LD_LIBRARY_PATH: '/theirs' })[0]).toBe(`/theirs:${none()}`);
  });

  test('leaves LD_LIBRARY_PATH alone where the system has every library', () => {
    const complete = archive('complete', ['libc.so.6']);
    expect(start(path.join(complete, 'neighbor-product'), [])[0]).toBe('unset');
  });

  test('takes a library in LD_LIBRARY_PATH for one that the system has', () => {
    const folder = path.join(scratch, 'theirs');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'libnone.so.9'), '');
    expect(start(launcher, [], { LD_LIBRARY_PATH: `/empty:${folder}` })[0]).toBe(`/empty:${folder}`);
  });

  test('by a relative path, with CDPATH set, and by sh from its own folder', () => {
    expect(start('./an archive/neighbor-product', [])[1]).toBe(script());
    expect(start('/bin/sh', ['an archive/neighbor-product'], { CDPATH: scratch })[1]).toBe(script());
    expect(start('/bin/sh', ['neighbor-product'], {}, root)[1]).toBe(script());
  });

  test('through symbolic links: to it, to its folder, to a link', () => {
    symlinkSync('an archive', path.join(scratch, 'folder'));
    expect(start(path.join(scratch, 'folder/neighbor-product'), [])[1]).toBe(script());
    symlinkSync('folder/neighbor-product', path.join(scratch, 'relative'));
    symlinkSync(path.join(scratch, 'relative'), path.join(scratch, 'absolute'));
    for (const name of ['relative', 'absolute']) {
      expect(start(path.join(scratch, name), [], { PATH: '/usr/bin:/bin' })[1]).toBe(script());
    }
  });
});
