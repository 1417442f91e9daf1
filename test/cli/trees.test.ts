/** Folders, lists of files, and runs that go on where another one ended: the command as people start it. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ended, folderWith, listing, PNG_FILE, pixelsIn, productOf, run, spawnCommand, testImage } from './command.js';

const PRODUCT = productOf(PNG_FILE).data;
const DAMAGED = PNG_FILE.subarray(0, -20);

const TREE = {
  'in/a.png': PNG_FILE,
  'in/B.PNG': PNG_FILE,
  'in/x/c.png': PNG_FILE,
  'in/x/y/d.png': PNG_FILE,
  'in/notes.txt': 'no image',
  'in/.hidden.png': PNG_FILE,
};

const filesIn = (folder: string) => listing(folder).filter((name) => statSync(path.join(folder, name)).isFile());

async function transformed(cwd: string, ...args: string[]) {
  const ended = await run(args, { cwd });
  return { ...ended, out: existsSync(path.join(cwd, 'out')) ? filesIn(path.join(cwd, 'out')) : [] };
}

describe('a folder', () => {
  test('is transformed with the folders below it, and keeps its tree', async () => {
    const cwd = folderWith(TREE);
    const { exitCode, stderr, out } = await transformed(cwd, 'in', '-o', 'out');
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: ['B.PNG', 'a.png', 'x/c.png', 'x/y/d.png'] });
    for (const name of out) expect(pixelsIn(readFileSync(path.join(cwd, 'out', name)))).toEqual(PRODUCT);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'in/B.PNG',
      'in/a.png',
      'in/x/c.png',
      'in/x/y/d.png',
      '4',
    ]);
    expect(lines.at(-1)).toMatch(/^4 done {2}0\.0 megapixels {2}.* ms$/);
  });

  test.each([
    ['--no-recursive', ['B.PNG', 'a.png']],
    ['--recursive', ['B.PNG', 'a.png', 'x/c.png', 'x/y/d.png']],
    ['--hidden', ['.hidden.png', 'B.PNG', 'a.png', 'x/c.png', 'x/y/d.png']],
    ['--include *.png', ['a.png', 'x/c.png', 'x/y/d.png']],
    ['--include x/*', ['x/c.png']],
    ['--include x/** --include B*', ['B.PNG', 'x/c.png', 'x/y/d.png']],
    ['--exclude y', ['B.PNG', 'a.png', 'x/c.png']],
    ['--exclude x/', ['B.PNG', 'a.png']],
    ['--exclude /x/y --exclude a.*', ['B.PNG', 'x/c.png']],
    ['--include *.{png,PNG} --exclude **/d.png', ['B.PNG', 'a.png', 'x/c.png']],
    ['--include y/', ['x/y/d.png']],
    ['--exclude y/', ['B.PNG', 'a.png', 'x/c.png']],
    ['--exclude !a.png', ['B.PNG', 'a.png', 'x/c.png', 'x/y/d.png']],
  ])('with %s', async (options, expected) => {
    const { exitCode, out } = await transformed(folderWith(TREE), 'in', '-o', 'out', '-q', ...options.split(' '));
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: expected });
  });

  test('symbolic links are left out, and followed with -L', async () => {
    const cwd = folderWith({ ...TREE, 'other/e.png': PNG_FILE });
    symlinkSync('../other', path.join(cwd, 'in/link'));
    symlinkSync('..', path.join(cwd, 'in/x/circle'));
    expect((await transformed(cwd, 'in', '-o', 'out', '-q')).out).toHaveLength(4);
    expect((await transformed(cwd, 'in', '-o', 'out', '-q', '-L')).out).toEqual([
      'B.PNG',
      'a.png',
      'link/e.png',
      'x/c.png',
      'x/y/d.png',
    ]);
  });

  test('results in the folder are not transformed again', async () => {
    const cwd = folderWith({ 'in/a.png': PNG_FILE });
    for (let runs = 0; runs < 2; runs++) {
      expect(await run(['in', '-o', 'in/out', '-q'], { cwd })).toMatchObject({ exitCode: 0 });
      expect(filesIn(path.join(cwd, 'in'))).toEqual(['a.png', 'out/a.png']);
    }
  });

  test('a bad image stops no other, and the exit code is its own', async () => {
    const cwd = folderWith({ ...TREE, 'in/bad.png': DAMAGED, 'in/x/bad.png': 'text' });
    const { exitCode, stderr, out } = await transformed(cwd, 'in', '-o', 'out');
    expect({ exitCode, out }).toEqual({ exitCode: 3, out: ['B.PNG', 'a.png', 'x/c.png', 'x/y/d.png'] });
    expect(stderr.match(/^error: .*/gm)).toHaveLength(2);
    expect(stderr).toMatch(/^4 done, 2 failed /m);
  });

  test('a file in the place of a folder stops no other image', async () => {
    const cwd = folderWith({ ...TREE, 'out/x': 'a file' });
    const { exitCode, stderr, out } = await transformed(cwd, 'in', '-o', 'out');
    expect({ exitCode, out }).toEqual({ exitCode: 5, out: ['B.PNG', 'a.png', 'x'] });
    expect(stderr.match(/^error: .*Cannot write 'out\/x.*: a part of its path is not a folder\./gm)).toHaveLength(2);
  });

  test.runIf(process.platform === 'linux')('with a file named - is no stream', async () => {
    const cwd = folderWith({ 'in/-': testImage(3, 3).data });
    expect(await run(['.', '-o', '../out/', '--raw', '3x3', '-q'], { cwd: path.join(cwd, 'in') })).toMatchObject({
      exitCode: 0,
      stdout: Buffer.alloc(0),
    });
    expect(filesIn(path.join(cwd, 'out'))).toEqual(['-']);
    const again = await run(['in/-', '-o', '.', '--raw', '3x3', '-q'], { cwd });
    expect(again).toMatchObject({ exitCode: 0, stdout: Buffer.alloc(0) });
    expect(listing(cwd)).toContain('-');
  });

  test.each([
    ['over itself', ['in', '-o', 'in'], "The output 'in/B.PNG' is the same file as the input 'in/B.PNG'."],
    ['a folder twice', ['in', 'in', '-o', 'out/'], "The input 'in/B.PNG' is named twice."],
    ['to a file', ['in', '-o', 'out.png'], "Expected a folder for 4 inputs, but received 'out.png'."],
    ['to standard output', ['in', '-o', '-'], 'Expected a folder for 4 inputs, but received standard output.'],
    ['globs without a folder', ['in/a.png', '-o', 'b.png', '--include', '*'], 'Expected a folder among the inputs'],
    ['-L without a folder', ['in/a.png', '-o', 'b.png', '-L'], 'Expected a folder among the inputs for --follow'],
    ['-r without a folder', ['in/a.png', '-o', 'b.png', '-r'], 'Expected a folder among the inputs for --recursive'],
    ['-0 without a list', ['in/a.png', '-o', 'b.png', '-0'], 'Expected --files-from with --null'],
    [
      'with nothing left',
      ['in', '-o', 'out', '--exclude', '*'],
      "Cannot find an image in 'in': expected a file that ends in .png",
    ],
  ])('is refused %s, before any work', async (_, args, message) => {
    const cwd = folderWith(TREE);
    const before = listing(cwd);
    const { exitCode, stderr } = await run(args, { cwd });
    expect([2, 3]).toContain(exitCode);
    expect(stderr).toContain(message);
    expect(listing(cwd)).toEqual(before);
  });
});

describe('a list of files', () => {
  test('keeps the folders of the names, from a file or from standard input', async () => {
    const cwd = folderWith({ ...TREE, 'list.txt': 'in/a.png\r\n\n./in/x/../x/c.png\n' });
    const names = ['in/a.png', 'in/x/c.png'];
    expect(await transformed(cwd, '--files-from', 'list.txt', '-o', 'out/', '-q')).toMatchObject({
      exitCode: 0,
      out: names,
    });
    const stdin = Buffer.from('in/x/y/d.png');
    expect(await run('--files-from - -o out/ -q'.split(' '), { cwd, stdin })).toMatchObject({ exitCode: 0 });
    expect(filesIn(path.join(cwd, 'out'))).toEqual([...names, 'in/x/y/d.png']);
  });

  test.runIf(process.platform === 'linux')(
    'of names with every byte, harmless in messages and valid in JSON',
    async () => {
      const cwd = folderWith();
      const names = [
        Buffer.from('line\nbreak.png'),
        Buffer.from('\u001b[31mred .png'),
        Buffer.from([0x61, 0xe9, 0x2e, 0x70, 0x6e, 0x67]),
      ];
      for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${cwd}/`), name]), PNG_FILE);
      const stdin = Buffer.concat(names.flatMap((name) => [name, Buffer.of(0)]));
      const text = await run('--files-from - -0 -o out/'.split(' '), { cwd, stdin });
      expect(text.exitCode).toBe(0);
      expect(
        text.stderr
          .trimEnd()
          .split('\n')
          .map((line) => line.split(' → ')[0]),
      ).toEqual(['line\\nbreak.png', '\\u001b[31mred .png', 'a\\xE9.png', expect.stringMatching(/^3 done/)]);
      const { stdout } = await run('--files-from - -0 -o out/ --json -q'.split(' '), { cwd, stdin });
      const inputs = stdout
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).input);
      expect(inputs.sort()).toEqual(['\u001b[31mred .png', 'a\udce9.png', 'line\nbreak.png', undefined]);
      for (const name of names) expect(existsSync(Buffer.concat([Buffer.from(`${cwd}/out/`), name]))).toBe(true);
    },
  );

  test('a folder or a missing file in it fails, and the others are done', async () => {
    const cwd = folderWith({ ...TREE, list: 'in\nin/a.png\ngone.png\n' });
    const { exitCode, stderr, out } = await transformed(cwd, '--files-from', 'list', '-o', 'out');
    expect({ exitCode, out }).toEqual({ exitCode: 3, out: ['in/a.png'] });
    expect(stderr).toContain("Cannot read 'in': it is a folder.");
    expect(stderr).toContain("Cannot read 'gone.png': no such file.");
  });

  test('and an image cannot both come from standard input', async () => {
    const { exitCode, stderr } = await run('- --files-from - -o out/'.split(' '), {
      cwd: folderWith(),
      stdin: PNG_FILE,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Both the input - and --files-from - need standard input.');
  });
});

describe('--skip-existing', () => {
  test('leaves out what is done, and does again what changed since', async () => {
    const cwd = folderWith(TREE);
    await run('in -o out'.split(' '), { cwd });
    utimesSync(path.join(cwd, 'out/a.png'), 1e9, 1e9);
    writeFileSync(path.join(cwd, 'out/x/c.png'), 'of another program, and newer');
    renameSync(path.join(cwd, 'out/B.PNG'), path.join(cwd, 'moved.png'));
    const { stderr, stdout } = await run('in -o out --skip-existing --json -v'.split(' '), { cwd });
    const records = stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.slice(0, 2)).toEqual([
      { input: 'in/x/c.png', output: 'out/x/c.png', skipped: true },
      { input: 'in/x/y/d.png', output: 'out/x/y/d.png', skipped: true },
    ]);
    expect(
      records
        .slice(2, 4)
        .map(({ input }) => input)
        .sort(),
    ).toEqual(['in/B.PNG', 'in/a.png']);
    expect(records.at(-1)).toMatchObject({ done: 2, failed: 0, skipped: 2 });
    expect(stderr).not.toContain('error');
  });

  test('where all is done there is nothing to do', async () => {
    const cwd = folderWith(TREE);
    await run('in -o out'.split(' '), { cwd });
    const { exitCode, stderr } = await run('in -o out --skip-existing'.split(' '), { cwd });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(/^0 done, 4 skipped {2}0\.0 megapixels {2}.* ms\n$/),
    });
  });
});

describe('--in-place', () => {
  test('replaces every input by its result', async () => {
    const cwd = folderWith(TREE);
    const { exitCode } = await run('in --in-place -q'.split(' '), { cwd });
    expect(exitCode).toBe(0);
    for (const name of ['in/a.png', 'in/B.PNG', 'in/x/c.png', 'in/x/y/d.png']) {
      expect(pixelsIn(readFileSync(path.join(cwd, name)))).toEqual(PRODUCT);
    }
    expect(readFileSync(path.join(cwd, 'in/.hidden.png'))).toEqual(PNG_FILE);
    expect(listing(cwd).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('of a border that needs the last row first, too', async () => {
    const cwd = folderWith({ 'a.png': PNG_FILE });
    expect(await run('a.png --in-place -q --border wrap'.split(' '), { cwd })).toMatchObject({ exitCode: 0 });
    expect(readFileSync(path.join(cwd, 'a.png'))).not.toEqual(PNG_FILE);
  });

  test('a bad image stays as it was', async () => {
    const cwd = folderWith({ 'a.png': DAMAGED, 'b.png': PNG_FILE });
    expect(await run('a.png b.png --in-place -q'.split(' '), { cwd })).toMatchObject({ exitCode: 3 });
    expect(readFileSync(path.join(cwd, 'a.png'))).toEqual(DAMAGED);
    expect(pixelsIn(readFileSync(path.join(cwd, 'b.png')))).toEqual(PRODUCT);
  });

  test.each([
    ['an output', 'a.png --in-place -o b.png', 'Expected --in-place or --output, but received both.'],
    ['--skip-existing', 'a.png --in-place --skip-existing', 'Expected --in-place or --skip-existing'],
    ['standard input', '- --in-place', 'Cannot replace standard input.'],
    ['a format that is only read', 'a.gif --in-place', "Cannot replace 'a.gif', whose format is only read."],
    ['one file by two names', 'a.png link.png --in-place', "'link.png' is the same file as 'a.png'. Name it once."],
  ])('is refused with %s', async (_, args, message) => {
    const cwd = folderWith({ 'a.png': PNG_FILE, 'a.gif': '' });
    symlinkSync('a.png', path.join(cwd, 'link.png'));
    const { exitCode, stderr } = await run(args.split(' '), { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(readFileSync(path.join(cwd, 'a.png'))).toEqual(PNG_FILE);
  });
});

describe('--shard', () => {
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`in/${at % 3}/${at}.png`, PNG_FILE]));

  /** So that there is time to kill the process. */
  const SLOW_RENAMES = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const { rename } = fs;
    fs.rename = async (from, to) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return rename(from, to);
    };
    syncBuiltinESMExports();
  `;

  /** The four ways to name a part, of four. */
  const PARTS: readonly { readonly shard: string; readonly env: NodeJS.ProcessEnv }[] = [
    { shard: '1/4', env: {} },
    { shard: 'auto/4', env: { JOB_COMPLETION_INDEX: '1' } },
    { shard: 'auto', env: { SLURM_ARRAY_TASK_ID: '7', SLURM_ARRAY_TASK_MIN: '5', SLURM_ARRAY_TASK_COUNT: '4' } },
    { shard: 'auto', env: { AWS_BATCH_JOB_ARRAY_INDEX: '3', AWS_BATCH_JOB_ARRAY_SIZE: '4' } },
  ];

  test('parts at the same time are the whole, each file once, though one is killed and run again', async () => {
    const cwd = folderWith(files);
    const argsOf = (shard: string) => ['in', '-o', 'out', '--skip-existing', '--json', '--jobs', '1', '--shard', shard];
    const done: string[] = [];
    const note = (stdout: Buffer) => {
      const lines = stdout.toString().split('\n').slice(0, -1);
      done.push(...lines.map((line) => JSON.parse(line)).flatMap(({ width, input }) => (width ? [input] : [])));
    };
    const starts = PARTS.map(async ({ shard, env }, index) => {
      const child = spawnCommand(argsOf(shard), { cwd, env, ...(index === 2 && { before: SLOW_RENAMES }) });
      const end = ended(child);
      // The third one is killed when it has said that one is done.
      if (index === 2) child.stdout!.once('data', () => child.kill('SIGKILL'));
      const { exitCode, stdout, stderr } = await end;
      expect(stderr).toMatch(new RegExp(`^part ${index + 1} of 4( \\(\\w+\\))?: \\d+ of 40 files\\n`));
      expect(exitCode).toBe(index === 2 ? null : 0);
      note(stdout);
    });
    await Promise.all(starts);
    const killed = PARTS[2];
    const before = done.length;
    const again = await run(argsOf(killed.shard), { cwd, env: killed.env });
    expect(again.exitCode).toBe(0);
    note(again.stdout);
    expect(done.length).toBeGreaterThan(before);
    // One may have been written, and the process killed before it said so.
    const unsaid = filesIn(path.join(cwd, 'in')).length - new Set(done).size;
    expect(unsaid).toBeLessThanOrEqual(1);
    expect(new Set(done).size).toBe(done.length);
    expect(filesIn(path.join(cwd, 'out'))).toEqual(filesIn(path.join(cwd, 'in')));
    for (const name of filesIn(path.join(cwd, 'out'))) {
      expect(pixelsIn(readFileSync(path.join(cwd, 'out', name)))).toEqual(PRODUCT);
    }
  });

  test('an input of another part is not overwritten, and no file is replaced twice', async () => {
    const cwd = folderWith({ 'sub/a.png': PNG_FILE, 'out/sub/a.png': PNG_FILE, list: 'sub/a.png\nout/sub/a.png\n' });
    symlinkSync('a.png', path.join(cwd, 'sub/b.png'));
    for (const part of ['1/2', '2/2']) {
      const listed = await run(['--files-from', 'list', '-o', 'out/', '--shard', part], { cwd });
      expect({ exitCode: listed.exitCode, stderr: listed.stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringContaining('is the same file as the input'),
      });
      const replaced = await run(['sub', '--in-place', '-L', '--shard', part], { cwd });
      expect(replaced).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is the same file as') });
    }
    expect(readFileSync(path.join(cwd, 'out/sub/a.png'))).toEqual(PNG_FILE);
  });

  test('a part without files is done', async () => {
    const cwd = folderWith({ 'in/a.png': PNG_FILE });
    const codes = await Promise.all(
      [1, 2, 3].map(async (index) => (await run(['in', '-o', 'out', '--shard', `${index}/3`], { cwd })).exitCode),
    );
    expect(codes).toEqual([0, 0, 0]);
    expect(filesIn(path.join(cwd, 'out'))).toEqual(['a.png']);
  });

  test('two inputs of one output are refused in every part', async () => {
    const cwd = folderWith({ 'x/a.png': PNG_FILE, 'y/a.png': PNG_FILE });
    for (const part of ['1/2', '2/2']) {
      const { exitCode, stderr } = await run(['x', 'y', '-o', 'out', '--shard', part], { cwd });
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('have the same output') });
    }
  });
});

test('--trace with a list on standard input reads it once', async () => {
  const cwd = folderWith({ 'a.png': PNG_FILE });
  mkdirSync(path.join(cwd, 'out'));
  const stdin = Buffer.from('a.png\n');
  const { exitCode } = await run('--files-from - -o out -q --trace t.json'.split(' '), { cwd, stdin });
  expect(exitCode).toBe(0);
  expect(listing(cwd)).toEqual(['a.png', 'out', 'out/a.png', 't.json']);
});
