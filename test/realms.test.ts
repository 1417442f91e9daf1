/** Images and signals of another realm, as jest's tests and frames of a page have them. */
import { createContext, runInContext } from 'node:vm';
import { afterAll, expect, test } from 'vitest';
import { makeImage } from '../src/conformance/images.js';
import { type BackendName, dispose, transform, transformSync } from '../src/index.js';
import { decodePng, encodePng } from '../src/png.js';
import { describeOnGpu } from './gpu/devices.js';
import { firstDifference, referenceOf } from './transforms.js';

const image = makeImage('noise', 30, 20, 4, 1);
const expected = referenceOf(image, { border: 'reflect' });
const realm = createContext({});

/** The same bytes in memory of the other realm. */
function foreign(Class: string, Memory = 'ArrayBuffer', bytes = image.data): Uint8Array {
  const data = runInContext(`new ${Class}(new ${Memory}(${bytes.length}))`, realm);
  data.set(bytes);
  expect(data).not.toBeInstanceOf(Object.getPrototypeOf(Uint8Array));
  return data;
}

const ARRAYS = [
  ['Uint8Array', 'ArrayBuffer'],
  ['Uint8ClampedArray', 'ArrayBuffer'],
  ['Uint8Array', 'SharedArrayBuffer'],
] as const;

afterAll(dispose);

function testOn(backend: BackendName): void {
  test.each(ARRAYS)(`%s of %s on ${backend}, as input and output`, async (Class, Memory) => {
    const input = { ...image, data: foreign(Class, Memory) };
    const output = { ...image, data: foreign(Class, Memory) };
    const result = await transform(input, { backend, border: 'reflect', output });
    expect(result.image.data.buffer).toBe(output.data.buffer);
    expect(firstDifference(expected, result.image)).toBeUndefined();
  });
}

testOn('cpu');
testOn('reference');
describeOnGpu('gpu', () => testOn('gpu'));

test('on the calling thread', () => {
  const result = transformSync({ ...image, data: foreign('Uint8Array') }, { border: 'reflect' });
  expect(firstDifference(expected, result.image)).toBeUndefined();
});

test('PNG files, to images and back', async () => {
  const file = await encodePng({ ...image, data: foreign('Uint8Array', 'SharedArrayBuffer') });
  const decoded = await decodePng(foreign('Uint8Array', 'ArrayBuffer', file));
  expect(firstDifference(image, decoded)).toBeUndefined();
});

test("a signal that is none of this realm's: aborted before, and meanwhile", async () => {
  const signalOf = (signal: AbortSignal): AbortSignal =>
    runInContext(
      `(own) => ({
        get aborted() { return own.aborted; },
        get reason() { return own.reason; },
        throwIfAborted() { own.throwIfAborted(); },
        addEventListener(...args) { own.addEventListener(...args); },
        removeEventListener(...args) { own.removeEventListener(...args); },
      })`,
      realm,
    )(signal);
  const before = signalOf(AbortSignal.abort(new Error('not today')));
  await expect(transform(image, { signal: before })).rejects.toThrow('not today');
  const controller = new AbortController();
  const large = makeImage('noise', 2000, 2000, 4, 1);
  const options = { signal: signalOf(controller.signal), backend: 'cpu', threads: 1, passes: 100 } as const;
  setTimeout(() => controller.abort(new Error('enough')), 20);
  await expect(transform(large, options)).rejects.toThrow('enough');
});
