/** What a run loads: nothing that it does not use. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, PNG_FILE, run } from './command.js';

/** Prints at the end which files of JavaScript and which native libraries the process has loaded. */
const LIST_LOADED = `
  import { createRequire, register } from 'node:module';
  import { MessageChannel } from 'node:worker_threads';
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (url) => process.stderr.write('loaded ' + url + '\\n')).unref();
  const hooks = \`
    let port;
    export const initialize = (given) => { port = given; };
    export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };
  \`;
  register('data:text/javascript,' + encodeURIComponent(hooks), { data: port2, transferList: [port2] });
  process.on('exit', () => {
    const required = Object.keys(createRequire(process.cwd() + '/').cache);
    for (const name of [...required, ...process.report.getReport().sharedObjects]) {
      process.stderr.write('loaded ' + name + '\\n');
    }
  });
`;

const WORDS = 'in.png -o out.png -q --backend';

test('--backend cpu loads neither Dawn nor the GPU host, nor a second codec', async () => {
  const loaded = await loadedBy(`${WORDS} cpu`);
  expect(loaded).toContainEqual(expect.stringMatching(/cpu\/cpu-backend\.js$/));
  expect(loaded).toContainEqual(expect.stringMatching(/neighbor_product\.node$/));
  expect(loaded).toContainEqual(expect.stringMatching(/@napi-rs\/image/));
  const unused = /webgpu|dawn|gpu\/(?!gpu-fault)|pngjs\/|conformance\/|cli\/conformance\.js|bench\/(?!choices)/;
  expect(loaded.filter((name) => unused.test(name))).toEqual([]);
});

test('--compression small loads pngjs', async () => {
  expect(await loadedBy(`${WORDS} cpu --compression small`)).toContainEqual(expect.stringMatching(/pngjs\//));
});

test('the list would show it: auto loads the file that imports Dawn', async () => {
  expect(await loadedBy(`${WORDS} auto`)).toContainEqual(expect.stringMatching(/gpu\/node-gpu\.js$/));
});

/** @returns paths and URLs, those below the project without what leads there */
async function loadedBy(words: string): Promise<string[]> {
  const cwd = folderWith({ 'in.png': PNG_FILE });
  const { exitCode, stderr } = await run(words.split(' '), { cwd, before: LIST_LOADED });
  expect(exitCode, stderr).toBe(0);
  const project = path.resolve(import.meta.dirname, '../..');
  const names = stderr.split('\n').filter((line) => line.startsWith('loaded '));
  return names.map((line) =>
    line
      .slice('loaded '.length)
      .replace(/^file:\/\//, '')
      .replace(`${project}/`, ''),
  );
}
