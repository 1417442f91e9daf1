import path from 'node:path';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { chunksIn } from '../../fixtures/png/build-png.mjs';
import type { BackendName } from '../../src/backends.js';
import { runTransform } from '../../src/cli/transform.js';
import { type ErrorCode, NeighborProductError } from '../../src/errors.js';
import type { Extra } from '../../src/formats/formats.js';
import type { CheckedImage } from '../../src/image.js';
import type { FileCalls } from '../../src/image-files/transform-files.js';
import { type Result, type TransformOptions, transformSync } from '../../src/transform.js';
import { type NamedInput, namedInput, readerOf } from '../image-files/inputs.js';
import { folderWith, testImage } from './command.js';
import { requestOf } from './requests.js';

describe('the command', () => {
  /** What a fake backend returns, and which inputs cannot be read. */
  interface Scene {
    readonly backend?: BackendName;
    readonly fault?: string;
    /** The device turns out to be wrong after so many files. */
    readonly distrustedAfter?: number;
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
    const calls: FileCalls = {
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
      isDistrusted: (device) =>
        device === 'device' && written.length >= (scene.distrustedAfter ?? Number.POSITIVE_INFINITY),
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
    const shares = result.shares.map((share) => ({ ...share, backend, device: 'device' }));
    return { ...result, backend, shares, reason: 'no GPU: the reason', ...(fault !== undefined && { fault }) };
  }

  const oneByteOff = ({ data }: CheckedImage) => {
    data[(2 * 5 + 1) * 4 + 2] ^= 1;
  };

  /** Records come as the images end, but for the total, which is left out here. */
  const recordsByInput = (records: readonly string[]) =>
    records
      .map((line) => JSON.parse(line))
      .filter(({ input }) => input !== undefined)
      .toSorted((a, b) => (a.input < b.input ? -1 : 1));

  const warningsIn = (log: readonly string[]) => log.filter((line) => line.startsWith('warning:'));

  test('an image is written and reported in one line', async () => {
    const { exitCode, written, log, records } = await play({});
    expect({ exitCode, written, records }).toEqual({ exitCode: 0, written: ['a.png'], records: [] });
    expect(log).toEqual([
      expect.stringMatching(/^a\.png → .*a\.png {2}5x4 {2}cpu \(.*; no GPU: the reason\) {2}\d+.* ms \(decode /),
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
      'warning: The slow reference ran: no GPU: the reason. Run neighbor-product devices to see what to do.',
    ]);
    expect(warningsIn((await play({ backend: 'reference' }, '--backend reference')).log)).toEqual([]);
  });

  test('files that a device computed before it turned out to be wrong are named, and that is a failure', async () => {
    const { exitCode, log, written } = await play({ distrustedAfter: 2 }, '--jobs 1', ['a.png', 'b.png', 'c.png']);
    expect({ exitCode, written }).toEqual({ exitCode: 75, written: ['a.png', 'b.png'] });
    const errors = log.filter((line) => line.startsWith('error: '));
    expect(errors[0]).toMatch(
      /^error: c\.png: The GPU computed wrong bytes \(device\), .* rows of it had left\. Transform them again/,
    );
    expect(errors[1]).toMatch(/had left: .*a\.png, .*b\.png\. Transform them again/);
    expect(log.at(-1)).toMatch(/^2 done, 1 failed /);
  });

  test('a fault is a warning as it stands, once', async () => {
    const fault = 'GPU failed while reading back (the device was lost); finished on the CPU. The output is correct.';
    const { exitCode, log, written } = await play({ fault }, '', ['a.png', 'b.png']);
    // Both may be under way at once.
    expect({ exitCode, written: written.toSorted() }).toEqual({ exitCode: 0, written: ['a.png', 'b.png'] });
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
      expect(recordsByInput(records).map(({ dropped }) => dropped)).toEqual([
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
    expect(verbose.log.join('\n')).toContain('why cpu: no GPU: the reason');
  });

  test('a bad image is reported, the others are done, and the first failure gives the exit code', async () => {
    const failures = { 'x.png': 'INVALID_PNG', 'y.png': 'OUTPUT_UNWRITABLE' } as const;
    const xFirst = await play({ failures }, '--json', ['a.png', 'x.png', 'b.png', 'y.png', 'c.png']);
    expect(xFirst.exitCode).toBe(3);
    // Several are under way at once and end in any order.
    expect(xFirst.written.toSorted()).toEqual(['a.png', 'b.png', 'c.png']);
    expect(recordsByInput(xFirst.records).map(({ input, error }) => [input, error?.code])).toEqual([
      ['a.png', undefined],
      ['b.png', undefined],
      ['c.png', undefined],
      ['x.png', 'INVALID_PNG'],
      ['y.png', 'OUTPUT_UNWRITABLE'],
    ]);
    expect(JSON.parse(xFirst.records.at(-1)!)).toMatchObject({ done: 3, failed: 2, skipped: 0 });
    expect(await play({ failures }, '', ['y.png', 'x.png'])).toMatchObject({ exitCode: 5, written: [] });
  });

  test('without its backend no other image is tried', async () => {
    const failures = { 'x.png': 'BACKEND_UNAVAILABLE' } as const;
    const { exitCode, written, log } = await play({ failures }, '', ['x.png', 'a.png', 'b.png']);
    expect({ exitCode, written }).toEqual({ exitCode: 4, written: [] });
    expect(log).toEqual([
      'error: x.png: the message of BACKEND_UNAVAILABLE',
      expect.stringMatching(/^0 done, 1 failed, 2 not begun {2}0\.0 megapixels {2}.* ms$/),
    ]);
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
