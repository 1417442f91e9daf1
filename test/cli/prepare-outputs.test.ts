import { linkSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { prepareOutputs } from '../../src/cli/prepare-outputs.js';
import type { TransformRequest } from '../../src/cli/program.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { folderWith, listing } from './command.js';

function prepare(folder: string, inputs: string[], output: string) {
  const request: Omit<TransformRequest, 'inputs' | 'output'> = {
    transform: DEFAULT_OPERATION,
    maxPixels: 1,
    compression: 'balanced',
    verify: false,
    json: false,
    trace: undefined,
    verbosity: 'normal',
  };
  // Not path.join: it would take away the slash or the dot that the test is about.
  const below = (name: string) => (name === '-' ? name : `${folder}/${name}`);
  return prepareOutputs({ ...request, inputs: inputs.map(below), output: below(output) });
}

test('a folder named with a slash is created, its parents too', async () => {
  const folder = folderWith({ 'a.png': '' });
  expect((await prepare(folder, ['a.png'], 'x/y/'))[0].output).toBe(path.join(folder, 'x/y/a.png'));
  expect(listing(folder)).toEqual(['a.png', 'x', 'x/y']);
});

test('an existing folder needs no slash', async () => {
  const folder = folderWith({ 'a.png': '', 'x/other.png': '' });
  expect((await prepare(folder, ['a.png'], 'x'))[0].output).toBe(path.join(folder, 'x/a.png'));
});

test('an existing file that is no input is an output', async () => {
  const folder = folderWith({ 'a.png': '', 'b.png': '' });
  expect(await prepare(folder, ['a.png'], 'b.png')).toHaveLength(1);
});

test.each([
  ['itself', ['a.png'], 'a.png'],
  ['itself by another path', ['a.png'], './x/../a.png'],
  ['a symbolic link to it', ['a.png'], 'soft.png'],
  ['a hard link to it', ['a.png'], 'hard.png'],
  ['its own folder', ['a.png'], '.'],
  ['another input', ['x/a.png', 'x/link.png'], '.'],
])('an input is not overwritten: the output is %s', async (_, inputs, output) => {
  const folder = folderWith({ 'a.png': '', 'x/a.png': '' });
  symlinkSync('a.png', path.join(folder, 'soft.png'));
  linkSync(path.join(folder, 'a.png'), path.join(folder, 'hard.png'));
  symlinkSync('../a.png', path.join(folder, 'x/link.png'));
  await expect(prepare(folder, inputs, output)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('is the same file as'),
  });
});

test('a missing folder is an error before anything runs', async () => {
  const folder = folderWith({ 'a.png': '' });
  await expect(prepare(folder, ['a.png'], 'x/out.png')).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    message: expect.stringContaining('Create it first.'),
  });
});

test('a file where the folder should be is an error', async () => {
  const folder = folderWith({ 'a.png': '', 'b.png': '' });
  await expect(prepare(folder, ['a.png'], 'b.png/')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});

test('outputs that are one file, behind a link, are refused', async () => {
  const folder = folderWith({ 'a.png': '', 'b.png': '', 'x/b.png': '' });
  symlinkSync('b.png', path.join(folder, 'x/a.png'));
  await expect(prepare(folder, ['a.png', 'b.png'], 'x')).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(
      /^Expected a file of its own for each output, .*b\.png' is the same file as .*a\.png'/,
    ),
  });
});
