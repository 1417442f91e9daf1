/** Images to PNG files, by every codec, on the thread and off it. */
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chunk, ihdr, png } from '../../../fixtures/png/build-png.mjs';
import {
  COMPRESSIONS,
  DEFAULT_MAX_PIXELS,
  type Encode,
  type PackedImage,
  type PngCodec,
} from '../../../src/formats/png/codec.js';
import { decodePng } from '../../../src/formats/png/decode.js';
import {
  chooseEncoder,
  chooseSettings,
  encodePng,
  encodePngOffThread,
  sampleRows,
} from '../../../src/formats/png/encode.js';
import { type CheckedImage, checkImage } from '../../../src/image.js';
import { CODECS } from './codecs.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };

describe.each(CODECS)('encodePng by $name', (codec) => {
  it.each(imageCases())('$name comes back from decodePng', ({ image: given }) => {
    const image = checkImage(given, 'image');
    const before = image.data.slice();
    for (const compression of COMPRESSIONS) {
      const decoded = decodePng(encodePng(image, { compression }, codec), LIMITS);
      expect(Buffer.compare(image.data, before)).toBe(0);
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

describe.each(CODECS)('encodePngOffThread by $name', (codec) => {
  it('writes what encodePng writes, several at once', async () => {
    const jobs = imageCases().flatMap(({ image }) =>
      COMPRESSIONS.map((compression) => [checkImage(image, 'image'), { compression }, codec] as const),
    );
    const together = await Promise.all(jobs.map((args) => encodePngOffThread(...args)));
    for (const [index, args] of jobs.entries()) {
      expect(Buffer.compare(together[index], encodePng(...args)), `job ${index}`).toBe(0);
    }
  });
});

describe('the codec that encodes', () => {
  it('is pngjs where the smallest file is asked for', () => {
    expect(chooseEncoder({ width: 1, height: 1 }, 'balanced').codec.name).toBe('@napi-rs/image');
    expect(chooseEncoder({ width: 1, height: 1 }, 'small').codec.name).toBe('pngjs');
  });
});

describe('memory that is missing', () => {
  const lack = () => {
    throw new RangeError('Array buffer allocation failed');
  };
  const image = checkImage(testImage(5, 4, 4), 'image');
  const short = (encode: Encode): PngCodec => ({ ...CODECS[0], settings: { balanced: [encode] } });
  const said = expect.objectContaining({
    code: 'OUT_OF_MEMORY',
    message: expect.stringContaining('Not enough memory'),
  });

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

const SAMPLED = numberedRows(10, 5000);

describe('chooseSettings takes', () => {
  const settings = [120, 114, 100].map((byteLength) => encoderOf(byteLength));

  it.each([
    ['fast', 0],
    ['balanced', 1],
    ['small', 2],
  ] as const)('for %s the setting at %s', (compression, at) => {
    expect(chooseSettings(settings, SAMPLED, compression)).toBe(settings[at]);
  });

  it('the only one without asking it', () => {
    const only: Encode = () => {
      throw new Error('asked');
    };
    expect(chooseSettings([only], SAMPLED, 'small')).toBe(only);
  });
});

describe('sampleRows', () => {
  it('takes four bands, evenly spaced', () => {
    const { data, height, width } = sampleRows(SAMPLED);
    const rows = Array.from({ length: height }, (_, y) => data.readUInt16LE(y * width * 3));
    const bandRows = 409;
    expect({ height, width }).toEqual({ height: 4 * bandRows, width: 10 });

    expect([0, 1, 2, 3].map((band) => rows[band * bandRows])).toEqual([420, 1670, 2920, 4170]);
    expect(rows.slice(0, bandRows)).toEqual(Array.from({ length: bandRows }, (_, y) => rows[0] + y));
  });

  it('takes four rows of a wide image', () => expect(sampleRows(numberedRows(2 ** 14, 17)).height).toBe(16));

  it('takes all of a low one', () => {
    const low = numberedRows(10, 4 * 409);
    expect(sampleRows(low)).toBe(low);
  });
});

function encoderOf(byteLength: number): Encode {
  return () => new Uint8Array(byteLength);
}

/** RGB, each row begun by its number. */
function numberedRows(width: number, height: number): PackedImage {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) data.writeUInt16LE(y, y * width * 3);
  return { data, width, height, channels: 3 };
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
