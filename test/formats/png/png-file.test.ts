/** PNG files that come in pieces, that never end, or that are not alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chunk, ihdr, imageData, PICTURE, png, SIGNATURE, store } from '../../../fixtures/png/build-png.mjs';
import { ByteSource } from '../../../src/files/byte-source.js';
import type { Extra } from '../../../src/formats/extra.js';
import { DEFAULT_MAX_PIXELS } from '../../../src/formats/png/codec.js';
import { decodePngSync as decodePng } from '../../../src/formats/png/decode.js';
import { type PngListener, type PngParts, readPng } from '../../../src/formats/png/png-file.js';
import { Endless, feed, pieceByPiece } from '../readings.js';
import { PNG_FIXTURES } from './libpng-table.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };
const IDAT = chunk('IDAT', store(imageData(PICTURE)));
const IEND = chunk('IEND');
const MEBIBYTE = 2 ** 20;

const DEAF: PngListener = { begin() {}, imageData() {} };

interface PngFile extends PngParts {
  readonly compressed: readonly Uint8Array[];
  readonly extras: readonly Extra[];
}

/** A file in pieces, its length told or not. */
function read(pieces: Iterable<Uint8Array>, byteLength?: number): PngFile {
  const compressed: Uint8Array[] = [];
  let parts: PngParts | undefined;
  const begin = (begun: PngParts) => {
    expect(parts).toBeUndefined();
    parts = begun;
  };
  const imageData = (piece: Uint8Array) => compressed.push(piece);
  const extras = feed(readPng(new ByteSource(byteLength), LIMITS, { begin, imageData }), pieces);
  return { ...parts!, compressed, extras };
}

function outcomeOf(step: () => PngFile): unknown {
  try {
    const { compressed, ...parts } = step();
    return { ...parts, compressed: Buffer.concat(compressed) };
  } catch (error) {
    return error;
  }
}

describe('a file in pieces is taken apart as in one, errors included', () => {
  it.each(['valid/', 'damaged/'])('each file of %s', (folder) => {
    const names = readdirSync(new URL(folder, PNG_FIXTURES));
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      const file = readFileSync(new URL(`${folder}${name}`, PNG_FIXTURES));
      const whole = outcomeOf(() => read([file], file.length));
      for (const byteLength of [1, 7, 64, 500]) {
        const inPieces = outcomeOf(() => read(pieceByPiece(file, byteLength)));
        expect(inPieces, `${name} in pieces of ${byteLength}`).toEqual(whole);
      }
    }
  });

  it('IDAT chunks of a byte each', () => {
    const compressed = IDAT.subarray(8, -4);
    const file = png(ihdr(), ...Array.from(compressed, (byte) => chunk('IDAT', Uint8Array.of(byte))), IEND);
    expect(Buffer.concat(read([file], file.length).compressed).equals(compressed)).toBe(true);
  });
});

/** The beginning of a chunk that claims to be as long as a chunk can be. */
function longestChunk(type: string): Buffer {
  return Buffer.concat([Buffer.of(0xff, 0xff, 0xff, 0xff), Buffer.from(type)]);
}

const ZEROS = Buffer.alloc(1000);

describe('a stream that never ends is refused', () => {
  it.each([
    ['without a header', SIGNATURE, ZEROS, 1, /four letters/],
    ['another first chunk', Buffer.concat([SIGNATURE, longestChunk('tEXt')]), ZEROS, 1, /first chunk is tEXt/],
    ['a header without end', Buffer.concat([SIGNATURE, longestChunk('IHDR')]), ZEROS, 1, /4294967295 bytes, not 13/],
    ['a palette', Buffer.concat([png(ihdr({ colourType: 3 })), longestChunk('PLTE')]), ZEROS, 1, /PLTE has 4294967295/],
    ['a critical chunk', Buffer.concat([png(ihdr()), longestChunk('ABCD')]), ZEROS, 1, /critical chunk ABCD/],
    ['image data', Buffer.concat([png(ihdr()), longestChunk('IDAT')]), ZEROS, 9, /many more than the 583 bytes/],
    ['empty IDAT chunks', png(ihdr()), chunk('IDAT'), 9, /many more than the 583 bytes/],
    ['a text', Buffer.concat([png(ihdr()), longestChunk('tEXt')]), ZEROS, 257, /too many chunks besides/],
    ['short texts', png(ihdr()), chunk('tEXt', Buffer.from('A\0B')), 2, /too many chunks besides/],
    ['unknown chunks', png(ihdr(), IDAT), chunk('abCd', ZEROS), 65, /too many chunks besides/],
    ['a suggested palette', Buffer.concat([png(ihdr()), longestChunk('PLTE')]), ZEROS, 257, /too many chunks besides/],
  ] as [string, Uint8Array, Uint8Array, number, RegExp][])('%s', (_, start, repeated, mostMebibytes, reason) => {
    const stream = new Endless(start, repeated);
    const outcome = outcomeOf(() => read(stream));
    expect(outcome).toMatchObject({ code: 'INVALID_PNG', message: expect.stringMatching(reason) });
    expect(stream.taken).toBeLessThan(mostMebibytes * MEBIBYTE);
  });

  it('too many pixels, once the header was read', () => {
    const stream = new Endless(png(ihdr({ width: 60_000, height: 60_000 })), ZEROS);
    expect(() => read(stream)).toThrow(expect.objectContaining({ code: 'TOO_MANY_PIXELS' }));
    expect(stream.taken).toBeLessThan(100);
  });

  it('but not what follows the end: that is not read', () => {
    const stream = new Endless(png(ihdr(), IDAT, IEND), ZEROS);
    const [{ id, term }] = read(stream).extras;
    expect({ id, term }).toMatchObject({
      id: 'trailing-bytes',
      term: expect.stringMatching(/^at least 1\d{6} bytes after the end/),
    });
    expect(stream.taken).toBeLessThan(2 * MEBIBYTE);
  });
});

describe('of a file whose length is known', () => {
  it('long chunks that decide nothing are left out', () => {
    const text = chunk('abCd', Buffer.alloc(5_000_000));
    const start = Buffer.concat([png(ihdr()), text.subarray(0, 1000)]);
    const end = Buffer.concat([IDAT, IEND]);
    const reading = readPng(new ByteSource(SIGNATURE.length + 25 + text.length + end.length), LIMITS, DEAF);
    expect(reading.next().value).toBe(0);
    expect(reading.next(start).value).toBe(text.length - 1000);
    expect(reading.next(end)).toMatchObject({ done: true, value: [{ id: 'other', term: 'chunks abCd' }] });
  });

  it('the end is not read in order to count what follows', () => {
    const file = png(ihdr(), IDAT, IEND);
    const reading = readPng(new ByteSource(2 ** 40), LIMITS, DEAF);
    reading.next();
    reading.next(file);
    const { value } = reading.next(ZEROS);
    expect(value).toMatchObject([
      { id: 'trailing-bytes', term: `${2 ** 40 - file.length} bytes after the end of the PNG` },
    ]);
  });
});

describe('two PNG files in a row', () => {
  const first = png(ihdr(), IDAT, IEND);

  it.each([
    ['the same', first],
    ['another that is cut short', SIGNATURE],
    ['another after some padding', Buffer.concat([Buffer.from('\r\n\0\0'), SIGNATURE])],
  ])('%s: refused, never the first alone', (_, second) => {
    const file = Buffer.concat([first, second]);
    const refusal = expect.objectContaining({
      code: 'INVALID_PNG',
      message: expect.stringMatching(/^The input holds more than one PNG: .*\. Split it .*-frames:v 1\.$/),
    });
    expect(() => decodePng(file, LIMITS)).toThrow(refusal);
    expect(() => read(pieceByPiece(file, 10))).toThrow(refusal);
  });

  it('what only resembles one is not taken for a file', () => {
    for (const tail of ['PNG', '\x89PNG\r\n\x1a', 'a\x89PNG\r\n\x1a\n']) {
      const file = Buffer.concat([first, Buffer.from(tail, 'latin1')]);
      expect(read([file], file.length).extras).toMatchObject([{ id: 'trailing-bytes' }]);
    }
  });
});

it("an iPhone's PNG is not damaged: the error says what it is and how to convert it", () => {
  const file = png(chunk('CgBI', Buffer.of(0x50, 0, 0x20, 2)), ihdr(), IDAT, IEND);
  expect(() => decodePng(file, LIMITS)).toThrow(
    expect.objectContaining({
      code: 'INVALID_PNG',
      message: expect.stringMatching(/^The PNG is not a standard one: .*Xcode.*CgBI.*xcrun pngcrush -revert-iphone/),
    }),
  );
});
