/** The tarball installed into an empty folder, and the picture whose product is known. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';
import { expect, inject } from 'vitest';
import { Npm, pathWithoutCompiler } from './programs.js';

const PICTURE = 'fixtures/watermelon-pizza.png';
/** Written by the reference; what the reference is held to, the bytes of a NumPy program, see fixtures/golden. */
const PRODUCT = 'docs/watermelon-pizza-product.png';

export const npm = Npm.at(inject('npmCli'));
export const PATH_WITHOUT_COMPILER = pathWithoutCompiler(path.join(inject('scratch'), 'tools'));

const input = PNG.sync.read(readFileSync(PICTURE));
export const SIZE = [input.width, input.height].map(String);

/**
 * Installs with npm, no compiler in reach.
 *
 * @param words for `npm install`, such as `--omit=optional`
 * @returns the folder, in which `input.png` and `input.rgba` lie
 */
export function installPackage(name: string, words: readonly string[] = []): string {
  const folder = path.join(inject('scratch'), name);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const always = ['install', '--prefer-offline', '--no-audit', '--no-fund'];
  npm.must([...always, ...words, inject('tarball')], { cwd: folder, env: { PATH: PATH_WITHOUT_COMPILER } });
  layPicture(folder);
  return folder;
}

export function layPicture(folder: string): void {
  copyFileSync(PICTURE, path.join(folder, 'input.png'));
  writeFileSync(path.join(folder, 'input.rgba'), input.data);
}

export function expectProductFile(file: string): void {
  expectProduct(PNG.sync.read(readFileSync(file)).data);
}

/** @param pixels RGBA, row by row */
export function expectProduct(pixels: Uint8Array): void {
  const expected = PNG.sync.read(readFileSync(PRODUCT)).data;
  expect(Buffer.compare(expected, input.data), 'the product is not the picture').not.toBe(0);
  expect(pixels.length).toBe(expected.length);
  expect(Buffer.compare(expected, pixels), 'every byte is the known one').toBe(0);
}
