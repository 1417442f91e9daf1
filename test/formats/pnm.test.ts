/** PGM, PPM and PAM by rows; their pixels are worked out here, sample by sample. */
import { spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createImageFile } from '../../src/formats/formats.js';
import { readWholeImage } from '../../src/formats/png/read.js';
import { createImage, rowsOf } from '../../src/image.js';
import { decode, Endless, openPieces, pieceByPiece } from './readings.js';

const LIMITS = { maxPixels: 1, maxPixelsByRows: 1e6 };

/** A header as text, and samples of one byte, or of two. */
function file(header: string, samples: readonly number[], isWide = false): Buffer {
  const bytes = Buffer.alloc(samples.length * (isWide ? 2 : 1));
  for (const [at, sample] of samples.entries()) {
    if (isWide) bytes.writeUInt16BE(sample, 2 * at);
    else bytes[at] = sample;
  }
  return Buffer.concat([Buffer.from(header, 'latin1'), bytes]);
}

function pam(fields: Record<string, number | string>): string {
  return `P7\n${Object.entries(fields)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('')}ENDHDR\n`;
}

async function pixelsOf(bytes: Uint8Array): Promise<number[]> {
  return [...(await decode(bytes, LIMITS)).data];
}

const HEAD = { WIDTH: 2, HEIGHT: 1, DEPTH: 3, MAXVAL: 255 };

describe('reads', () => {
  it('PGM', async () => {
    expect(await pixelsOf(file('P5 2 1 255\n', [7, 200]))).toEqual([7, 7, 7, 255, 200, 200, 200, 255]);
  });

  it('PPM', async () => {
    expect(await pixelsOf(file('P6\n1 2\n255\n', [1, 2, 3, 4, 5, 6]))).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
  });

  it.each([
    ['BLACKANDWHITE', 1, 1, [0, 1], [0, 0, 0, 255, 255, 255, 255, 255]],
    ['BLACKANDWHITE_ALPHA', 2, 1, [0, 1, 1, 0], [0, 0, 0, 255, 255, 255, 255, 0]],
    ['GRAYSCALE', 1, 255, [9, 8], [9, 9, 9, 255, 8, 8, 8, 255]],
    ['GRAYSCALE_ALPHA', 2, 255, [9, 1, 8, 0], [9, 9, 9, 1, 8, 8, 8, 0]],
    ['RGB', 3, 255, [1, 2, 3, 4, 5, 6], [1, 2, 3, 255, 4, 5, 6, 255]],
    ['RGB_ALPHA', 4, 255, [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8]],
  ])('PAM, %s, and the same without a type', async (type, depth, maxval, samples, expected) => {
    const fields = { ...HEAD, DEPTH: depth, MAXVAL: maxval };
    expect(await pixelsOf(file(pam({ ...fields, TUPLTYPE: type }), samples))).toEqual(expected);
    expect(await pixelsOf(file(pam(fields), samples))).toEqual(expected);
  });

  it('comments, and any whitespace', async () => {
    const header = 'P5# one\n\t#two\r 2#\n\f\v1 #three\n # four\n255 ';
    await expect(decode(file(header, [1, 2]), LIMITS)).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    expect(await pixelsOf(file(header.replace('2#', '2 #'), [1, 2]))).toEqual([1, 1, 1, 255, 2, 2, 2, 255]);
    const lines = 'P7\n# one\n\n  WIDTH 2\nMAXVAL\t255\r\nHEIGHT 1\nDEPTH 1\n#\nTUPLTYPE GRAYSCALE\nENDHDR\n';
    expect(await pixelsOf(file(lines, [1, 2]))).toEqual([1, 1, 1, 255, 2, 2, 2, 255]);
  });

  it('a sample that looks like whitespace or a comment', async () => {
    expect(await pixelsOf(file('P5 2 1 255\n', [0x0a, 0x23]))).toEqual([10, 10, 10, 255, 35, 35, 35, 255]);
  });

  it.each([1, 2, 3, 100, 127, 254, 256, 257, 1000, 1023, 4095, 32767, 65534, 65535])(
    'every sample of maxval %i to the nearest byte',
    async (maxval) => {
      const samples = Array.from({ length: maxval + 1 }, (_, sample) => sample);
      const { data } = await decode(file(`P5 ${maxval + 1} 1 ${maxval}\n`, samples, maxval > 255), LIMITS);
      const expected = Buffer.from(samples.flatMap((sample) => Array(3).fill(Math.round((sample * 255) / maxval))));
      const colours = Buffer.from(data.filter((_, at) => at % 4 !== 3));
      expect(colours.equals(expected)).toBe(true);
    },
  );

  it('a file in pieces of any length, of known length or not', async () => {
    const samples = Array.from({ length: 60 }, (_, at) => at * 4);
    const bytes = file('P6 # 5 rows\n4 5 # of 4\n255\n', samples);
    const whole = await decode(bytes, LIMITS);
    for (const byteLength of [1, 2, 7, 64, bytes.length]) {
      const reader = await openPieces(pieceByPiece(bytes, byteLength), LIMITS);
      expect(Buffer.compare((await readWholeImage(reader)).data, whole.data)).toBe(0);
    }
  });

  it('some rows at a time', async () => {
    const bytes = file('P5 1 4 255\n', [1, 2, 3, 4]);
    const reader = await openPieces([bytes], LIMITS);
    const rows = [new Uint8Array(4), new Uint8Array(12)];
    for (const row of rows) await reader.read(row);
    expect(rows.map((row) => row[row.length - 2])).toEqual([1, 4]);
    await reader.close();
  });
});

describe('says', () => {
  const said = async (bytes: Uint8Array) => {
    const reader = await openPieces([bytes], LIMITS, bytes.length);
    await readWholeImage(reader);
    return { isOpaque: reader.isOpaque, extras: reader.extras.map(({ id, term }) => `${id}: ${term}`) };
  };

  it.each([
    [file('P5 1 1 255\n', [1]), { isOpaque: true, extras: [] }],
    [file(pam({ ...HEAD, WIDTH: 1, DEPTH: 4 }), [1, 2, 3, 4]), { isOpaque: false, extras: [] }],
    [file('P5 1 1 256\n', [1], true), { isOpaque: true, extras: ['16-bit: 16-bit samples'] }],
    [file('P5 1 1 255\n', [1, 2, 3]), { isOpaque: true, extras: ['trailing-bytes: 2 bytes after the end of the PGM'] }],
    [
      Buffer.concat([file('P5 1 1 255\n', [1]), file('P6 1 1 255\n', [1, 2, 3])]),
      { isOpaque: true, extras: ['animation: more images after the first'] },
    ],
  ])('what is not in the pixels: %#', async (bytes, expected) => {
    expect(await said(bytes)).toEqual(expected);
  });

  it('how much follows in a stream, up to a MiB', async () => {
    const stream = new Endless(file('P5 1 1 255\n', [1]), Buffer.from('x'));
    const reader = await openPieces(stream, LIMITS);
    await readWholeImage(reader);
    expect(reader.extras[0].term).toMatch(/^at least \d+ bytes after the end of the PGM$/);
    expect(stream.taken).toBeLessThan(2 ** 21);
  });
});

const DAMAGED = (event: string) => `is damaged: ${event}. Download or export it again.`;

describe('refuses', () => {
  it.each([
    ['P5 0 1 255\n', DAMAGED('its header says 0x1 pixels')],
    ['P5 1 1 0\n', DAMAGED('its maxval is 0, not 1 to 65535')],
    ['P5 1 1 65536\n', DAMAGED('its maxval is 65536, not 1 to 65535')],
    ['P5 -1 1 255\n', DAMAGED('its width is not a whole number')],
    ['P5 1 1e3 255\n', DAMAGED('its height is not a whole number')],
    ['P5 1 12345678901 255\n', DAMAGED('its height is not a whole number')],
    ['P5 1 1#c\n 255\n', 'a comment touches its height. Put a space before the #: programs read it differently.'],
    ['P5 1 1 255#c\n\n', 'a comment touches its maxval. Put a space before the #: programs read it differently.'],
    ['P5 1 1', 'The PGM was cut short: the file ends within its header, after 6 bytes.'],
    ['P6 2 1 255\n12345', 'The PPM was cut short: 17 bytes expected, but the file ends after 16 bytes.'],
    [pam({ ...HEAD, DEPTH: 5 }), DAMAGED('its depth is 5, not 1 to 4')],
    [pam({ ...HEAD, DEPTH: 4, TUPLTYPE: 'RGB' }), DAMAGED('its depth is 4, not 3')],
    [pam({ ...HEAD, DEPTH: 1, TUPLTYPE: 'BLACKANDWHITE' }), DAMAGED('its MAXVAL is 255, not 1')],
    [pam({ ...HEAD, TUPLTYPE: 'CMYK' }), 'The PAM holds tuples that are no pixels of BLACKANDWHITE, '],
    [pam({ ...HEAD, TUPLTYPE: 'constructor' }), 'The PAM holds tuples that are no pixels of BLACKANDWHITE, '],
    [pam({ WIDTH: 2, HEIGHT: 1, DEPTH: 3 }), DAMAGED('its header has no MAXVAL')],
    [pam({ ...HEAD, COLOUR: 1 }), DAMAGED('its header has a line without a meaning')],
    [pam({ ...HEAD, HEIGHT: 'x' }), DAMAGED('its HEIGHT is not a whole number')],
    ['P7\nWIDTH 1\nWIDTH 1\n', DAMAGED('its header has a second WIDTH')],
    ['P7\nWIDTH 1\n', 'The PAM was cut short: the file ends within its header, after 11 bytes.'],
  ])('%j', async (bytes, message) => {
    const error = { code: 'INVALID_IMAGE', message: expect.stringContaining(message) };
    await expect(decode(Buffer.from(bytes, 'latin1'), LIMITS)).rejects.toMatchObject(error);
  });

  it.each([
    [1, [2]],
    [254, [255]],
    [1000, [1001]],
    [65534, [65535]],
  ])('a sample above maxval %i', async (maxval, samples) => {
    const bytes = file(`P5 1 1 ${maxval}\n`, samples, maxval > 255);
    const message = `The PGM is damaged: a sample is ${samples[0]}, above its maxval ${maxval}. Download or export it again.`;
    await expect(decode(bytes, LIMITS)).rejects.toMatchObject({ code: 'INVALID_IMAGE', message });
  });

  it('a comment without end', async () => {
    const stream = new Endless(Buffer.from('P5 #'), Buffer.from('c'));
    await expect(openPieces(stream, LIMITS)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: `The PGM ${DAMAGED('its header is longer than 65536 bytes')}`,
    });
  });

  it('a stream that ends too early', async () => {
    const reader = await openPieces(pieceByPiece(file('P6 2 1 255\n', [1, 2, 3, 4, 5]), 3), LIMITS);
    await expect(readWholeImage(reader)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: expect.stringContaining('17 bytes expected, but the file ends after 16 bytes'),
    });
  });

  it('too many pixels before it reads any', async () => {
    await expect(decode(Buffer.from('P6 1001 1000 255\n'), LIMITS)).rejects.toMatchObject({
      code: 'TOO_MANY_PIXELS',
      message: expect.stringContaining('1001x1000 pixels, more than the limit of 1000000'),
    });
    const whole = decode(Buffer.from('P6 2 1 255\n'), { maxPixels: 1 });
    await expect(whole).rejects.toMatchObject({ code: 'TOO_MANY_PIXELS' });
  });
});

it('gives pixels or an error with a code for damaged files', async () => {
  const valid = [
    file('P5 # c\n3 2 255\n', [1, 2, 3, 4, 5, 6]),
    file('P6 2 1 1000\n', [1, 2, 3, 4, 5, 1000], true),
    file(pam({ ...HEAD, TUPLTYPE: 'RGB' }), [1, 2, 3, 4, 5, 6]),
  ];
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const outcomes = new Set<string>();
  for (let run = 0; run < 3000; run++) {
    const bytes = Buffer.from(valid[run % valid.length]);
    for (let change = 0; change <= random(3); change++) bytes[random(bytes.length)] = random(256);
    const image = await decode(bytes.subarray(0, bytes.length - random(2)), LIMITS).catch((error) => error);
    expect(image).toSatisfy(({ code, data, width, height }) =>
      code === undefined
        ? data.length === width * height * 4
        : ['INVALID_IMAGE', 'INVALID_PNG', 'TOO_MANY_PIXELS'].includes(code),
    );
    outcomes.add(image.code ?? 'pixels');
  }
  expect([...outcomes].sort()).toEqual(['INVALID_IMAGE', 'pixels']);
});

describe('writes', () => {
  const image = createImage(3, 4, 4);
  image.data.set(image.data.map((_, at) => at * 5));

  const written = async (isOpaque: boolean) => {
    const pieces: Uint8Array[] = [];
    let calls = 0;
    const take = async (given: readonly Uint8Array[]) => {
      if (calls++ === 0) await setTimeout(5); // the next rows must wait
      pieces.push(...given.map((piece) => Buffer.from(piece)));
    };
    const writer = createImageFile(take, { ...image, isOpaque }, {}, 'pam');
    await Promise.all([writer.write(rowsOf(image, 0, 1)), writer.write(rowsOf(image, 1, 4))]);
    await writer.finish();
    const bytes = Buffer.concat(pieces);
    expect(writer.byteLength).toBe(bytes.length);
    return bytes;
  };

  it('RGB with alpha', async () => {
    const bytes = await written(false);
    expect(bytes.toString('latin1')).toMatch(
      /^P7\nWIDTH 3\nHEIGHT 4\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n/,
    );
    expect(await pixelsOf(bytes)).toEqual([...image.data]);
  });

  it('RGB where everything is opaque', async () => {
    const bytes = await written(true);
    expect(bytes.toString('latin1')).toMatch(/^P7\nWIDTH 3\nHEIGHT 4\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n/);
    expect(await pixelsOf(bytes)).toEqual([...image.data].map((sample, at) => (at % 4 === 3 ? 255 : sample)));
  });

  const hasNetpbm = spawnSync('pamtopam', ['-version']).error === undefined;
  it.skipIf(!hasNetpbm)('what Netpbm reads', async () => {
    for (const isOpaque of [true, false]) {
      const bytes = await written(isOpaque);
      expect(spawnSync('pamtopam', { input: bytes }).stdout.equals(bytes)).toBe(true);
    }
  });
});
