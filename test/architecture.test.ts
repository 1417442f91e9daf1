/** The folder list is the architecture: what may import what, and what is named where. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BACKEND_NAMES } from '../src/backends.js';
import { BORDER_MODES } from '../src/regions.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SRC = path.join(ROOT, 'src');

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const imports = files.flatMap(importsOf);

/** Types included. */
function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(SRC, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import|requirePart|importPart)\s*\(?\s*'([^']+)'/g)].map(
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

/** From top to bottom; areas of one line do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['cli'],
  ['bench'],
  ['conformance'],
  ['index.ts', 'browser.ts', 'png.ts', 'image-files'],
  ['transform.ts', 'records.ts', 'raw-rows.ts'],
  ['backends.ts', 'one-call.ts', 'image-sequence.ts'],
  ['formats'],
  ['selector.ts', 'gpu', 'cpu', 'wasm', 'reference.ts'],
  ['dealing', 'files'],
  ['host.ts', 'rows.ts', 'admission.ts', 'shares.ts', 'trust.ts'],
  ['steps.ts'],
  ['backend.ts', 'semaphore.ts'],
  ['options.ts'],
  ['image.ts', 'regions.ts', 'span.ts', 'abort.ts'],
  ['errors.ts', 'command-text.ts', 'cores.ts', 'fallback-warning.ts', 'hash.ts', 'package.ts'],
  ['environment.ts'],
];

test('there are imports to look at, and no relative one leads nowhere', () => {
  expect(imports.length).toBeGreaterThan(20);
  expect(imports.filter(({ to }) => to.endsWith('.ts') && !files.includes(to))).toEqual([]);
});

test('imports point down', () => {
  const layerOf = (file: string) => LAYERS.findIndex((layer) => layer.includes(areaOf(file)));
  const upwards = imports.filter(({ from, to }) => {
    if (!files.includes(to) || areaOf(from) === areaOf(to)) return false;
    return layerOf(from) < 0 || layerOf(from) >= layerOf(to);
  });
  expect(upwards).toEqual([]);
});

test('the package has every folder that its entries import', () => {
  const reached = new Set([
    'index.ts',
    'browser.ts',
    'png.ts',
    ...['image-files', 'conformance'].map((folder) => path.join(folder, 'index.ts')),
  ]);
  for (const file of reached) for (const { from, to } of imports) if (from === file) reached.add(to);
  const folders = new Set([...reached].filter((file) => files.includes(file) && file.includes(path.sep)).map(areaOf));
  const packed: string[] = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).files;
  expect(folders.size).toBeGreaterThan(5);
  expect([...folders].filter((folder) => !packed.includes(`dist/${folder}`))).toEqual([]);
});

describe('one file for each outside thing', () => {
  test.each([
    ['pngjs', [path.join('formats', 'png', 'interlace.ts')]],
    ['sharp', [path.join('formats', 'sharp.ts')]],
    ['picomatch', [path.join('cli', 'inputs.ts')]],
    ['webgpu', [path.join('gpu', 'node-gpu.ts')]],
    ['commander', [path.join('cli', 'options.ts'), path.join('cli', 'program.ts')]],
  ])('%s', (name, importers) => {
    const found = imports.filter(({ to }) => to === name).map(({ from }) => from);
    expect([...new Set(found)].sort()).toEqual(importers);
  });

  test('only the main file of the command touches argv, the standard streams and the exit code', () => {
    const touching = files.filter((file) => {
      const code = readFileSync(path.join(SRC, file), 'utf8').replace(/\/\*\*.*?\*\//gs, '');
      return /process\.(stdout|stderr|exit|exitCode|argv)\b|console\./.test(code);
    });
    expect(touching).toEqual([path.join('cli', 'main.ts')]);
  });

  test('what a browser runs imports nothing of Node', () => {
    const reached = new Set<string>(['browser.ts', path.join('conformance', 'index.ts')]);
    for (const file of reached) {
      for (const { to } of imports.filter(({ from }) => from === file)) reached.add(to);
    }
    expect(reached.size).toBeGreaterThan(20);
    expect([...reached].filter((name) => name.startsWith('node:') || name === 'webgpu')).toEqual([]);
  });
});

describe('names in one place', () => {
  test('backends: the registry and their own folders', () => {
    const literal = new RegExp(`['"\`](${BACKEND_NAMES.join('|')})['"\`]`);
    // In cores.ts one is the name of a controller of Linux.
    const owners = ['backends.ts', 'cores.ts', 'cpu', 'gpu', 'wasm', 'reference.ts'];
    const naming = files.filter((file) => literal.test(withoutComments(path.join(SRC, file))));
    expect(naming.length).toBeGreaterThan(1);
    expect(naming.filter((file) => !owners.includes(areaOf(file)))).toEqual([]);
  });

  test('border modes: no backend knows any', () => {
    const word = new RegExp(`\\b(${BORDER_MODES.join('|')})\\b`);
    for (const folder of ['native-fallback', 'shaders', 'src/cpu', 'src/gpu', 'src/wasm']) {
      const names = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
      const sources = names.filter((name) => /\.(cc|h|wgsl|ts)$/.test(name));
      expect(sources.length, folder).toBeGreaterThan(1);
      expect(sources.filter((name) => word.test(withoutComments(path.join(ROOT, folder, name))))).toEqual([]);
    }
  });
});

function withoutComments(file: string): string {
  return readFileSync(file, 'utf8')
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\/\/.*/g, '');
}
