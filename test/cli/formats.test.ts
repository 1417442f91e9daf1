/** Other formats than PNG through the command: which one is written where, and what is said. */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { chunk } from '../../fixtures/png/build-png.mjs';
import { transformSync } from '../../src/index.js';
import { decode } from '../formats/readings.js';
import { copyWith, folderWith, listing, mainOf, PNG_FILE, productOf, run } from './command.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIMITS = { maxPixels: 1e6 };
const fixture = (name: string) => readFileSync(path.join(ROOT, 'fixtures/formats', name));
const FILES = { 'in.png': PNG_FILE, 'photo.jpg': fixture('baseline-420.jpg'), 'scan.tif': fixture('rgb.tif') };

async function productIn(file: Uint8Array): Promise<Uint8Array> {
  return transformSync(await decode(file, LIMITS)).image.data;
}

describe('the output', () => {
  test.each([
    ['photo.jpg -o out.png', 'out.png', '\x89PNG'],
    ['photo.jpg -o out.webp', 'out.webp', 'RIFF'],
    ['photo.jpg -o out.tif', 'out.tif', 'II*\0'],
    ['photo.jpg -o out.pam', 'out.pam', 'P7\n'],
    ['photo.jpg -o out --format webp', 'out', 'RIFF'],
    ['photo.jpg -o folder/', 'folder/photo.png', '\x89PNG'],
    ['photo.jpg -o folder/ --format tiff', 'folder/photo.tiff', 'II*\0'],
    ['scan.tif -o folder/ --format tiff', 'folder/scan.tif', 'II*\0'],
  ])('%s', async (typed, output, signature) => {
    const cwd = folderWith(FILES);
    const { exitCode, stderr } = await run(typed.split(' '), { cwd });
    expect(exitCode, stderr).toBe(0);
    const written = readFileSync(path.join(cwd, output));
    expect(written.toString('latin1', 0, signature.length)).toBe(signature);
    const expected = await productIn(FILES[typed.split(' ')[0] as keyof typeof FILES]);
    expect(Buffer.compare((await decode(written, LIMITS)).data, expected)).toBe(0);
  });

  test('standard input and output', async () => {
    const { exitCode, stdout } = await run(['-', '-o', '-', '--format', 'pam'], {
      cwd: folderWith({}),
      stdin: PNG_FILE,
    });
    expect(exitCode).toBe(0);
    expect(Buffer.compare((await decode(stdout, LIMITS)).data, productOf(PNG_FILE).data)).toBe(0);
  });

  test.each([
    [
      'in.png -o out.png --format webp',
      'its extension is not that of --format webp. Type: neighbor-product in.png -o out.webp --format webp',
    ],
    ['in.png --raw 2x2 --format pam -o out', 'Expected --format or --raw, but received both.'],
    ['in.png -o out --format jpeg', "Expected one of png, webp, tiff, pam for --format, but received 'jpeg'."],
  ])('%s is refused', async (typed, message) => {
    const { exitCode, stderr } = await run(typed.split(' '), { cwd: folderWith(FILES) });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('metadata', () => {
  /** A PNG with a density. */
  const density = chunk('pHYs', Buffer.from('000000010000000200', 'hex'));
  const withDensity = Buffer.concat([PNG_FILE.subarray(0, 33), density, PNG_FILE.subarray(33)]);

  test('is said to be missing, without advice that would not help', async () => {
    const cwd = folderWith({ 'in.png': withDensity });
    const { stderr } = await run(['in.png', '-o', 'out.pam', '--metadata', 'keep'], { cwd });
    expect(stderr).toMatch(/^warning: Not in the output: .*density/m);
    expect(stderr).not.toContain('--metadata keep');
  });

  test('can be copied to a PNG', async () => {
    const cwd = folderWith({ 'in.png': withDensity });
    expect((await run(['in.png', '-o', 'out.png'], { cwd })).stderr).toContain('Add --metadata keep to copy');
  });
});

describe('without sharp', () => {
  const withoutSharp = async () => {
    const root = await copyWith();
    rmSync(path.join(root, 'node_modules'));
    mkdirSync(path.join(root, 'node_modules'));
    symlinkSync(path.join(ROOT, 'node_modules/pngjs'), path.join(root, 'node_modules/pngjs'), 'junction');
    return { root, script: mainOf(root) };
  };

  test('a JPEG and a WebP are refused with what to install, and nothing is left', async () => {
    const { script } = await withoutSharp();
    const cwd = folderWith(FILES);
    const reading = await run(['photo.jpg', '-o', 'out.png'], { cwd, script });
    expect(reading).toMatchObject({
      exitCode: 3,
      stderr:
        'error: photo.jpg: A JPEG image is read by sharp, which is not installed. Install it beside neighbor-product: ' +
        'npm install sharp. Or use PNG.\n',
    });
    const writing = await run(['in.png', '-o', 'out.webp'], { cwd, script });
    expect(writing.exitCode).toBe(5);
    expect(writing.stderr).toContain('A WebP image is written by sharp, which is not installed. Install it');
    expect(listing(cwd)).toEqual(Object.keys(FILES).sort());
    expect((await run(['in.png', '-o', 'out.pam'], { cwd, script })).exitCode).toBe(0);
  });

  test('one that does not load says why', async () => {
    const { root, script } = await withoutSharp();
    cpSync(path.join(ROOT, 'node_modules/sharp'), path.join(root, 'node_modules/sharp'), { recursive: true });
    const { exitCode, stderr } = await run(['photo.jpg', '-o', 'out.png'], { cwd: folderWith(FILES), script });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(
      /^error: photo\.jpg: A JPEG image is read by sharp, which .*npm install sharp\. Or use PNG\.\n$/,
    );
  });
});
