/** The page's PNG code in Node, which has the same streams as browsers: the pixels and the refusals of the command. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { decodePngSync } from '../../src/formats/png/decode.js';
import { decodePng, PngEncoder } from '../../web/png.js';

const LIMITS = { maxPixels: 1e7 };
const anySize = () => {};

function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.png'))
    .map((name) => `${folder}/${name}`);
}

const codeOf = (error: unknown) => (error as { code?: string }).code;

async function outcome(file: string): Promise<unknown> {
  try {
    return await decodePng(readFileSync(file), anySize);
  } catch (error) {
    return codeOf(error);
  }
}

describe('reading', () => {
  test.each([...filesIn('fixtures'), ...filesIn('fixtures/png/valid')])('%s: every byte as in Node', async (file) => {
    const expected = decodePngSync(readFileSync(file), LIMITS);
    const actual = await decodePng(readFileSync(file), anySize);
    expect([actual.width, actual.height]).toEqual([expected.width, expected.height]);
    expect(Buffer.compare(actual.data, expected.data)).toBe(0);
  });

  const damaged = filesIn('fixtures/png/damaged');
  test.each(damaged)('%s: refused as in Node', async (file) => {
    let expected: unknown = 'read';
    try {
      decodePngSync(readFileSync(file), { maxPixels: Number.POSITIVE_INFINITY });
    } catch (error) {
      expected = codeOf(error);
    }
    expect(await outcome(file)).toBe(expected);
  });

  test('a size is refused before memory is allocated', async () => {
    const refuse = (width: number, height: number) => {
      throw new Error(`${width}x${height}`);
    };
    await expect(decodePng(readFileSync('fixtures/one-pixel.png'), refuse)).rejects.toThrow('1x1');
  });
});

test.each([
  ['noise', 301, 211],
  ['photograph', 1, 1],
  ['photograph', 700, 400],
] as const)('writing: %s of %i x %i holds exactly the bytes', async (kind, width, height) => {
  const image = makeImage(kind, width, height, 4, 1);
  for (const alpha of [7, 255]) {
    const data = image.data.map((sample, at) => (at % 4 === 3 ? alpha : sample));
    const encoder = new PngEncoder({ width, height, isOpaque: alpha === 255 });
    const middle = Math.ceil(height / 3) * width * 4;
    for (const rows of [data.subarray(0, middle), data.subarray(middle)]) await encoder.write(rows);
    const file = Buffer.concat(await encoder.finish());
    const { data: actual, width: w, height: h } = decodePngSync(file, LIMITS);
    expect([w, h, file[25]]).toEqual([width, height, alpha === 255 ? 2 : 6]);
    expect(Buffer.compare(actual, data)).toBe(0);
  }
});
