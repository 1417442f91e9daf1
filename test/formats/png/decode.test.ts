/** PNG files to pixels, by every codec, on the thread and off it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CheckedPng } from '../../../src/formats/png/check.js';
import { DEFAULT_MAX_PIXELS } from '../../../src/formats/png/codec.js';
import { chooseDecoder, decodePng, decodePngOffThread, toRgba8 } from '../../../src/formats/png/decode.js';
import { CODECS } from './codecs.js';
import { PNG_FIXTURES, readLibpngTable, tableEntry } from './libpng-table.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };

/** Reading material beside the project, not a part of it: see fixtures/png/README.md for where to get it. */
const PNGSUITE = new URL('../../../../shared/pngsuite/', import.meta.url);

describe.each(CODECS)('decodePng gives the pixels libpng gives, by $name', (codec) => {
  const table = readLibpngTable('libpng-pixels.txt');
  const names = pngNames(new URL('valid/', PNG_FIXTURES));

  it('has fixtures of every kind', () => expect(names.length).toBeGreaterThanOrEqual(90));

  it.each(names)('%s', (name) => {
    const image = decodePng(readFileSync(new URL(`valid/${name}`, PNG_FIXTURES)), LIMITS, codec);
    expect(tableEntry(image)).toBe(table.get(name));
    expect(image).toMatchObject({ channels: 4, rowBytes: image.width * 4 });
    expect(image.data.length).toBe(image.width * image.height * 4);
  });

  it('from a view at an odd offset of larger memory', () => {
    const file = readFileSync(new URL('valid/rgba-16-interlaced.png', PNG_FIXTURES));
    const memory = new Uint8Array(file.length + 20).fill(0xa5);
    memory.set(file, 7);
    const image = decodePng(memory.subarray(7, 7 + file.length), LIMITS, codec);
    expect(tableEntry(image)).toBe(table.get('rgba-16-interlaced.png'));
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

describe.each(CODECS)('decodePngOffThread by $name', (codec) => {
  it.each(['valid/', 'damaged/'])('gives what decodePng gives for each file of %s', async (folder) => {
    const names = pngNames(new URL(folder, PNG_FIXTURES));
    expect(names.length).toBeGreaterThan(20);
    const files = names.map((name) => readFileSync(new URL(`${folder}${name}`, PNG_FIXTURES)));
    const onThread = files.map((file) => outcomeOf(() => decodePng(file, LIMITS, codec)));
    const together = files.map((file) => decodePngOffThread(file, LIMITS, codec).catch((error) => error));
    expect(await Promise.all(together)).toEqual(onThread);
  });
});

describe('the codec that decodes', () => {
  it('is the native one, where the image is not too large', () => {
    expect(chooseDecoder({ width: 2 ** 13, height: 2 ** 12 }).codec.name).toBe('@napi-rs/image');
    const { codec, reason } = chooseDecoder({ width: 2 ** 13, height: 2 ** 12 + 1 });
    expect({ name: codec.name, reason }).toEqual({ name: 'pngjs', reason: 'the image has more than 33554432 pixels' });
  });
});

function outcomeOf<T>(step: () => T): unknown {
  try {
    return step();
  } catch (error) {
    return error;
  }
}

function pngNames(folder: URL): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.png'));
  return names.sort();
}

describe('toRgba8', () => {
  it('rounds every 16-bit sample to the nearest', () => {
    const samples = Uint16Array.from({ length: 65536 }, (_, sample) => sample);
    const rounded = Uint8Array.from(samples, (sample) => Math.round((sample * 255) / 65535));
    expect(Buffer.compare(toRgba8(samples, checked(16)), rounded)).toBe(0);
  });

  it.each([1, 2, 4])('widens every %s-bit sample', (bitDepth) => {
    const most = 2 ** bitDepth - 1;
    const samples = Uint8Array.from({ length: 4 * (most + 1) }, (_, at) => at >> 2);
    const widened = Uint8Array.from(samples, (sample) => Math.round((sample * 255) / most));
    expect(toRgba8(samples, checked(bitDepth))).toEqual(widened);
  });

  it('clears the alpha of the keyed colour alone, compared at 16 bits', () => {
    const samples = Uint16Array.of(0x1234, 0x5678, 0x9abc, 0xffff, 0x1235, 0x5678, 0x9abc, 0xffff);
    const rgba = toRgba8(samples, { ...checked(16), colourKey: [0x1234, 0x5678, 0x9abc] });
    expect([...rgba]).toEqual([0x12, 0x56, 0x9a, 0, 0x12, 0x56, 0x9a, 255]);
  });

  it('takes a grey key as three equal samples', () => {
    const rgba = toRgba8(Uint8Array.of(1, 1, 1, 3, 2, 2, 2, 3), { ...checked(2), colourKey: [2] });
    expect([...rgba]).toEqual([85, 85, 85, 255, 170, 170, 170, 0]);
  });
});

function checked(bitDepth: number): CheckedPng {
  const header = { width: 1, height: 1, bitDepth, colourType: 6, interlaced: false };
  return { header, palette: undefined, colourKey: undefined, imageData: new Uint8Array() };
}
