import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { TransformRequest } from '../../src/cli/program.js';
import { type Outcome, type Steps, transformFiles } from '../../src/cli/transform-files.js';
import type { CodecUse } from '../../src/codec/png.js';
import { pngjsCodec } from '../../src/codec/pngjs-codec.js';
import { NeighborProductError } from '../../src/errors.js';
import { createRaster } from '../../src/image.js';
import type { BackendName, Result } from '../../src/index.js';
import { DEFAULT_OPERATION } from '../../src/options.js';

const REQUEST = { transform: { ...DEFAULT_OPERATION, backend: 'auto' }, maxPixels: 99 } as unknown as TransformRequest;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const MOST = Math.min(availableParallelism(), 4) + 1;

const onThread = { codec: pngjsCodec, reason: '' };
const offThread = { codec: { ...pngjsCodec, readSamplesOffThread: async () => new Uint8Array() }, reason: '' };

interface Scene {
  readonly backend?: BackendName;
  readonly codecs?: CodecUse;
  readonly width?: number;
  /** Of some pictures, by name. */
  readonly widths?: Readonly<Record<string, number>>;
  /** Pictures of this width keep the thread busy. */
  readonly onThreadWidth?: number;
  readonly failing?: Readonly<Record<string, NeighborProductError>>;
}

/** Runs over files of which every other takes long, and tells how many were worked on at once. */
async function play(
  {
    backend = 'cpu',
    codecs = { decoder: offThread, encoder: offThread },
    width = 1,
    widths = {},
    onThreadWidth,
    failing = {},
  }: Scene,
  asked: Partial<TransformRequest> = {},
) {
  let working = 0;
  let most = 0;
  let pixels = 0;
  let mostPixels = 0;
  const written: string[] = [];
  const image = { ...createRaster(1, 1, 4), width };
  const widthOf = (path: string) => widths[path] ?? width;
  const steps: Steps = {
    read: async (path) => {
      if (failing[path]) throw failing[path];
      return Buffer.from(path);
    },
    declaredSize: (file) => ({ width: widthOf(`${file}`), height: 1 }),
    decode: async (file) => {
      pixels += widthOf(`${file}`);
      most = Math.max(most, ++working);
      mostPixels = Math.max(mostPixels, working > 1 ? pixels : 0);
      await sleep(NAMES.indexOf(`${file}`) % 2 ? 1 : 20);
      return { ...image, width: widthOf(`${file}`) };
    },
    transform: async (picture) => ({ image: picture, backend }) as Result,
    encode: async () => new Uint8Array(),
    codecs: ({ width: columns }) => (columns === onThreadWidth ? { decoder: onThread, encoder: onThread } : codecs),
    write: async (path) => {
      working--;
      pixels -= widthOf(path);
      written.push(path);
    },
  };
  const plans = NAMES.map((name) => ({ input: name, output: name }));
  const outcomes: Outcome[] = [];
  for await (const outcome of transformFiles(plans, { ...REQUEST, ...asked }, steps)) outcomes.push(outcome);
  return {
    most,
    mostPixels,
    written,
    names: outcomes.map(({ plan }) => plan.input),
    kinds: outcomes.map(({ kind }) => kind),
  };
}

test('several at once, as many as there are threads and one more, told in the order they were named', async () => {
  const { most, names, written } = await play({});
  expect({ most, names }).toEqual({ most: MOST, names: NAMES });
  expect(written.toSorted()).toEqual(NAMES);
  expect(written).not.toEqual(NAMES);
});

test.each([
  ['the reference runs', { backend: 'reference' }, {}],
  ['the decoder keeps the thread busy', { codecs: { decoder: onThread, encoder: offThread } }, {}],
  ['the encoder keeps the thread busy', { codecs: { decoder: offThread, encoder: onThread } }, {}],
  ['the pictures are large', { width: 2 ** 26 }, {}],
  ['the reference checks', {}, { verify: true }],
  ['a trace is asked for', {}, { trace: 'trace.json' }],
] as [string, Scene, Partial<TransformRequest>][])('one after another where %s', async (_, scene, asked) => {
  expect(await play(scene, { verify: false, ...asked })).toMatchObject({ most: 1, written: NAMES, names: NAMES });
});

test('fewer at once where so many pixels would be too many', async () => {
  expect(await play({ width: 2 ** 25 })).toMatchObject({ most: 2 });
});

test('large pictures behind a small one are too many, too', async () => {
  const widths = { b: 2 ** 26, c: 2 ** 25, d: 2 ** 25, e: 2 ** 28 };
  const { mostPixels, names } = await play({ widths });
  expect(names).toEqual(NAMES);
  expect(mostPixels).toBeGreaterThan(0);
  expect(mostPixels).toBeLessThanOrEqual(2 ** 26);
});

test('a picture that keeps the thread busy is alone, whatever came before it', async () => {
  const { mostPixels } = await play({ widths: { c: 2 ** 25 }, onThreadWidth: 2 ** 25 });
  expect(mostPixels).toBeLessThan(2 ** 25);
});

test('bad pictures stop no other', async () => {
  const bad = new NeighborProductError('INVALID_PNG', '');
  const { names, kinds, written } = await play({ failing: { a: bad, d: bad } });
  expect(names).toEqual(NAMES);
  expect(kinds).toEqual(NAMES.map((name) => ('ad'.includes(name) ? 'failed' : 'done')));
  expect(written.toSorted()).toEqual(['b', 'c', 'e', 'f', 'g', 'h']);
});

test('without its backend no other picture is begun, and those begun are told', async () => {
  const unavailable = new NeighborProductError('BACKEND_UNAVAILABLE', '');
  expect(await play({ failing: { a: unavailable } })).toMatchObject({ names: ['a'], written: [] });
  const { names, written } = await play({ failing: { b: unavailable } });
  expect(names).toEqual(NAMES.slice(0, 1 + MOST));
  expect(written.toSorted()).toEqual(names.filter((name) => name !== 'b'));
});
