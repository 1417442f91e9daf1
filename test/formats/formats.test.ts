import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  createImageFile,
  outputFormat,
  productName,
  refuseForeignExtension,
  withOwnExtension,
  writerBytes,
} from '../../src/formats/formats.js';
import { OUTPUT_FORMATS } from '../../src/formats/png/codec.js';
import { readWholeImage } from '../../src/formats/png/read.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { decode, openPieces, pieceByPiece } from './readings.js';

const LIMITS = { maxPixels: 1e6 };

describe('decode', () => {
  it('reads what was written', async () => {
    const image = createImage(3, 2, 4);
    image.data.set(image.data.map((_, at) => at * 10));
    const decoded = await decode(await encode(image), LIMITS);
    expect({ ...decoded, data: [...decoded.data] }).toEqual({ ...image, data: [...image.data] });
  });

  it('refuses a damaged file of its own', async () => {
    const file = readFileSync(new URL('../../fixtures/one-pixel.png', import.meta.url));
    file[file.length - 20] ^= 1;
    await expect(decode(file, LIMITS)).rejects.toMatchObject({
      code: 'INVALID_PNG',
      message: expect.stringMatching(/^The PNG is damaged: the CRC of the IDAT chunk at byte 33 is wrong\./),
    });
  });
});

describe('a file that cannot be read: decode says what it is', () => {
  it.each([
    ['', 'an empty file as an image. Name an image file.'],
    ['RIFF....WAVE\0', 'a file that begins with the bytes 52 49 46 46 2e 2e 2e 2e as an image. Name an image file.'],
    ['\0\0\0\x20ftypheic', 'a HEIC image. Convert it to PNG first.'],
    ['\0\0\0\x1cftypmif1\0\0\0\0mif1heic', 'a HEIC image. Convert it to PNG first.'],
    ['\0\0\0\x0cJXL \r\n\x87\n', 'a JPEG XL image. Convert it to PNG first.'],
    ['\0\0\0\x0cjP  \r\n\x87\n', 'a JPEG 2000 image. Convert it to PNG first.'],
    ['<svg xmlns="http://www.w3.org/2000/svg">', 'an SVG drawing. Convert it to PNG first.'],
    ['<?xml version="1.0"?>\n<!-- a comment -->\n<svg width="1">', 'an SVG drawing. Convert it to PNG first.'],
    ['\n<!DOCTYPE html><svg >', 'a web page. Download the image that it shows.'],
    ['<HTML><p>a PNG', 'a web page. Download the image that it shows.'],
    ['%PDF-1.7', 'a PDF document. Name an image file.'],
    ['PK\x03\x04', 'a ZIP archive. Unpack it first.'],
    ['BM\x36', 'a BMP image. Convert it to PNG first.'],
    ['P3 3 3 255\n', 'a plain (ASCII) PBM, PGM or PPM image. Convert it to PNG first.'],
    ['P4 3 3\n', 'a PBM image. Convert it to PNG first.'],
    ['P7 332\n', 'text as an image. Name an image file.'],
    ['Buongiorno.\r\n\tCiao', 'text as an image. Name an image file.'],
    ['\x01\x02', 'a file that begins with the bytes 01 02 as an image. Name an image file.'],
  ])('%j', async (start, kind) => {
    await expect(decode(Buffer.from(start, 'latin1'), LIMITS)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: `Cannot read ${kind}`,
    });
  });

  it.each([
    ['\xff\xd8\xff\xdb', 'JPEG'],
    ['GIF87a', 'GIF'],
    ['RIFF....WEBPVP8 ', 'WebP'],
    ['II*\0', 'TIFF'],
    ['MM\0*', 'TIFF'],
    ['II+\0', 'TIFF'],
    ['\0\0\0\x20ftypavif', 'AVIF'],
    ['\0\0\0\x1cftypmif1\0\0\0\0mif1avif', 'AVIF'],
  ])('%j is taken for a damaged %s', async (start, format) => {
    await expect(decode(Buffer.from(start, 'latin1'), LIMITS)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: expect.stringContaining(`sharp cannot read this ${format}: `),
    });
  });

  it('a PNG that was transferred as text', async () => {
    await expect(decode(Buffer.from('\x89PNG\n\x1a\n', 'latin1'), LIMITS)).rejects.toMatchObject({
      code: 'INVALID_PNG',
      message: 'The PNG is damaged: its signature is wrong. Transfer it again in binary mode.',
    });
  });
});

describe('openImage', () => {
  it('says the size and what is not in the image', async () => {
    const file = await encode(createImage(3, 2, 4));
    const reader = await openPieces([file], LIMITS);
    expect(reader).toMatchObject({ width: 3, height: 2, extras: [] });
    await reader.close();
  });

  it('knows the same file in pieces of any length', async () => {
    const file = readFileSync(new URL('../../fixtures/png/valid/animation.png', import.meta.url));
    const whole = await openPieces([file], LIMITS, file.length);
    const { data } = await readWholeImage(whole);
    for (const byteLength of [1, 2, 7, 8, 63, 64, 65, file.length]) {
      const reader = await openPieces(pieceByPiece(file, byteLength), LIMITS);
      expect(Buffer.compare((await readWholeImage(reader)).data, data)).toBe(0);
      expect(reader.extras).toEqual(whole.extras);
    }
  });
});

describe('the extension of an output', () => {
  it.each([
    ['out.png', 'png'],
    ['out.PNG', 'png'],
    ['out.pam', 'pam'],
    ['out.webp', 'webp'],
    ['out.tif', 'tiff'],
    ['out.TIFF', 'tiff'],
    ['out', 'png'],
    ['out.', 'png'],
    ['.jpg', 'png'],
    ['photo.jpg.png', 'png'],
    ['out.2', 'png'],
    ['/dev/stdout', 'png'],
    ['a.jpg/out', 'png'],
    ['a.pam/', 'png'],
  ])('%s is written as %s', (path, format) => {
    expect(outputFormat(path)).toBe(format);
    expect(() => refuseForeignExtension(path, undefined, String)).not.toThrow();
    expect(withOwnExtension(path)).toBe(path);
  });

  it.each([
    ['out.jpg', 'out.png'],
    ['folder/out.JPEG', 'folder/out.png'],
    ['a.b.heic', 'a.b.png'],
    ['out.ppm', 'out.png'],
  ])('%s is refused, and %s suggested', (path, suggested) => {
    expect(withOwnExtension(path)).toBe(suggested);
    expect(() => refuseForeignExtension(path, undefined, (other) => `write ${other}`)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: `Cannot write '${path}': only PNG, WebP, TIFF and PAM can be written. Type: write ${suggested}`,
      }),
    );
  });

  it.each(['out.pam', 'out.PAM', 'out', '/dev/stdout', 'out.2'])('%s does not contradict --format pam', (path) => {
    expect(outputFormat(path, 'pam')).toBe('pam');
    expect(() => refuseForeignExtension(path, 'pam', String)).not.toThrow();
  });

  it.each(['out.png', 'out.jpg'])('%s contradicts --format pam', (path) => {
    expect(() => refuseForeignExtension(path, 'pam', (other) => `write ${other}`)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: `Cannot write '${path}': its extension is not that of --format pam. Type: write out.pam`,
      }),
    );
  });

  it('says what writing holds', () => {
    const image = { width: 3, height: 2, channels: 4 } as const;
    expect(OUTPUT_FORMATS.map((format) => writerBytes(format, image))).toEqual([0, 48, 48, 0]);
  });

  it('is replaced in the name of a product', () => {
    const names = ['a.jpg', 'a.PNG', 'a.2', 'a.b.tif'];
    expect(names.map((name) => productName(name))).toEqual([
      'a-product.png',
      'a-product.png',
      'a.2-product.png',
      'a.b-product.png',
    ]);
    expect(productName('a.jpg', 'pam')).toBe('a-product.pam');
  });

  it('of every name that --format knows is that of a format', () => {
    expect(OUTPUT_FORMATS.map((format) => productName('a', format))).toEqual(
      OUTPUT_FORMATS.map((format) => `a-product.${format}`),
    );
  });
});

async function encode(image: CheckedImage): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const file = createImageFile(async (given) => void pieces.push(...given), { ...image, isOpaque: false });
  await file.write(image);
  await file.finish();
  expect(file.byteLength).toBe(Buffer.concat(pieces).length);
  return Buffer.concat(pieces);
}
