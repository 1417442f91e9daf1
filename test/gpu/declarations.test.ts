import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const DIST = new URL('../../dist/', import.meta.url);

test("every name of WebGPU's in the package's declarations is declared, for programs without the types of WebGPU", () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'));
  const texts = files.map((name) => readFileSync(new URL(name, DIST), 'utf8').replace(/\/\*.*?\*\//gs, ''));
  const used = new Set(texts.flatMap((text) => text.match(/\bGPU(?:[A-Z]\w*)?\b/g) ?? []));
  const source = readFileSync(new URL('../src/gpu/device-transform.ts', DIST), 'utf8');
  const declared = [...source.matchAll(/^ {2}interface (GPU\w*) \{\}/gm)].map(([, name]) => name);
  expect(used.size).toBeGreaterThan(5);
  expect(declared.sort()).toEqual([...used].sort());
});
