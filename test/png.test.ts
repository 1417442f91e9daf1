import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeImage } from '../src/conformance/images.js';
import { decodePngSync as decodeNow } from '../src/formats/png/decode.js';
import { decodePng, encodePng, type Image } from '../src/png.js';
import { firstDifference } from './transforms.js';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/png/valid/${name}`, import.meta.url));
const image = makeImage('noise', 33, 20, 4, 2);

test('every kind of PNG gives the pixels that the command reads', async () => {
  const names = readdirSync(new URL('../fixtures/png/valid', import.meta.url)).filter((name) => name.endsWith('.png'));
  expect(names.length).toBeGreaterThan(80);
  for (const name of names) {
    const decoded = await decodePng(fixture(name));
    expect(firstDifference(decodeNow(fixture(name), { maxPixels: 2 ** 20 }), decoded), name).toBeUndefined();
  }
});

test.each(['fast', 'balanced', 'small', undefined] as const)(
  'an image comes back from a file: %s',
  async (compression) => {
    const decoded = await decodePng(await encodePng(image, { compression }), { maxPixels: undefined });
    expect(firstDifference(image, decoded)).toBeUndefined();
  },
);

test('an image as a canvas has it is encoded', async () => {
  const { data, width, height } = image;
  const file = await encodePng({ data: new Uint8ClampedArray(data), width, height });
  expect(firstDifference(image, await decodePng(file))).toBeUndefined();
});

test('a limit is kept to the pixel', async () => {
  const file = await encodePng(image);
  await decodePng(file, { maxPixels: 33 * 20 });
  await expect(decodePng(file, { maxPixels: 33 * 20 - 1 })).rejects.toMatchObject({ code: 'TOO_MANY_PIXELS' });
});

test.each<[string, string, () => Promise<unknown>]>([
  ['INVALID_OPTION', 'Expected a Uint8Array for file', () => decodePng('in.png' as never)],
  ['INVALID_OPTION', 'Expected a Uint8Array for file', () => decodePng(new DataView(new ArrayBuffer(99)) as never)],
  ['INVALID_OPTION', 'for options.maxPixels, but received 0', () => decodePng(fixture('rgb-8.png'), { maxPixels: 0 })],
  ['INVALID_OPTION', "received 'maxPixel'", () => decodePng(fixture('rgb-8.png'), { maxPixel: 1 } as never)],
  ['INVALID_PNG', 'PNG', () => decodePng(Buffer.from('\xff\xd8\xff\xe0'.padEnd(40), 'latin1'))],
  ['INVALID_PNG', 'PNG', () => decodePng(new Uint8Array())],
  ['INVALID_IMAGE', 'for image.width', () => encodePng({ ...image, width: 0 })],
  ['INVALID_IMAGE', 'Repeat each grey sample', () => encodePng({ ...image, channels: 1 } as Image)],
  ['INVALID_OPTION', 'one of fast, balanced, small', () => encodePng(image, { compression: 'best' as never })],
])('%s: %s', async (code, message, call) => {
  await expect(call()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});
