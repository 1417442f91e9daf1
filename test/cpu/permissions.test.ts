/** Where Node is told not to load addons or not to read files: which flags to add, by real processes. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = path.resolve('.');
/** Node 20 has only the longer name, which later versions know, too. */
const PERMISSIONS = '--experimental-permission';
const COMMAND = 'dist/cli/neighbor-product.cjs';

const PROGRAM = `
  import { transform, transformSync } from 'neighbor-product';
  const image = { data: new Uint8Array(36), width: 3, height: 3, channels: 4 };
  const { backend } = await transform(image);
  process.stdout.write([backend, (await transform(image)).backend, transformSync(image).backend].join(' '));
`;

const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'neighbor-product-permissions-')));
afterAll(() => rmSync(scratch, { recursive: true }));

function run(args: readonly string[], cwd = ROOT) {
  const { LD_LIBRARY_PATH, VK_DRIVER_FILES, NODE_OPTIONS, ...env } = process.env;
  // A folder that may not be looked at.
  const variables = { ...env, LD_LIBRARY_PATH: '/nonexistent' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env: variables, encoding: 'utf8' });
  return { status, stdout, warnings: stderr.match(/^.*NEIGHBOR_PRODUCT_SLOW.*$/gm) ?? [], stderr };
}

const runProgram = (...flags: string[]) => run([...flags, '--input-type=module', '--eval', PROGRAM]);

test('no addons under the permission model: one warning, with the flags to add', () => {
  const { stdout, warnings, stderr } = runProgram(PERMISSIONS, `--allow-fs-read=${ROOT}`);
  expect(stdout, stderr).toBe('wasm wasm wasm');
  expect(warnings).toEqual([
    expect.stringMatching(
      /two to three times slower than the CPU addon: no CPU addon: .*loading addons is disabled(; .*)?\. /,
    ),
  ]);
  expect(warnings[0]).toContain(`start Node with --allow-addons and --allow-fs-read="${ROOT}".`);
  expect(warnings[0]).not.toContain('build:addon');
});

test('with these flags the addon runs, and nothing is said', () => {
  const { stdout, warnings, stderr } = runProgram(PERMISSIONS, '--allow-addons', `--allow-fs-read=${ROOT}`);
  expect(stdout, stderr).toBe('cpu cpu cpu');
  expect(warnings).toEqual([]);
});

test('an addon that may not be read', () => {
  const installed = path.join(scratch, 'node_modules/neighbor-product');
  for (const name of ['dist', 'package.json']) cpSync(name, path.join(installed, name), { recursive: true });
  const readable = ['dist', 'package.json'].map((name) => `--allow-fs-read=${path.join(installed, name)}`);
  const flags = [PERMISSIONS, '--allow-addons', ...readable, '--input-type=module', '--eval', PROGRAM];
  const { stdout, warnings, stderr } = run(flags, scratch);
  expect(stdout, stderr).toBe('wasm wasm wasm');
  expect(warnings).toEqual([expect.stringMatching(/neighbor_product\.node may not be read; .*--allow-fs-read=/)]);
});

test('its modules and its manifest are enough to find a checkout and its addon', () => {
  const readable = ['dist', 'package.json'].map((name) => `--allow-fs-read=${path.join(ROOT, name)}`);
  const { stdout, warnings, stderr } = runProgram(PERMISSIONS, '--allow-addons', ...readable);
  expect(stdout, stderr).toBe('cpu cpu cpu');
  expect(warnings).toEqual([]);
});

test('without its manifest it is not found, which is said', () => {
  const readable = `--allow-fs-read=${path.join(ROOT, 'dist')}`;
  const { stdout, warnings, stderr } = runProgram(PERMISSIONS, '--allow-addons', readable);
  expect(stdout, stderr).toBe('wasm wasm wasm');
  expect(warnings).toEqual([expect.stringMatching(/permission model hides the folder .* --allow-fs-read for/)]);
});

test('--no-addons', () => {
  const { stdout, warnings, stderr } = runProgram('--no-addons');
  expect(stdout, stderr).toBe('wasm wasm wasm');
  expect(warnings).toEqual([expect.stringMatching(/ Start Node without --no-addons\.$/)]);
});

test('devices says which flags to add', () => {
  const { status, stdout, stderr } = run([PERMISSIONS, `--allow-fs-read=${ROOT}`, COMMAND, 'devices']);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/^cpu +none: .*loading addons is disabled/m);
  expect(stdout).toContain('start Node with --allow-addons and --allow-fs-read=');
});

test('the command says it once, in its own words', () => {
  const input = 'fixtures/png/valid/grey-8.png';
  const { status, stderr, warnings } = run(['--no-addons', COMMAND, input, '-o', '-']);
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/WebAssembly ran, two to three times slower .*loading addons is disabled/);
  expect(warnings).toEqual([]);
});
