/** A run loads nothing that it does not use. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, PNG_FILE, run } from './command.js';

/** Prints the scripts, native libraries and modules of Node that the process has loaded. */
const LIST_LOADED = `
  import { createRequire } from 'node:module';
  const scripts = createRequire(process.cwd() + '/').cache;
  process.on('exit', () => {
    for (const name of [...Object.keys(scripts), ...process.report.getReport().sharedObjects, ...process.moduleLoadList]) {
      process.stderr.write('loaded ' + name + '\\n');
    }
  });
`;

const ARGS = 'in.png -o out.png -q --backend';

const UNUSED = /webgpu|dawn|pngjs\/|NativeModule (child_process|crypto)$/;

test('--backend cpu loads one script and the addon', async () => {
  const loaded = await loadedBy(`${ARGS} cpu`);
  expect(loaded.filter((name) => /\.(js|cjs|mjs)$/.test(name))).toEqual(['dist/cli/neighbor-product.cjs']);
  expect(loaded).toContainEqual(expect.stringMatching(/neighbor_product\.node$/));
  expect(loaded.filter((name) => UNUSED.test(name))).toEqual([]);
});

test('an interlaced file loads pngjs', async () => {
  const file = readFileSync(new URL('../../fixtures/png/valid/rgb-8-interlaced.png', import.meta.url));
  expect(await loadedBy(`${ARGS} cpu`, '', 0, file)).toContainEqual(expect.stringMatching(/pngjs\//));
});

test.each([
  ['--help', 0],
  ['completion bash', 0],
  ['in.png -o out.png --pases 2', 2],
] as const)('%s loads one script, no codec and no addon', async (args, exitCode) => {
  const loaded = await loadedBy(args, '', exitCode);
  expect(loaded.filter((name) => /\.(js|cjs|mjs)$/.test(name))).toEqual(['dist/cli/neighbor-product.cjs']);
  expect(loaded.filter((name) => UNUSED.test(name) || name.endsWith('.node'))).toEqual([]);
});

test.each(['webgpu', 'node:child_process', 'node:crypto'])('the list would show %s', async (name) => {
  const loaded = await loadedBy(`${ARGS} cpu`, `import '${import.meta.resolve(name)}';`);
  expect(loaded.filter((name) => UNUSED.test(name))).not.toEqual([]);
});

/** @returns paths and names; a path in the project is relative to it, also behind a linked node_modules */
async function loadedBy(args: string, before = '', expectedCode = 0, file: Uint8Array = PNG_FILE): Promise<string[]> {
  const cwd = folderWith({ 'in.png': file });
  const { exitCode, stderr } = await run(args.split(' '), { cwd, before: LIST_LOADED + before });
  expect(exitCode, stderr).toBe(expectedCode);
  const project = path.resolve(import.meta.dirname, '../..');
  const names = stderr.split('\n').filter((line) => line.startsWith('loaded '));
  return names.map((line) => {
    return line
      .slice('loaded '.length)
      .replaceAll(path.sep, '/')
      .replace(`${project.replaceAll(path.sep, '/')}/`, '')
      .replace(/^(?:[A-Z]:)?\/.*?\/node_modules\//, 'node_modules/');
  });
}
