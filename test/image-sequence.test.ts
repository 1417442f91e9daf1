import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import * as browser from '../src/browser.js';
import { makeImage } from '../src/conformance/images.js';
import type { CheckedImage, Image } from '../src/image.js';
import { transformEach } from '../src/image-sequence.js';
import { createTransformStream, type TransformStreamOptions, transformImages } from '../src/transform.js';
import { referenceOf } from './transforms.js';

const SIZE = { width: 31, height: 17 };

function frames(count: number, channels: 3 | 4 = 4): CheckedImage[] {
  return Array.from({ length: count }, (_, seed) => makeImage('noise', SIZE.width, SIZE.height, channels, seed + 1));
}

function bytesOf(images: readonly CheckedImage[]): Buffer {
  return Buffer.concat(images.map(({ data }) => data));
}

function productsOf(images: readonly CheckedImage[]): Buffer {
  return bytesOf(images.map((image) => referenceOf(image, { border: 'wrap' })));
}

function* cut(bytes: Buffer, byteLength: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += byteLength) yield bytes.subarray(at, at + byteLength);
}

async function gather(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('images one after another', () => {
  test('give what each gives alone, in their order', async () => {
    const images = frames(9);
    const results: CheckedImage[] = [];
    for await (const { image, backend } of transformImages(images, { border: 'wrap' })) {
      expect(backend).toMatch(/gpu|cpu/);
      results.push(image);
    }
    expect(bytesOf(results).equals(productsOf(images))).toBe(true);
  });

  test('are asked for only while three are under way', async () => {
    let asked = 0;
    const images = (function* () {
      for (const image of frames(20)) {
        asked++;
        yield image;
      }
    })();
    const results = transformImages(images);
    for (let taken = 1; taken <= 5; taken++) {
      await results.next();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(asked).toBe(taken + 2);
    }
  });

  test('end where one fails, in its turn; the source is told', async () => {
    let isClosed = false;
    const images = (function* () {
      try {
        yield* frames(2);
        yield { data: new Uint8Array(1), width: 1, height: 1 };
        yield* frames(9);
      } finally {
        isClosed = true;
      }
    })();
    const results = transformImages(images);
    await results.next();
    await results.next();
    await expect(results.next()).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    expect(await results.next()).toMatchObject({ done: true });
    expect(isClosed).toBe(true);
  });

  test('a failure that nobody waits for any more is no unhandled rejection', async () => {
    const fail = async (image: Image) => {
      if (image.width === 1) return 'done';
      throw new Error('nobody hears this');
    };
    const images = [1, 2, 2].map((width) => ({ data: new Uint8Array(4 * width), width, height: 1 }));
    const results = transformEach(images, fail);
    expect((await results.next()).value).toBe('done');
    await results.return();
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('an aborted signal ends them', async () => {
    const controller = new AbortController();
    const results = transformImages(frames(9), { signal: controller.signal });
    await results.next();
    controller.abort(new Error('enough'));
    await expect(results.next().then(() => results.next())).rejects.toThrow('enough');
  });

  test('options are checked at once', () => {
    expect(() => transformImages([], { border: 'none' as never })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  });
});

/** Both kinds of stream as functions of the whole input. */
const STREAMS: readonly [string, (pieces: Iterable<Buffer>, options: TransformStreamOptions) => Promise<Buffer>][] = [
  ['in Node', (pieces, options) => pipeline(Readable.from(pieces), createTransformStream(options), gather)],
  [
    'in a page',
    (pieces, options) => {
      const stream = browser.createTransformStream(options as never);
      return gather((Readable.toWeb(Readable.from(pieces)) as ReadableStream).pipeThrough(stream) as never);
    },
  ],
];

describe.each(STREAMS)('a stream of raw samples %s', (_, run) => {
  test.each([1, 7, 4096, 31 * 17 * 4, 2 ** 20])('in pieces of %i bytes', async (byteLength) => {
    const images = frames(byteLength < 10 ? 2 : 5);
    const output = await run(cut(bytesOf(images), byteLength), { ...SIZE, border: 'wrap' });
    expect(output.equals(productsOf(images))).toBe(true);
  });

  test('of three channels', async () => {
    const images = frames(3, 3);
    const output = await run(cut(bytesOf(images), 1000), { ...SIZE, channels: 3, border: 'wrap' });
    expect(output.equals(productsOf(images))).toBe(true);
  });

  test('without any', async () => expect(await run([], SIZE)).toHaveLength(0));

  test('that ends within an image', async () => {
    const bytes = bytesOf(frames(2)).subarray(0, -5);
    await expect(run(cut(bytes, 1000), SIZE)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: expect.stringContaining('The last image is incomplete: it has 2103 of the 2108 bytes of 31x17 RGBA.'),
    });
  });

  test.each([
    [{ width: 0, height: 1 }, 'options.width'],
    [{ width: 1, height: 1.5 }, 'options.height'],
    [{ width: 1, height: 1, channels: 1 }, 'options.channels'],
    [{ width: 1, height: 1, bordr: 'wrap' }, 'the name of an option'],
  ])('refuses %j at once', (options, name) => {
    for (const create of [createTransformStream, browser.createTransformStream]) {
      expect(() => create(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
      expect(() => create(options as never)).toThrow(name);
    }
  });
});

describe('a stream in Node', () => {
  test('holds back a source that is faster than what takes the products', async () => {
    const [size, count] = [{ width: 200, height: 100 }, 40];
    let given = 0;
    const source = Readable.from(
      (function* () {
        for (; given < count; given++) yield Buffer.alloc(80_000, given);
      })(),
      { highWaterMark: 1 },
    );
    let taken = 0;
    const slow = new Writable({
      highWaterMark: 1,
      write(_piece, _encoding, done) {
        taken++;
        setTimeout(done, taken === 1 ? 300 : 0);
      },
    });
    const done = pipeline(source, createTransformStream(size), slow);
    await new Promise((resolve) => setTimeout(resolve, 250));
    // Three under way, one being gathered, and one in each buffer between source and sink.
    expect({ taken, isHeldBack: given <= 12 }).toEqual({ taken: 1, isHeldBack: true });
    await done;
    expect({ given, taken }).toEqual({ given: count, taken: count });
  });

  test('that is destroyed ends its source and leaves nothing running', async () => {
    const source = Readable.from(cut(bytesOf(frames(50)), 500));
    const stream = createTransformStream(SIZE);
    const done = pipeline(source, stream, new Writable({ write: (_piece, _encoding, end) => setTimeout(end, 50) }));
    setTimeout(() => stream.destroy(new Error('enough')), 60);
    await expect(done).rejects.toThrow('enough');
    expect(source.destroyed).toBe(true);
  });

  test('fails with what the source fails with', async () => {
    const source = new Readable({
      read() {
        this.destroy(new Error('the camera is gone'));
      },
    });
    await expect(pipeline(source, createTransformStream(SIZE), new Writable())).rejects.toThrow('the camera is gone');
  });
});
