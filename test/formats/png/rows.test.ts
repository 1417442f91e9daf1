/** The twins: what the addon does with rows is what JavaScript does. */
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { adler32, encodeRows, joinChecksums, type RowsToEncode } from '../../../src/formats/png/filter.js';
import { decodeRows, layOutRows, type RowsToDecode } from '../../../src/formats/png/unfilter.js';
import { CODECS } from './codecs.js';

const addon = CODECS[0].codec;

/** A linear congruential generator. */
function randomBytes(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const KINDS = [
  { colourType: 0, bitDepths: [1, 2, 4, 8, 16] },
  { colourType: 2, bitDepths: [8, 16] },
  { colourType: 3, bitDepths: [1, 2, 4, 8] },
  { colourType: 4, bitDepths: [8, 16] },
  { colourType: 6, bitDepths: [8, 16] },
].flatMap(({ colourType, bitDepths }) => bitDepths.map((bitDepth) => ({ colourType, bitDepth })));

describe.each(KINDS)('rows of colour type $colourType with $bitDepth bits', ({ colourType, bitDepth }) => {
  const palette = colourType === 3 ? { colours: randomBytes(768, 1), alphas: randomBytes(256, 2) } : undefined;

  it.each([1, 2, 3, 7, 8, 9, 31, 64, 257])('%s pixels wide', async (width) => {
    const header = { width, height: 11, bitDepth, colourType, interlaced: false };
    for (const isKeyed of colourType === 0 || colourType === 2 ? [false, true] : [false]) {
      const rowBytes = layOutRows({ header, palette, colourKey: undefined }).rowBytes;
      const rows = randomBytes(11 * (1 + rowBytes), width);
      for (let y = 0; y < 11; y++) rows[y * (1 + rowBytes)] = y % 5;
      // A key that occurs: the colour of the first pixel, whose row has no filter.
      const first = [0, 1, 2].map((c) => (bitDepth === 16 ? rows[1 + 2 * c] * 256 + rows[2 + 2 * c] : rows[1 + c]));
      const key = colourType === 2 ? first : [bitDepth < 8 ? rows[1] >> (8 - bitDepth) : first[0]];
      const layout = layOutRows({ header, palette, colourKey: isKeyed ? key : undefined });
      const above = randomBytes(rowBytes, 3);
      const jobs = [0, 1].map((): RowsToDecode => {
        return { ...layout, rows: rows.slice(), count: 11, above: above.slice(), rgba: new Uint8Array(width * 44) };
      });
      expect(await addon.decode(jobs[0])).toBe(-1);
      expect(decodeRows(jobs[1])).toBe(-1);
      expect(Buffer.compare(jobs[0].rows, jobs[1].rows), 'undone').toBe(0);
      expect(Buffer.compare(jobs[0].rgba, jobs[1].rgba), 'pixels').toBe(0);
      expect(jobs[0].above).toEqual(above);
      if (isKeyed) expect([...jobs[1].rgba.filter((_, at) => at % 4 === 3)]).toContain(0);
    }
  });

  it('a filter that does not exist is found, in whichever row', async () => {
    const header = { width: 5, height: 4, bitDepth, colourType, interlaced: false };
    const layout = layOutRows({ header, palette, colourKey: undefined });
    for (const [wrong, filter] of [
      [0, 5],
      [3, 255],
    ]) {
      const rows = new Uint8Array(4 * (1 + layout.rowBytes));
      rows[wrong * (1 + layout.rowBytes)] = filter;
      const job = { ...layout, rows, count: 4, above: new Uint8Array(layout.rowBytes), rgba: new Uint8Array(80) };
      expect(await addon.decode({ ...job, rows: rows.slice() })).toBe(wrong);
      expect(decodeRows(job)).toBe(wrong);
    }
  });
});

describe.each([
  [3, 3],
  [4, 4],
  [4, 3],
])('rows of %s channels written with %s', (channels, writtenChannels) => {
  it.each([1, 2, 3, 16, 17, 300])('%s pixels wide, with every filter', async (width) => {
    const rowBytes = width * channels + 5;
    const rows = randomBytes(9 * rowBytes, width);
    const byteLength = 9 * (1 + width * writtenChannels);
    for (const filter of [0, 1, 2, 3, 4]) {
      for (const above of [undefined, randomBytes(rowBytes, 9)]) {
        const job = (isCompressed: boolean): RowsToEncode => {
          const output = new Uint8Array(isCompressed ? addon.compressedBound!(byteLength) : byteLength);
          return { rows, count: 9, rowBytes, width, channels, writtenChannels, above, filter, isCompressed, output };
        };
        const [native, plain, compressed] = [job(false), job(false), job(true)];
        const encoded = encodeRows(plain);
        expect(await addon.encode(native)).toEqual(encoded);
        expect(Buffer.compare(native.output, plain.output)).toBe(0);
        const result = await addon.encode(compressed);
        expect(result.checksum).toBe(encoded.checksum);
        expect(inflate(compressed.output.subarray(0, result.byteLength)).equals(Buffer.from(plain.output))).toBe(true);
      }
    }
  });
});

/** What compresses in different ways: the longest codes, one symbol, runs of every length, blocks of every kind. */
const CONTENTS: Record<string, (at: number, random: Uint8Array) => number> = {
  noise: (at, random) => random[at],
  zeros: () => 0,
  'one other byte': (at) => (at === 70_000 ? 9 : 0),
  'two bytes': (at) => at % 2,
  'runs of growing length': (at) => Math.floor(Math.sqrt(2 * at)) % 2,
  'runs and noise': (at, random) => (random[at >> 9] % 2 ? random[at] : random[at >> 9]),
  // Each value half as often as the one before: codes would be longer than allowed.
  'powers of two': (at, random) => Math.clz32((random[at] << 24) | (random[at ^ 1] << 16) | (random[at ^ 2] << 8) | 1),
  fibonacci: (at) => fibonacciSymbol(at),
};

/** Frequencies that make Huffman's tree as deep as it gets. */
function fibonacciSymbol(at: number): number {
  let [symbol, count, next, end] = [0, 1, 1, 1];
  while (at % 65_000 >= end) {
    symbol++;
    [count, next] = [next, count + next];
    end += count;
  }
  return symbol;
}

describe('compressed rows inflate to what they were', () => {
  const random = randomBytes(300_000, 7);

  it.each(Object.entries(CONTENTS))('%s', async (_, content) => {
    for (const width of [1, 2, 5, 300, 65_535, 65_536, 65_537, 150_000]) {
      const rows = Uint8Array.from({ length: width * 3 > 300_000 ? 0 : width * 3 }, (_, at) => content(at, random));
      const image =
        rows.length > 0 ? rows : Uint8Array.from({ length: 450_000 }, (_, at) => content(at % 300_000, random));
      const [pixels, byteLength] = [image.length / 3, image.length + 1];
      const output = new Uint8Array(addon.compressedBound!(byteLength) + 16).fill(0xa5);
      const channels = { channels: 3, writtenChannels: 3 };
      const job = {
        rows: image,
        count: 1,
        rowBytes: image.length,
        width: pixels,
        ...channels,
        above: undefined,
        filter: 0,
      };
      const result = await addon.encode({ ...job, isCompressed: true, output });
      const expected = Buffer.concat([Buffer.of(0), image]);
      expect(inflate(output.subarray(0, result.byteLength)).equals(expected), `${width}`).toBe(true);
      expect(result.checksum).toBe(adler32(expected));
      expect([...output.subarray(-16)], 'behind its bound').toEqual(Array(16).fill(0xa5));
    }
  });
});

/** With the last block, as a file has it. */
function inflate(compressed: Uint8Array): Buffer {
  return inflateRawSync(Buffer.concat([compressed, Buffer.of(3, 0)]));
}

describe('checksums', () => {
  it('of parts join to that of the whole', () => {
    const bytes = randomBytes(200_000, 5).fill(255, 0, 100_000);
    for (const at of [0, 1, 65_520, 65_521, 65_522, 131_042, 199_999, 200_000]) {
      const joined = joinChecksums(adler32(bytes.subarray(0, at)), adler32(bytes.subarray(at)), 200_000 - at);
      expect(joined, `${at}`).toBe(adler32(bytes));
    }
  });

  it('are those of RFC 1950', () => {
    expect(adler32(new Uint8Array())).toBe(1);
    expect(adler32(Buffer.from('Wikipedia'))).toBe(0x11e60398);
  });
});
