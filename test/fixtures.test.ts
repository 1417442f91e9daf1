import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const drawn = mkdtempSync(path.join(tmpdir(), 'fixtures-'));
const pictures = readdirSync(FIXTURES).filter((name) => name.endsWith('.png'));

beforeAll(() => {
  for (const script of ['make-small-images.mjs', 'make-watermelon-pizza.mjs']) {
    execFileSync(process.execPath, [path.join(FIXTURES, script), drawn]);
  }
}, 240_000);

afterAll(() => rmSync(drawn, { recursive: true }));

describe('the pictures of fixtures/', () => {
  it('are those the scripts draw, none missing, none left over', () => {
    expect(readdirSync(drawn).sort()).toEqual(pictures.sort());
    expect(pictures).toHaveLength(7);
  });

  // Pixels, not files: zlib packs the same bytes differently from version to version of Node.
  it.each(pictures)('%s has the pixels its script draws', (name) => {
    const committed = decode(path.join(FIXTURES, name));
    const anew = decode(path.join(drawn, name));
    expect(anew.size).toEqual(committed.size);
    expect(anew.data.equals(committed.data)).toBe(true);
  });

  it.each(pictures)('%s says its size in its name or the README', (name) => {
    const { size } = decode(path.join(FIXTURES, name));
    const row = readme().find((line) => line.startsWith(`| \`${name}\``));
    expect(row).toContain(`| ${size.width} x ${size.height}, `);
    expect(row).toContain(size.alpha ? 'RGBA' : 'RGB |');
  });

  it('the watermelon pizza is opaque everywhere', () => {
    const { data, size } = decode(path.join(FIXTURES, 'watermelon-pizza.png'));
    expect(size).toEqual({ width: 950, height: 535, alpha: true });
    expect(data.filter((_sample, at) => at % 4 === 3 && data[at] !== 255)).toHaveLength(0);
  });
});

it('fixtures/README.md mentions every file of fixtures/', () => {
  const text = readme().join('\n');
  const files = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(pictures.length);
  expect(files.map(({ name }) => name).filter((name) => name !== 'README.md' && !text.includes(name))).toEqual([]);
});

function decode(file: string) {
  const { width, height, data, alpha } = PNG.sync.read(readFileSync(file)) as ReturnType<typeof PNG.sync.read> & {
    alpha: boolean;
  };
  return { size: { width, height, alpha }, data };
}

function readme(): string[] {
  return readFileSync(path.join(FIXTURES, 'README.md'), 'utf8').split('\n');
}
