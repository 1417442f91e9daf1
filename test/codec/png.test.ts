import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chunk, ihdr, png } from '../../fixtures/png/build-png.mjs';
import {
  chooseCodec,
  chooseEncoder,
  decodePng,
  decodePngOffThread,
  encodePng,
  encodePngOffThread,
} from '../../src/codec/png.js';
import { COMPRESSIONS, type Encode, type PngCodec } from '../../src/codec/png-codec.js';
import { DEFAULT_MAX_PIXELS } from '../../src/codec/png-header.js';
import { checkImage, type Image } from '../../src/image.js';
import { CODECS } from './codecs.js';
import { PNG_FIXTURES, readLibpngTable, tableEntry } from './libpng-table.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };

/** Reading material beside the project, not a part of it: see fixtures/png/README.md for where to get it. */
const PNGSUITE = new URL('../../../shared/pngsuite/', import.meta.url);

describe.each(CODECS)('decodePng gives the pixels libpng gives, by $name', (codec) => {
  const table = readLibpngTable('libpng-pixels.txt');
  const names = pngNames(new URL('valid/', PNG_FIXTURES));

  it('has fixtures of every kind', () => expect(names.length).toBeGreaterThanOrEqual(90));

  it.each(names)('%s', (name) => {
    const raster = decodePng(readFileSync(new URL(`valid/${name}`, PNG_FIXTURES)), LIMITS, codec);
    expect(tableEntry(raster)).toBe(table.get(name));
    expect(raster).toMatchObject({ channels: 4, rowBytes: raster.width * 4 });
    expect(raster.data.length).toBe(raster.width * raster.height * 4);
  });

  it('from a view at an odd offset of larger memory', () => {
    const file = readFileSync(new URL('valid/rgba-16-interlaced.png', PNG_FIXTURES));
    const memory = new Uint8Array(file.length + 20).fill(0xa5);
    memory.set(file, 7);
    const raster = decodePng(memory.subarray(7, 7 + file.length), LIMITS, codec);
    expect(tableEntry(raster)).toBe(table.get('rgba-16-interlaced.png'));
  });
});

if (existsSync(PNGSUITE)) {
  describe.each(CODECS)('PngSuite by $name', (codec) => {
    const table = readLibpngTable('pngsuite-libpng-pixels.txt');
    const names = pngNames(PNGSUITE);

    it('is complete', () => expect(names).toEqual([...table.keys()].sort()));

    it.each(names.filter((name) => !name.startsWith('x')))('%s decodes to the pixels of libpng', (name) => {
      expect(tableEntry(decodePng(readFileSync(new URL(name, PNGSUITE)), LIMITS, codec))).toBe(table.get(name));
    });

    it.each(names.filter((name) => name.startsWith('x')))('%s is refused, as by libpng', (name) => {
      expect(table.get(name)).toMatch(/^refused: /);
      const decode = () => decodePng(readFileSync(new URL(name, PNGSUITE)), LIMITS, codec);
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

describe.each(CODECS)('encodePng by $name', (codec) => {
  it.each(rasterCases())('$name comes back from decodePng', ({ image }) => {
    const raster = checkImage(image, 'image');
    const before = raster.data.slice();
    for (const compression of COMPRESSIONS) {
      const decoded = decodePng(encodePng(raster, { compression }, codec), LIMITS);
      expect(Buffer.compare(raster.data, before)).toBe(0);
      expect(decoded).toMatchObject({ width: image.width, height: image.height });
      expect(Buffer.from(decoded.data).equals(asRgba(image)), compression).toBe(true);
    }
  });

  it.each(COMPRESSIONS)('writes a header, image data and an end, for %s', (compression) => {
    const file = Buffer.from(encodePng(checkImage(testImage(5, 4, 3), 'image'), { compression }, codec));
    const idatLength = file.readUInt32BE(33);
    expect(inflateSync(file.subarray(41, 41 + idatLength))).toHaveLength(4 * 16);
    const header = ihdr({ width: 5, height: 4, colourType: 2 });
    expect(file.equals(png(header, chunk('IDAT', file.subarray(41, 41 + idatLength)), chunk('IEND')))).toBe(true);
  });

  it('drops an alpha of 255 everywhere, and keeps one that is 254 at the last pixel', () => {
    const image = checkImage(moved({ ...testImage(9, 5, 4), data: new Uint8Array(180).fill(255) }, 3, 41), 'image');
    expect(colourTypeOf(encodePng(image, {}, codec))).toBe(2);
    image.data[4 * 41 + 35] = 254;
    expect(colourTypeOf(encodePng(image, {}, codec))).toBe(6);
    expect(decodePng(encodePng(image, {}, codec), LIMITS).data.at(-1)).toBe(254);
  });
});

describe.each(CODECS)('off the thread, by $name', (codec) => {
  it.each(['valid/', 'damaged/'])('the same comes of each file of %s', async (folder) => {
    const names = pngNames(new URL(folder, PNG_FIXTURES));
    expect(names.length).toBeGreaterThan(20);
    const files = names.map((name) => readFileSync(new URL(`${folder}${name}`, PNG_FIXTURES)));
    const onThread = files.map((file) => outcomeOf(() => decodePng(file, LIMITS, codec)));
    const together = files.map((file) => decodePngOffThread(file, LIMITS, codec).catch((error) => error));
    expect(await Promise.all(together)).toEqual(onThread);
  });

  it('the same files are written, several at once', async () => {
    const jobs = rasterCases().flatMap(({ image }) =>
      COMPRESSIONS.map((compression) => [checkImage(image, 'image'), { compression }, codec] as const),
    );
    const together = await Promise.all(jobs.map((words) => encodePngOffThread(...words)));
    for (const [index, words] of jobs.entries()) {
      expect(Buffer.compare(together[index], encodePng(...words)), `job ${index}`).toBe(0);
    }
  });
});

function outcomeOf<T>(step: () => T): unknown {
  try {
    return step();
  } catch (error) {
    return error;
  }
}

describe('the codec', () => {
  it('is the native one, where the picture is not too large', () => {
    expect(chooseCodec({ width: 2 ** 13, height: 2 ** 12 }).codec.name).toBe('@napi-rs/image');
    const { codec, reason } = chooseCodec({ width: 2 ** 13, height: 2 ** 12 + 1 });
    expect({ name: codec.name, reason }).toEqual({ name: 'pngjs', reason: 'there are more than 33554432 pixels' });
  });

  it('is pngjs where the smallest file is asked for', () => {
    expect(chooseEncoder({ width: 1, height: 1 }, 'balanced').codec.name).toBe('@napi-rs/image');
    expect(chooseEncoder({ width: 1, height: 1 }, 'small').codec.name).toBe('pngjs');
  });
});

/** In the header, after signature, length, type, size and bit depth. */
function colourTypeOf(file: Uint8Array): number {
  return file[25];
}

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

describe('memory that is missing', () => {
  const lack = () => {
    throw new RangeError('Array buffer allocation failed');
  };
  const image = checkImage(testImage(5, 4, 4), 'image');
  const short = (encode: Encode): PngCodec => ({ ...CODECS[0], settings: { balanced: [encode] } });
  const said = expect.objectContaining({ code: 'TOO_MANY_PIXELS', message: expect.stringContaining('not enough') });

  it('for a file is no defect, on this thread and off it', async () => {
    expect(() => encodePng(image, {}, short(lack))).toThrow(said);
    const offThread = Object.assign(lack, { offThread: async () => lack() });
    await expect(encodePngOffThread(image, {}, short(offThread))).rejects.toEqual(said);
  });

  it('is not what every error of a codec is', () => {
    const broken = () => {
      throw new Error('broken');
    };
    expect(() => encodePng(image, {}, short(broken))).toThrow(/^broken$/);
  });
});
