/** What a run loads: nothing that it does not use. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, PNG_FILE, run } from './command.js';

/** Prints at the end which scripts, native libraries and modules of Node the process has loaded. */
const LIST_LOADED = `
  import { createRequire } from 'node:module';
  const scripts = createRequire(process.cwd() + '/').cache;
  process.on('exit', () => {
    for (const name of [...Object.keys(scripts), ...process.report.getReport().sharedObjects, ...process.moduleLoadList]) {
      process.stderr.write('loaded ' + name + '\\n');
    }
  });
`;

const WORDS = 'in.png -o out.png -q --backend';

const UNUSED = /webgpu|dawn|pngjs\/|NativeModule (child_process|crypto)$/;

test('--backend cpu loads one script, the addon and one codec', async () => {
  const loaded = await loadedBy(`${WORDS} cpu`);
  expect(loaded.filter((name) => /\.(js|cjs|mjs)$/.test(name))).toEqual([
    'dist/cli/neighbor-product.cjs',
    'node_modules/@napi-rs/image/index.js',
  ]);
  expect(loaded).toContainEqual(expect.stringMatching(/neighbor_product\.node$/));
  expect(loaded.filter((name) => UNUSED.test(name))).toEqual([]);
});

test('--compression small loads pngjs', async () => {
  expect(await loadedBy(`${WORDS} cpu --compression small`)).toContainEqual(expect.stringMatching(/pngjs\//));
});

test.each(['webgpu', 'node:child_process', 'node:crypto'])('the list would show %s', async (name) => {
  const loaded = await loadedBy(`${WORDS} cpu`, `import '${import.meta.resolve(name)}';`);
  expect(loaded.filter((name) => UNUSED.test(name))).not.toEqual([]);
});

/** @returns paths and names, those below the project without what leads there */
async function loadedBy(words: string, before = ''): Promise<string[]> {
  const cwd = folderWith({ 'in.png': PNG_FILE });
  const { exitCode, stderr } = await run(words.split(' '), { cwd, before: LIST_LOADED + before });
  expect(exitCode, stderr).toBe(0);
  const project = path.resolve(import.meta.dirname, '../..');
  const names = stderr.split('\n').filter((line) => line.startsWith('loaded '));
  return names.map((line) => line.slice('loaded '.length).replace(`${project}/`, ''));
}
