import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compressedZeros, damagedPngs, validPngs } from '../../../fixtures/make-png-fixtures.mjs';
import { chunk, ihdr, imageData, PICTURE, png, store } from '../../../fixtures/png/build-png.mjs';
import { NeighborProductError } from '../../../src/errors.js';
import { checkPng } from '../../../src/formats/png/check.js';
import { DEFAULT_MAX_PIXELS } from '../../../src/formats/png/codec.js';
import { decodePng } from '../../../src/formats/png/decode.js';
import { PNG_FIXTURES, readLibpngTable } from './libpng-table.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };

describe('the files of fixtures/png are those that their script makes', () => {
  it.each([
    { folder: 'valid', made: validPngs() },
    { folder: 'damaged', made: damagedPngs() },
  ])('$folder', ({ folder, made }) => {
    const names = readdirSync(new URL(`${folder}/`, PNG_FIXTURES));
    expect(names.sort()).toEqual([...made.keys()].map((name) => `${name}.png`).sort());
    for (const [name, file] of made) {
      expect(file.equals(readFileSync(new URL(`${folder}/${name}.png`, PNG_FIXTURES))), name).toBe(true);
    }
  });

  it('each with a line from libpng', () => {
    const names = [...validPngs().keys(), ...damagedPngs().keys()].map((name) => `${name}.png`);
    expect([...readLibpngTable('libpng-pixels.txt').keys()].sort()).toEqual(names.sort());
  });
});

/** What a file is that is no PNG, src/formats/formats.ts says. */
const NO_PNG = /^Not a PNG file\. Name a PNG file\.$/;

/** Every damaged fixture, and what its error has to speak of. */
const REASONS: Record<string, RegExp> = {
  empty: NO_PNG,
  'one-byte': NO_PNG,
  jpeg: NO_PNG,
  gif: NO_PNG,
  webp: NO_PNG,
  bmp: NO_PNG,
  avif: NO_PNG,
  gzip: NO_PNG,
  text: NO_PNG,
  zeros: NO_PNG,
  'signature-without-carriage-return': NO_PNG,
  'signature-of-7-bits': NO_PNG,
  'signature-only': /another chunk expected, but the file ends after 8 bytes/,
  'ihdr-missing': /first chunk is IDAT, not IHDR/,
  'ihdr-second': /first chunk is tEXt, not IHDR/,
  'ihdr-after-wrong-crc': /first chunk is tEXt, not IHDR/,
  'ihdr-twice': /a second IHDR chunk/,
  'ihdr-twice-after-idat': /a second IHDR chunk/,
  'ihdr-of-12-bytes': /IHDR has 12 bytes, not 13/,
  'ihdr-of-14-bytes': /IHDR has 14 bytes, not 13/,
  'ihdr-crc-wrong': /the CRC of the IHDR chunk at byte 8 is wrong/,
  'width-zero': /the header says 0x11 pixels/,
  'height-zero': /the header says 13x0 pixels/,
  'colour-type-1': /says colour type 1 with bit depth 8/,
  'colour-type-7': /says colour type 7 with bit depth 8/,
  'bit-depth-0': /says colour type 6 with bit depth 0/,
  'bit-depth-3': /says colour type 0 with bit depth 3/,
  'bit-depth-32': /says colour type 6 with bit depth 32/,
  'rgb-of-4-bits': /says colour type 2 with bit depth 4/,
  'palette-of-16-bits': /says colour type 3 with bit depth 16/,
  'compression-method-1': /compression method 1, not 0/,
  'filter-method-1': /filter method 1, not 0/,
  'interlace-method-2': /interlace method 2, not 0 or 1/,
  'too-many-pixels': /has 60000x60000 pixels, more than the limit of 268435456\. Raise the limit/,
  'too-many-pixels-of-2-to-the-32': /4294967295x4294967295/,
  'too-wide': /has 1000001x1 pixels, a side of more than 1000000\. Cut/,
  'too-many-bytes': /more than 2147483647 bytes of samples/,
  'too-few-bytes-for-the-header': /1073758208 bytes of image data.* only 594 compressed/,
  'cut-after-20-bytes': /13 bytes of IHDR data expected, but the file ends after 20/,
  'cut-after-33-bytes': /another chunk expected, but the file ends after 33/,
  'cut-after-36-bytes': /another chunk expected, but the file ends after 36/,
  'cut-after-60-bytes': /594 bytes of IDAT data expected, but the file ends after 60/,
  'cut-after-631-bytes': /594 bytes of IDAT data expected, but the file ends after 631/,
  'cut-after-639-bytes': /another chunk expected, but the file ends after 639/,
  'cut-after-650-bytes': /another chunk expected, but the file ends after 650/,
  'idat-length-past-the-end': /651 bytes of IDAT data/,
  'idat-length-of-2-to-the-32': /4294967295 bytes of IDAT data/,
  'idat-crc-wrong': /the CRC of the IDAT chunk at byte 33 is wrong/,
  'idat-missing': /it has no IDAT chunk/,
  'idat-empty': /583 bytes of image data.* only 0 compressed/,
  'idats-apart': /tEXt comes between two IDAT chunks/,
  'idat-again': /tIME comes between two IDAT chunks/,
  'iend-missing': /another chunk expected, but the file ends after 639/,
  'iend-crc-wrong': /the CRC of the IEND chunk at byte 639 is wrong/,
  'critical-unknown': /critical chunk NPte/,
  'type-not-letters': /the type of the chunk at byte 33 is not four letters/,
  'palette-missing': /no PLTE before IDAT/,
  'palette-after-idat': /no PLTE before IDAT/,
  'palette-twice': /a second PLTE chunk/,
  'palette-suggested-after-idat': /PLTE comes after IDAT/,
  'palette-empty': /PLTE has 0 bytes/,
  'palette-of-7-bytes': /PLTE has 7 bytes/,
  'palette-of-257-colours': /PLTE has 771 bytes/,
  'palette-crc-wrong': /the CRC of the PLTE chunk at byte 33 is wrong/,
  'a-byte-too-few': /583 bytes of image data.* only 582\./,
  'a-row-too-few': /583 bytes of image data.* only 530\./,
  'a-row-only': /583 bytes of image data.* only 53\./,
  'no-row': /583 bytes of image data.* only 0\./,
  'a-pass-too-few': /594 bytes of image data.* only 200\./,
  'rows-not-interlaced': /594 bytes of image data.* only 583\./,
  'filter-5': /a row has filter 5,/,
  'filter-255-last-row': /a row has filter 255,/,
  'filter-5-interlaced': /a row has filter 5,/,
  'adler-wrong': /does not inflate \(incorrect data check/,
  'adler-cut': /ends before its zlib stream/,
  'zlib-cut': /ends before its zlib stream/,
  'zlib-header-wrong': /does not inflate \(incorrect header check/,
  'zlib-dictionary': /does not inflate \(Missing dictionary/,
  'zlib-block-wrong': /does not inflate \(invalid block type/,
  'zlib-missing': /does not inflate \(incorrect header check/,
  'zlib-distance-too-far': /does not inflate \(invalid distance too far back/,
  'a-mebibyte-too-many': /many more than the 583 bytes of image data/,
};

/** Where the guard is stricter than libpng, which decodes these. */
const LIBPNG_ACCEPTS = ['a-mebibyte-too-many', 'idat-again', 'palette-suggested-after-idat'];

const TOO_MANY_PIXELS = ['too-many-pixels', 'too-many-pixels-of-2-to-the-32', 'too-wide', 'too-many-bytes'];

describe('checkPng and decode refuse', () => {
  const table = readLibpngTable('libpng-pixels.txt');

  it('every damaged fixture, each for a reason listed here', () => {
    expect(Object.keys(REASONS).sort()).toEqual([...damagedPngs().keys()].sort());
  });

  it.each(Object.entries(REASONS))('%s', async (name, reason) => {
    const file = readFileSync(new URL(`damaged/${name}.png`, PNG_FIXTURES));
    const code = TOO_MANY_PIXELS.includes(name) ? 'TOO_MANY_PIXELS' : 'INVALID_PNG';
    expect(errorOf(file).code).toBe(code);
    const error = await decodePng(file, LIMITS).catch((error) => error);
    expect(error).toBeInstanceOf(NeighborProductError);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(reason);
    expect(error.message, 'cause and advice, in one line').toMatch(
      /^(Not a PNG file|The (PNG|image) [^\n]+)\. [A-Z][^\n]+\.$/,
    );
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
