/** Files through the library, on the disk. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { type FilePair, transformFile, transformFiles } from '../../src/image-files/index.js';
import { folderWith, listing, PNG_FILE, pixelsIn, productOf, testImage } from '../cli/command.js';
import { encodePng } from '../encode-png.js';

const PRODUCT = productOf(PNG_FILE).data;

function pairsIn(folder: string, names: readonly string[]): FilePair[] {
  return names.map((name) => ({ input: path.join(folder, name), output: path.join(folder, `out-${name}`) }));
}

describe('one file', () => {
  test('is written, and the record says how', async () => {
    const folder = folderWith({ 'in.png': PNG_FILE });
    const [{ input, output }] = pairsIn(folder, ['in.png']);
    const record = await transformFile(input, output, { backend: 'cpu', threads: 1 });
    expect(record).toMatchObject({ input, output, width: 7, height: 5, images: 1, backend: 'cpu', verified: false });
    expect(pixelsIn(readFileSync(output))).toEqual(PRODUCT);
  });

  test('with options, over itself', async () => {
    const folder = folderWith({ 'in.png': PNG_FILE });
    const file = path.join(folder, 'in.png');
    const record = await transformFile(file, file, { border: 'wrap', passes: 2, alpha: 'keep', verify: true });
    expect(record.verified).toBe(true);
    expect(pixelsIn(readFileSync(file))).toEqual(
      productOf(PNG_FILE, { border: 'wrap', passes: 2, alpha: 'keep' }).data,
    );
  });

  test('of raw samples', async () => {
    const image = testImage(9, 4);
    const folder = folderWith({ raw: Buffer.concat([image.data, image.data]) });
    const [{ input, output }] = pairsIn(folder, ['raw']);
    const record = await transformFile(input, output, { raw: { width: 9, height: 4 } });
    expect(record.images).toBe(2);
    expect(readFileSync(output).length).toBe(2 * image.data.length);
  });

  test.each([
    ['gone.png', {}, { code: 'INPUT_UNREADABLE', isTemporary: false }],
    ['bad.png', {}, { code: 'INVALID_PNG' }],
    ['in.png', { maxPixels: 34 }, { code: 'TOO_MANY_PIXELS' }],
  ])('%s with %j rejects, and leaves nothing', async (name, options, error) => {
    const folder = folderWith({ 'in.png': PNG_FILE, 'bad.png': PNG_FILE.subarray(0, -9) });
    const [{ input, output }] = pairsIn(folder, [name]);
    await expect(transformFile(input, output, options)).rejects.toMatchObject(error);
    expect(listing(folder)).toEqual(['bad.png', 'in.png']);
  });

  test('the output has the format of its name, or the one asked for, and no other name', async () => {
    const folder = folderWith({ 'in.png': PNG_FILE });
    const input = path.join(folder, 'in.png');
    await transformFile(input, path.join(folder, 'a.pam'));
    expect(readFileSync(path.join(folder, 'a.pam')).subarray(0, 3).toString()).toBe('P7\n');
    await transformFile(input, path.join(folder, 'b'), { format: 'pam' });
    expect(readFileSync(path.join(folder, 'b'))).toEqual(readFileSync(path.join(folder, 'a.pam')));
    await expect(transformFile(input, path.join(folder, 'c.jpg'))).rejects.toThrow(
      `Cannot write png to '${folder}/c.jpg', whose extension is that of another format. Name it '${folder}/c.png'.`,
    );
  });

  test('a dash is the name of a file', async () => {
    const [input, output] = ['-', path.join(folderWith(), 'out.png')];
    await expect(transformFile(input, output)).rejects.toThrow(/^Cannot read '\.\/-'/);
  });

  test.each([
    [{ jobs: 0 }, 'options.jobs'],
    [{ maxMemory: 1.5 }, 'options.maxMemory'],
    [{ metadata: 'all' }, 'options.metadata'],
    [{ verify: 1 }, 'options.verify'],
    [{ output: 'x' }, 'the name of an option'],
  ])('the options %j are refused at once', (options, name) => {
    expect(() => transformFiles([], options as object)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(name) }),
    );
  });
});

describe('many files', () => {
  const NAMES = Array.from({ length: 12 }, (_, at) => `${String(at).padStart(2, '0')}.png`);
  const images = NAMES.map((_, at) => encodePng(testImage(3 + ((at * 7) % 11), 5)));
  const files = () => Object.fromEntries(NAMES.map((name, at) => [name, images[at]]));

  test('come in their order, bad ones too', async () => {
    const folder = folderWith({ ...files(), '03.png': 'text' });
    const inputs: string[] = [];
    for await (const result of transformFiles(pairsIn(folder, NAMES))) {
      inputs.push(path.basename(result.input));
      expect('error' in result).toBe(inputs.length === 4);
      if ('error' in result) expect(result.error).toMatchObject({ code: 'INVALID_IMAGE' });
      else expect(existsSync(result.output)).toBe(true);
    }
    expect(inputs).toEqual(NAMES);
  });

  test('are asked for while there is room, and never more', async () => {
    const folder = folderWith(files());
    let [asked, seen, most] = [0, 0, 0];
    async function* source() {
      for (const pair of pairsIn(folder, NAMES)) {
        await sleep(1);
        asked++;
        most = Math.max(most, asked - seen);
        yield pair;
      }
    }
    for await (const _ of transformFiles(source(), { jobs: 3 })) seen++;
    expect(seen).toBe(NAMES.length);
    // Results in their order: some that have ended wait for one before them.
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThan(NAMES.length);
  });

  test('results come while the next file is waited for', async () => {
    const folder = folderWith(files());
    let release = () => {};
    async function* source() {
      yield* pairsIn(folder, NAMES.slice(0, 2));
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    }
    const results = transformFiles(source());
    await results.next();
    expect((await results.next()).done).toBe(false);
    release();
    expect((await results.next()).done).toBe(true);
  });

  test('leaving the loop drops what is under way, without a trace', async () => {
    const folder = folderWith(files());
    for await (const _ of transformFiles(pairsIn(folder, NAMES), { jobs: 4 })) break;
    const left = listing(folder).filter((name) => name.startsWith('out-'));
    expect(left.length).toBeLessThan(NAMES.length);
    expect(listing(folder).filter((name) => name.includes('tmp'))).toEqual([]);
    for (const name of left) {
      const product = productOf(images[NAMES.indexOf(name.slice(4))]).data;
      expect(pixelsIn(readFileSync(path.join(folder, name)))).toEqual(product);
    }
  });

  test('an aborted signal ends them with its reason', async () => {
    const folder = folderWith(files());
    const before = transformFiles(pairsIn(folder, NAMES), { signal: AbortSignal.abort('early') });
    await expect(before.next()).rejects.toBe('early');
    const controller = new AbortController();
    let count = 0;
    const some = async () => {
      for await (const _ of transformFiles(pairsIn(folder, NAMES), { signal: controller.signal })) {
        if (++count === 2) controller.abort('enough');
      }
    };
    await expect(some()).rejects.toBe('enough');
    expect(count).toBeLessThan(NAMES.length);
    expect(listing(folder).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('an aborted signal is heard while the next file is waited for', async () => {
    const folder = folderWith(files());
    async function* source() {
      yield pairsIn(folder, NAMES)[0];
      await new Promise(() => {});
    }
    const controller = new AbortController();
    const results = transformFiles(source(), { signal: controller.signal });
    await results.next();
    const next = results.next();
    controller.abort('enough');
    await expect(next).rejects.toBe('enough');
  });

  test('what the source throws when it is left hides nothing', async () => {
    const folder = folderWith(files());
    async function* source() {
      try {
        yield* pairsIn(folder, NAMES);
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what the test is about
        throw new Error('at the end');
      }
    }
    for await (const _ of transformFiles(source())) break;
    await sleep(10); // an unhandled rejection would end the run
  });

  test('outputs with the extension of another format leave no file open', async () => {
    const folder = folderWith(files());
    const open = () => readdirSync('/proc/self/fd').length;
    const before = process.platform === 'linux' ? open() : 0;
    const pairs = pairsIn(folder, NAMES).map(({ input, output }) => ({ input, output: `${output}.jpg` }));
    for await (const result of transformFiles(pairs)) expect(result).toHaveProperty('error');
    if (process.platform === 'linux') expect(open()).toBeLessThanOrEqual(before + 2);
  });

  test.each([
    [42, 'Expected an iterable for files, but received 42 (number).'],
    [undefined, 'Expected an iterable for files, but received undefined.'],
  ])('%s is no list of files', (given, message) => {
    expect(() => transformFiles(given as never)).toThrow(message);
  });

  test.each([
    [['a.png'], 'Expected the path of a file for input, but received undefined.'],
    [[{ input: 'a.png' }], 'Expected the path of a file for output, but received undefined.'],
    [[null], 'Expected the path of a file for input, but received undefined.'],
  ])('%j is no list of pairs', async (given, message) => {
    await expect(transformFiles(given as never).next()).rejects.toThrow(message);
  });

  test('a file that fails late writes nothing into another one', async () => {
    const noise = encodePng(makeImage('noise', 700, 1200, 4, 1));
    const bad = noise.subarray(0, -5000);
    const good = encodePng(makeImage('noise', 60, 60, 4, 2));
    const names = Array.from({ length: 120 }, (_, at) => `${String(at).padStart(3, '0')}${at % 8 ? '' : '-bad'}.png`);
    const folder = folderWith(Object.fromEntries(names.map((name) => [name, name.includes('bad') ? bad : good])));
    const product = productOf(good).data;
    for await (const result of transformFiles(pairsIn(folder, names), { jobs: 8 })) {
      expect('error' in result).toBe(result.input.includes('bad'));
    }
    for (const name of names.filter((one) => !one.includes('bad'))) {
      expect(Buffer.compare(pixelsIn(readFileSync(path.join(folder, `out-${name}`))), product), name).toBe(0);
    }
  }, 60_000);

  test('what the source throws is thrown, once what is under way has ended', async () => {
    const folder = folderWith(files());
    function* source() {
      yield* pairsIn(folder, NAMES.slice(0, 3));
      throw new Error('no more');
    }
    const seen = async () => {
      for await (const _ of transformFiles(source()));
    };
    await expect(seen()).rejects.toThrow('no more');
    expect(listing(folder).filter((name) => name.includes('tmp'))).toEqual([]);
  });
});
