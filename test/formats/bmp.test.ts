/** BMP files made by hand; those of fixtures/formats are in sharp.test.ts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decode, openPieces } from './readings.js';

const LIMITS = { maxPixels: 1e6 };

interface Parts {
  readonly width?: number;
  /** Negative where the first row is the topmost. */
  readonly height?: number;
  readonly bits: number;
  readonly compression?: number;
  readonly headerBytes?: number;
  readonly masks?: readonly number[];
  /** Blue, green, red and a byte without a meaning. */
  readonly palette?: readonly number[];
  readonly rows: readonly number[];
}

function bmp({
  width = 1,
  height = 1,
  bits,
  compression = 0,
  headerBytes = 40,
  masks = [],
  palette = [],
  rows,
}: Parts): Buffer {
  const header = Buffer.alloc(14 + Math.max(headerBytes, 40 + 4 * masks.length));
  const at = header.length + palette.length;
  header.write('BM', 'latin1');
  header.writeUInt32LE(at, 10);
  header.writeUInt32LE(headerBytes, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bits, 28);
  header.writeUInt32LE(compression, 30);
  for (const [c, mask] of masks.entries()) header.writeUInt32LE(mask, 54 + 4 * c);
  return Buffer.concat([header, Buffer.from(palette), Buffer.from(rows)]);
}

/** OS/2's: sizes of 16 bits, and colours of three bytes. */
function os2Bmp(palette: readonly number[], rows: readonly number[]): Buffer {
  const header = Buffer.alloc(26);
  header.write('BM', 'latin1');
  header.writeUInt32LE(26 + palette.length, 10);
  header.writeUInt32LE(12, 14);
  header.writeUInt16LE(2, 18);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt16LE(8, 24);
  return Buffer.concat([header, Buffer.from(palette), Buffer.from(rows)]);
}

const pixelsOf = async (file: Uint8Array) => [...(await decode(file, LIMITS)).data];

describe('reads', () => {
  it('rows from below, and from above', async () => {
    const rows = [1, 2, 3, 0, 4, 5, 6, 0];
    expect(await pixelsOf(bmp({ height: 2, bits: 24, rows }))).toEqual([6, 5, 4, 255, 3, 2, 1, 255]);
    expect(await pixelsOf(bmp({ height: -2, bits: 24, rows }))).toEqual([3, 2, 1, 255, 6, 5, 4, 255]);
  });

  it.each([
    [1, [0b01000000, 0, 0, 0]],
    [4, [0x01, 0, 0, 0]],
    [8, [0, 1, 0, 0]],
  ])('colours of %i bits', async (bits, rows) => {
    const palette = [30, 20, 10, 0, 60, 50, 40, 0];
    expect(await pixelsOf(bmp({ width: 2, bits, palette, rows }))).toEqual([10, 20, 30, 255, 40, 50, 60, 255]);
  });

  it("OS/2's header", async () => {
    expect(await pixelsOf(os2Bmp([30, 20, 10, 60, 50, 40], [1, 0, 0, 0]))).toEqual([40, 50, 60, 255, 10, 20, 30, 255]);
  });

  it('16 bits, five for each colour, every one to the nearest byte', async () => {
    for (let sample = 0; sample < 32; sample++) {
      const byte = Math.round((sample * 255) / 31);
      const pixel = (sample << 10) | (31 << 5) | (31 - sample);
      const rows = [pixel & 255, pixel >> 8, 0, 0];
      expect(await pixelsOf(bmp({ bits: 16, rows }))).toEqual([byte, 255, 255 - byte, 255]);
    }
  });

  it('16 bits by masks behind the header', async () => {
    const rows = [0b111_00001, 0b11111_000, 0, 0];
    const masks = [0xf800, 0x07e0, 0x001f];
    expect(await pixelsOf(bmp({ bits: 16, compression: 3, masks, rows }))).toEqual([255, 28, 8, 255]);
  });

  it('32 bits without alpha, whatever is in the fourth byte', async () => {
    expect(await pixelsOf(bmp({ bits: 32, rows: [1, 2, 3, 9] }))).toEqual([3, 2, 1, 255]);
  });

  it('32 bits by masks, with alpha', async () => {
    const parts = { bits: 32, compression: 3, headerBytes: 108, rows: [1, 2, 3, 4] };
    const file = bmp({ ...parts, masks: [0xff, 0xff00, 0xff0000, 0xff000000] });
    expect(await pixelsOf(file)).toEqual([1, 2, 3, 4]);
    expect(await openPieces([file], LIMITS)).toMatchObject({ isOpaque: false, heldBytes: file.length });
    const opaque = bmp({ ...parts, masks: [0xff, 0xff00, 0xff0000, 0] });
    expect(await pixelsOf(opaque)).toEqual([1, 2, 3, 255]);
    expect(await openPieces([opaque], LIMITS)).toMatchObject({ isOpaque: true });
  });

  it('ten bits of a colour', async () => {
    const masks = [0x3ff00000, 0x000ffc00, 0x000003ff];
    const rows = [0x00, 0x04, 0xf0, 0x3f]; // 1023, 1, 0
    expect(await pixelsOf(bmp({ bits: 32, compression: 3, masks, rows }))).toEqual([255, 0, 0, 255]);
  });
});

describe('refuses', () => {
  it.each([
    ['RLE', { bits: 8, compression: 1, rows: [] }, 'Cannot read this BMP: it is compressed (RLE). Save it without'],
    [
      'a JPEG',
      { bits: 0, compression: 4, rows: [] },
      'it has 0 bits a pixel with compression 4. Convert it to PNG first.',
    ],
    ['2 bits', { bits: 2, rows: [] }, 'it has 2 bits a pixel with compression 0. Convert it to PNG first.'],
    ['no width', { width: 0, bits: 24, rows: [] }, 'The BMP is damaged: its header says 0x1 pixels.'],
    ['no rows', { height: 0, bits: 24, rows: [] }, 'The BMP is damaged: its header says 1x0 pixels.'],
    ['a row too few', { bits: 24, rows: [1, 2, 3] }, '58 bytes expected, but the file ends after 57 bytes.'],
    [
      'a colour that is not there',
      { bits: 8, palette: [1, 2, 3, 0], rows: [1, 0, 0, 0] },
      'The BMP is damaged: a pixel has colour 1 of 1.',
    ],
    [
      'a mask with a gap',
      { bits: 16, compression: 3, masks: [0xa000, 0, 0], rows: [0, 0, 0, 0] },
      'a mask of its header is not one run of bits.',
    ],
  ])('%s', async (_what, parts, message) => {
    await expect(decode(bmp(parts), LIMITS)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: expect.stringContaining(message),
    });
  });

  it('what a program compressed', async () => {
    const file = readFileSync(new URL('../../fixtures/formats/rle.bmp', import.meta.url));
    await expect(decode(file, LIMITS)).rejects.toMatchObject({ message: expect.stringContaining('compressed (RLE)') });
  });

  it('too many pixels', async () => {
    const file = bmp({ width: 1001, height: 1000, bits: 24, rows: [] });
    await expect(decode(file, LIMITS)).rejects.toMatchObject({ code: 'TOO_MANY_PIXELS' });
  });
});
