/** The tools for images larger than memory, on small ones: what they write, and that they find a single wrong byte. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodePngSync } from '../../src/formats/png/decode.js';
import { ALPHA_MODES } from '../../src/options.js';
import { BORDER_MODES } from '../../src/regions.js';
import { folderWith, run } from '../cli/command.js';
import { encodePng } from '../encode-png.js';

/** Higher than three strips of tools/check-large.mjs, and no multiple of one. */
const SIZE = { width: 300, height: 200 };

function tool(name: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`tools/${name}.mjs`, ...args], { encoding: 'utf8' });
  return { exitCode: status, stdout, stderr };
}

function largePng(kind: 'rgb' | 'rgba', size = SIZE, seed = 1): string {
  const file = path.join(folderWith(), 'large.png');
  const { exitCode, stderr } = tool('large-png', [`${size.width}x${size.height}`, kind, String(seed), file]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return file;
}

async function product(input: string, args: readonly string[] = []): Promise<string> {
  const output = path.join(folderWith(), 'out.png');
  const { exitCode, stderr } = await run([input, '-o', output, '-q', ...args], { cwd: '.' });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return output;
}

const pixelsOf = (file: string) => decodePngSync(readFileSync(file), { maxPixels: 1e7 });

describe('large-png', () => {
  test.each(['rgb', 'rgba'] as const)('%s: several chunks, the same pixels for the same seed', (kind) => {
    const size = { width: 1300, height: 200 };
    const file = largePng(kind, size);
    const image = pixelsOf(file);
    expect(image).toMatchObject(size);
    const chunks = readFileSync(file).toString('latin1').match(/IDAT/g);
    expect(chunks?.length).toBeGreaterThan(1);
    expect(readFileSync(file).length / (size.width * size.height * { rgb: 3, rgba: 4 }[kind])).toBeGreaterThan(0.4);
    const colours = image.data.filter((_, at) => at % 4 < 3);
    expect(new Set(colours).size).toBeGreaterThan(150);
    const alphas = new Set(image.data.filter((_, at) => at % 4 === 3));
    if (kind === 'rgb') expect([...alphas]).toEqual([255]);
    else expect(alphas.size).toBeGreaterThan(20);
    expect(Buffer.compare(pixelsOf(largePng(kind, size)).data, image.data)).toBe(0);
    expect(Buffer.compare(pixelsOf(largePng(kind, size, 2)).data, image.data)).not.toBe(0);
  });

  test('says what it takes', () => {
    const { exitCode, stderr } = tool('large-png', ['300', 'rgb', '1', 'out.png']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(/^Expected WIDTHxHEIGHT rgb/) });
  });
});

describe('check-large', () => {
  const cases = [
    ...BORDER_MODES.map((border) => ['rgba', '--border', border, '--alpha', 'opaque', '--passes', '1'] as const),
    ...BORDER_MODES.map((border) => ['rgb', '--border', border, '--alpha', 'opaque', '--passes', '2'] as const),
    ...ALPHA_MODES.map((alpha) => ['rgba', '--border', 'wrap', '--alpha', alpha, '--passes', '2'] as const),
  ];
  test.each(cases)("%s %s %s %s %s %s %s: the command's bytes", async (kind, ...options) => {
    const input = largePng(kind);
    const output = await product(input, options);
    const compared = tool('check-large', [input, output, ...options]);
    expect(compared).toEqual({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/^200 rows compared in /) });
  });

  test('a changed byte in the first or last row, or beside the seam between two strips', async () => {
    const input = largePng('rgba');
    const output = await product(input);
    for (const y of [0, 63, 64, 199]) {
      const image = pixelsOf(output);
      const at = (y * SIZE.width + 7) * 4 + 1;
      image.data[at] ^= 1;
      const changed = path.join(folderWith(), 'changed.png');
      writeFileSync(changed, encodePng(image));
      const { exitCode, stdout } = tool('check-large', [input, changed]);
      expect(exitCode).toBe(1);
      const [expected, actual] = [image.data[at] ^ 1, image.data[at]];
      expect(stdout).toContain(`Expected ${expected} in channel 1 of pixel 7,${y}, but received ${actual}; `);
    }
  });

  test('wrap: more passes than rows', async () => {
    const input = largePng('rgba', { width: 40, height: 3 });
    const options = ['--border', 'wrap', '--passes', '5'];
    expect(tool('check-large', [input, await product(input, options), ...options])).toMatchObject({ exitCode: 0 });
  });

  test('the result of another border mode, and of another image, is found', async () => {
    const input = largePng('rgba');
    const output = await product(input, ['--border', 'reflect']);
    expect(tool('check-large', [input, output, '--border', 'replicate'])).toMatchObject({ exitCode: 1 });
    expect(tool('check-large', [largePng('rgba', SIZE, 2), output, '--border', 'reflect'])).toMatchObject({
      exitCode: 1,
    });
  });

  test.each([
    ['cut short', (file: Buffer) => file.subarray(0, -5000), /but it ends after \d+ bytes/],
    [
      'damaged',
      (file: Buffer) => file.fill(0, 5000, 5010),
      /(Expected|Cannot read) .*out\.png|The CRC of the IDAT chunk /,
    ],
    // The four bytes before IEND's twelve.
    [
      'wrong in its last CRC',
      (file: Buffer) => file.fill(0, file.length - 16, file.length - 12),
      /^The CRC of the IDAT /,
    ],
    [
      'of another size',
      () => encodePng({ ...pixelsOf(largePng('rgba', { width: 299, height: 200 })) }),
      /but received 299x200/,
    ],
    ['no PNG file', () => Buffer.from('GIF89a and more'), /^Expected a PNG file in /],
  ])('an output that is %s: exit code 2', async (_, change, message) => {
    const input = largePng('rgba');
    const output = await product(input);
    writeFileSync(output, change(readFileSync(output)));
    const { exitCode, stderr } = tool('check-large', [input, output]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
  });
});
