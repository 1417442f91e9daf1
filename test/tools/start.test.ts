import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { copyWith, folderWith, listing, PNG_FILE, pixelsIn, productOf, run } from '../cli/command.js';

/** A compiled project without the addon, with a small image in the place of the watermelon pizza. */
async function project(): Promise<{ root: string; script: string }> {
  const root = await copyWith();
  mkdirSync(path.join(root, 'fixtures'));
  writeFileSync(path.join(root, 'fixtures/watermelon-pizza.png'), PNG_FILE);
  const script = path.join(root, 'tools/start.mjs');
  mkdirSync(path.dirname(script));
  copyFileSync('tools/start.mjs', script);
  return { root, script };
}

test('without arguments the image of the project is transformed where the user is', async () => {
  const { root, script } = await project();
  const here = folderWith();
  const { exitCode, stdout, stderr } = await run([], { cwd: root, script, env: { INIT_CWD: here } });
  expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 0, stdout: 0 });
  expect(listing(here)).toEqual(['watermelon-pizza-product.png']);
  const product = path.join(here, 'watermelon-pizza-product.png');
  expect(pixelsIn(readFileSync(product))).toEqual(productOf(PNG_FILE).data);
  expect(stderr).toMatch(/decode .* ms, transform .* ms, encode .* ms/);
  expect(stderr).toMatch(/why wasm: no CPU addon: /);
  expect(stderr).toMatch(/\n {2}written: .*watermelon-pizza-product\.png \(\d+ bytes\)\n/);
  expect(stderr).toMatch(
    /\nwarning: WebAssembly ran, two to three times slower than the CPU addon: .* Run neighbor-product devices to see what to do\.\n$/,
  );
});

test('with arguments it is the command line, and paths start where the user is', async () => {
  const { root, script } = await project();
  const here = folderWith({ 'in.png': PNG_FILE });
  const env = { INIT_CWD: here };
  expect(await run(['in.png', '-o', 'out.png'], { cwd: root, script, env })).toMatchObject({ exitCode: 0 });
  expect(listing(here)).toEqual(['in.png', 'out.png']);
  expect(await run(['in.png'], { cwd: root, script, env })).toMatchObject({ exitCode: 2 });
});

test('outside npm paths start in the current folder', async () => {
  const { script } = await project();
  const here = folderWith();
  expect(await run([], { cwd: here, script })).toMatchObject({ exitCode: 0 });
  expect(listing(here)).toEqual(['watermelon-pizza-product.png']);
});
