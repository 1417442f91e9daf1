/** The command of an installed package: complete, and with one thing after the other taken away. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { namePlatform } from '../../src/cpu/addon.js';
import { softwareGpuExists, unpackSoftwareGpu } from '../../tools/software-gpu.mjs';
import { expectProductFile, installPackage, npm, PATH_WITHOUT_COMPILER } from './installations.js';
import { type Ended, must, run } from './programs.js';

const BINARY = `prebuilds/${namePlatform()}/neighbor_product.node`;
const PATH = PATH_WITHOUT_COMPILER;

/** Runs `npx neighbor-product input.png -o output.png` and compares every pixel. */
function transform(folder: string, words: readonly string[] = [], env: NodeJS.ProcessEnv = { PATH }): Ended {
  const output = path.join(folder, 'output.png');
  rmSync(output, { force: true });
  const all = ['--no', '--', 'neighbor-product', 'input.png', '-o', 'output.png', ...words];
  const ended = npm.npx(all, { cwd: folder, env });
  expect(ended.exitCode, ended.stderr).toBe(0);
  expectProductFile(output);
  return ended;
}

function packageIn(folder: string): string {
  return path.join(folder, 'node_modules/neighbor-product');
}

describe('with everything', () => {
  let folder = '';
  beforeAll(() => {
    folder = installPackage('complete');
  });

  test('the prebuilt addon runs, with no compiler and nothing compiled', () => {
    expect(transform(folder, ['--verbose']).stderr).toMatch(/\bcpu\b/);
    expect(existsSync(path.join(packageIn(folder), 'build'))).toBe(false);
    expect(readdirSync(path.join(folder, 'node_modules'))).toContain('webgpu');
  });

  test.runIf(softwareGpuExists)('the GPU backend finds Dawn', () => {
    const ended = transform(folder, ['--backend', 'gpu', '--verbose'], { PATH, ...unpackSoftwareGpu() });
    expect(ended.stderr).toMatch(/SwiftShader/);
  });

  test('npm finds nothing missing, and its own version', () => {
    expect(npm.run(['ls', '--all'], { cwd: folder }).exitCode).toBe(0);
    const { version } = JSON.parse(readFileSync(path.join(packageIn(folder), 'package.json'), 'utf8'));
    const words = ['--no', '--', 'neighbor-product', '--version'];
    expect(npm.npx(words, { cwd: folder, env: { PATH } }).stdout.trim()).toBe(version);
  });
});

describe('without optional packages', () => {
  let folder = '';
  beforeAll(() => {
    folder = installPackage('without-optional', ['--omit=optional']);
  });
  const devices = (words: readonly string[] = []) =>
    npm.npx(['--no', '--', 'neighbor-product', 'devices', ...words], { cwd: folder, env: { PATH } });

  test('the CPU backend runs', () => {
    expect(readdirSync(path.join(folder, 'node_modules'))).not.toContain('webgpu');
    expect(transform(folder).stderr).toMatch(/\bcpu\b/);
  });

  test('devices says what is missing', () => {
    const { stdout, exitCode } = devices();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^gpu +none/m);
    expect(stdout).toMatch(/^cpu +.*OpenMP/m);
    expect(stdout).toMatch(/^auto +takes cpu/m);
  });

  test('a broken binary: WebAssembly runs and says why', () => {
    writeFileSync(path.join(packageIn(folder), BINARY), 'broken');
    expect(transform(folder).stderr).toMatch(/wasm.*prebuilds\/.*\.node does not load: /s);
  });

  test('neither binary nor compiler: WebAssembly runs, says why and what to do', () => {
    rmSync(path.join(packageIn(folder), 'prebuilds'), { recursive: true });
    const { stderr } = transform(folder);
    expect(stderr).toMatch(/WebAssembly ran, .*build\/Release\/\S+ does not exist; prebuilds\/\S+ does not exist/);
    expect(stderr).toContain('Run neighbor-product devices to see what to do.');
    expect(devices().stdout).toContain('npm run build:addon --prefix');
    const refused = npm.npx(['--no', '--', 'neighbor-product', 'input.png', '-o', 'x.png', '--backend', 'cpu'], {
      cwd: folder,
      env: { PATH },
    });
    expect(refused.exitCode).toBe(4);
    expect(existsSync(path.join(folder, 'x.png'))).toBe(false);
  });

  test('the command it names builds the addon, which then runs, before a binary that came along', () => {
    const command = /npm (run build:addon --prefix ".*?")/.exec(devices().stdout)?.[1];
    expect(command).toBeDefined();
    const built = run('sh', ['-c', `"${process.execPath}" "${inject('npmCli')}" ${command}`], { cwd: folder });
    expect(built.exitCode, built.stderr.slice(-2000)).toBe(0);
    expect(transform(folder).stderr).toMatch(/\bcpu\b/);
    expect(JSON.parse(devices(['--json']).stdout).cpu.openMp).toBe(process.platform !== 'darwin');
    if (process.platform !== 'linux') return;

    const prebuilt = path.join(packageIn(folder), BINARY);
    mkdirSync(path.dirname(prebuilt), { recursive: true });
    copyFileSync(path.join(packageIn(folder), 'build/Release/neighbor_product.node'), prebuilt);
    expect(loadedAddons(folder)).toEqual([path.join(packageIn(folder), 'build/Release/neighbor_product.node')]);
    writeFileSync(path.join(packageIn(folder), 'build/Release/neighbor_product.node'), 'broken');
    expect(loadedAddons(folder)).toEqual([prebuilt]);
  });
});

/** The files that Linux has mapped into a process which transformed on the CPU. */
function loadedAddons(folder: string): string[] {
  const script = `import { readFileSync } from 'node:fs';
    import { transformSync } from 'neighbor-product';
    transformSync({ data: new Uint8Array(36), width: 3, height: 3, channels: 4 }, { backend: 'cpu' });
    process.stdout.write(readFileSync('/proc/self/maps', 'utf8'));`;
  const maps = must(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder, env: { PATH } });
  return [...new Set(maps.match(/\/.*neighbor_product\.node/g))];
}
