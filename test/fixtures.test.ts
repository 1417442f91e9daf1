import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const drawn = mkdtempSync(path.join(tmpdir(), 'fixtures-'));
const images = readdirSync(FIXTURES).filter((name) => name.endsWith('.png'));

/** SHA-256 of the RGBA samples of what takes long to draw: `npm run check:fixtures` draws it anew. */
const RENDERED: Readonly<Record<string, string>> = {
  'photograph-128x96.png': '8e28412d412251faf5b615b414548f5893e2212bd0569f2196201a73a831e4ad',
  'watermelon-pizza.png': 'd38142042823bfa344102c3324b7a85f4fe79a49892acaf56ca6abac4fdfc8d8',
};

beforeAll(() => execFileSync(process.execPath, [path.join(FIXTURES, 'make-small-images.mjs'), drawn]));
afterAll(() => rmSync(drawn, { recursive: true }));

describe('the images of fixtures/', () => {
  it('are those that the scripts draw, none missing, none left over', () => {
    expect([...readdirSync(drawn), ...Object.keys(RENDERED)].sort()).toEqual(images.sort());
    expect(images).toHaveLength(7);
  });

  // Pixels, not files: zlib packs the same bytes differently from version to version of Node.
  it.each(images.filter((name) => !(name in RENDERED)))('%s has the pixels its script draws', (name) => {
    const committed = decode(path.join(FIXTURES, name));
    const anew = decode(path.join(drawn, name));
    expect(anew.size).toEqual(committed.size);
    expect(anew.data.equals(committed.data)).toBe(true);
  });

  it.each(Object.entries(RENDERED))('%s has the pixels it had when it was drawn', (name, hash) => {
    expect(
      createHash('sha256')
        .update(decode(path.join(FIXTURES, name)).data)
        .digest('hex'),
    ).toBe(hash);
  });

  it.each(images)('%s says its size in its name or the README', (name) => {
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
  expect(files.length).toBeGreaterThan(images.length);
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
