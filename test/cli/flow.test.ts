/** Images that flow through the command: larger than the memory it may use, damaged late, killed at any moment. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { BORDER_MODES } from '../../src/regions.js';
import { encodePng } from '../encode-png.js';
import { ended, folderWith, listing, MAIN, pixelsIn, productOf, run, spawnCommand } from './command.js';

/** Of several strips, whose file takes several pieces. */
const PICTURE = makeImage('photograph', 1500, 1400, 4, 1);
const FILE = encodePng(PICTURE);

describe('the bytes do not depend on the memory allowed', () => {
  test.each(BORDER_MODES)(
    'with the border mode %s',
    async (border) => {
      const cwd = folderWith({ 'in.png': FILE });
      const expected = productOf(FILE, { border, passes: 2 }).data;
      for (const memory of ['1M', '6M', '1G']) {
        const args = `in.png -o out.png -q --border ${border} --passes 2 --max-memory ${memory}`.split(' ');
        expect(await run(args, { cwd }), memory).toMatchObject({ exitCode: 0, stderr: '' });
        const actual = pixelsIn(readFileSync(path.join(cwd, 'out.png')));
        expect(Buffer.compare(actual, expected), memory).toBe(0);
      }
    },
    60_000,
  );

  test('too little for a row with its neighbours is an error that says how much is needed', async () => {
    const cwd = folderWith({ 'in.png': FILE });
    const whole = await run('in.png -o out.png --passes 1000 --max-memory 9M'.split(' '), { cwd });
    expect(whole.stderr).toMatch(/^error: in\.png: 1000 passes over rows of 6000 bytes need 33 MiB .* to 33M\.\n$/);
    const tooLittle = await run('in.png -o out2.png --passes 100 --max-memory 2M'.split(' '), { cwd });
    expect(tooLittle.exitCode).toBe(3);
    expect(tooLittle.stderr).toMatch(/^error: in\.png: 100 passes over rows of 6000 bytes need 5 MiB .* to 5M\.\n$/);
    expect(listing(cwd)).toEqual(['in.png']);
  }, 60_000);

  test('--verify compares every strip', async () => {
    const cwd = folderWith({ 'in.png': FILE });
    const args = 'in.png -o out.png --border wrap --max-memory 2M --verify --json'.split(' ');
    const { exitCode, stdout } = await run(args, { cwd });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({ verified: true, images: 1, width: 1500, height: 1400 });
  }, 60_000);
});

describe('a pipe', () => {
  test('is read once: an image whose last row comes first must fit into memory', async () => {
    const args = '- -o - -q --border wrap --max-memory'.split(' ');
    const pipe = async (memory: string) => {
      const child = spawnCommand([...args, memory], { cwd: folderWith() });
      child.stdin!.on('error', () => {});
      child.stdin!.end(FILE);
      return ended(child);
    };
    const { exitCode, stdout, stderr } = await pipe('4M');
    expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 2, stdout: 0 });
    expect(stderr).toMatch(/^error: standard input: The first row needs the last one, .* from 4M to 17M\.\n$/);
    const enough = await pipe('17M');
    expect(enough).toMatchObject({ exitCode: 0, stderr: '' });
    expect(Buffer.compare(pixelsIn(enough.stdout), productOf(FILE, { border: 'wrap' }).data)).toBe(0);
  });
});

describe('damage late in a file', () => {
  const damaged = Buffer.from(FILE);
  damaged[damaged.length - 1000] ^= 1;

  test('is found before anything is written under the name of the output', async () => {
    const cwd = folderWith({ 'in.png': damaged, 'out.png': 'kept' });
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png', '--max-memory', '1M'], { cwd });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/The PNG is damaged: the CRC/),
    });
    expect(readFileSync(path.join(cwd, 'out.png'), 'utf8')).toBe('kept');
    expect(listing(cwd)).toEqual(['in.png', 'out.png']);
  });

  test('leaves standard output empty', async () => {
    const cwd = folderWith({ 'in.png': damaged });
    const { exitCode, stdout } = await run(['in.png', '-o', '-'], { cwd });
    expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 3, stdout: 0 });
  });

  test('is found where the file is read twice', async () => {
    const cwd = folderWith({ 'in.png': damaged });
    const args = ['in.png', '-o', 'out.png', '--max-memory', '1M', '--border', 'wrap'];
    expect(await run(args, { cwd })).toMatchObject({ exitCode: 3 });
    expect(listing(cwd)).toEqual(['in.png']);
  });
});

/** How often a process is killed. */
const KILLS = Number(process.env.NEIGHBOR_PRODUCT_KILLS ?? 6);

describe.runIf(process.platform !== 'win32')('killed at any moment', () => {
  test(`the output is the old file or the whole new one, ${KILLS} times, and the next run clears what is left`, async () => {
    const cwd = folderWith({ 'in.png': FILE });
    const args = ['in.png', '-o', 'out.png', '-q', '--compression', 'small'];
    const startMs = performance.now();
    expect(await run(args, { cwd })).toMatchObject({ exitCode: 0 });
    const wholeMs = performance.now() - startMs;
    const whole = readFileSync(path.join(cwd, 'out.png'));
    let left = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      writeFileSync(path.join(cwd, 'out.png'), 'old');
      const child = spawnCommand(args, { cwd });
      const end = ended(child);
      // Spread over the whole run; the first ones wait until something is written.
      if (kill < 2)
        while (!listing(cwd).some((name) => name.endsWith('.tmp')) && child.exitCode === null) await sleep(1);
      else await sleep((wholeMs * (kill + 0.5)) / KILLS);
      child.kill('SIGKILL');
      await end;
      const output = readFileSync(path.join(cwd, 'out.png'));
      expect(`${output}` === 'old' || output.equals(whole), `after kill ${kill}`).toBe(true);
      const others = listing(cwd).filter((name) => !['in.png', 'out.png'].includes(name));
      for (const name of others) expect(name).toMatch(/^\.neighbor-product-.*\.tmp$/);
      left += others.length;
    }
    expect(left, 'temporary files seen').toBeGreaterThan(0);
    expect(await run(args, { cwd })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(listing(cwd)).toEqual(['in.png', 'out.png']);
  }, 300_000);
});

describe('progress', () => {
  /** What clears a line of a terminal. */
  const CLEARED = '\r\u001b[K';

  /** Makes standard error a terminal, and a second pass quickly. */
  const terminal = `
    process.stderr.isTTY = true;
    const now = performance.now.bind(performance);
    performance.now = () => 50 * now();`;

  test('is shown on a terminal where an image takes longer than a second, and wiped off', async () => {
    const cwd = folderWith({ 'in.png': FILE });
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png'], { cwd, before: terminal });
    expect(exitCode).toBe(0);
    const [shown, after] = stderr.split(CLEARED).slice(-2);
    expect(shown).toMatch(/^in\.png {2}\d+ % {2}\d+ megapixels\/s {2}\d+ s left$/);
    expect(after).toMatch(/^in\.png → out\.png/);
  });

  test.each(['--quiet', '--json'])('is not shown with %s', async (option) => {
    const cwd = folderWith({ 'in.png': FILE });
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png', option], { cwd, before: terminal });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('is not shown where there is no terminal', async () => {
    const cwd = folderWith({ 'in.png': FILE });
    const before = terminal.replace('process.stderr.isTTY = true;', '');
    const { stderr } = await run(['in.png', '-o', 'out.png'], { cwd, before });
    expect(stderr).not.toContain('\r');
  });
});

describe('raw samples', () => {
  const images = [1, 2, 3].map((seed) => makeImage('noise', 40, 30, 4, seed));
  const samples = Buffer.concat(images.map(({ data }) => data));
  const products = Buffer.concat(images.map((image) => productOf(encodePng(image)).data));

  test('come and go image after image, by files and by pipes', async () => {
    const cwd = folderWith({ 'in.raw': samples });
    const { exitCode, stderr } = await run('--raw 40x30:rgba in.raw -o out.raw'.split(' '), { cwd });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/ {2}3 x 40x30 {2}/) });
    expect(readFileSync(path.join(cwd, 'out.raw')).equals(products)).toBe(true);
    const child = spawnCommand('--raw 40x30 - -o - -q'.split(' '), { cwd });
    child.stdin!.end(samples);
    const piped = await ended(child);
    expect(piped).toMatchObject({ exitCode: 0, stderr: '' });
    expect(piped.stdout.equals(products)).toBe(true);
  });

  test('of images larger than the memory allowed flow in strips', async () => {
    const large = [1, 2].map((seed) => makeImage('noise', 300, 500, 4, seed));
    const cwd = folderWith({ 'in.raw': Buffer.concat(large.map(({ data }) => data)) });
    const args = '--raw 300x500 in.raw -o out.raw --max-memory 100K --border reflect --json'.split(' ');
    const { exitCode, stdout } = await run(args, { cwd });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      images: 2,
      width: 300,
      height: 500,
      decoder: 'none',
      encoder: 'none',
    });
    const expected = large.map((image) => productOf(encodePng(image), { border: 'reflect' }).data);
    expect(readFileSync(path.join(cwd, 'out.raw')).equals(Buffer.concat(expected))).toBe(true);
  });

  test('of which not even a row fits into the memory allowed are an error, before anything is written', async () => {
    const cwd = folderWith({ 'in.raw': samples });
    const args = '--raw 40x30 in.raw -o out.raw --passes 3 --max-memory 100'.split(' ');
    const { exitCode, stderr } = await run(args, { cwd });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^error: in\.raw: 3 passes over rows of 160 bytes need 1 MiB at once, .*\.\n$/),
    });
    expect(listing(cwd)).toEqual(['in.raw']);
  });

  test('of three channels keep three', async () => {
    const image = makeImage('noise', 21, 9, 3, 1);
    const cwd = folderWith({ 'in.raw': image.data });
    expect(await run('--raw 21x9:rgb in.raw -o out.raw -q --border wrap'.split(' '), { cwd })).toMatchObject({
      exitCode: 0,
    });
    const product = productOf(encodePng(image), { border: 'wrap' });
    const rgb = product.data.filter((_, at) => at % 4 !== 3);
    expect(readFileSync(path.join(cwd, 'out.raw')).equals(rgb)).toBe(true);
  });

  test.each([
    ['a part of the last image', samples.subarray(0, -1), /it has 4799 of the 4800 bytes of 40x30 RGBA/],
    ['nothing', new Uint8Array(), /it has 0 of the 4800 bytes/],
  ])('%s is an error, and no file is left', async (_, given, message) => {
    const cwd = folderWith({ 'in.raw': given });
    const { exitCode, stderr } = await run('--raw 40x30 in.raw -o out.raw'.split(' '), { cwd });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(message) });
    expect(listing(cwd)).toEqual(['in.raw']);
  });

  test('any name is an output, into a folder too, and what is suggested is none of a PNG', async () => {
    const cwd = folderWith({ 'a.yuv': samples, 'b.jpg': samples });
    expect(await run('--raw 40x30 a.yuv b.jpg -o out/ -q'.split(' '), { cwd })).toMatchObject({ exitCode: 0 });
    expect(listing(path.join(cwd, 'out'))).toEqual(['a.yuv', 'b.jpg']);
    const { exitCode, stderr } = await run('--raw 40x30:rgb a.yuv'.split(' '), { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Type: neighbor-product a.yuv -o a-product.yuv --raw 40x30:rgb');
  });

  test.each(['40', '0x30', '40x30:argb', '40x30:', 'x', '40x30x4'])('%s is no size', async (size) => {
    const { exitCode, stderr } = await run(['--raw', size, 'a', '-o', 'b'], { cwd: folderWith() });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Expected a size such as 1920x1080'),
    });
  });

  test('hundreds of images take no more memory than a few', () => {
    const [images, byteLength] = [400, 640 * 360 * 4];
    const source = `
      import { writeSync } from 'node:fs';
      const image = Buffer.alloc(${byteLength}, 77);
      for (let k = 0; k < ${images}; k++) for (let at = 0; at < image.length; ) at += writeSync(1, image, at);`;
    const report = "process.on('exit', () => process.stderr.write(String(process.resourceUsage().maxRSS)));";
    const cwd = folderWith({ 'source.mjs': source, 'report.mjs': report });
    const node = `"${process.execPath}"`;
    const command = `${node} source.mjs | ${node} --import ./report.mjs "${MAIN}" --raw 640x360 - -o - -q | wc -c`;
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8' });
    expect(Number(stdout)).toBe(images * byteLength);
    const mostMiB = Number.parseInt(stderr, 10) / 1024;
    expect(mostMiB, 'of a process through which 350 MiB go').toBeLessThan(160);
  }, 60_000);
});

test('the size of a file is what the options say of it', async () => {
  const cwd = folderWith({ 'in.png': FILE });
  const sizes: number[] = [];
  for (const compression of ['fast', 'balanced', 'small']) {
    expect(await run(['in.png', '-o', 'out.png', '-q', '--compression', compression], { cwd })).toMatchObject({
      exitCode: 0,
    });
    sizes.push(statSync(path.join(cwd, 'out.png')).size);
  }
  const [fast, balanced, small] = sizes;
  expect(balanced).toBeLessThanOrEqual(fast);
  expect(small).toBeLessThanOrEqual(balanced);
});
