import { describe, expect, test } from 'vitest';
import type { BackendName } from '../../src/backends.js';
import { poolThreads } from '../../src/cores.js';
import { NeighborProductError } from '../../src/errors.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import type { Watch } from '../../src/image-files/flow.js';
import {
  type FileCalls,
  type FileOutcome,
  type FilesRequest,
  inOrder,
  outcomesAsTheyCome,
  watchCalls,
} from '../../src/image-files/transform-files.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { type Span, withSpan } from '../../src/span.js';
import type { Result } from '../../src/transform.js';
import { type NamedInput, namedInput, readerOf } from './inputs.js';

const REQUEST: FilesRequest = { ...DEFAULT_OPERATION, backend: 'auto', compression: 'balanced' };

/** As if a backend had computed it. */
function resultFor(image: CheckedImage, backend: BackendName): Result {
  const shares = [{ backend, device: 'none', rows: 1, elapsedMs: 0 }];
  return { image, backend, shares, device: 'none', reason: '', exactPixels: 0, elapsedMs: 0 };
}

/** Takes so many turns of the event loop, however long they are. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('several files', () => {
  const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const MOST = poolThreads() - 1;

  interface Scene {
    readonly backend?: BackendName;
    readonly width?: number;
    /** Images that are decoded as a whole. */
    readonly whole?: string;
    readonly failing?: Readonly<Record<string, NeighborProductError>>;
  }

  /** Runs over files of which every other takes long, and returns how many were worked on at once. */
  async function play(
    { backend = 'cpu', width = 1, whole = '', failing = {} }: Scene,
    options: Partial<FilesRequest> = {},
  ) {
    const working = new Set<string>();
    let most = 0;
    let mostWithWhole = 0;
    const written: string[] = [];
    const image = createImage(width, 1, 4);
    const calls: FileCalls = {
      openInput: async (name) => {
        if (failing[name]) throw failing[name];
        return namedInput(name);
      },
      openImage: async (input) => {
        const { name } = input as NamedInput;
        const read = async () => {
          working.add(name);
          most = Math.max(most, working.size);
          if ([...working].some((other) => whole.includes(other)))
            mostWithWhole = Math.max(mostWithWhole, working.size);
          await turns(NAMES.indexOf(name) % 2 ? 1 : 20);
        };
        return readerOf(image, { read, heldBytes: whole.includes(name) ? Number.POSITIVE_INFINITY : 0 });
      },
      transform: async (input, { output } = {}) => resultFor((output ?? input) as CheckedImage, backend),
      openBackend: async () => {},
      isDistrusted: () => false,
      create: (name) => {
        const finish = async () => {
          working.delete(name);
          written.push(name);
          return undefined;
        };
        return { take: async () => {}, finish, abandon: async () => void working.delete(name) };
      },
      watch: (_name, step) => step(),
    };
    const files = NAMES.map((name) => ({ input: name, output: name }));
    const outcomes: FileOutcome[] = [];
    for await (const { outcome } of inOrder(outcomesAsTheyCome(files, { ...REQUEST, ...options }, calls))) {
      outcomes.push(outcome);
    }
    return {
      most,
      mostWithWhole,
      written,
      names: outcomes.map(({ file }) => file.input),
      kinds: outcomes.map(({ kind }) => kind),
    };
  }

  test('several at once, as many as there are threads and one more, reported in the order of the inputs', async () => {
    const { most, names, written } = await play({});
    expect({ most, names }).toEqual({ most: MOST, names: NAMES });
    expect(written.toSorted()).toEqual(NAMES);
    expect(written).not.toEqual(NAMES);
  });

  test.each([
    ['the reference runs', { backend: 'reference' }, {}],
    ['each is decoded as a whole', { whole: NAMES.join('') }, {}],
    ['memory is short', {}, { maxMemory: 20 * 2 ** 20 }],
    ['the reference verifies', {}, { verify: true }],
    ['one job is wanted', {}, { jobs: 1 }],
  ] as [string, Scene, Partial<FilesRequest>][])('one after another if %s', async (_, scene, options) => {
    expect(await play(scene, options)).toMatchObject({ most: 1, written: NAMES, names: NAMES });
  });

  test('fewer at once if so many would take too much memory', async () => {
    expect(await play({}, { maxMemory: 40 * 2 ** 20 })).toMatchObject({ most: 2 });
    // Strips of 4 MiB, besides what reading and writing hold.
    expect(await play({ width: 2 ** 20 }, { maxMemory: 60 * 2 ** 20 })).toMatchObject({ most: 1 });
  });

  test('an image that is decoded as a whole is alone, whatever came before it', async () => {
    expect(await play({ whole: 'ce' })).toMatchObject({ most: MOST, mostWithWhole: 1, names: NAMES });
  });

  test('files that are read whole are opened one at a time, until there is room for them', async () => {
    let [opened, most] = [0, 0];
    const image = createImage(4, 4, 4);
    const held = 40 * 2 ** 20;
    const calls: FileCalls = {
      openInput: async (name) => namedInput(name),
      openImage: async () => {
        opened++;
        most = Math.max(most, opened);
        await turns(2);
        return readerOf(image, { heldBytes: held, close: async () => void opened-- });
      },
      transform: async (input, { output } = {}) => resultFor((output ?? input) as CheckedImage, 'cpu'),
      openBackend: async () => {},
      isDistrusted: () => false,
      create: () => ({ take: async () => {}, finish: async () => undefined, abandon: async () => {} }),
      watch: (_name, step) => step(),
    };
    const files = NAMES.map((name) => ({ input: `${name}.bmp`, output: name }));
    const request = { ...REQUEST, jobs: 8, maxMemory: 64 * 2 ** 20 };
    for await (const { outcome } of outcomesAsTheyCome(files, request, calls)) expect(outcome.kind).toBe('done');
    // One that is transformed, and one that waits for its memory.
    expect({ most, opened }).toEqual({ most: 2, opened: 0 });
  });

  test('bad images stop no other', async () => {
    const bad = new NeighborProductError('INVALID_PNG', '');
    const { names, kinds, written } = await play({ failing: { a: bad, d: bad } });
    expect(names).toEqual(NAMES);
    expect(kinds).toEqual(NAMES.map((name) => ('ad'.includes(name) ? 'failed' : 'done')));
    expect(written.toSorted()).toEqual(['b', 'c', 'e', 'f', 'g', 'h']);
  });

  test('without its backend no other image is begun, and those begun are reported', async () => {
    const unavailable = new NeighborProductError('BACKEND_UNAVAILABLE', '');
    expect(await play({ failing: { a: unavailable } })).toMatchObject({ names: ['a'], written: [] });
    const { names, written } = await play({ failing: { b: unavailable } });
    expect(names).toEqual(NAMES.slice(0, names.length));
    expect(names.length).toBeLessThanOrEqual(1 + MOST);
    expect(written.toSorted()).toEqual(names.filter((name) => name !== 'b'));
  });
});

test('a step that fails is in the trace', async () => {
  const spans: Span[] = [];
  const openInput = async () => {
    throw new Error('broken');
  };
  const watch: Watch = (name, step) => withSpan((span) => spans.push(span), name, step);
  const create = () => ({ take: async () => {}, finish: async () => undefined, abandon: async () => {} });
  const openBackend = async () => {};
  const calls = watchCalls({ openInput, create, openBackend } as unknown as FileCalls, watch);
  const outcomes = outcomesAsTheyCome([{ input: 'a.png', output: 'b.png' }], REQUEST, calls);
  for await (const { outcome } of outcomes)
    expect(outcome).toMatchObject({ kind: 'failed', error: { message: 'broken' } });
  expect(spans.map(({ name }) => name)).toEqual(['read a.png']);
});
