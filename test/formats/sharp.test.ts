/**
 * JPEG, WebP, AVIF, TIFF and GIF, and the BMP files of fixtures/formats: the pixels that other programs found in them,
 * what is said of them, and what is refused.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ByteSource, inputInMemory } from '../../src/files/byte-source.js';
import { readOrientation } from '../../src/formats/exif.js';
import type { Extra } from '../../src/formats/extra.js';
import { createImageFile } from '../../src/formats/formats.js';
import { COMPRESSIONS, type Compression } from '../../src/formats/png/codec.js';
import { readWholeImage } from '../../src/formats/png/read.js';
import { readWholeFile } from '../../src/formats/whole-file.js';
import { type CheckedImage, createImage, rowsOf } from '../../src/image.js';
import { decode, openPieces, pieceByPiece } from './readings.js';
import { tiffFile } from './tiff-file.js';

const FIXTURES = new URL('../../fixtures/formats/', import.meta.url);
const LIMITS = { maxPixels: 1e6, maxPixelsByRows: 1 };

const fixture = (name: string) => readFileSync(new URL(name, FIXTURES));
const hashOf = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

const pixels = readFileSync(new URL('pixels.txt', FIXTURES), 'utf8').trim().split('\n');

describe('fixtures/formats', () => {
  it('has files of every format', () => {
    const extensions = new Set(pixels.map((line) => line.replace(/.*\./, '')));
    expect([...extensions].sort()).toEqual(['avif', 'bmp', 'gif', 'jpg', 'tif', 'webp']);
  });

  it.each(pixels.map((line) => line.split('  ').reverse()))(
    '%s has the pixels that other programs read',
    async (name, hash) => {
      expect(hashOf((await decode(fixture(name), LIMITS)).data)).toBe(hash);
    },
  );

  it('the CMYK file is about what it was made of', async () => {
    const [cmyk, rgb] = [await decode(fixture('cmyk.jpg'), LIMITS), await decode(fixture('rgb.tif'), LIMITS)];
    const differences = cmyk.data.map((sample, at) => Math.abs(sample - rgb.data[at]));
    expect(Math.max(...differences)).toBeLessThan(80);
    expect(differences.reduce((sum, difference) => sum + difference, 0) / differences.length).toBeLessThan(20);
  });
});

it('reads a file in pieces', async () => {
  const file = fixture('baseline-420.jpg');
  const { data } = await readWholeImage(await openPieces(pieceByPiece(file, 100), LIMITS));
  expect(Buffer.compare(data, (await decode(file, LIMITS)).data)).toBe(0);
});

it('gives rows in their order', async () => {
  const reader = await openPieces([fixture('rgb.tif')], LIMITS);
  const { data } = await decode(fixture('rgb.tif'), LIMITS);
  const parts = [new Uint8Array(40 * 4), new Uint8Array(40 * 4 * 29)];
  for (const part of parts) await reader.read(part);
  expect(Buffer.concat(parts).equals(data)).toBe(true);
  await reader.close();
});

async function opened(file: Uint8Array) {
  const reader = await openPieces([file], LIMITS, file.length);
  await reader.close();
  return reader;
}

const terms = (extras: readonly Extra[]) => extras.map(({ id, term }) => `${id}: ${term}`);

describe('says', () => {
  it.each([
    ['baseline-420.jpg', true, []],
    ['cmyk.jpg', true, ['colour-space: CMYK, converted to RGB']],
    ['lossless-alpha.webp', false, []],
    ['grey-10-bits.avif', true, ['16-bit: 10-bit samples']],
    ['rgb-16.tif', true, ['16-bit: 16-bit samples']],
    ['two-pages.tif', true, ['animation: 1 more image']],
    ['animation.gif', false, ['animation: 1 more frame']],
  ])('what is not in the pixels of %s', async (name, isOpaque, extras) => {
    const reader = await opened(fixture(name));
    expect({ isOpaque: reader.isOpaque, extras: terms(reader.extras) }).toEqual({ isOpaque, extras });
    expect(reader.codec).toEqual({ name: 'sharp', detail: expect.stringMatching(/^libvips [\d.]+, as a whole$/) });
  });

  it('how much memory it takes', async () => {
    const [plain, deep] = [await opened(fixture('rgb.tif')), await opened(fixture('rgb-16.tif'))];
    expect(plain.heldBytes).toBe(fixture('rgb.tif').length + 40 * 30 * 3);
    expect(deep.heldBytes).toBe(fixture('rgb-16.tif').length + 40 * 30 * 6);
  });

  it('what can be copied into a PNG', async () => {
    const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>';
    const file = await sharp(fixture('rgb.tif'))
      .withIccProfile('p3')
      .withExif({ IFD0: { Copyright: 'me' } })
      .withXmp(xmp)
      .withMetadata({ density: 300, orientation: 6 })
      .jpeg()
      .toBuffer();
    const { extras } = await opened(file);
    expect(terms(extras)).toEqual([
      'colour-profile: colour profile',
      'density: density',
      'exif: Exif data',
      'text: XMP',
    ]);
    const [profile, density, exif, text] = extras.map(({ copies }) => copies[0]);
    const metadata = await sharp(file).metadata();
    expect(profile.type).toBe('iCCP');
    expect(inflateSync(profile.data.subarray('ICC profile\0\0'.length)).equals(metadata.icc!)).toBe(true);
    expect(density).toEqual({ type: 'pHYs', data: Buffer.from('00002e2300002e2301', 'hex') });
    expect(exif.type).toBe('eXIf');
    expect(Buffer.from(exif.data).toString('latin1')).toMatch(/^(II|MM).*me/s);
    expect(readOrientation(exif.data)).toBe(1);
    expect(text.type).toBe('iTXt');
    expect(`${text.data}`).toMatch(/^XML:com\.adobe\.xmp\0{5}<x:xmpmeta .*tiff:Orientation="1"/s);
  });

  it('that a profile of greyscale cannot be copied', async () => {
    const icc = Buffer.from(
      (
        await sharp(fixture('rgb.tif'))
          .withIccProfile('srgb')
          .jpeg()
          .toBuffer()
          .then((file) => sharp(file).metadata())
      ).icc!,
    );
    icc.write('GRAY', 16, 'latin1');
    const { extras } = await opened(
      withSegment(
        fixture('baseline-420.jpg'),
        0xe2,
        Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), icc]),
      ),
    );
    expect(extras).toEqual([{ id: 'colour-profile', term: 'colour profile of GRAY', copies: [] }]);
  });
});

/** A JPEG with a further segment after its first marker. */
function withSegment(jpeg: Buffer, marker: number, data: Buffer): Buffer {
  const head = Buffer.of(0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255);
  return Buffer.concat([jpeg.subarray(0, 2), head, data, jpeg.subarray(2)]);
}

/** Exif data with one entry, big-endian. */
function exifOf(orientation: number): Buffer {
  const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  return Buffer.concat([Buffer.from('Exif\0\0MM\0*', 'latin1'), Buffer.from([0, 0, 0, 8, 0, 1, ...entry, 0, 0, 0, 0])]);
}

/** Where the pixel at x, y of the picture is in the file, of the width and height of the file: Exif 2.3, 4.6.4. */
const PLACES: Readonly<Record<number, (x: number, y: number, width: number, height: number) => [number, number]>> = {
  1: (x, y) => [x, y],
  2: (x, y, width) => [width - 1 - x, y],
  3: (x, y, width, height) => [width - 1 - x, height - 1 - y],
  4: (x, y, _width, height) => [x, height - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, _width, height) => [y, height - 1 - x],
  7: (x, y, width, height) => [width - 1 - y, height - 1 - x],
  8: (x, y, width) => [width - 1 - y, x],
};

describe('turns a picture as its orientation says', () => {
  const expectTurned = async (file: Buffer, plain: CheckedImage, orientation: number) => {
    const turned = await decode(file, LIMITS);
    const isSideways = orientation > 4;
    expect([turned.width, turned.height]).toEqual(isSideways ? [30, 40] : [40, 30]);
    for (let y = 0; y < turned.height; y++) {
      for (let x = 0; x < turned.width; x++) {
        const [fromX, fromY] = PLACES[orientation](x, y, 40, 30);
        const [to, from] = [(y * turned.width + x) * 4, (fromY * 40 + fromX) * 4];
        const isSame = turned.data.subarray(to, to + 4).every((sample, c) => sample === plain.data[from + c]);
        if (!isSame) expect.fail(`pixel ${x},${y}`);
      }
    }
  };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('%i', async (orientation) => {
    const plain = fixture('baseline-420.jpg');
    const jpeg = withSegment(plain, 0xe1, exifOf(orientation));
    await expectTurned(jpeg, await decode(plain, LIMITS), orientation);
    const reader = await opened(jpeg);
    const applied = orientation === 1 ? 'as a whole' : `as a whole, orientation ${orientation} applied`;
    expect(reader.codec.detail.replace(/^libvips [\d.]+, /, '')).toBe(applied);
    expect(terms(reader.extras)).toEqual(['exif: Exif data']);
    expect(readOrientation(reader.extras[0].copies[0].data)).toBe(1);
  });

  it('of 16 bits', async () => {
    const samples = Array.from({ length: 40 * 30 }, (_, at) => at * 50);
    const parts = { samples, width: 40, depth: 1, bits: 16, photometric: 1 } as const;
    const plain = await decode(tiffFile(parts), LIMITS);
    await expectTurned(tiffFile({ ...parts, entries: [[274, 6]] }), plain, 6);
  });
});

describe('TIFF', () => {
  const pixelsOf = async (file: Buffer) => [...(await decode(file, LIMITS)).data];

  it('every sample of 16 bits becomes the nearest byte', async () => {
    const samples = Array.from({ length: 65536 }, (_, sample) => sample);
    const { data } = await decode(tiffFile({ samples, width: 256, depth: 1, bits: 16, photometric: 1 }), LIMITS);
    const wrong = samples.filter((sample) => data[4 * sample] !== Math.round((sample * 255) / 65535));
    expect(wrong).toEqual([]);
  });

  it('greyscale from white', async () => {
    const file = tiffFile({ samples: [0, 10, 255], width: 3, depth: 1, photometric: 0 });
    expect(await pixelsOf(file)).toEqual([255, 255, 255, 255, 245, 245, 245, 255, 0, 0, 0, 255]);
  });

  it('alpha as it is, or associated with the colours', async () => {
    const parts = { samples: [100, 50, 0, 128, 9, 9, 9, 0], width: 2, depth: 4 };
    expect(await pixelsOf(tiffFile({ ...parts, entries: [[338, 2]] }))).toEqual(parts.samples);
    // libvips rounds down.
    expect(await pixelsOf(tiffFile({ ...parts, entries: [[338, 1]] }))).toEqual([199, 99, 0, 128, 0, 0, 0, 0]);
  });

  it.each([
    ['the preview of a raw photograph', [254, 1], 'Cannot read a raw photograph of a camera: '],
    ['DNG', [50706, 1], 'Cannot read a raw photograph of a camera: '],
    ['floating point', [339, 3], 'sharp cannot read this TIFF: '],
  ] as const)('refuses %s', async (_what, entry, message) => {
    const file = tiffFile({ samples: [1, 2, 3], width: 1, depth: 3, entries: [entry] });
    await expect(decode(file, LIMITS)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: expect.stringContaining(message),
    });
  });

  it('refuses more channels than colours and alpha', async () => {
    const file = tiffFile({ samples: [1, 2, 3, 4, 5], width: 1, depth: 5, entries: [[338, 0]] });
    await expect(decode(file, LIMITS)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: 'Cannot read a TIFF image with 5 channels of the kind srgb, uchar. Convert it to PNG first.',
    });
  });

  it('refuses samples that are neither colour nor alpha', async () => {
    const file = tiffFile({ samples: [1, 2, 3, 4], width: 1, depth: 4 });
    await expect(decode(file, LIMITS)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: expect.stringContaining('ExtraSamples'),
    });
  });
});

describe('refuses', () => {
  const names = pixels.map((line) => line.split('  ')[1]).filter((name) => !name.endsWith('.bmp'));

  it.each(names)('%s without its end', async (name) => {
    const file = fixture(name);
    const { data } = await decode(file, LIMITS);
    let refused = 0;
    for (let byteLength = 12; byteLength < file.length; byteLength += Math.ceil(file.length / 50)) {
      const outcome = await decode(file.subarray(0, byteLength), LIMITS).catch((error) => error);
      if ('data' in outcome) {
        // The second frame of an animation may be cut.
        expect(Buffer.compare(outcome.data, data), `${byteLength} bytes`).toBe(0);
        continue;
      }
      refused++;
      expect(outcome).toMatchObject({
        code: 'INVALID_IMAGE',
        message: expect.stringMatching(/^sharp cannot read this \w+: [^\n]+\. Download or export it again, .*\.$/),
      });
    }
    expect(refused).toBeGreaterThan(40);
  });

  it('too many pixels before it decodes any', async () => {
    await expect(decode(fixture('baseline-420.jpg'), { maxPixels: 1199 })).rejects.toMatchObject({
      code: 'TOO_MANY_PIXELS',
      message: expect.stringContaining('40x30 pixels, more than the limit of 1199'),
    });
  });

  it('a file that is too large to be held', async () => {
    const file = fixture('rgb.tif');
    const message = `The TIFF has ${file.length} bytes, more than the 1000 bytes that are read as a whole. Convert it to PNG first.`;
    const known = readWholeFile('TIFF', new ByteSource(file.length), inputInMemory(file), 1000);
    await expect(known).rejects.toMatchObject({ code: 'OUT_OF_MEMORY', message });
    const unknown = readWholeFile('TIFF', new ByteSource(), inputInMemory(file), 1000);
    await expect(unknown).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringContaining('The TIFF has more than the 1000 bytes'),
    });
    expect((await readWholeFile('TIFF', new ByteSource(), inputInMemory(file), file.length)).length).toBe(file.length);
  });
});

describe.each(['webp', 'tiff'] as const)('writes %s', (format) => {
  const image = createImage(37, 23, 4);
  image.data.set(image.data.map((_, at) => (at % 4 === 3 ? [0, 255, 128][(at >> 2) % 3] : (at * 71) % 256)));

  const written = async (isOpaque: boolean, compression: Compression = 'fast') => {
    const pieces: Uint8Array[] = [];
    const take = async (given: readonly Uint8Array[]) => void pieces.push(...given);
    const writer = createImageFile(take, { ...image, isOpaque }, { compression }, format);
    await Promise.all([writer.write(rowsOf(image, 0, 5)), writer.write(rowsOf(image, 5, 23))]);
    await writer.finish();
    const file = Buffer.concat(pieces);
    expect(writer).toMatchObject({ byteLength: file.length, keepsMetadata: false, codec: { name: 'sharp' } });
    return file;
  };

  it.each(COMPRESSIONS)('%s: exactly the pixels, also transparent ones', async (compression) => {
    expect((await decode(await written(false, compression), LIMITS)).data).toEqual(image.data);
  });

  it('three channels where everything is opaque', async () => {
    const file = await written(true);
    expect(await sharp(file).metadata()).toMatchObject({ channels: 3, hasAlpha: false });
    const expected = image.data.map((sample, at) => (at % 4 === 3 ? 255 : sample));
    expect((await decode(file, LIMITS)).data).toEqual(expected);
  });

  const program = format === 'webp' ? 'dwebp' : 'convert';
  const isInstalled = spawnSync(program, ['-version']).error === undefined;
  it.skipIf(!isInstalled)(`what ${program} reads`, async () => {
    const input = await written(false);
    if (format === 'tiff') {
      expect(spawnSync(program, ['tiff:-', '-depth', '8', 'rgba:-'], { input }).stdout.equals(image.data)).toBe(true);
    } else {
      const { stdout } = spawnSync(program, ['-quiet', '-pam', '-o', '-', '--', '-'], { input });
      expect((await decode(stdout, { maxPixels: 1e6 })).data).toEqual(image.data);
    }
  });
});

it('refuses a WebP image that is too wide', () => {
  const create = () =>
    createImageFile(async () => {}, { width: 16384, height: 1, channels: 4, isOpaque: true }, {}, 'webp');
  expect(create).toThrow(
    expect.objectContaining({
      code: 'OUTPUT_UNWRITABLE',
      message: 'A WebP image has sides of at most 16383 pixels, but this one has 16384x1. Write a PNG or a TIFF.',
    }),
  );
});
