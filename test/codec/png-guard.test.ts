import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compressedZeros, damagedPngs } from '../../fixtures/make-png-fixtures.mjs';
import { chunk, ihdr, imageData, PICTURE, png, store } from '../../fixtures/png/build-png.mjs';
import { checkPng } from '../../src/codec/png-guard.js';
import { DEFAULT_MAX_PIXELS } from '../../src/codec/png-header.js';
import { NeighborProductError } from '../../src/errors.js';
import { PNG_FIXTURES, readLibpngTable } from './libpng-table.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };

/** Every damaged fixture, and what its error has to speak of. */
const REASONS: Record<string, RegExp> = {
  empty: /an empty file/,
  'one-byte': /begins with the bytes 89\./,
  jpeg: /a JPEG picture\. Convert it/,
  gif: /a GIF picture/,
  webp: /a WebP picture/,
  bmp: /a BMP picture/,
  avif: /an AVIF picture/,
  gzip: /a gzip archive\. Unpack it/,
  text: /this is text/,
  zeros: /begins with the bytes 00 00 00 00 00 00 00 00\./,
  'signature-without-carriage-return': /a PNG with a damaged signature\. .*binary mode/,
  'signature-of-7-bits': /a PNG with a damaged signature/,
  'signature-only': /another chunk, but the file ends after 8 bytes/,
  'ihdr-missing': /IHDR as the first chunk, but it is IDAT/,
  'ihdr-second': /IHDR as the first chunk, but it is tEXt/,
  'ihdr-after-wrong-crc': /IHDR as the first chunk, but it is tEXt/,
  'ihdr-twice': /one IHDR chunk/,
  'ihdr-twice-after-idat': /one IHDR chunk/,
  'ihdr-of-12-bytes': /13 bytes of IHDR data, but there are 12/,
  'ihdr-of-14-bytes': /13 bytes of IHDR data, but there are 14/,
  'ihdr-crc-wrong': /IHDR chunk at byte 8 .* CRC/,
  'width-zero': /at least one pixel, but the header says 0x11/,
  'height-zero': /at least one pixel, but the header says 13x0/,
  'colour-type-1': /says 1 with 8/,
  'colour-type-7': /says 7 with 8/,
  'bit-depth-0': /says 6 with 0/,
  'bit-depth-3': /says 0 with 3/,
  'bit-depth-32': /says 6 with 32/,
  'rgb-of-4-bits': /says 2 with 4/,
  'palette-of-16-bits': /says 3 with 16/,
  'compression-method-1': /compression method 0/,
  'filter-method-1': /filter method 0/,
  'interlace-method-2': /interlace method 0 or 1/,
  'too-many-pixels': /at most 268435456 pixels, but the header says 60000x60000/,
  'too-many-pixels-of-2-to-the-32': /4294967295x4294967295/,
  'too-wide': /sides of at most 1000000 pixels, but the header says 1000001x1/,
  'too-many-bytes': /at most 2147483647 bytes of samples/,
  'too-few-bytes-for-the-header': /1073758208 bytes of image data.* only 594 compressed/,
  'cut-after-20-bytes': /13 bytes of IHDR data, but the file ends after 20/,
  'cut-after-33-bytes': /another chunk, but the file ends after 33/,
  'cut-after-36-bytes': /another chunk, but the file ends after 36/,
  'cut-after-60-bytes': /594 bytes of IDAT data, but the file ends after 60/,
  'cut-after-631-bytes': /594 bytes of IDAT data, but the file ends after 631/,
  'cut-after-639-bytes': /another chunk, but the file ends after 639/,
  'cut-after-650-bytes': /another chunk, but the file ends after 650/,
  'idat-length-past-the-end': /651 bytes of IDAT data/,
  'idat-length-of-2-to-the-32': /4294967295 bytes of IDAT data/,
  'idat-crc-wrong': /IDAT chunk at byte 33 .* CRC/,
  'idat-missing': /an IDAT chunk, but there is none/,
  'idat-empty': /583 bytes of image data.* only 0 compressed/,
  'idats-apart': /IDAT chunks in a row, but tEXt/,
  'idat-again': /IDAT chunks in a row, but tIME/,
  'iend-missing': /another chunk, but the file ends after 639/,
  'iend-crc-wrong': /IEND chunk at byte 639 .* CRC/,
  'critical-unknown': /there is NPte/,
  'type-not-letters': /a chunk at byte 33, but its type is not four letters/,
  'palette-missing': /PLTE before IDAT, but there is none/,
  'palette-after-idat': /PLTE before IDAT, but there is none/,
  'palette-twice': /one PLTE chunk/,
  'palette-suggested-after-idat': /PLTE before IDAT, but it comes after/,
  'palette-empty': /PLTE has 0 bytes/,
  'palette-of-7-bytes': /PLTE has 7 bytes/,
  'palette-of-257-colours': /PLTE has 771 bytes/,
  'palette-crc-wrong': /PLTE chunk at byte 33 .* CRC/,
  'a-byte-too-few': /583 bytes of image data.* only 582\./,
  'a-row-too-few': /583 bytes of image data.* only 530\./,
  'a-row-only': /583 bytes of image data.* only 53\./,
  'no-row': /583 bytes of image data.* only 0\./,
  'a-pass-too-few': /594 bytes of image data.* only 200\./,
  'rows-not-interlaced': /594 bytes of image data.* only 583\./,
  'filter-5': /a row has filter 5\./,
  'filter-255-last-row': /a row has filter 255\./,
  'filter-5-interlaced': /a row has filter 5\./,
  'adler-wrong': /zlib says: incorrect data check/,
  'adler-cut': /a complete zlib stream/,
  'zlib-cut': /a complete zlib stream/,
  'zlib-header-wrong': /zlib says: incorrect header check/,
  'zlib-dictionary': /zlib says: Missing dictionary/,
  'zlib-block-wrong': /zlib says: invalid block type/,
  'zlib-missing': /zlib says: incorrect header check/,
  'zlib-distance-too-far': /zlib says: invalid distance too far back/,
  'a-mebibyte-too-many': /583 bytes of image data.* many more/,
};

/** Where the guard is stricter than libpng, which decodes these. */
const LIBPNG_ACCEPTS = ['a-mebibyte-too-many', 'idat-again', 'palette-suggested-after-idat'];

const TOO_MANY_PIXELS = ['too-many-pixels', 'too-many-pixels-of-2-to-the-32', 'too-wide', 'too-many-bytes'];

describe('checkPng refuses', () => {
  const table = readLibpngTable('libpng-pixels.txt');

  it('every damaged fixture, each for a reason listed here', () => {
    expect(Object.keys(REASONS).sort()).toEqual([...damagedPngs().keys()].sort());
  });

  it.each(Object.entries(REASONS))('%s', (name, reason) => {
    const error = errorOf(readFileSync(new URL(`damaged/${name}.png`, PNG_FIXTURES)));
    expect(error.code).toBe(TOO_MANY_PIXELS.includes(name) ? 'TOO_MANY_PIXELS' : 'INVALID_PNG');
    expect(error.message).toMatch(reason);
    expect(error.message, 'expected, came, advice, in one line').toMatch(/^Expected [^\n]+, but [^\n]+\. [^\n]+\.$/);
    if (LIBPNG_ACCEPTS.includes(name)) expect(table.get(`${name}.png`)).not.toMatch(/^refused/);
    else expect(table.get(`${name}.png`)).toMatch(/^refused: /);
  });
});

describe('checkPng accepts', () => {
  const rows = imageData(PICTURE);
  const withImageData = (compressed: Uint8Array) => png(ihdr(), chunk('IDAT', compressed), chunk('IEND'));

  it('64 KiB of image data too many, and leaves them out', () => {
    const { imageData: checked } = checkPng(withImageData(store(Buffer.concat([rows, Buffer.alloc(2 ** 16)]))), LIMITS);
    expect(rows.equals(checked)).toBe(true);
  });

  it('not a byte more', () => {
    const file = withImageData(store(Buffer.concat([rows, Buffer.alloc(2 ** 16 + 1)])));
    expect(errorOf(file).message).toMatch(/many more/);
  });

  it('the best compression there is', () => {
    const black = { ...PICTURE, colourType: 0, width: 4095, height: 4096 };
    const file = png(ihdr(black), chunk('IDAT', compressedZeros(16)), chunk('IEND'));
    expect(checkPng(file, LIMITS).imageData.length).toBe(2 ** 24);
  });
});

function errorOf(file: Uint8Array): NeighborProductError {
  try {
    checkPng(file, LIMITS);
  } catch (error) {
    expect(error).toBeInstanceOf(NeighborProductError);
    return error as NeighborProductError;
  }
  throw new Error('the file was accepted');
}
