/** The command on files as systems have them: names, access rights, mounts, full disks, and what a kill leaves. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createImage } from '../../src/image.js';
import { encodePng } from '../encode-png.js';
import { copyWith, folderWith, listing, mainOf, PNG_FILE, pixelsIn, productOf, run } from './command.js';

const isLinux = process.platform === 'linux';
const MAIN = mainOf(fileURLToPath(new URL('../..', import.meta.url)));
const PRODUCT = productOf(PNG_FILE).data;

/** Of a product that no codec makes small. */
function noise(width: number, height: number): Uint8Array {
  const image = createImage(width, height, 4);
  let state = 1;
  for (let at = 0; at < image.data.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    image.data[at] = state >>> 24;
  }
  return encodePng(image);
}

function expectProduct(file: string | Buffer): void {
  expect(pixelsIn(readFileSync(file))).toEqual(PRODUCT);
}

describe.runIf(isLinux)('names that are not UTF-8', () => {
  /** Runs the command by a shell. In the arguments `$'\\xE9'` is a byte, as in bash; sh has only octal numbers in printf. */
  function runInShell(cwd: string, args: string) {
    const octal = args.replace(/\\x(..)/g, (_, hex) => `\\0${Number.parseInt(hex, 16).toString(8)}`);
    const portable = octal.replace(/\$'([^']*)'/g, `"$(printf '%b' '$1')"`);
    const words = ['-c', `exec "$0" "$1" ${portable}`, process.execPath, MAIN];
    const { status, stdout, stderr } = spawnSync('sh', words, { cwd });
    return { exitCode: status, stdout: `${stdout}`, stderr: `${stderr}` };
  }

  function namesIn(folder: string): string[] {
    return readdirSync(folder, { encoding: 'buffer' })
      .map((name) => name.toString('latin1'))
      .sort();
  }

  /** A path whose characters are bytes. */
  function latin1(...parts: string[]): Buffer {
    return Buffer.from(path.join(...parts), 'latin1');
  }

  test('are read and written as they are, and two names stay two', () => {
    const cwd = folderWith({ 'b.png': PNG_FILE });
    writeFileSync(latin1(cwd, 'in\xe9.png'), PNG_FILE);
    const first = runInShell(cwd, "$'in\\xE9.png' -o $'caf\\xE9.png'");
    expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^in\\xE9\.png → caf\\xE9\.png {2}/) });
    expect(runInShell(cwd, "b.png -o $'caf\\xE8.png' -q")).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    chmodSync(latin1(cwd, 'caf\xe9.png'), 0o600);
    expect(runInShell(cwd, "b.png -o $'caf\\xE9.png' -q"), 'over the first').toMatchObject({ exitCode: 0 });
    expect(namesIn(cwd)).toEqual(['b.png', 'caf\xe8.png', 'caf\xe9.png', 'in\xe9.png']);
    expectProduct(latin1(cwd, 'caf\xe8.png'));
    expectProduct(latin1(cwd, 'caf\xe9.png'));
    expect(statSync(latin1(cwd, 'caf\xe9.png')).mode & 0o777).toBe(0o600);
  });

  test('stop no other of a batch, in a folder and behind a link with such names', () => {
    const cwd = folderWith({ 'good.png': PNG_FILE });
    for (const name of ['x\xe8.png', 'x\xe9.png']) writeFileSync(latin1(cwd, name), PNG_FILE);
    mkdirSync(latin1(cwd, 'real\xff'));
    symlinkSync(latin1('real\xff'), path.join(cwd, 'link'));
    expect(runInShell(cwd, "*.png -o $'new\\xFF/a/' -q")).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(runInShell(cwd, '*.png -o link/ -q')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    for (const folder of ['new\xff/a', 'real\xff']) {
      expect(readdirSync(latin1(cwd, folder), { encoding: 'buffer' })).toHaveLength(3);
      for (const name of ['x\xe8.png', 'x\xe9.png', 'good.png']) expectProduct(latin1(cwd, folder, name));
    }
  });

  test('a symbolic link leads to such a name', () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    symlinkSync(latin1('out\xe9.png'), path.join(cwd, 'link.png'));
    expect(runInShell(cwd, 'in.png -o link.png -q')).toMatchObject({ exitCode: 0 });
    expectProduct(latin1(cwd, 'out\xe9.png'));
  });

  test('an input is not overwritten', () => {
    const cwd = folderWith();
    writeFileSync(latin1(cwd, 'a\xe9.png'), PNG_FILE);
    linkSync(latin1(cwd, 'a\xe9.png'), latin1(cwd, 'a\xe8.png'));
    const { exitCode, stderr } = runInShell(cwd, "$'a\\xE9.png' -o $'a\\xE8.png'");
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is the same file as') });
    expect(readFileSync(latin1(cwd, 'a\xe9.png')).equals(PNG_FILE)).toBe(true);
  });

  test('errors and suggestions show the bytes; JSON has them as lone surrogates', () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    expect(runInShell(cwd, "$'gone\\xE9.png' -o out.png").stderr).toBe(
      "error: Cannot read 'gone\\xE9.png': no such file. Check the path.\n",
    );
    writeFileSync(latin1(cwd, 'it\xe9.png'), PNG_FILE);
    const [, suggestion] = runInShell(cwd, "$'it\\xE9.png'").stderr.split('Type: neighbor-product ');
    expect(suggestion).toBe("$'it\\xE9.png' -o $'it\\xE9-product.png'\n");
    expect(runInShell(cwd, suggestion)).toMatchObject({ exitCode: 0 });
    expectProduct(latin1(cwd, 'it\xe9-product.png'));
    const { stdout } = runInShell(cwd, "in.png -o $'out\\xE9.png' --json -q");
    expect(stdout).toContain('"output":"out\\udce9.png"');
  });
});

/** The version and the entries of an ACL, linux/posix_acl_xattr.h: named user 1 may read and write. */
const ACL = `struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in [
  (0x01, 6, 2**32 - 1), (0x02, 6, 1), (0x04, 4, 2**32 - 1), (0x10, 6, 2**32 - 1), (0x20, 0, 2**32 - 1)])`;

function python(script: string, ...args: string[]): string {
  return execFileSync('python3', ['-c', `import os, struct, sys\n${script}`, ...args]).toString();
}

function attributesOf(file: string): string {
  const script = 'for name in sorted(os.listxattr(sys.argv[1])): print(name, os.getxattr(sys.argv[1], name).hex())';
  return `${python(script, file)}mode ${(statSync(file).mode & 0o7777).toString(8)}`;
}

describe.runIf(isLinux)('access rights of a file that is replaced', () => {
  /** An old file, and a folder that gives user 1 all rights to new files. */
  function oldFile(cwd: string, attributes: string): string {
    const out = path.join(cwd, 'out.png');
    writeFileSync(out, 'old');
    chmodSync(out, 0o640);
    python(attributes, out);
    const folderAcl = ACL.replaceAll(', 6, ', ', 7, ');
    python(`os.setxattr(sys.argv[1], 'system.posix_acl_default', ${folderAcl})`, cwd);
    return out;
  }

  test.each([
    ['an ACL', `os.setxattr(sys.argv[1], 'system.posix_acl_access', ${ACL})`, /posix_acl_access/],
    ['an attribute', "os.setxattr(sys.argv[1], 'user.note', b'x')", /user\.note/],
    ['none of both', '', /^mode 640$/],
  ])('%s', async (_, attributes, expected) => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const out = oldFile(cwd, attributes);
    const before = { attributes: attributesOf(out), inode: statSync(out).ino };
    expect(before.attributes).toMatch(expected);
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png', '-v', '--backend', 'cpu'], { cwd });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('in place') });
    expectProduct(out);
    expect(attributesOf(out)).toBe(before.attributes);
    expect(statSync(out).ino).not.toBe(before.inode);
  });

  test('without the addon it is written in place, which keeps them', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const out = oldFile(cwd, `os.setxattr(sys.argv[1], 'system.posix_acl_access', ${ACL})`);
    const before = { attributes: attributesOf(out), inode: statSync(out).ino };
    const script = mainOf(await copyWith());
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png', '-v'], { cwd, script });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /written: .*out\.png \(\d+ bytes\), in place: copy of the access rights refused \(no addon\)\n/,
    );
    expectProduct(out);
    expect({ attributes: attributesOf(out), inode: statSync(out).ino }).toEqual(before);
  });
});

const canMount = isLinux && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0;
if (isLinux && !canMount) process.stderr.write('NOT RUN, for want of the right to mount: tests of mounts\n');

describe.runIf(canMount)('mounts', () => {
  /** Runs the command where some file systems are mounted, which nobody else sees. */
  function runWith(cwd: string, mounts: string, args: string, after = 'true') {
    const script = `${mounts} || exit 99; "$0" "$1" ${args}; code=$?; ${after}; exit $code`;
    const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script, process.execPath, MAIN], { cwd });
    return { exitCode: status, stderr: `${stderr}` };
  }

  test('a file that is a mount is written in place, again and again', () => {
    const cwd = folderWith({ 'in.png': PNG_FILE, 'host.png': '', 'out.png': '' });
    for (const round of [1, 2]) {
      const { exitCode, stderr } = runWith(cwd, 'mount --bind host.png out.png', 'in.png -o out.png -v --backend cpu');
      expect({ round, exitCode, stderr }).toEqual({
        round,
        exitCode: 0,
        stderr: expect.stringContaining(', in place: rename refused (EBUSY)\n'),
      });
      expectProduct(path.join(cwd, 'host.png'));
    }
    expect(listing(cwd)).toEqual(['host.png', 'in.png', 'out.png']);
  });

  test('so is one in a folder that is read-only', () => {
    const cwd = folderWith({ 'in.png': PNG_FILE, 'host.png': '', 'ro/out.png': '' });
    const mounts = 'mount --bind ro ro && mount -o remount,bind,ro ro && mount --bind host.png ro/out.png';
    expect(runWith(cwd, mounts, 'in.png -o ro/out.png -q')).toEqual({ exitCode: 0, stderr: '' });
    expectProduct(path.join(cwd, 'host.png'));
  });

  test.each([
    ['a folder', 'ro/new/', "Cannot create the folder 'ro/new/': the file system is read-only. Name another place."],
    ['a file', 'ro/out.png', "in.png: Cannot write 'ro/out.png': the file system is read-only. Name another place."],
  ])('%s on a read-only file system', (_, output, message) => {
    const cwd = folderWith({ 'in.png': PNG_FILE, 'ro/other': '' });
    const ended = runWith(cwd, 'mount -t tmpfs -o ro none ro', `in.png -o ${output}`);
    expect(ended).toEqual({ exitCode: 5, stderr: `error: ${message}\n` });
  });

  test.each([
    ['a whole file', 'mount -t tmpfs -o size=64k none full && cp old.png full/out.png', 'full/out.png'],
    [
      'a file in place',
      'mount -t tmpfs -o size=64k none full && cp old.png full/out.png && mount --bind full/out.png out.png',
      'out.png',
    ],
  ])('a full disk leaves the old file as it was: %s', (_, mounts, output) => {
    const cwd = folderWith({ 'in.png': noise(200, 200), 'old.png': 'the old content', 'full/x': '', 'out.png': '' });
    const after = 'cp full/out.png kept.png; ls -A full > names';
    const { exitCode, stderr } = runWith(cwd, mounts, `in.png -o ${output}`, after);
    expect({ exitCode, stderr }).toEqual({ exitCode: 75, stderr: expect.stringContaining('the disk is full') });
    expect(readFileSync(path.join(cwd, 'kept.png'), 'utf8')).toBe('the old content');
    expect(readFileSync(path.join(cwd, 'names'), 'utf8')).toBe('out.png\n');
  });
});

describe('folders created for a run', () => {
  test.each([
    ['an input that cannot be read', ['gone.png', '-o', 'new/a/'], []],
    ['an input that is no image', ['bad.png', '-o', 'new/a/'], []],
    ['a trace that cannot be written', ['in.png', '-o', 'new/a/', '--trace', 'gone/trace.json'], []],
    ['nothing, for one of two images', ['in.png', 'bad.png', '-o', 'new/a/'], ['new', 'new/a', 'new/a/in.png']],
    ['a folder that was there', ['bad.png', '-o', 'old/a/'], ['old']],
  ])('are gone if the run fails and they are empty: %s', async (_, args, left) => {
    const cwd = folderWith({ 'in.png': PNG_FILE, 'bad.png': 'no image' });
    if (args.includes('old/a/')) mkdirSync(path.join(cwd, 'old'));
    expect((await run(args, { cwd })).exitCode).not.toBe(0);
    expect(listing(cwd)).toEqual(['bad.png', 'in.png', ...left]);
  });
});

/** Every process seems to have ended. */
const NOBODY_LIVES = `
  process.kill = () => {
    throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
  };
`;

describe('a temporary file', () => {
  /** Ends the process as a kill does, before a file is finished. */
  const KILLED = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    fs.rename = () => process.reallyExit(99);
    syncBuiltinESMExports();
  `;

  test('that a killed run leaves is deleted by the next one', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    expect(await run(['in.png', '-o', 'out.png', '-q'], { cwd, before: KILLED })).toMatchObject({ exitCode: 99 });
    expect(listing(cwd)).toEqual([expect.stringMatching(/^\.neighbor-product-.*\.tmp$/), 'in.png']);
    expect(await run(['in.png', '-o', 'out.png', '-q'], { cwd })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(listing(cwd)).toEqual(['in.png', 'out.png']);
  });

  test.runIf(canMount)('of another container stays, though there is no process with its number here', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const preload = `data:text/javascript,${encodeURIComponent(KILLED)}`;
    // A PID namespace of its own, with the same host name.
    const words = ['-pf', process.execPath, '--import', preload, MAIN, 'in.png', '-o', 'out.png', '-q'];
    expect(spawnSync('unshare', words, { cwd }).status).toBe(99);
    const [left] = listing(cwd);
    expect(left).toMatch(/^\.neighbor-product-\w+-1-\w+\.tmp$/);
    expect(await run(['in.png', '-o', 'out.png', '-q'], { cwd, before: NOBODY_LIVES })).toMatchObject({ exitCode: 0 });
    expect(listing(cwd)).toEqual([left, 'in.png', 'out.png']);
  });
});

describe('a file of another kind is not overwritten by', () => {
  test.each([
    ['--report', ['conformance', '--quick', '--filter', 'nothing*', '--report']],
    ['--trace', ['devices', '--trace']],
    ['--plot', ['bench', '--from', 'gone.json', '--plot']],
  ])('%s', async (option, args) => {
    const cwd = folderWith({ notes: 'my notes' });
    const { exitCode, stderr } = await run([...args, 'notes'], { cwd });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(new RegExp(`for ${option}, but 'notes' is another file\\. Name another one`)),
    });
    expect(readFileSync(path.join(cwd, 'notes'), 'utf8')).toBe('my notes');
  });

  test('but an earlier trace is, an empty file and a device', async () => {
    const cwd = folderWith({ 'empty.json': '' });
    for (const trace of ['new.json', 'new.json', 'empty.json', ...(existsSync('/dev/null') ? ['/dev/null'] : [])]) {
      expect(await run(['devices', '--trace', trace], { cwd }), trace).toMatchObject({ exitCode: 0 });
    }
    expect(listing(cwd)).toEqual(['empty.json', 'new.json']);
  });
});
