import { linkSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { namesFolder, planOutputs, prepareOutputs } from '../../src/cli/outputs.js';
import { folderWith, listing } from './command.js';
import { requestOf } from './requests.js';

function plan(inputs: string[], output: string, isFolder: boolean, json = false) {
  const found = inputs.map((name) => ({ path: name, relative: path.basename(name) }));
  return planOutputs({ ...requestFor(inputs, output), output, ...(json && { json }) }, found, isFolder);
}

async function prepare(folder: string, inputs: string[], output?: string) {
  // Not path.join, which would remove the slash or the dot that the test is about.
  const below = (name: string) => (name === '-' ? name : `${folder}/${name}`);
  return (await prepareOutputs(requestFor(inputs.map(below), output && below(output)))).files;
}

function requestFor(inputs: string[], output: string | undefined) {
  return requestOf(...(output === undefined ? [] : ['-o', output]), '--', ...inputs);
}

describe('outputs planned without a look at the disk', () => {
  test('one input goes to the output named', () => {
    expect(plan(['a.png'], 'b.png', false)).toEqual([{ input: 'a.png', output: 'b.png' }]);
    expect(plan(['-'], '-', false)).toEqual([{ input: '-', output: '-' }]);
  });

  test('in a folder each image keeps the name of its input, and gets an extension that can be written', () => {
    expect(plan(['x/a.png', './b.png', '-', 'photo.JPG', 'scan.v2'], 'out/', true)).toEqual([
      { input: 'x/a.png', output: 'out/a.png' },
      { input: './b.png', output: 'out/b.png' },
      { input: '-', output: 'out/stdin.png' },
      { input: 'photo.JPG', output: 'out/photo.png' },
      { input: 'scan.v2', output: 'out/scan.v2' },
    ]);
  });

  test.each([
    [
      ['a.png'],
      'out.jpg',
      false,
      "Cannot write 'out.jpg': only PNG, WebP, TIFF and PAM can be written. Type: neighbor-product a.png -o out.png",
    ],
    [
      ['a.png'],
      'a.jpg',
      false,
      'only PNG, WebP, TIFF and PAM can be written. Type: neighbor-product a.png -o a-product.png',
    ],
    [
      ['a.png'],
      './a.jpg',
      false,
      'only PNG, WebP, TIFF and PAM can be written. Type: neighbor-product a.png -o a-product.png',
    ],
    [['a.png', 'b.png'], 'c.png', false, "Expected a folder for 2 inputs, but received 'c.png'. Type: "],
    [['a.png', 'b.png'], 'c.png', false, 'Type: neighbor-product a.png b.png -o products/'],
    [['a.png', 'b.png'], 'c', false, 'Type: neighbor-product a.png b.png -o c/'],
    [['a.png', 'b.png'], '-', false, 'Expected a folder for 2 inputs, but received standard output. Type: '],
    [['x/a.png', 'y/a.png'], 'c.png', false, "'x/a.png' and 'y/a.png' have the same output 'products/a.png'."],
    [['a.png', 'a.png'], 'out', true, "The input 'a.png' is named twice. Name it once."],
    [['x/a.png', 'y/a.png'], 'out', true, "'x/a.png' and 'y/a.png' have the same output 'out/a.png'."],
    [['a.png', './a.png'], 'out', true, "'a.png' and './a.png' have the same output 'out/a.png'."],
    [['a.png', 'a.jpg'], 'out', true, "'a.png' and 'a.jpg' have the same output 'out/a.png'."],
  ])('%j to %j is refused', (inputs, output, isFolder, message) => {
    const planning = () => plan(inputs, output, isFolder);
    expect(planning).toThrow(message);
    expect(planning).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  test('an image and records do not share standard output', () => {
    expect(() => plan(['a.png'], '-', false, true)).toThrow(
      'Both --json and -o - need standard output. Type: neighbor-product a.png -o a-product.png',
    );
    expect(plan(['a.png'], 'b.png', false, true)).toHaveLength(1);
  });

  test.each([
    ['out/', true],
    ['a/b/', true],
    ['.', true],
    ['a/..', true],
    ['out', false],
    ['a/b.png', false],
  ])('%s names a folder: %s', (path, answer) => expect(namesFolder(path)).toBe(answer));
});

describe('outputs prepared on the disk', () => {
  test('a folder named with a slash is created, its parents too', async () => {
    const folder = folderWith({ 'a.png': '' });
    expect((await prepare(folder, ['a.png'], 'x/y/'))[0].output).toBe(path.join(folder, 'x/y/a.png'));
    expect(listing(folder)).toEqual(['a.png', 'x', 'x/y']);
  });

  test.runIf(process.platform !== 'win32')('`..` behind a link is left to the system', async () => {
    const folder = folderWith({ 'a.png': '', 'x/y/other.png': '' });
    symlinkSync('x/y', path.join(folder, 'link'));
    expect((await prepare(folder, ['a.png'], 'link/../z/'))[0].output).toBe(`${folder}/link/../z/a.png`);
    expect(listing(folder)).toContain('x/z');
  });

  test('an existing folder needs no slash', async () => {
    const folder = folderWith({ 'a.png': '', 'x/other.png': '' });
    expect((await prepare(folder, ['a.png'], 'x'))[0].output).toBe(path.join(folder, 'x/a.png'));
  });

  describe('without an output', () => {
    const FILES = { 'a.png': '', 'b.png': '', 'x/other.png': '' };

    test.each([
      ['a file that does not exist', 'new.png', 'new.png'],
      ['a folder that does not exist, with its slash', 'new/', 'new/a.png'],
      ['a folder', 'x', 'x/a.png'],
    ])('the second of two inputs is the output: %s', async (_, second, output) => {
      const folder = folderWith(FILES);
      expect(await prepare(folder, ['a.png', second])).toEqual([
        { input: `${folder}/a.png`, output: `${folder}/${output}` },
      ]);
    });

    test('standard input becomes a file that does not exist', async () => {
      const folder = folderWith(FILES);
      expect(await prepare(folder, ['-', 'new.png'])).toEqual([{ input: '-', output: `${folder}/new.png` }]);
    });

    test('an existing file is not taken for the output', async () => {
      const folder = folderWith(FILES);
      await expect(prepare(folder, ['a.png', 'b.png'])).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message:
          `Expected an output path after -o, but received none, and '${folder}/b.png' exists already. Put -o before it ` +
          `to overwrite it, or transform both. Type: neighbor-product ${folder}/a.png ${folder}/b.png -o products/`,
      });
    });

    test.each([
      [['a.png'], ' -o FOLDER/a-product.png'],
      [['a.png', 'b.png', 'x/other.png'], ' -o products/'],
      [['-'], 'Type: neighbor-product - -o out.png'],
      [['x'], 'FOLDER/x -o products/'],
    ])('%j: the command line to type has one', async (inputs, end) => {
      const folder = folderWith(FILES);
      await expect(prepare(folder, inputs)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(end.replace('FOLDER', folder)),
      });
    });

    test('what comes after -- may be nothing but an option', async () => {
      const { files } = await prepareOutputs(requestOf('--', '-o', 'new.png'));
      expect(files).toEqual([{ input: '-o', output: 'new.png' }]);
    });

    test.each([
      [['gone.png'], "gone.png': no such file. Check the path."],
      [['a.png', 'gone.png', 'new.png'], "gone.png': no such file. Check the path."],
    ])('%j: an input that cannot be read is the first thing to say', async (inputs, end) => {
      await expect(prepare(folderWith(FILES), inputs)).rejects.toMatchObject({
        code: 'INPUT_UNREADABLE',
        message: expect.stringContaining(end),
      });
    });
  });

  test('an existing file that is not an input can be an output', async () => {
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
      message: `The output folder '${folder}/x' does not exist. Create it first.`,
    });
  });

  test('a file in the place of the folder is an error', async () => {
    const folder = folderWith({ 'a.png': '', 'b.png': '' });
    await expect(prepare(folder, ['a.png'], 'b.png/')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await expect(prepare(folder, ['a.png'], 'b.png/c.png')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringContaining("b.png' is not a folder"),
    });
  });

  test('an output path that is empty is called empty', async () => {
    const input = path.join(folderWith({ 'a.png': '' }), 'a.png');
    await expect(prepareOutputs(requestOf(input, '-o', ''))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(
        /^Expected an output path after -o, but received none, or an empty one\. Type: neighbor-product /,
      ),
    });
  });

  test('a folder that cannot be looked at is not called missing', async () => {
    const folder = folderWith({ 'a.png': '', 'b.png': '' });
    symlinkSync('circle', path.join(folder, 'circle'));
    await expect(prepare(folder, ['a.png'], 'circle/c.png')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringMatching(/^Cannot write '.*': its symbolic links lead in a circle\./),
    });
    await expect(prepare(folder, ['a.png'], 'b.png/x/c.png')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringMatching(/^Cannot write '.*': a part of its path is not a folder\./),
    });
  });

  test('outputs that are one file, behind a link, are refused', async () => {
    const folder = folderWith({ 'a.png': '', 'b.png': '', 'x/b.png': '' });
    symlinkSync('b.png', path.join(folder, 'x/a.png'));
    await expect(prepare(folder, ['a.png', 'b.png'], 'x')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^The output .*b\.png' is the same file as the output .*a\.png'/),
    });
  });
});
