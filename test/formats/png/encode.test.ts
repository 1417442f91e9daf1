/** Images to PNG files, with and without the addon, whole and in rows. */
import { inflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { chunksIn, ihdr, png } from '../../../fixtures/png/build-png.mjs';
import { COMPRESSIONS, type Compression, DEFAULT_MAX_PIXELS } from '../../../src/formats/png/codec.js';
import { decodePngSync } from '../../../src/formats/png/decode.js';
import { encodePng } from '../../../src/formats/png/encode.js';
import type { RowCodec } from '../../../src/formats/png/row-codec.js';
import { chooseSetting, type Setting, sampleRows, settingsFor } from '../../../src/formats/png/settings.js';
import { PngWriter } from '../../../src/formats/png/write.js';
import { type CheckedImage, checkImage, rowsOf } from '../../../src/image.js';
import { CODECS } from './codecs.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };

describe.each(CODECS)('encodePng by $name', ({ codec }) => {
  it.each(imageCases())('$name comes back, from pngjs too', async ({ image: given }) => {
    const image = checkImage(given, 'image');
    const before = image.data.slice();
    for (const compression of COMPRESSIONS) {
      const file = await encodePng(image, { compression }, codec);
      const decoded = decodePngSync(file, LIMITS);
      expect(Buffer.compare(image.data, before)).toBe(0);
      expect(decoded).toMatchObject({ width: image.width, height: image.height });
      expect(Buffer.from(decoded.data).equals(asRgba(image)), compression).toBe(true);
      expect(PNG.sync.read(Buffer.from(file)).data.equals(asRgba(image)), `${compression}, pngjs`).toBe(true);
    }
  });

  it.each(COMPRESSIONS)('writes a header, image data and an end, for %s', async (compression) => {
    const file = Buffer.from(await encodePng(checkImage(testImage(5, 4, 3), 'image'), { compression }, codec));
    const header = png(ihdr({ width: 5, height: 4, colourType: 2 }));
    expect(file.subarray(0, header.length).equals(header)).toBe(true);
    const chunks = [...chunksIn(file)];
    expect(chunks.map(({ type }) => type)).toEqual(['IHDR', 'IDAT', 'IEND']);
    expect(inflateSync(Buffer.concat(chunks.slice(1).map(({ data }) => data)))).toHaveLength(4 * 16);
  });

  it('drops an alpha of 255 everywhere, and keeps one that is 254 at the last pixel', async () => {
    const image = checkImage(moved({ ...testImage(9, 5, 4), data: new Uint8Array(180).fill(255) }, 3, 41), 'image');
    expect(colourTypeOf(await encodePng(image, {}, codec))).toBe(2);
    image.data[4 * 41 + 35] = 254;
    const file = await encodePng(image, {}, codec);
    expect(colourTypeOf(file)).toBe(6);
    expect(decodePngSync(file, LIMITS).data.at(-1)).toBe(254);
  });

  it.each(COMPRESSIONS)('writes rows that come in any number, in bands and windows, for %s', async (compression) => {
    // Several bands of a mebibyte; what repeats is found across them by matching.
    const image = testImage(700, 1300, 4);
    image.data.copyWithin(2_000_000, 1_990_000);
    const files: Buffer[] = [];
    for (const rowsAtOnce of [1300, 400, 37]) {
      const pieces: Uint8Array[] = [];
      const take = async (given: readonly Uint8Array[]) =>
        void pieces.push(...given.map((piece) => Buffer.from(piece)));
      const writer = new PngWriter(take, { ...image, isOpaque: false }, { compression }, codec);
      const writing: Promise<void>[] = [];
      for (let y = 0; y < image.height; y += rowsAtOnce) {
        writing.push(writer.write(rowsOf(image, y, Math.min(y + rowsAtOnce, image.height))));
      }
      await Promise.all(writing);
      await writer.finish();
      const file = Buffer.concat(pieces);
      expect(writer.byteLength).toBe(file.length);
      expect(Buffer.compare(decodePngSync(file, LIMITS).data, image.data), `${rowsAtOnce} rows`).toBe(0);
      files.push(file);
    }
    // The first band of one row alone chooses the setting of all: sizes may differ, but not by much.
    expect(files[1].length / files[0].length).toBeLessThan(1.01);
  });

  it('writes images of many bands whole', async () => {
    const image = testImage(1300, 1100, 4);
    for (const compression of COMPRESSIONS) {
      const file = await encodePng(image, { compression }, codec);
      expect(Buffer.compare(decodePngSync(file, LIMITS).data, image.data), compression).toBe(0);
    }
  });

  it('gives up when what takes the bytes fails, and says why', async () => {
    const failure = new Error('full');
    const image = testImage(300, 300, 4);
    const writer = new PngWriter(() => Promise.reject(failure), { ...image, isOpaque: false }, {}, codec);
    await writer.write(image);
    await expect(writer.finish()).rejects.toBe(failure);
  });
});

describe.each(CODECS)('settings by $name', ({ codec }) => {
  it('follow the image: they are tried anew, and what was written before stays readable', async () => {
    // Bands of noise, on which runs win, between bands that repeat, on which matching does.
    const [width, height] = [500, 1600];
    const image = testImage(width, height, 4);
    for (let y = 0; y < height; y++) {
      for (let at = 0; at < width * 4; at++) {
        const to = y * width * 4 + at;
        image.data[to] = Math.floor(y / 200) % 2 ? Math.imul(to ^ 77, 2654435761) >>> 24 : (at * 37) % 251;
      }
    }
    const pieces: Uint8Array[] = [];
    const take = async (given: readonly Uint8Array[]) => void pieces.push(...given.map((piece) => Buffer.from(piece)));
    const writer = new PngWriter(take, { ...image, isOpaque: false }, {}, codec, 1);
    await Promise.all(Array.from({ length: height / 50 }, (_, k) => writer.write(rowsOf(image, 50 * k, 50 * (k + 1)))));
    await writer.finish();
    expect(Buffer.compare(decodePngSync(Buffer.concat(pieces), LIMITS).data, image.data)).toBe(0);
    // Half of the image is noise and takes its bytes; with one setting for all, the rest would take many, too.
    expect(writer.byteLength / image.data.length).toBeLessThan(0.53);
  });
});

describe('the addon', () => {
  it('writes the same file as rows in JavaScript do, where zlib compresses', async () => {
    const image = testImage(300, 200, 4);
    // Matching wins on this image.
    for (let at = 64; at < image.data.length; at++) image.data[at] = image.data[at - 64];
    const [native, plain] = await Promise.all(
      CODECS.map(async ({ codec }) => Buffer.from(await encodePng(image, { compression: 'small' }, codec))),
    );
    expect(native.equals(plain)).toBe(true);
  });
});

describe('memory that is missing', () => {
  const image = checkImage(testImage(5, 4, 4), 'image');
  const failing = (error: Error): RowCodec => ({ ...CODECS[0].codec, encode: () => Promise.reject(error) });

  it('for a file is no defect', async () => {
    const lack = failing(new RangeError('Array buffer allocation failed'));
    await expect(encodePng(image, {}, lack)).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringContaining('Not enough memory'),
    });
  });

  it('is not what every error of a codec is', async () => {
    await expect(encodePng(image, {}, failing(new Error('broken')))).rejects.toThrow(/^broken$/);
  });
});

describe('chooseSetting takes', () => {
  const choose = async (compression: Compression, sizes: readonly number[]) => {
    const settings = settingsFor(compression, true);
    const asked: number[] = [];
    const sizeOf = async (setting: Setting) => {
      const at = settings.indexOf(setting);
      asked.push(at);
      return sizes[at + 1];
    };
    return { at: settings.indexOf(await chooseSetting(settings, compression, sizeOf)), asked };
  };

  it('the first that is at most 15 % larger than the smallest, for balanced', async () => {
    // The first size is that of a quick look at matching.
    expect((await choose('balanced', [100, 114, 120, 100, 130])).at).toBe(0);
    expect((await choose('balanced', [100, 120, 114, 100, 130])).at).toBe(1);
    expect((await choose('balanced', [100, 120, 116, 100, 130])).at).toBe(2);
    expect((await choose('balanced', [100, 150, 150, 116, 100])).at).toBe(3);
  });

  it('none that a quick look shows to be too large, without trying it', async () => {
    expect(await choose('balanced', [131, 100, 120, 1, 1])).toEqual({ at: 0, asked: [-1, 0, 1] });
    expect(await choose('balanced', [130, 100, 120, 1, 1])).toMatchObject({ at: 2 });
  });

  it('the smallest, for small', async () => {
    expect((await choose('small', [999, 101, 100, 102])).at).toBe(1);
    expect((await choose('small', [999, 100, 100, 100])).at).toBe(0);
  });
});

describe('sampleRows', () => {
  const SAMPLED = numberedRows(10, 5000);

  it('takes four groups, evenly spaced', () => {
    const { data, height, width } = sampleRows(SAMPLED);
    const rows = Array.from({ length: height }, (_, y) => data[y * width * 3] + data[y * width * 3 + 1] * 256);
    const groupRows = 409;
    expect({ height, width }).toEqual({ height: 4 * groupRows, width: 10 });

    expect([0, 1, 2, 3].map((group) => rows[group * groupRows])).toEqual([420, 1670, 2920, 4170]);
    expect(rows.slice(0, groupRows)).toEqual(Array.from({ length: groupRows }, (_, y) => rows[0] + y));
  });

  it('takes four rows of a wide image, and two groups of a less wide one', () => {
    expect(sampleRows(numberedRows(2 ** 14, 17)).height).toBe(4);
    expect(sampleRows(numberedRows(2 ** 11, 17)).height).toBe(8);
  });

  it('takes all of a low one', () => {
    const low = numberedRows(10, 4 * 409);
    expect(sampleRows(low)).toBe(low);
  });
});

/** RGB, each row begun by its number. */
function numberedRows(width: number, height: number): CheckedImage {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) data.writeUInt16LE(y, y * width * 3);
  return { data, width, height, channels: 3, rowBytes: width * 3 };
}

/** In the header, after signature, length, type, size and bit depth. */
function colourTypeOf(file: Uint8Array): number {
  return file[25];
}

function imageCases(): { name: string; image: CheckedImage }[] {
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

function testImage(width: number, height: number, channels: 3 | 4): CheckedImage {
  const data = Uint8Array.from({ length: width * height * channels }, (_, at) => (at * at * 7 + at * 13) >> 3);
  return checkImage({ data, width, height, channels }, 'image');
}

/** The same pixels elsewhere: what lies between the rows is not theirs. */
function moved(
  image: CheckedImage,
  offset: number,
  rowBytes: number,
  Memory: typeof ArrayBuffer | typeof SharedArrayBuffer = ArrayBuffer,
): CheckedImage {
  const { width, height, channels } = image;
  const byteLength = (height - 1) * rowBytes + width * channels;
  const data = new Uint8Array(new Memory(offset + byteLength + 2), offset, byteLength).fill(0xa5);
  for (let y = 0; y < height; y++) {
    data.set(image.data.subarray(y * width * channels, (y + 1) * width * channels), y * rowBytes);
  }
  return { data, width, height, channels, rowBytes };
}

function asRgba({ data, width, height, channels, rowBytes }: CheckedImage): Buffer {
  const rgba = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) rgba[(y * width + x) * 4 + c] = data[y * rowBytes + x * channels + c];
    }
  }
  return rgba;
}
