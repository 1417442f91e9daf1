import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { checkImage, copyImage, createImage, type Image, isShared, overlaps, rowsOf } from '../src/image.js';

const good: Image = { data: new Uint8Array(24), width: 2, height: 3, channels: 4 };

describe('checkImage', () => {
  test('fills in the row length and keeps the memory', () => {
    const checked = checkImage(good, 'image');
    expect(checked).toEqual({ data: good.data, width: 2, height: 3, channels: 4, rowBytes: 8 });
    expect(checked.data.buffer).toBe(good.data.buffer);
  });

  test.each([
    ['a clamped array', new Uint8ClampedArray(24)],
    ['a Buffer', Buffer.alloc(24)],
    ['a view at an odd offset', new Uint8Array(new ArrayBuffer(25), 1)],
    ['shared memory', new Uint8Array(new SharedArrayBuffer(24))],
    ['an array of another realm', runInNewContext('new Uint8Array(24)') as Uint8Array],
    ['a clamped array of another realm', runInNewContext('new Uint8ClampedArray(24)') as Uint8ClampedArray],
  ])('takes %s where it is', (_name, data) => {
    const checked = checkImage({ ...good, data }, 'image');
    expect(checked.data.buffer).toBe(data.buffer);
    expect(checked.data.byteOffset).toBe(data.byteOffset);
  });

  test.each([3, 4] as const)('the length tells that there are %i channels', (channels) => {
    const image = { data: new Uint8ClampedArray(6 * channels), width: 2, height: 3, colorSpace: 'srgb' };
    expect(checkImage(image, 'image')).toMatchObject({ channels, rowBytes: 2 * channels });
  });

  test('the raw output of sharp, spread', () => {
    const info: { channels: 1 | 2 | 3 | 4; size: number; premultiplied: boolean; width: number; height: number } = {
      ...{ width: 2, height: 3, channels: 3, size: 18, premultiplied: false },
    } as never;
    expect(checkImage({ data: Buffer.alloc(18), ...info }, 'image')).toMatchObject({ channels: 3, rowBytes: 6 });
  });

  test('the last row needs no padding', () => {
    expect(checkImage({ ...good, data: new Uint8Array(2 * 11 + 8), rowBytes: 11 }, 'image').rowBytes).toBe(11);
  });

  const resizable = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(24, {
    maxByteLength: 48,
  });
  test.each<[string, Partial<Record<keyof Image, unknown>>]>([
    ['Expected a Uint8Array or Uint8ClampedArray for image.data, but received an object of type Array.', { data: [1] }],
    ['Expected a Uint8Array or Uint8ClampedArray for image.data, but received undefined.', { data: undefined }],
    ['Expected memory of fixed length', { data: new Uint8Array(resizable) }],
    ['for image.width, but received 0 (number).', { width: 0 }],
    ['for image.width, but received 1.5 (number).', { width: 1.5 }],
    ["for image.height, but received '3' (string).", { height: '3' }],
    ['Expected 3 (RGB) or 4 (RGBA) for image.channels, but received 1 (number).', { channels: 1 }],
    ['Repeat each grey sample three times; sharp(data, { raw: info }).raw() does that.', { channels: 1 }],
    ['received 2 (number). Repeat each grey sample', { channels: 2 }],
    ['received 1 (number). Repeat each grey sample', { channels: undefined, data: new Uint8Array(6) }],
    ['but received 5 (number).', { channels: 5 }],
    ["but received '4' (string).", { channels: '4' }],
    ['but received undefined. Name it: with rowBytes the length does not tell.', { channels: undefined, rowBytes: 8 }],
    ['Name it: 25 bytes for 6 pixels do not tell.', { channels: undefined, data: new Uint8Array(25) }],
    [
      'Expected a Uint8Array or Uint8ClampedArray for image.data, but received an object of type Float32Array.',
      { data: new Float32Array(24) },
    ],
    ['Expected a Uint8Array or Uint8ClampedArray', { data: { [Symbol.toStringTag]: 'Uint8Array', byteLength: 24 } }],
    ['Expected a Uint8Array or Uint8ClampedArray', { data: Object.create(Uint8Array.prototype) }],
    ['Expected a Uint8Array or Uint8ClampedArray', { data: new Proxy(new Uint8Array(24), {}) }],
    ['received an object of type DataView.', { data: new DataView(new ArrayBuffer(24)) }],
    ['at least width * channels = 8 for image.rowBytes, but received 7 (number).', { rowBytes: 7 }],
    ['at least 26 bytes (2x3 RGBA) for image.data.byteLength, but received 24 (number).', { rowBytes: 9 }],
  ])('%s', (message, change) => {
    const bad = { ...good, ...change } as Image;
    expect(() => checkImage(bad, 'image')).toThrow(expect.objectContaining({ code: 'INVALID_IMAGE' }));
    expect(() => checkImage(bad, 'image')).toThrow(message);
  });

  test('no image at all', () => {
    expect(() => checkImage(null as unknown as Image, 'image')).toThrow('but received null.');
  });
});

test('overlap is a matter of bytes, not of objects', () => {
  const memory = new ArrayBuffer(100);
  const at = (offset: number) => ({ ...createImage(2, 3, 4), data: new Uint8Array(memory, offset, 24) });
  expect(overlaps(at(0), at(23))).toBe(true);
  expect(overlaps(at(23), at(0))).toBe(true);
  expect(overlaps(at(0), at(24))).toBe(false);
  expect(overlaps(at(24), at(0))).toBe(false);
  expect(overlaps(at(0), createImage(2, 3, 4))).toBe(false);
});

test('two shared memories may be one', () => {
  const memory = new SharedArrayBuffer(24);
  const on = (buffer: SharedArrayBuffer) => ({ ...createImage(2, 3, 4), data: new Uint8Array(buffer) });
  expect(overlaps(on(memory), on(structuredClone(memory)))).toBe(true);
  expect(overlaps(on(memory), createImage(2, 3, 4))).toBe(false);
});

test('memory that is not there is an error that says so', () => {
  expect(() => createImage(2 ** 26, 2 ** 26, 4)).toThrow(
    expect.objectContaining({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/^Not enough memory for an image of \d+ bytes/),
    }),
  );
});

test('rows of an image are a view of its memory', () => {
  const image = checkImage({ ...good, data: Uint8Array.from({ length: 40 }, (_, at) => at), rowBytes: 10 }, 'image');
  const rows = rowsOf(image, 1, 3);
  expect(rows).toMatchObject({ width: 2, height: 2, channels: 4, rowBytes: 10 });
  expect(rows.data.buffer).toBe(image.data.buffer);
  expect([...rows.data.subarray(0, 3)]).toEqual([10, 11, 12]);
});

test('a copy has memory of its own', () => {
  const image = checkImage(good, 'image');
  const copy = copyImage(image);
  expect(copy).toEqual(image);
  expect(copy.data.buffer).not.toBe(image.data.buffer);
});

describe('an array that claims to be what it is not', () => {
  const claiming = (length: number, properties: PropertyDescriptorMap) =>
    Object.defineProperties(new Uint8Array(length), properties);

  test('a length that is not its own is not believed: the kernels would read beyond the end', () => {
    class Long extends Uint8Array {
      override get byteLength() {
        return 10 ** 6;
      }
    }
    for (const data of [claiming(4, { byteLength: { value: 24 } }), new Long(4)]) {
      expect(() => checkImage({ ...good, data }, 'image')).toThrow(
        'for image.data.byteLength, but received 4 (number).',
      );
    }
  });

  test('another buffer, or another name, is not believed', () => {
    const other = new ArrayBuffer(24);
    const data = claiming(24, { buffer: { value: other }, [Symbol.toStringTag]: { value: 'Float32Array' } });
    expect(checkImage({ ...good, data }, 'image').data.buffer).not.toBe(other);
  });

  test('memory that hides that it can shrink is refused', () => {
    const buffer = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(24, { maxByteLength: 48 });
    Object.defineProperty(buffer, 'resizable', { value: false });
    expect(() => checkImage({ ...good, data: new Uint8Array(buffer) }, 'image')).toThrow('fixed length');
  });

  test('each field of an image is read once', () => {
    const lengths = [24, 4, 4];
    const image = {
      ...good,
      get data() {
        return new Uint8Array(lengths.shift()!);
      },
    };
    expect(checkImage(image, 'image').data.byteLength).toBe(24);
  });

  test('transferred memory has no bytes', () => {
    const data = new Uint8Array(24);
    structuredClone(data, { transfer: [data.buffer] });
    expect(() => checkImage({ ...good, data }, 'image')).toThrow('for image.data.byteLength, but received 0 (number).');
  });
});

test('shared memory of another realm is known as such', () => {
  const data = runInNewContext('new Uint8Array(new SharedArrayBuffer(24))') as Uint8Array;
  expect(isShared(checkImage({ ...good, data }, 'image'))).toBe(true);
  expect(isShared(checkImage(good, 'image'))).toBe(false);
});
