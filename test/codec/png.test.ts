import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chunk, ihdr, png } from '../../fixtures/png/build-png.mjs';
import { decodePng, encodePng } from '../../src/codec/png.js';
import { DEFAULT_MAX_PIXELS } from '../../src/codec/png-header.js';
import { checkImage, type Image } from '../../src/image.js';
import { PNG_FIXTURES, readLibpngTable, tableEntry } from './libpng-table.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };

/** Reading material beside the project, not a part of it: see fixtures/png/README.md for where to get it. */
const PNGSUITE = new URL('../../../shared/pngsuite/', import.meta.url);

describe('decodePng gives the pixels libpng gives', () => {
  const table = readLibpngTable('libpng-pixels.txt');
  const names = pngNames(new URL('valid/', PNG_FIXTURES));

  it('has fixtures of every kind', () => expect(names.length).toBeGreaterThanOrEqual(90));

  it.each(names)('%s', (name) => {
    const raster = decodePng(readFileSync(new URL(`valid/${name}`, PNG_FIXTURES)), LIMITS);
    expect(tableEntry(raster)).toBe(table.get(name));
    expect(raster).toMatchObject({ channels: 4, rowBytes: raster.width * 4 });
    expect(raster.data.length).toBe(raster.width * raster.height * 4);
  });

  it('from a view at an odd offset of larger memory', () => {
    const file = readFileSync(new URL('valid/rgba-16-interlaced.png', PNG_FIXTURES));
    const memory = new Uint8Array(file.length + 20).fill(0xa5);
    memory.set(file, 7);
    const raster = decodePng(memory.subarray(7, 7 + file.length), LIMITS);
    expect(tableEntry(raster)).toBe(table.get('rgba-16-interlaced.png'));
  });
});

if (existsSync(PNGSUITE)) {
  describe('PngSuite', () => {
    const table = readLibpngTable('pngsuite-libpng-pixels.txt');
    const names = pngNames(PNGSUITE);

    it('is complete', () => expect(names).toEqual([...table.keys()].sort()));

    it.each(names.filter((name) => !name.startsWith('x')))('%s decodes to the pixels of libpng', (name) => {
      expect(tableEntry(decodePng(readFileSync(new URL(name, PNGSUITE)), LIMITS))).toBe(table.get(name));
    });

    it.each(names.filter((name) => name.startsWith('x')))('%s is refused, as by libpng', (name) => {
      expect(table.get(name)).toMatch(/^refused: /);
      const decode = () => decodePng(readFileSync(new URL(name, PNGSUITE)), LIMITS);
      expect(decode).toThrow(expect.objectContaining({ name: 'NeighborProductError', code: 'INVALID_PNG' }));
    });
  });
} else {
  const message = 'PNGSUITE IS ABSENT (../shared/pngsuite): its 177 files are NOT checked';
  process.stderr.write(`${message}\n`);
  it.skip(message);
}

describe('decodePng has a pixel limit', () => {
  const file = readFileSync(new URL('valid/rgba-8.png', PNG_FIXTURES));

  it('lets as many pixels pass', () => expect(decodePng(file, { maxPixels: 13 * 11 }).width).toBe(13));

  it.each([13 * 11 - 1, 0, Number.NaN])('refuses more than %s', (maxPixels) => {
    expect(() => decodePng(file, { maxPixels })).toThrow(expect.objectContaining({ code: 'TOO_MANY_PIXELS' }));
  });
});

describe('encodePng', () => {
  it.each(rasterCases())('$name comes back from decodePng', ({ image }) => {
    const raster = checkImage(image, 'image');
    const before = raster.data.slice();
    const decoded = decodePng(encodePng(raster), LIMITS);
    expect(Buffer.compare(raster.data, before)).toBe(0);
    expect(decoded).toMatchObject({ width: image.width, height: image.height });
    expect(Buffer.from(decoded.data).equals(asRgba(image))).toBe(true);
  });

  it('writes a header, one IDAT chunk with Paeth rows, and an end', () => {
    const image = { ...testImage(5, 4, 3), rowBytes: 15 };
    const file = Buffer.from(encodePng(image as Parameters<typeof encodePng>[0]));
    const idatLength = file.readUInt32BE(33);
    const rows = inflateSync(file.subarray(41, 41 + idatLength));
    expect([0, 1, 2, 3].map((y) => rows[y * 16])).toEqual([4, 4, 4, 4]);
    const header = ihdr({ width: 5, height: 4, colourType: 2 });
    expect(file.equals(png(header, chunk('IDAT', file.subarray(41, 41 + idatLength)), chunk('IEND')))).toBe(true);
  });
});

function pngNames(folder: URL): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.png'));
  return names.sort();
}

function rasterCases(): { name: string; image: Image }[] {
  const sizes = [
    [1, 1],
    [1, 9],
    [9, 1],
    [31, 17],
    [300, 200],
  ];
  return ([3, 4] as const).flatMap((channels) =>
    sizes.flatMap(([width, height]) => {
      const name = `${width}x${height}, ${channels} channels`;
      const image = testImage(width, height, channels);
      return [
        { name, image },
        { name: `${name}, padded rows at an odd offset`, image: moved(image, 3, width * channels + 5) },
        {
          name: `${name}, shared memory at an odd offset`,
          image: moved(image, 3, width * channels, SharedArrayBuffer),
        },
      ];
    }),
  );
}

function testImage(width: number, height: number, channels: 3 | 4): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, at) => (at * at * 7 + at * 13) >> 3);
  return { data, width, height, channels };
}

/** The same pixels elsewhere: what lies between the rows is not theirs. */
function moved(
  image: Image,
  offset: number,
  rowBytes: number,
  Memory: typeof ArrayBuffer | typeof SharedArrayBuffer = ArrayBuffer,
): Image {
  const { width, height, channels } = image;
  const byteLength = (height - 1) * rowBytes + width * channels;
  const data = new Uint8Array(new Memory(offset + byteLength + 2), offset, byteLength).fill(0xa5);
  for (let y = 0; y < height; y++) {
    data.set(image.data.subarray(y * width * channels, (y + 1) * width * channels), y * rowBytes);
  }
  return { data, width, height, channels, rowBytes };
}

function asRgba({ data, width, height, channels, rowBytes = width * channels }: Image): Buffer {
  const rgba = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) rgba[(y * width + x) * 4 + c] = data[y * rowBytes + x * channels + c];
    }
  }
  return rgba;
}
