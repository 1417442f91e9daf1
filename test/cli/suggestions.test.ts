/** What an error tells a user to type runs when it is typed. */
import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { suggestCommand } from '../../src/cli/suggestions.js';
import { commandPath, ROOT } from '../docs/pages.js';
import { type Ended, ended, folderWith, PNG_FILE, run } from './command.js';

const ODD_NAMES = [
  'a b.png',
  "it's.png",
  '-shot.png',
  '-',
  '--',
  'devices',
  'device',
  'photo.jpg',
  'no-extension',
  'äöü.png',
  '$HOME.png',
  '*.png',
  '~x.png',
  '#x.png',
  '=x.png',
  'a"b`c!d.png',
  'back\\slash.png',
  "line\nbreak, tab\t and 'quote.png",
];

const FILES = Object.fromEntries(
  ['in.png', 'other.png', 'products/a.png', 'products-2/b.png', ...ODD_NAMES].map((name) => [name, PNG_FILE]),
);

/** Command lines that are refused with advice. */
const REFUSED: readonly (readonly string[])[] = [
  ['--passes', '2'],
  ['in.png'],
  ['in.png', '-o'],
  ['device'],
  ['in.png', '-o', ''],
  ['in.png', '--border', 'wrap', '--passes', '2', '--max-pixels=1M', '--json', '-q'],
  ['-'],
  ...ODD_NAMES.map((name) => ['--', name]),
  ...ODD_NAMES.map((name) => ['--', name, 'in.png']),
  ['--verify', '--', 'in.png', ...ODD_NAMES],
  ['--', '-shot.png', '-o', 'out.png'],
  ['--', '-shot.png', '-o', '-out.png'],
  ['--', '-shot.png', 'in.png', '-o', 'new/'],
  ['--', '-shot.png', 'in.png', '-o', 'out.png'],
  ['--', '-shot.png', '-o', 'out.jpg'],
  ['products/a.png', 'in.png'],
  ['products/a.png', 'products-2/b.png', 'in.png'],
  ['--', '-shot.png', '--output'],
  ['in.png', '-o', 'out.jpg'],
  ['in.png', '-o', 'in.jpg', '--passes', '3'],
  ['in.png', '-o', '-out.jpg'],
  ['in.png', 'new.jpg'],
  ['in.png', 'other.png', '-o', 'out.png'],
  ['in.png', 'other.png', '-o', 'new'],
  ['in.png', 'other.png', '-o', '-'],
  ['in.png', 'other.png', '-o', 'out.jpg'],
  ['in.png', '-o', 'out.png', '--format', 'pam'],
  ['photo.jpg', '--in-place', '--passes', '2'],
  ['in.png', 'photo.jpg', '--in-place'],
  ['-', '--in-place'],
  ['products', '-o', 'out.png'],
  ['products'],
  ['in.png', '-o', '-', '--json'],
  ['in.png', '-', '--json'],
  ['--json', 'devices'],
  ['--json', 'devices', '--trace', 'a trace.json'],
  ['completion'],
];

const advised: string[] = [];

test.each(REFUSED.map((args) => ({ args })))('$args', async ({ args }) => {
  const cwd = folderWith(FILES);
  const { exitCode, stderr } = await run(args, { cwd, stdin: PNG_FILE });
  expect(exitCode, stderr).toBe(2);
  expect(stderr).toMatch(/^error: .*Type: neighbor-product .+\n$/);
  advised.push(stderr.slice('error: '.length));
  const { exitCode: again, stderr: complaint } = await typed(stderr.split('Type: ')[1], cwd);
  expect(complaint).not.toMatch(/error|warning: [^T]/);
  expect(again).toBe(0);
});

/** Every message with advice in the sources is in the table above. */
afterAll(() => {
  const literals = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(path.join(ROOT, 'src', name), 'utf8').matchAll(/`([^`\n]*?)\bType: |'([^'\n]*?)\bType: /g),
    ])
    .map(([, template, text]) => template ?? text);
  expect(literals.length).toBeGreaterThan(6);
  const patterns = literals.map((beginning) => new RegExp(`^${asPattern(beginning)}Type: `));
  const unseen = patterns.filter((pattern) => !advised.some((message) => pattern.test(message)));
  expect(unseen).toEqual([]);
});

/** A literal as a regular expression: anything may be in the place of a variable. */
function asPattern(literal: string): string {
  return literal
    .split(/\$\{[^}]*\}/)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
}

/** Into bash, where `neighbor-product` is on the path. */
function typed(commandLine: string, cwd: string): Promise<Ended> {
  const shim = `#!/bin/sh\nexec "${process.execPath}" "${commandPath}" "$@"\n`;
  const programs = folderWith({ 'neighbor-product': shim });
  chmodSync(path.join(programs, 'neighbor-product'), 0o755);
  const { NEIGHBOR_PRODUCT_BACKEND: _, ...env } = process.env;
  const PATH = `${programs}${path.delimiter}${env.PATH}`;
  const shell = spawn('bash', ['-c', commandLine], { cwd, env: { ...env, PATH } });
  shell.stdin.on('error', () => {});
  shell.stdin.end(PNG_FILE);
  return ended(shell);
}

test.each([
  [['in.png', '-o', 'a/b-1.png'], 'neighbor-product in.png -o a/b-1.png'],
  [["it's"], "neighbor-product 'it'\\''s'"],
  [['caf\udce9.png'], "neighbor-product $'caf\\xE9.png'"],
  [["a\n'\\\udcff"], "neighbor-product $'a\\u000a\\'\\\\\\xFF'"],
  [[''], "neighbor-product ''"],
])('%j is typed as %s', (args, commandLine) => expect(suggestCommand(args)).toBe(commandLine));
