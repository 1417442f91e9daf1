import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createImage } from '../../src/image.js';
import { ALPHA_MODES } from '../../src/options.js';
import { transformReference } from '../../src/reference.js';
import { BORDER_MODES } from '../../src/regions.js';

interface GoldenInput {
  readonly kind: string;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly byteOffset: number;
}

const read = (name: string) => readFileSync(new URL(`../../fixtures/golden/${name}`, import.meta.url));
const inputs = read('inputs.bin');
const expected = read('expected.bin');
const images: GoldenInput[] = JSON.parse(read('inputs.json').toString());

test('the reference gives the bytes of the NumPy program', () => {
  let at = 0;
  for (const { kind, width, height, channels, byteOffset } of images) {
    const byteLength = width * height * channels;
    const input = {
      ...createImage(width, height, channels),
      data: inputs.subarray(byteOffset, byteOffset + byteLength),
    };
    for (const alpha of channels === 4 ? ALPHA_MODES : (['opaque'] as const)) {
      for (const border of BORDER_MODES) {
        const output = createImage(width, height, channels);
        transformReference(input, output, { alpha, border, passes: 1 });
        const isEqual = Buffer.compare(output.data, expected.subarray(at, at + byteLength)) === 0;
        expect(isEqual, `${kind} ${width}x${height}x${channels} ${alpha} ${border}`).toBe(true);
        at += byteLength;
      }
    }
  }
  expect(at).toBe(expected.length);
  expect(at).toBeGreaterThan(100_000);
});

test('the golden bytes are those of every size, mode and kind', () => {
  expect(images.reduce((sum, { width, height, channels }) => sum + width * height * channels, 0)).toBe(inputs.length);
  expect(images.filter(({ width, height }) => width === 1 && height === 1)).toHaveLength(2);
  expect(new Set(images.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(20);
});
