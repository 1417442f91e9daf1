import { describe, expect, it } from 'vitest';
import { imageData, PICTURE } from '../../../fixtures/png/build-png.mjs';
import { checkSize, crc32, crc32InJavaScript, imageDataBytes } from '../../../src/formats/png/chunks.js';

const KINDS = [
  { colourType: 0, bitDepths: [1, 2, 4, 8, 16] },
  { colourType: 2, bitDepths: [8, 16] },
  { colourType: 3, bitDepths: [1, 2, 4, 8] },
  { colourType: 4, bitDepths: [8, 16] },
  { colourType: 6, bitDepths: [8, 16] },
].flatMap(({ colourType, bitDepths }) => bitDepths.map((bitDepth) => ({ ...PICTURE, colourType, bitDepth })));

describe('imageDataBytes is what an encoder writes, for all sizes to 10x10', () => {
  it.each(KINDS)('colour type $colourType with $bitDepth bits', (kind) => {
    for (const interlaced of [false, true]) {
      for (let width = 1; width <= 10; width++) {
        for (let height = 1; height <= 10; height++) {
          const image = { ...kind, width, height, interlaced };
          expect(imageDataBytes(image), `${width}x${height}`).toBe(imageData(image).length);
        }
      }
    }
  });
});

describe('checkSize', () => {
  const unlimited = { maxPixels: Number.POSITIVE_INFINITY };

  it.each([
    { width: 1_000_000, height: 1, maxPixels: 1_000_000 },
    { width: 1, height: 1_000_000, maxPixels: 1_000_000 },
    { width: 16384, height: 16384, maxPixels: 2 ** 28 },
    { width: 16383, height: 32767, ...unlimited },
  ])('accepts $width x $height of at most $maxPixels pixels', ({ width, height, maxPixels }) => {
    expect(() => checkSize({ ...PICTURE, width, height }, { maxPixels })).not.toThrow();
  });

  it.each([
    { width: 1_000_001, height: 1, ...unlimited },
    { width: 1, height: 1_000_001, ...unlimited },
    { width: 1_000_000, height: 1, maxPixels: 999_999 },
    { width: 16384, height: 32768, ...unlimited },
  ])('refuses $width x $height of at most $maxPixels pixels', ({ width, height, maxPixels }) => {
    const check = () => checkSize({ ...PICTURE, width, height }, { maxPixels });
    expect(check).toThrow(expect.objectContaining({ code: 'TOO_MANY_PIXELS' }));
  });
});

describe.each([
  ['of Node, where it has one', crc32],
  ['in JavaScript', crc32InJavaScript],
])('crc32 %s', (_, crc32) => {
  it.each([
    // The check value that catalogues of CRCs give, and the CRC every IEND chunk ends with.
    ['123456789', 0xcbf43926],
    ['IEND', 0xae426082],
    ['', 0],
  ])('of %j', (text, crc) => expect(crc32(Buffer.from(text))).toBe(crc));

  it('of bytes that follow others', () => {
    expect(crc32(Buffer.from('6789'), crc32(Buffer.from('12345')))).toBe(0xcbf43926);
  });

  it('of all byte values, as Python zlib.crc32(bytes(range(256)))', () => {
    expect(crc32(Uint8Array.from({ length: 256 }, (_, byte) => byte))).toBe(0x29058c73);
  });
});
