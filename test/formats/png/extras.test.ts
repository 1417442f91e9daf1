/** What a file holds besides its pixels: every kind is listed, and what can be kept is in the output of every codec. */
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { chunk, ihdr, imageData, PICTURE, type Picture, png, store } from '../../../fixtures/png/build-png.mjs';
import { readInMemory } from '../../../src/files/byte-source.js';
import type { Extra } from '../../../src/formats/extra.js';
import { DEFAULT_MAX_PIXELS } from '../../../src/formats/png/codec.js';
import { decodePngSync } from '../../../src/formats/png/decode.js';
import { encodePng } from '../../../src/formats/png/encode.js';
import { readPng } from '../../../src/formats/png/png-file.js';
import { CODECS } from './codecs.js';

const LIMITS = { maxPixels: DEFAULT_MAX_PIXELS };
const IEND = chunk('IEND');

const BYTES = {
  iCCP: Buffer.concat([Buffer.from('Profile\0\0'), store(Buffer.alloc(200, 7))]),
  sRGB: Buffer.of(0),
  gAMA: words(45455),
  cHRM: words(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
  cICP: Buffer.of(1, 13, 0, 1),
  pHYs: Buffer.concat([words(3780, 3780), Buffer.of(1)]),
  tEXt: Buffer.from('Title\0Pixels'),
  zTXt: Buffer.concat([Buffer.from('Comment\0\0'), store(Buffer.from('long'))]),
  iTXt: Buffer.from('Author\0\0\0\0\0Zoe'),
  eXIf: exif(1),
} as const;
type Type = keyof typeof BYTES;
const TYPES = Object.keys(BYTES) as Type[];

function extrasOf(file: Uint8Array): readonly Extra[] {
  return readInMemory(file, (source) => readPng(source, LIMITS, { begin() {}, imageData() {} }));
}

/** A file with chunks before and after its image data. */
function fileWith(before: readonly Uint8Array[], after: readonly Uint8Array[] = [], changes: Partial<Picture> = {}) {
  const picture = { ...PICTURE, ...changes };
  return png(ihdr(picture), ...before, chunk('IDAT', store(imageData(picture))), ...after, IEND);
}

function chunkOf(type: Type, data: Uint8Array = BYTES[type]): Buffer {
  return chunk(type, data);
}

const listed = (file: Uint8Array) => extrasOf(file).map(({ id, term, copies }) => [id, term, copies.length]);

describe('a chunk is listed by what it says, and can be copied', () => {
  it.each([
    ['iCCP', 'colour-profile', 'colour profile'],
    ['sRGB', 'srgb', 'sRGB tag'],
    ['pHYs', 'density', 'density'],
    ['tEXt', 'text', 'text'],
    ['zTXt', 'text', 'text'],
    ['iTXt', 'text', 'text'],
    ['eXIf', 'exif', 'Exif data'],
  ] as [Type, string, string][])('%s: %s', (type, id, term) => {
    expect(listed(fileWith([chunkOf(type)]))).toEqual([[id, term, 1]]);
  });

  it.each(['gAMA', 'cHRM', 'cICP'] as const)('%s: colour space, unless it says sRGB', (type) => {
    const data = Buffer.from(BYTES[type]);
    expect(listed(fileWith([chunkOf(type, data)]))).toEqual([['srgb', 'sRGB tag', 1]]);
    data[data.length - 1] ^= 1;
    expect(listed(fileWith([chunkOf(type, data)]))).toEqual([['colour-space', 'colour space', 1]]);
  });

  it('several of a kind at once', () => {
    expect(listed(fileWith([chunkOf('tEXt'), chunkOf('pHYs'), chunkOf('zTXt')], [chunkOf('iTXt')]))).toEqual([
      ['text', 'text', 3],
      ['density', 'density', 1],
    ]);
  });
});

describe('a chunk is listed, and cannot be copied', () => {
  it.each(TYPES)('%s with a wrong CRC', (type) => {
    const broken = chunk(type, BYTES[type], 1);
    expect(extrasOf(fileWith([broken]))).toMatchObject([{ copies: [] }]);
  });

  it.each(['iCCP', 'sRGB', 'pHYs'] as const)('%s after the image data, where it has no meaning', (type) => {
    expect(extrasOf(fileWith([], [chunkOf(type)]))).toMatchObject([{ copies: [] }]);
  });

  it('a second profile', () => {
    expect(extrasOf(fileWith([chunkOf('iCCP'), chunkOf('iCCP')])).map(({ copies }) => copies.length)).toEqual([1, 0]);
  });

  it.each([0, 4])('a profile of greyscale, in a file of colour type %s', (colourType) => {
    const file = fileWith([chunkOf('iCCP'), chunkOf('pHYs')], [], { colourType });
    expect(listed(file)).toEqual([
      ['density', 'density', 1],
      ['colour-profile', 'colour profile of greyscale', 0],
    ]);
  });

  it('more than 8 MiB', () => {
    const text = chunk('tEXt', Buffer.alloc(5 * 2 ** 20, 'A\0'));
    expect(listed(fileWith([text, text]))).toEqual([
      ['text', 'text', 1],
      ['text', 'text', 0],
    ]);
  });

  it('more than 1000 chunks', () => {
    const [kept, lost] = extrasOf(fileWith(Array(1001).fill(chunkOf('tEXt'))));
    expect([kept.copies.length, lost.copies.length]).toEqual([1000, 0]);
  });
});

describe('what is no metadata', () => {
  it('a plain file holds nothing else', () => expect(extrasOf(fileWith([]))).toEqual([]));

  it.each([0, 2, 4, 6])('16-bit samples of colour type %s', (colourType) => {
    expect(listed(fileWith([], [], { bitDepth: 16, colourType }))).toEqual([['16-bit', '16-bit samples', 0]]);
  });

  it('a time stamp, and other chunks by their types', () => {
    const file = fileWith([chunk('bKGD', Buffer.alloc(6)), chunk('tIME', Buffer.alloc(7)), chunk('npTc')]);
    expect(listed(file)).toEqual([
      ['time', 'time stamp', 0],
      ['other', 'chunks bKGD, npTc', 0],
    ]);
  });

  it.each([
    ['the image is its first frame', [animation(3), frame()], [frame(), frame()], '2 more frames of an animation'],
    ['the image is none of its frames', [animation(2)], [frame(), frame()], '2 more frames of an animation'],
    ['the number of frames alone', [animation(2)], [], '1 more frame of an animation'],
    ['frames without their number', [frame()], [frame()], '1 more frame of an animation'],
  ] as [string, Buffer[], Buffer[], string][])('an animation: %s', (_, before, after, term) => {
    expect(listed(fileWith(before, after))).toEqual([['animation', term, 0]]);
  });

  it('an animation of one frame is no loss', () => expect(listed(fileWith([animation(1), frame()]))).toEqual([]));

  it('bytes after the end', () => {
    const file = fileWith([]);
    expect(listed(Buffer.concat([file, Buffer.from('x')]))).toEqual([
      ['trailing-bytes', '1 byte after the end of the PNG', 0],
    ]);
    expect(listed(Buffer.concat([file, Buffer.alloc(3000)]))[0][1]).toBe('3000 bytes after the end of the PNG');
  });
});

describe('the orientation in Exif data', () => {
  it.each([2, 3, 4, 5, 6, 7, 8].flatMap((value) => [[value, true] as const, [value, false] as const]))(
    '%s, little-endian: %s',
    (value, isLittleEndian) => {
      const extras = extrasOf(fileWith([chunkOf('eXIf', exif(value, isLittleEndian))]));
      expect(extras.map(({ id }) => id)).toEqual(['exif', 'orientation']);
      expect(extras[1].term).toMatch(new RegExp(`^orientation ${value} \\([a-z].*\\)$`));
      expect(extras[1].copies).toEqual(extras[0].copies);
    },
  );

  it('6 says how to turn it', () => {
    const [, orientation] = extrasOf(fileWith([], [chunkOf('eXIf', exif(6))]));
    expect(orientation.term).toBe('orientation 6 (turned 90° clockwise)');
  });

  it.each([0, 1, 9, 65535])('%s is no orientation to speak of', (value) => {
    expect(listed(fileWith([chunkOf('eXIf', exif(value))]))).toEqual([['exif', 'Exif data', 1]]);
  });

  it('damaged data has none, however it is cut or changed', () => {
    const whole = exif(6);
    for (let length = 0; length < whole.length; length++) {
      expect(listed(fileWith([chunkOf('eXIf', whole.subarray(0, length))]))[0]).toEqual(['exif', 'Exif data', 1]);
      for (const byte of [0, 0xff]) {
        const changed = Buffer.from(whole);
        changed[length] = byte;
        expect(listed(fileWith([chunkOf('eXIf', changed)]))[0]).toEqual(['exif', 'Exif data', 1]);
      }
    }
  });
});

describe.each(CODECS)('the copies in a file written by $name', ({ codec }) => {
  const file = fileWith(
    TYPES.slice(0, 8).map((type) => chunkOf(type)),
    [chunkOf('iTXt'), chunkOf('eXIf')],
  );
  const metadata = extrasOf(file).flatMap(({ copies }) => copies);
  const image = decodePngSync(file, LIMITS);

  it('stand between header and image data, each as it was', async () => {
    const plain = Buffer.from(await encodePng(image, {}, codec));
    const written = Buffer.from(await encodePng(image, { metadata }, codec));
    const copied = written.subarray(33, written.length - (plain.length - 33));
    expect(written.equals(Buffer.concat([plain.subarray(0, 33), copied, plain.subarray(33)]))).toBe(true);
    expect(splitChunks(copied)).toEqual(new Set(TYPES.map((type) => chunkOf(type).toString('hex'))));
  });

  it('are read again, here and by pngjs, and the pixels stay', async () => {
    const written = Buffer.from(await encodePng(image, { metadata }, codec));
    expect(listed(written)).toEqual(listed(file));
    expect(Buffer.compare(decodePngSync(written, LIMITS).data, image.data)).toBe(0);
    expect(Buffer.compare(PNG.sync.read(written).data, image.data)).toBe(0);
  });
});

function splitChunks(bytes: Buffer): Set<string> {
  const chunks = new Set<string>();
  for (let at = 0; at < bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at);
    chunks.add(bytes.toString('hex', at, end));
    at = end;
  }
  return chunks;
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, at) => void bytes.writeUInt32BE(value, 4 * at));
  return bytes;
}

function animation(frames: number): Buffer {
  return chunk('acTL', words(frames, 0));
}

function frame(): Buffer {
  return chunk('fcTL', Buffer.alloc(26));
}

/** Exif data of two entries, of which the second one is the orientation. */
function exif(orientation: number, isLittleEndian = false): Buffer {
  const bytes = Buffer.alloc(8 + 2 + 2 * 12 + 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  bytes.write(isLittleEndian ? 'II' : 'MM');
  view.setUint16(2, 42, isLittleEndian);
  view.setUint32(4, 8, isLittleEndian);
  view.setUint16(8, 2, isLittleEndian);
  for (const [entry, [tag, value]] of [
    [0x0100, 13],
    [0x0112, orientation],
  ].entries()) {
    const at = 10 + 12 * entry;
    view.setUint16(at, tag, isLittleEndian);
    view.setUint16(at + 2, 3, isLittleEndian);
    view.setUint32(at + 4, 1, isLittleEndian);
    view.setUint16(at + 8, value, isLittleEndian);
  }
  return bytes;
}
