/** In a file of its own, so in a process of its own: what is measured is the most memory the process ever had. */
import { describe, expect, it } from 'vitest';
import { compressedZeros, damagedPngs, validPngs } from '../../../fixtures/make-png-fixtures.mjs';
import { chunk, ihdr, png } from '../../../fixtures/png/build-png.mjs';
import type { ImageReader } from '../../../src/formats/formats.js';
import { DEFAULT_MAX_PIXELS } from '../../../src/formats/png/codec.js';
import { decodePngSync as decodePng } from '../../../src/formats/png/decode.js';
import { readWholeImage } from '../../../src/formats/png/read.js';
import { Endless, openPieces } from '../readings.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };
const GIBIBYTE_OF_ZEROS = compressedZeros(1024);
const MOST_GROWTH_MIB = 32;

describe(`memory grows by less than ${MOST_GROWTH_MIB} MiB`, () => {
  const headerOnly = damagedPngs().get('too-many-pixels')!;
  const littleData = damagedPngs().get('too-few-bytes-for-the-header')!;
  const small = { width: 40, height: 30 };
  const validFile = validPngs().get('rgba-8')!;

  decodePng(validFile, LIMITS);

  it.each([
    ['a header of 60000x60000 in 100 bytes', headerOnly, 'TOO_MANY_PIXELS'],
    ['a header of 16384x16384 in 700 bytes', littleData, 'INVALID_PNG'],
    ['a gibibyte behind a small header', withImageData(small), 'INVALID_PNG'],
    ['a gibibyte behind a small interlaced header', withImageData({ ...small, interlaced: true }), 'INVALID_PNG'],
  ])('%s', async (_, file, code) => {
    const grownMiB = await growthMiB(async () => {
      expect(() => decodePng(file, LIMITS)).toThrow(expect.objectContaining({ code }));
    });
    expect(grownMiB).toBeLessThan(MOST_GROWTH_MIB);
    const grownByRowsMiB = await growthMiB(async () => {
      const limits = { ...LIMITS, maxPixelsByRows: Number.POSITIVE_INFINITY };
      const reading = openPieces([file], limits, file.length).then(readRows);
      await expect(reading).rejects.toMatchObject({ code: code === 'TOO_MANY_PIXELS' ? 'INVALID_PNG' : code });
    });
    expect(grownByRowsMiB).toBeLessThan(MOST_GROWTH_MIB);
  });

  it('a gibibyte in a colour profile', async () => {
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('Bomb\0\0'), GIBIBYTE_OF_ZEROS]));
    const file = Buffer.concat([validFile.subarray(0, 33), profile, validFile.subarray(33)]);
    const grownMiB = await growthMiB(async () => expect(decodePng(file, LIMITS).width).toBe(13));
    expect(grownMiB).toBeLessThan(MOST_GROWTH_MIB);
  });

  it.each([
    ['image data', chunk('IDAT', Buffer.alloc(1000))],
    ['empty image data', chunk('IDAT')],
    ['texts', chunk('tEXt', Buffer.alloc(1000, 'A\0'))],
    ['empty texts', chunk('tEXt')],
    ['chunks of another kind each', Buffer.concat(Array.from({ length: 5000 }, (_, at) => chunk(typeOf(at))))],
  ])('a stream of %s without end', async (_, repeated) => {
    const stream = new Endless(png(ihdr(small)), repeated);
    const grownMiB = await growthMiB(async () => {
      const reading = openPieces(stream, LIMITS).then(readWholeImage);
      await expect(reading).rejects.toMatchObject({ code: 'INVALID_PNG' });
    });
    expect(grownMiB).toBeLessThan(MOST_GROWTH_MIB);
  });

  it('can be told: 64 MiB held are seen', async () => {
    expect(await growthMiB(async () => Buffer.alloc(2 ** 26, 1))).toBeGreaterThan(MOST_GROWTH_MIB);
  });
});

/** `aaAa`, `aaAb` and so on. */
function typeOf(index: number): string {
  const letter = (place: number) => String.fromCharCode(97 + (Math.floor(index / 26 ** place) % 26));
  return `${letter(3)}${letter(2)}${letter(1).toUpperCase()}${letter(0)}`;
}

function withImageData(header: Parameters<typeof ihdr>[0]): Buffer {
  return png(ihdr(header), chunk('IDAT', GIBIBYTE_OF_ZEROS), chunk('IEND'));
}

/** Reads an image row by row, and keeps none. */
async function readRows(reader: ImageReader): Promise<void> {
  const row = new Uint8Array(reader.width * 4);
  for (let y = 0; y < reader.height; y++) await reader.read(row);
  await reader.finish();
}

/** By how much an action raised the process's greatest resident set. */
async function growthMiB(action: () => Promise<unknown>): Promise<number> {
  // Held meanwhile: where the process once had more than it has now, growth up to there would not show.
  const ballast = Buffer.alloc(Math.max(1, process.resourceUsage().maxRSS * 1024 - process.memoryUsage.rss()), 1);
  const beforeKiB = process.resourceUsage().maxRSS;
  await action();
  return ballast[0] * ((process.resourceUsage().maxRSS - beforeKiB) / 1024);
}
