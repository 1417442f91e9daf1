/** The package imported by programs of every kind. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectProduct, installPackage, PATH_WITHOUT_COMPILER, SIZE } from './installations.js';
import { must, run } from './programs.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONSUMERS = path.join(ROOT, 'test/package/consumers');
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');

/** Everything that TypeScript can find fault with, in the package's declarations too. */
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
  target: 'es2022',
  outDir: 'out',
};

let folder = '';
beforeAll(() => {
  folder = installPackage('imported', ['--omit=optional']);
  for (const name of readdirSync(CONSUMERS)) copyFileSync(path.join(CONSUMERS, name), path.join(folder, name));
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  mkdirSync(path.join(folder, 'node_modules/@types'));
  // Node's declarations, which every TypeScript program for Node installs.
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name), { recursive: true });
  }
});

function runProgram(file: string) {
  const env = { PATH: PATH_WITHOUT_COMPILER };
  return JSON.parse(must(process.execPath, [file, ...SIZE], { cwd: folder, env }));
}

const asPixels = (base64: string) => Buffer.from(base64, 'base64');

/** @returns what the compiler says */
function compile(file: string, compilerOptions: object): string {
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  rmSync(path.join(folder, 'out'), { recursive: true, force: true });
  const { stdout } = run(process.execPath, [TSC, '-p', '.'], { cwd: folder });
  return stdout;
}

function expectProgram(file: string): void {
  const { pixels, ...rest } = runProgram(file);
  expectProduct(asPixels(pixels));
  expect(rest).toEqual({
    backend: 'cpu',
    code: 'INVALID_IMAGE',
    passed: true,
    reason: 'this browser has no WebGPU',
    kept: 3,
  });
}

describe('TypeScript', () => {
  const types = ['node'];

  test('module nodenext, with no declarations of a browser', () => {
    expect(compile('program.ts', { ...STRICT, module: 'nodenext', lib: ['es2023'], types })).toBe('');
    expectProgram('out/program.js');
  });

  test('module nodenext, with the libraries that TypeScript takes by default', () => {
    expect(compile('program.ts', { ...STRICT, module: 'nodenext', types, noEmit: true })).toBe('');
  });

  test('moduleResolution bundler, and bundled', async () => {
    const options = { ...STRICT, module: 'esnext', moduleResolution: 'bundler', types, noEmit: true };
    expect(compile('program.ts', options)).toBe('');
    const outfile = path.join(folder, 'bundled.mjs');
    const entryPoints = [path.join(folder, 'program.ts')];
    await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
    expectProgram('bundled.mjs');
  });

  test('a page: types of a browser only, no module of Node', async () => {
    const options = { ...STRICT, module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom'], types: [] };
    expect(compile('page.ts', options)).toBe('');
    const entryPoints = [path.join(folder, 'page.ts')];
    const { errors, metafile } = await build({
      entryPoints,
      outfile: path.join(folder, 'page.js'),
      bundle: true,
      platform: 'browser',
      format: 'esm',
      metafile: true,
    });
    expect(errors).toEqual([]);
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
    expect(readFileSync(path.join(folder, 'page.js'), 'utf8')).not.toMatch(/node:/);
  });

  test('a mistake is found: the checks above could fail', () => {
    writeFileSync(path.join(folder, 'mistake.ts'), "import { transform } from 'neighbor-product';\ntransform(1);\n");
    expect(compile('mistake.ts', { ...STRICT, module: 'nodenext', lib: ['es2023'], types })).toMatch(/TS2345/);
  });
});

describe('JavaScript', () => {
  test('a module; the manifest by its entry; the OpenMP library that came along', () => {
    const { pixels, libraries, version, ...rest } = runProgram('program.mjs');
    expectProduct(asPixels(pixels));
    expect(rest).toEqual({ backend: 'cpu' });
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    if (process.platform !== 'linux') return;
    expect(new Set(libraries).size).toBe(1);
    expect(libraries[0]).toContain(path.join(folder, 'node_modules/neighbor-product/prebuilds'));
  });

  test('CommonJS, by dynamic import', () => {
    const { pixels, backend } = runProgram('program.cjs');
    expectProduct(asPixels(pixels));
    expect(backend).toBe('cpu');
  });

  test('worker threads', () => {
    const answers = runProgram('threads.mjs');
    expect(answers).toHaveLength(3);
    for (const { pixels, backend } of answers) {
      expectProduct(asPixels(pixels));
      expect(backend).toBe('cpu');
    }
  });

  test('through a symbolic link to the package', () => {
    const linked = path.join(folder, 'linked');
    mkdirSync(path.join(linked, 'node_modules'), { recursive: true });
    symlinkSync(path.join(folder, 'node_modules/neighbor-product'), path.join(linked, 'node_modules/neighbor-product'));
    for (const name of ['program.mjs', 'input.rgba']) copyFileSync(path.join(folder, name), path.join(linked, name));
    const { pixels } = JSON.parse(must(process.execPath, ['program.mjs', ...SIZE], { cwd: linked }));
    expectProduct(asPixels(pixels));
  });
});
