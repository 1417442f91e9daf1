/** The folder list is the architecture: what may import what. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(SRC, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import|createRequire\(import\.meta\.url\))\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1],
  );
  return specifiers.map((to) => {
    const isRelative = to.startsWith('.');
    return { from: file, to: isRelative ? path.join(path.dirname(file), to).replace(/\.js$/, '.ts') : to };
  });
}

function areaOf(file: string): string {
  return file.includes(path.sep) ? file.split(path.sep)[0] : file;
}

/** From top to bottom; files of one line do not import each other's areas. */
const LAYERS: readonly (readonly string[])[] = [
  ['cli'],
  ['bench'],
  ['conformance'],
  ['index.ts', 'browser.ts', 'devices.ts'],
  ['transform.ts'],
  ['select-backend.ts'],
  ['resume.ts'],
  ['gpu', 'cpu', 'codec', 'reference.ts'],
  ['backend.ts', 'job-queue.ts'],
  ['options.ts'],
  ['image.ts', 'span.ts'],
  ['errors.ts'],
];

test('there are imports to look at', () => {
  expect(imports.length).toBeGreaterThan(20);
});

test('imports point down', () => {
  const layerOf = (file: string) => LAYERS.findIndex((layer) => layer.includes(areaOf(file)));
  const upwards = imports.filter(({ from, to }) => {
    if (!files.includes(to) || areaOf(from) === areaOf(to)) return false;
    return layerOf(from) < 0 || layerOf(from) >= layerOf(to);
  });
  expect(upwards).toEqual([]);
});

test('every relative import is a file', () => {
  expect(imports.filter(({ to }) => to.endsWith('.ts') && !files.includes(to))).toEqual([]);
});

describe('one file for each outside thing', () => {
  test.each([
    ['pngjs', [path.join('codec', 'pngjs-codec.ts')]],
    ['@napi-rs/image', [path.join('codec', 'native-codec.ts')]],
    ['webgpu', [path.join('gpu', 'node-gpu.ts')]],
    ['commander', [path.join('cli', 'options.ts'), path.join('cli', 'program.ts')]],
  ])('%s', (name, importers) => {
    const found = imports.filter(({ to }) => to === name).map(({ from }) => from);
    expect([...new Set(found)].sort()).toEqual(importers);
  });

  test('only the entries of the command line touch argv, the standard streams and the exit code', () => {
    const touching = files.filter((file) => {
      const code = readFileSync(path.join(SRC, file), 'utf8').replace(/\/\*\*.*?\*\//gs, '');
      return /process\.(stdout|stderr|exit|exitCode|argv)\b|console\./.test(code);
    });
    expect(touching).toEqual([path.join('cli', 'main.ts'), path.join('cli', 'start.ts')]);
  });

  test('what a browser runs imports nothing of Node', () => {
    const inBrowser = (file: string) =>
      ['browser.ts', 'conformance', 'gpu'].includes(areaOf(file)) && !file.endsWith('node-gpu.ts');
    expect(imports.filter(({ from, to }) => inBrowser(from) && to.startsWith('node:'))).toEqual([]);
  });
});
