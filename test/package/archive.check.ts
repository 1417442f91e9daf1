/** The archive on a machine that has nothing: a root of its own with a shell and the files of glibc, where that may be made. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { SOFTWARE_GPU_FOLDER, unpackSoftwareGpu } from '../../tools/software-gpu.mjs';
import { expectProductFile, layPicture } from './installations.js';
import { type Ended, run } from './programs.js';

const ARCHIVE_BYTES_MAX = 45 * 2 ** 20;
const GLIBC = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'librt.so.1'];
const LIBRARIES = 'lib/x86_64-linux-gnu';
const CHROOT = '/usr/sbin/chroot';

const archive = inject('archive') ?? '';
const mayChangeRoot = process.getuid?.() === 0;
const root = path.join(inject('scratch'), 'empty machine');
/** As the command sees it. */
const inside = mayChangeRoot ? '' : root;

/** Runs the archive's command in `/tmp` of the machine: no variable of this one, no program in PATH. */
function command(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  name = '/opt/np/neighbor-product',
): Ended {
  const all = { PATH: '/nonexistent', ...env };
  const variables = Object.entries(all).map(([key, value]) => `${key}='${value}'`);
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const script = `cd '${inside}/tmp' && export ${variables.join(' ')} && exec '${inside}${name}' ${quoted}`;
  const shell = mayChangeRoot ? [CHROOT, root, '/bin/sh'] : ['/bin/sh'];
  return run('/usr/bin/env', ['-i', ...shell, '-c', script], { cwd: '/' });
}

describe.runIf(archive !== '')('the archive', () => {
  beforeAll(() => {
    for (const folder of ['bin', 'lib64', LIBRARIES, 'tmp', 'opt'])
      mkdirSync(path.join(root, folder), { recursive: true });
    copyFileSync(realpathSync('/bin/sh'), path.join(root, 'bin/sh'));
    const copy = (from: string, to: string) => copyFileSync(realpathSync(from), path.join(root, to));
    copy('/lib64/ld-linux-x86-64.so.2', 'lib64/ld-linux-x86-64.so.2');
    for (const name of GLIBC) copy(path.join('/', LIBRARIES, name), path.join(LIBRARIES, name));
    const target = path.join(root, 'opt/np');
    mkdirSync(target);
    execFileSync('tar', ['-xf', archive, '-C', target, '--strip-components=1']);
    symlinkSync('np', path.join(root, 'opt/link'));
    layPicture(path.join(root, 'tmp'));
  });

  test('is no larger than the budget and holds one folder, named as the file', () => {
    expect(statSync(archive).size).toBeGreaterThan(10 * 2 ** 20);
    expect(statSync(archive).size).toBeLessThanOrEqual(ARCHIVE_BYTES_MAX);
    const names = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }).trimEnd().split('\n');
    const name = path.basename(archive).replace(/\.tar\..*$/, '');
    expect(names.filter((entry) => !entry.startsWith(`${name}/`))).toEqual([]);
  });

  test('transforms: the CPU backend, the native codec, every pixel', () => {
    const { exitCode, stderr } = command(['input.png', '-o', 'output.png', '--verbose']);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/\bcpu \(/);
    expect(stderr).toMatch(/ read by neighbor-product \(with the addon\)/);
    expectProductFile(path.join(root, 'tmp/output.png'));
  });

  test('transforms on a GPU, with the Vulkan loader that it brings', () => {
    unpackSoftwareGpu();
    cpSync(SOFTWARE_GPU_FOLDER, path.join(root, 'opt/driver'), {
      recursive: true,
      filter: (name) => !name.endsWith('libvulkan.so.1'),
    });
    const driver = { VK_DRIVER_FILES: `${inside}/opt/driver/vk_swiftshader_icd.json` };
    const { exitCode, stderr } = command(['input.png', '-o', 'gpu.png', '--backend', 'gpu', '--verbose'], driver);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/SwiftShader/);
    expectProductFile(path.join(root, 'tmp/gpu.png'));
  });

  test('conformance passes', () => {
    const { exitCode, stdout, stderr } = command(['conformance', '--quick', '--backend', 'cpu']);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/PASSED {2}\d{3,} cases on \d+ backends/);
  });

  test('bench measures, a cold start in a new process included', () => {
    const words = ['--sizes', '64x48', '--kinds', 'photograph', '--repeat', '3', '--json'];
    const { exitCode, stdout, stderr } = command(['bench', ...words]);
    expect(exitCode, stderr).toBe(0);
    const [{ rows }] = JSON.parse(stdout).cases;
    const cpu = rows.filter(({ program }: { program: string }) => /\bcpu\b/.test(program));
    expect(cpu.length).toBeGreaterThan(0);
    for (const { nsPerPixel, cold } of cpu) expect(Math.min(nsPerPixel.median, cold.firstMs)).toBeGreaterThan(0);
  });

  test('devices lists the CPU', () => {
    const { exitCode, stdout } = command(['devices']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^cpu +.*OpenMP/m);
  });

  test('runs through a link to its folder', () => {
    expect(command(['--version'], {}, '/opt/link/neighbor-product')).toMatchObject({ exitCode: 0 });
  });

  test('a failure keeps its exit code', () => {
    expect(command(['absent.png', '-o', 'x.png']).exitCode).toBe(3);
  });

  test('the licence of everything in it', () => {
    const modules = path.join(root, 'opt/np/lib/node_modules');
    const licences = readdirSync(path.join(root, 'opt/np/LICENSES'));
    const packages = readdirSync(modules, { recursive: true, encoding: 'utf8' })
      .filter((name) => /^(@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(name))
      .map((name) => `${path.dirname(name).replace('/', '__')}.txt`);
    expect(packages.sort()).toEqual(['neighbor-product.txt', 'picomatch.txt', 'pngjs.txt', 'webgpu.txt']);
    expect(licences.sort()).toEqual([...packages, 'gcc-runtime.txt', 'node.txt', 'vulkan-loader.txt'].sort());
    for (const name of licences) {
      const text = readFileSync(path.join(root, 'opt/np/LICENSES', name), 'utf8');
      expect(text, name).toMatch(/Permission is hereby granted|Redistribution and use|Apache License|GNU GENERAL/);
    }
  });

  test('no binary for another platform, nothing that only builds', () => {
    const files = readdirSync(path.join(root, 'opt/np/lib'), { recursive: true, encoding: 'utf8' });
    const binaries = files.filter((name) => /\.(node|dll|dylib)$/.test(name)).map((name) => path.basename(name));
    expect(binaries.sort()).toEqual(['dawn.node', 'neighbor_product.node']);
    expect(files.filter((name) => /(^|\/)(node-addon-api|\.package-lock\.json)$/.test(name))).toEqual([]);
  });
});
