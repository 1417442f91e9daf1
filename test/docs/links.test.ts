/** What the pages point at is there: files, headings, npm scripts. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, readPage } from './pages.js';

const docs = readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'examples/README.md',
  'fixtures/README.md',
  ...docs.map((name) => `docs/${name}`),
];

/** As GitHub makes them: letters, digits, hyphens and underscores, in lower case. */
function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isThere(from: string, target: string): boolean {
  const [file, anchor] = target.split('#');
  const name = file === '' ? from : path.join(path.dirname(from), file);
  if (!existsSync(path.join(ROOT, name))) return false;
  return anchor === undefined || anchorsOf(readPage(name)).includes(anchor);
}

test.each(PAGES)('%s: every link leads somewhere', (name) => {
  const targets = [...readPage(name).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  const relative = targets.filter((target) => !/^[a-z]+:/.test(target));
  expect(relative.filter((target) => !isThere(name, target))).toEqual([]);
});

/** Named in prose or in a command, from the project's folder or from the page's own. */
test.each(PAGES)('%s: every source file that is named is there', (name) => {
  const named = readPage(name).match(/(?<![\w./-])(?:[\w-]+\/)+[\w.-]+\.(?:ts|mjs|js|cc|h|wgsl|md|json)\b/g) ?? [];
  const places = ['', path.dirname(name)];
  const isFile = (file: string) => places.some((place) => existsSync(path.join(ROOT, place, file)));
  expect(named.filter((file) => !isFile(file) && !/^(dist|bundle)\//.test(file))).toEqual([]);
});

test.each(PAGES)('%s: every npm script is one', (name) => {
  const { scripts } = JSON.parse(readPage('package.json'));
  const named = [...readPage(name).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => script);
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});

test('there are links to look at', () => {
  expect(readPage('README.md').match(/\]\(/g)!.length).toBeGreaterThan(8);
});
