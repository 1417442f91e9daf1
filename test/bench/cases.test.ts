import { expect, test } from 'vitest';
import { backendEntry } from '../../src/backends.js';
import { makeCase } from '../../src/bench/cases.js';
import { BENCH_KINDS } from '../../src/bench/choices.js';
import { makeImage } from '../../src/conformance/images.js';
import { createImage } from '../../src/image.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { referenceOf } from '../transforms.js';

const LARGE = { width: 2000, height: 700 };

test.each(BENCH_KINDS)('%s: expected is the result of the reference', (kind) => {
  const { id, input, expected } = makeCase({ width: 50, height: 40 }, kind);
  expect(id).toBe(`50x40/${kind}`);
  const reference = referenceOf(input, { alpha: 'opaque', border: 'skip', passes: 1 });
  expect(Buffer.compare(expected.data, reference.data)).toBe(0);
});

test('a large image of the worst case needs binary64 nearly everywhere, across the seams too', async () => {
  const opened = await backendEntry('cpu').open();
  if (!('transformer' in opened)) throw new Error(opened.reason);
  const { input, expected } = makeCase(LARGE, 'worst-case');
  const output = createImage(LARGE.width, LARGE.height, 4);
  const { exactPixels } = await opened.transformer.transform(input, output, DEFAULT_OPERATION);
  expect(Buffer.compare(output.data, expected.data)).toBe(0);
  expect(exactPixels / (LARGE.width * LARGE.height)).toBeGreaterThan(0.98);
});

test('a photograph of the same size is used, and named', () => {
  const photograph = { name: 'holiday.png', image: makeImage('noise', 30, 20, 4, 9) };
  expect(makeCase({ width: 30, height: 20 }, 'photograph', photograph)).toMatchObject({
    origin: 'holiday.png',
    input: photograph.image,
  });
  expect(makeCase({ width: 30, height: 21 }, 'photograph', photograph).origin).toBe('generated, seed 1');
  expect(makeCase({ width: 30, height: 20 }, 'noise', photograph).origin).toBe('generated, seed 1');
});
