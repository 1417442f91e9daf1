import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { chunksIn } from '../../fixtures/png/build-png.mjs';
import type { BackendName } from '../../src/backends.js';
import type { Watch } from '../../src/cli/flow.js';
import type { FileOutcome } from '../../src/cli/report.js';
import { type Calls, runTransform, transformFiles, watchCalls } from '../../src/cli/transform.js';
import { findDifference, verify } from '../../src/cli/verify.js';
import { availableCores } from '../../src/cpu/cores.js';
import { type ErrorCode, NeighborProductError } from '../../src/errors.js';
import type { Input } from '../../src/files/byte-source.js';
import type { Extra, ImageReader } from '../../src/formats/formats.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { transformReference } from '../../src/reference.js';
import { type Span, withSpan } from '../../src/span.js';
import { type Result, type TransformOptions, transformSync } from '../../src/transform.js';
import { folderWith, testImage } from './command.js';
import { requestOf } from './requests.js';

/** The name of an input stands for its file. */
interface NamedInput extends Input {
  readonly name: string;
}

function namedInput(name: string): NamedInput {
  return { name, byteLength: 1, read: async () => new Uint8Array(), close: async () => {} };
}

/** An image in memory as that of a file. */
function readerOf(image: CheckedImage, parts: Partial<ImageReader> = {}): ImageReader {
  let at = 0;
  const { width, height, channels } = image;
  const read = async (rows: Uint8Array) => {
    rows.set(image.data.subarray(at, at + rows.length));
    at += rows.length;
  };
  const codec = { name: 'a codec', detail: 'for tests' };
  const nothing = async () => {};
  const rows = { width, height, channels, read, finish: nothing, close: nothing };
  return { ...rows, extras: [], isOpaque: true, heldBytes: 0, codec, ...parts };
}

describe('the command', () => {
  /** What a fake backend returns, and which inputs cannot be read. */
  interface Scene {
    readonly backend?: BackendName;
    readonly fault?: string;
    readonly spoil?: (image: CheckedImage) => void;
    readonly failures?: Readonly<Record<string, ErrorCode>>;
    readonly extras?: Readonly<Record<string, readonly Extra[]>>;
  }

  /** Runs the command without a file and without a backend but the reference, and returns everything it did. */
  async function play(scene: Scene, options = '', inputs = ['a.png']) {
    const written: string[] = [];
    const asked: TransformOptions[] = [];
    const filters: number[] = [];
    const copied: string[][] = [];
    const log: string[] = [];
    const records: string[] = [];
    const calls: Calls = {
      openInput: async (input) => {
        const code = scene.failures?.[input];
        if (code) throw new NeighborProductError(code, `the message of ${code}`);
        return namedInput(input);
      },
      openImage: async (input) =>
        readerOf(testImage(5, 4), { extras: scene.extras?.[(input as NamedInput).name] ?? [] }),
      transform: async (image, transformOptions = {}) => {
        asked.push(transformOptions);
        return transformAs(scene, image as CheckedImage, transformOptions);
      },
      openBackend: async () => {},
      create: (output) => {
        const pieces: Uint8Array[] = [];
        const finish = async () => {
          const chunks = [...chunksIn(Buffer.concat(pieces))];
          written.push(path.basename(output));
          copied.push(chunks.map(({ type }) => type).filter((type) => !['IHDR', 'IDAT', 'IEND'].includes(type)));
          const compressed = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data);
          filters.push(inflateSync(Buffer.concat(compressed))[0]);
          return undefined;
        };
        return { take: async (given) => void pieces.push(...given), finish, abandon: async () => {} };
      },
      watch: (_name, step) => step(),
    };
    const args = [...options.split(' ').filter(Boolean), '-o', `${folderWith()}/`, ...inputs];
    const exitCode = await runTransform(requestOf(...args), calls, {
      print: async (line) => void records.push(line),
      warn: (text) => void log.push(text),
      isColoured: false,
    });
    return { exitCode, written, asked, filters, copied, log, records };
  }

  function transformAs(
    { backend = 'cpu', fault, spoil }: Scene,
    image: CheckedImage,
    options: TransformOptions,
  ): Result {
    const result = transformSync(image, { ...options, backend: 'reference' });
    spoil?.(result.image);
    return { ...result, backend, reason: 'the reason', ...(fault !== undefined && { fault }) };
  }

  const oneByteOff = ({ data }: CheckedImage) => {
    data[(2 * 5 + 1) * 4 + 2] ^= 1;
  };

  const warningsIn = (log: readonly string[]) => log.filter((line) => line.startsWith('warning:'));

  test('an image is written and reported in one line', async () => {
    const { exitCode, written, log, records } = await play({});
    expect({ exitCode, written, records }).toEqual({ exitCode: 0, written: ['a.png'], records: [] });
    expect(log).toEqual([
      expect.stringMatching(/^a\.png → .*a\.png {2}5x4 {2}cpu \(.*; the reason\) {2}\d+.* ms \(decode /),
    ]);
  });

  test('the line has no reason if the best backend ran, or if a backend was chosen', async () => {
    expect((await play({ backend: 'gpu' })).log.join()).not.toContain('the reason');
    expect((await play({}, '--backend cpu')).log.join()).not.toContain('the reason');
  });

  test('the options reach the transform and the encoder', async () => {
    const options = '--backend cpu --alpha channel --border wrap --passes 2 --threads 3 --compression fast';
    const { asked, filters } = await play({}, options);
    expect(asked).toMatchObject([{ backend: 'cpu', alpha: 'channel', border: 'wrap', passes: 2, threads: 3 }]);
    expect(filters, 'Sub').toEqual([1]);
    expect((await play({}, '--compression balanced')).filters).not.toEqual([1]);
  });

  test('--verify accepts equal bytes', async () => {
    const { exitCode, written, log } = await play({}, '--verify');
    expect({ exitCode, written }).toEqual({ exitCode: 0, written: ['a.png'] });
    expect(log[0]).toMatch(/, verified$/);
  });

  test('--verify finds one byte and its place, and nothing is written', async () => {
    const { exitCode, written, log, records } = await play({ spoil: oneByteOff }, '--verify --json');
    expect({ exitCode, written }).toEqual({ exitCode: 1, written: [] });
    expect(log).toEqual([
      expect.stringMatching(/^error: a\.png: 1 of 20 pixels differ .*, first at x = 1, y = 2: expected .*, actual /),
    ]);
    expect(JSON.parse(records[0]).error.code).toBe('DIFFERENCES_FOUND');
  });

  test('without --verify nothing is compared', async () => {
    expect(await play({ spoil: oneByteOff })).toMatchObject({ exitCode: 0, written: ['a.png'] });
  });

  test('if the reference itself ran, --verify warns that it compared nothing', async () => {
    const { exitCode, log, records } = await play({ backend: 'reference' }, '--verify --json');
    expect(exitCode).toBe(0);
    expect(log.join()).toContain('--verify compared nothing');
    expect(JSON.parse(records[0]).verified).toBe(false);
  });

  test('falling back to the reference is a warning, once, with what to do', async () => {
    const { log } = await play({ backend: 'reference' }, '', ['a.png', 'b.png']);
    expect(warningsIn(log)).toEqual([
      'warning: The slow reference ran: the reason. Run neighbor-product devices to see what to do.',
    ]);
    expect(warningsIn((await play({ backend: 'reference' }, '--backend reference')).log)).toEqual([]);
  });

  test('a fault is a warning as it stands, once', async () => {
    const fault = 'GPU failed while reading back (the device was lost); finished on the CPU. The output is correct.';
    const { exitCode, log, written } = await play({ fault }, '', ['a.png', 'b.png']);
    expect({ exitCode, written }).toEqual({ exitCode: 0, written: ['a.png', 'b.png'] });
    expect(warningsIn(log)).toEqual([`warning: ${fault}`]);
  });

  describe('what the input holds besides the image', () => {
    const [density, text, orientation] = [
      { id: 'density', term: 'density', copies: [{ type: 'pHYs', data: new Uint8Array() }] },
      { id: 'text', term: 'text', copies: [{ type: 'tEXt', data: new Uint8Array() }] },
      { id: 'orientation', term: 'orientation 6', copies: [{ type: 'eXIf', data: new Uint8Array() }] },
    ] as const satisfies Extra[];
    const exif: Extra = { id: 'exif', term: 'Exif data', copies: orientation.copies };
    const deep: Extra = { id: '16-bit', term: '16-bit samples', copies: [] };
    const extras = { 'a.png': [density], 'b.png': [density, text, deep], 'c.png': [text, density, deep] };
    const inputs = Object.keys(extras);

    test('is dropped with one warning for each kind, however many images hold it', async () => {
      const { log, copied } = await play({ extras }, '', inputs);
      expect(warningsIn(log)).toEqual([
        'warning: Not in the output: density. Add --metadata keep to copy it.',
        'warning: 16-bit samples were rounded to 8 bits.',
        'warning: Not in the output: text. Add --metadata keep to copy it.',
      ]);
      expect(copied).toEqual([[], [], []]);
    });

    test('is copied by --metadata keep, each chunk once, and what cannot be copied is still a warning', async () => {
      const scene = { extras: { 'a.png': [density, exif, orientation, deep] } };
      const { log, copied, records } = await play(scene, '--metadata keep --json');
      expect(copied).toEqual([['pHYs', 'eXIf']]);
      expect(log).toEqual(['warning: 16-bit samples were rounded to 8 bits.']);
      expect(JSON.parse(records[0])).toMatchObject({ kept: ['density', 'exif', 'orientation'], dropped: ['16-bit'] });
    });

    test('is dropped by --metadata drop without a warning, but not the rest', async () => {
      const { log, copied } = await play({ extras }, '--metadata drop', inputs);
      expect(warningsIn(log)).toEqual(['warning: 16-bit samples were rounded to 8 bits.']);
      expect(copied).toEqual([[], [], []]);
    });

    test('is in the records of all images, and --quiet prints nothing of it', async () => {
      const { log, records } = await play({ extras }, '--json --quiet', inputs);
      expect(log).toEqual([]);
      expect(records.map((line) => JSON.parse(line).dropped)).toEqual([
        ['density'],
        ['density', 'text', '16-bit'],
        ['text', 'density', '16-bit'],
      ]);
    });
  });

  test('--quiet prints errors only, --json replaces the summary, --verbose adds to it', async () => {
    const failures = { 'x.png': 'INVALID_PNG' } as const;
    const quiet = await play({ backend: 'reference', failures }, '--quiet', ['a.png', 'x.png']);
    expect(quiet.log).toEqual(['error: x.png: the message of INVALID_PNG']);
    const json = await play({}, '--json');
    expect(json.log).toEqual([]);
    expect(JSON.parse(json.records[0])).toMatchObject({ input: 'a.png', backend: 'cpu', width: 5, height: 4 });
    const verbose = await play({}, '--verbose');
    expect(verbose.log.join('\n')).toContain('why cpu: the reason');
  });

  test('a bad image is reported, the others are done, and the first failure gives the exit code', async () => {
    const failures = { 'x.png': 'INVALID_PNG', 'y.png': 'OUTPUT_UNWRITABLE' } as const;
    const xFirst = await play({ failures }, '--json', ['a.png', 'x.png', 'b.png', 'y.png', 'c.png']);
    expect(xFirst.exitCode).toBe(3);
    // Several are under way at once and end in any order.
    expect(xFirst.written.toSorted()).toEqual(['a.png', 'b.png', 'c.png']);
    expect(xFirst.records.map((line) => JSON.parse(line).error?.code)).toEqual([
      undefined,
      'INVALID_PNG',
      undefined,
      'OUTPUT_UNWRITABLE',
      undefined,
    ]);
    expect(await play({ failures }, '', ['y.png', 'x.png'])).toMatchObject({ exitCode: 5, written: [] });
  });

  test('without its backend no other image is tried', async () => {
    const failures = { 'x.png': 'BACKEND_UNAVAILABLE' } as const;
    const { exitCode, written, log } = await play({ failures }, '', ['x.png', 'a.png', 'b.png']);
    expect({ exitCode, written }).toEqual({ exitCode: 4, written: [] });
    expect(log).toHaveLength(1);
  });

  test('a defect ends one image, not the run', async () => {
    const spoil = (image: CheckedImage) => {
      if (failures++ === 0) throw new TypeError(`x is not y in ${image.width}`);
    };
    let failures = 0;
    const { exitCode, written, log } = await play({ spoil }, '', ['a.png', 'b.png']);
    expect({ exitCode, written }).toEqual({ exitCode: 70, written: ['b.png'] });
    expect(log[0]).toMatch(/^error: a\.png: This is a defect of neighbor-product, .*x is not y in 5\n/);
  });
});

describe('several files', () => {
  const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const MOST = Math.min(availableCores(), 4) + 1;

  interface Scene {
    readonly backend?: BackendName;
    readonly width?: number;
    /** Images that are decoded as a whole. */
    readonly whole?: string;
    readonly failing?: Readonly<Record<string, NeighborProductError>>;
  }

  /** Runs over files of which every other takes long, and returns how many were worked on at once. */
  async function play({ backend = 'cpu', width = 1, whole = '', failing = {} }: Scene, ...options: string[]) {
    const working = new Set<string>();
    let most = 0;
    let mostWithWhole = 0;
    const written: string[] = [];
    const image = createImage(width, 1, 4);
    const calls: Calls = {
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
          await sleep(NAMES.indexOf(name) % 2 ? 1 : 20);
        };
        return readerOf(image, { read, heldBytes: whole.includes(name) ? Number.POSITIVE_INFINITY : 0 });
      },
      transform: async (input, { output } = {}) => ({ image: output ?? input, backend }) as Result,
      openBackend: async () => {},
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
    const plans = NAMES.map((name) => ({ input: name, output: name }));
    const outcomes: FileOutcome[] = [];
    for await (const outcome of transformFiles(plans, requestOf(...options, ...NAMES), calls)) outcomes.push(outcome);
    return {
      most,
      mostWithWhole,
      written,
      names: outcomes.map(({ plan }) => plan.input),
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
    ['the reference runs', { backend: 'reference' }, []],
    ['each is decoded as a whole', { whole: NAMES.join('') }, []],
    ['memory is short', {}, ['--max-memory', '20M']],
    ['the reference verifies', {}, ['--verify']],
    ['a trace is written', {}, ['--trace', 'trace.json']],
  ] as [string, Scene, string[]][])('one after another if %s', async (_, scene, options) => {
    expect(await play(scene, ...options)).toMatchObject({ most: 1, written: NAMES, names: NAMES });
  });

  test('fewer at once if so many would take too much memory', async () => {
    expect(await play({}, '--max-memory', '40M')).toMatchObject({ most: 2 });
    // Strips of 4 MiB, besides what reading and writing hold.
    expect(await play({ width: 2 ** 20 }, '--max-memory', '60M')).toMatchObject({ most: 1 });
  });

  test('an image that is decoded as a whole is alone, whatever came before it', async () => {
    expect(await play({ whole: 'ce' })).toMatchObject({ most: MOST, mostWithWhole: 1, names: NAMES });
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
    expect(names).toEqual(NAMES.slice(0, 1 + MOST));
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
  const calls = watchCalls({ openInput, create, openBackend } as unknown as Calls, watch);
  const outcomes = transformFiles([{ input: 'a.png', output: 'b.png' }], requestOf('a.png', '-o', 'b.png'), calls);
  for await (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'failed', error: { message: 'broken' } });
  expect(spans.map(({ name }) => name)).toEqual(['read a.png']);
});

describe('verification', () => {
  function changed(image: CheckedImage, changes: Readonly<Record<number, number>>): CheckedImage {
    const data = image.data.slice();
    for (const [at, by] of Object.entries(changes)) data[Number(at)] += by;
    return { ...image, data };
  }

  test('equal images have no difference, whatever is between their rows', () => {
    const expected = testImage(7, 5);
    const actual = { ...createImage(9, 5, 4), width: 7 };
    actual.data.fill(77);
    for (let y = 0; y < 5; y++) actual.data.set(expected.data.subarray(y * 28, y * 28 + 28), y * 36);
    expect(findDifference(expected, actual)).toBeUndefined();
    actual.data[36 + 2 * 4 + 3]++;
    expect(findDifference(expected, actual)).toMatchObject({ x: 2, y: 1, differingPixels: 1 });
  });

  test.each([
    ['the first byte', 0, { x: 0, y: 0 }],
    ['a byte in the middle', (2 * 7 + 3) * 4 + 1, { x: 3, y: 2 }],
    ['the last byte', 7 * 5 * 4 - 1, { x: 6, y: 4 }],
  ])('one less in %s is found', (_, at, place) => {
    const expected = testImage(7, 5);
    const difference = findDifference(expected, changed(expected, { [at]: -1 }))!;
    const pixel = [...expected.data.subarray(at - (at % 4), at - (at % 4) + 4)];
    expect(difference).toMatchObject({ ...place, expected: pixel, differingPixels: 1 });
    expect(difference.actual[at % 4]).toBe(pixel[at % 4] - 1);
  });

  test('pixels are counted, not bytes, and the first one is reported', () => {
    const expected = createImage(4, 4, 3);
    const difference = findDifference(expected, changed(expected, { 47: 1, 15: 2, 16: 3 }));
    expect(difference).toEqual({ x: 1, y: 1, expected: [0, 0, 0], actual: [2, 3, 0], differingPixels: 2 });
  });

  test('an image is compared with the reference in the mode of the request', () => {
    const input = testImage(7, 5);
    const actual = createImage(7, 5, 4);
    transformReference(input, actual, { ...DEFAULT_OPERATION, border: 'wrap' });
    const whole = { firstHeld: 0, firstRow: 0, endRow: 5, endHeld: 5 };
    verify(input, actual, { ...DEFAULT_OPERATION, border: 'wrap' }, whole);
    expect(() => verify(input, actual, DEFAULT_OPERATION, whole)).toThrow(
      /^\d+ of 35 pixels differ from the reference,/,
    );
  });

  test('of a strip only the rows that are computed count, and places are those of the image', () => {
    const input = testImage(7, 5);
    const actual = createImage(7, 5, 4);
    transformReference(input, actual, DEFAULT_OPERATION);
    const strip = { firstHeld: 100, firstRow: 101, endRow: 104, endHeld: 105 };
    actual.data[0] = 99;
    actual.data[actual.data.length - 1] = 99;
    verify(input, actual, DEFAULT_OPERATION, strip);
    actual.data[3 * 28 + 2 * 4]++;
    expect(() => verify(input, actual, DEFAULT_OPERATION, strip)).toThrow(
      /^1 of 21 pixels differ from the reference, first at x = 2, y = 103:/,
    );
  });
});
