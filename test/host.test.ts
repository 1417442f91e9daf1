/** The host on backends made for these tests: passes, overlapping memory, strips, failures. */
import { describe, expect, test } from 'vitest';
import { type Backend, BackendFault, type Strip } from '../src/backend.js';
import { makeImage } from '../src/conformance/images.js';
import { Host } from '../src/host.js';
import { type CheckedImage, createImage, overlaps } from '../src/image.js';
import type { RunOptions } from '../src/options.js';
import { differenceOf, firstDifference, modesOf, operationOf, referenceOf, transformedSync } from './transforms.js';

interface TestBackend extends Backend {
  readonly strips: Strip[];
}

interface Settings {
  readonly maxRows?: number;
  readonly stripsAtOnce?: number;
  readonly residentPixels?: number;
  /** Called before a strip is computed, with its number from 1. */
  readonly before?: (number: number, run: RunOptions) => Promise<void> | void;
}

/** Computes regions pixel by pixel, from what the contract says and nothing else. */
function plainBackend({ maxRows = 1e9, stripsAtOnce = 1, residentPixels = 0, before }: Settings = {}): TestBackend {
  const strips: Strip[] = [];
  return {
    strips,
    stripsAtOnce,
    residentPixels,
    maxRows: () => maxRows,
    async compute(strip, run) {
      strips.push(strip);
      expect(overlaps(strip.input, strip.output)).toBe(false);
      await before?.(strips.length, run);
      computePlainly(strip);
      return { device: 'plain', exactPixels: 1 };
    },
    computeSync(strip) {
      strips.push(strip);
      computePlainly(strip);
      return { device: 'plain', exactPixels: 1 };
    },
    dispose() {},
  };
}

function computePlainly(strip: Strip): void {
  let { input } = strip;
  for (let pass = 1; pass < strip.passes; pass++) {
    const next = createImage(input.width, input.height, input.channels);
    computeOnce({
      ...strip,
      input,
      output: { ...next, data: next.data.subarray(strip.region.first.y * next.rowBytes) },
    });
    input = next;
  }
  computeOnce({ ...strip, input });
}

function computeOnce({ input, region, output, alpha }: Strip): void {
  const { first, end, beforeFirst, afterLast } = region;
  const normChannels = alpha === 'channel' ? input.channels : 3;
  for (let y = first.y; y < end.y; y++) {
    const rows = [y === first.y ? beforeFirst.y : y - 1, y, y + 1 === end.y ? afterLast.y : y + 1];
    for (let x = first.x; x < end.x; x++) {
      const columns = [x === first.x ? beforeFirst.x : x - 1, x, x + 1 === end.x ? afterLast.x : x + 1];
      const at = (row: number, column: number) => row * input.rowBytes + column * input.channels;
      const products = Array.from({ length: normChannels }, (_, c) => {
        const factors = rows.flatMap((row) => columns.map((column) => input.data[at(row, column) + c] / 255));
        return factors.slice(1).reduce((product, factor) => product * factor, factors[0]);
      });
      const norm = Math.sqrt(products.reduce((sum, product) => sum + product * product, 0));
      const to = (y - first.y) * output.rowBytes + x * output.channels;
      for (const [c, product] of products.entries()) output.data[to + c] = norm && Math.min(product / norm, 1) * 255;
      if (input.channels > normChannels) output.data[to + 3] = alpha === 'keep' ? input.data[at(y, x) + 3] : 255;
    }
  }
}

describe.each([3, 4] as const)('%i channels', (channels) => {
  const input = makeImage('noise', 11, 9, channels, 4);

  test.each(modesOf(channels))('$alpha $border: strips of every height, 1 to 4 passes', async (mode) => {
    for (const maxRows of [1, 2, 3, 5, 100]) {
      for (const stripsAtOnce of [1, 3]) {
        for (const passes of [1, 2, 3, 4]) {
          const host = new Host(plainBackend({ maxRows, stripsAtOnce }));
          expect(await differenceOf(host, input, { ...mode, passes })).toBeUndefined();
          const expected = referenceOf(input, { ...mode, passes });
          expect(firstDifference(expected, transformedSync(host, input, { ...mode, passes }))).toBeUndefined();
        }
      }
    }
  });

  test.each(modesOf(channels))('$alpha $border: passes that stay on the device are one strip', async (mode) => {
    for (const passes of [1, 2, 5]) {
      const backend = plainBackend({ maxRows: 2, residentPixels: 11 * 9 });
      expect(await differenceOf(new Host(backend), input, { ...mode, passes })).toBeUndefined();
      if (passes > 1) expect(backend.strips.map((strip) => strip.passes)).toEqual([passes]);
    }
    const backend = plainBackend({ residentPixels: 11 * 9 - 1 });
    await differenceOf(new Host(backend), input, { ...mode, passes: 3 });
    expect(backend.strips.map((strip) => strip.passes)).toEqual([1, 1, 1]);
  });

  test('an output over the input, at every distance', async () => {
    for (const distance of [0, 1, -1, channels, 11 * channels, -11 * channels * 3]) {
      for (const passes of [1, 2, 3]) {
        const memory = new Uint8Array(3000);
        const from = { ...input, data: memory.subarray(1000, 1000 + input.data.length) };
        from.data.set(input.data);
        const to = { ...input, data: memory.subarray(1000 + distance, 1000 + distance + input.data.length) };
        await new Host(plainBackend({ maxRows: 2, stripsAtOnce: 3 })).transform(
          from,
          to,
          operationOf({ border: 'wrap', passes }),
        );
        expect(firstDifference(referenceOf(input, { border: 'wrap', passes }), to)).toBeUndefined();
      }
    }
  });
});

const input = makeImage('noise', 8, 12, 4, 1);

test('images too small for skip are handed on as an empty region, and nothing is written', async () => {
  const output = makeImage('ones', 2, 12, 4, 0);
  const computed = await new Host(plainBackend({ maxRows: 3 })).transform(
    makeImage('noise', 2, 12, 4, 1),
    output,
    operationOf({ passes: 2 }),
  );
  expect(computed.device).toBe('plain');
  expect(new Set(output.data)).toEqual(new Set([1]));
});

test('exact pixels are summed over strips and passes', async () => {
  const host = new Host(plainBackend({ maxRows: 5 }));
  const output = createImage(8, 12, 4);
  expect(await host.transform(input, output, operationOf({ border: 'wrap', passes: 2 }))).toMatchObject({
    exactPixels: 6,
  });
});

test('as many strips are under way as the backend wants, never more', async () => {
  let underWay = 0;
  const counts: number[] = [];
  const before = async () => {
    counts.push(++underWay);
    await new Promise((resolve) => setTimeout(resolve, 2));
    underWay--;
  };
  await differenceOf(new Host(plainBackend({ maxRows: 1, stripsAtOnce: 3, before })), input, { border: 'wrap' });
  expect(Math.max(...counts)).toBe(3);
});

test('one transform at a time', async () => {
  let underWay = 0;
  const before = async () => {
    expect(++underWay).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay--;
  };
  const host = new Host(plainBackend({ before }));
  await Promise.all([1, 2, 3].map(() => differenceOf(host, input)));
});

describe('a backend that fails', () => {
  test('a backend for which the image is too wide computes nothing', async () => {
    const tooWide: Backend = {
      ...plainBackend(),
      maxRows: () => {
        throw new BackendFault('Too wide', 'by far', { code: 'DEVICE_LIMIT' });
      },
    };
    const output = createImage(8, 12, 4);
    await expect(new Host(tooWide).transform(input, output, operationOf())).rejects.toMatchObject({
      code: 'DEVICE_LIMIT',
      message: 'Too wide (by far).',
    });
  });

  test('the fault is thrown once no strip is under way', async () => {
    let underWay = 0;
    const before = async (number: number) => {
      underWay++;
      await new Promise((resolve) => setTimeout(resolve, number));
      underWay--;
      if (number === 1) throw new BackendFault('Test backend failed', 'on purpose');
    };
    const host = new Host(plainBackend({ maxRows: 1, stripsAtOnce: 3, before }));
    await expect(host.transform(input, createImage(8, 12, 4), operationOf())).rejects.toBeInstanceOf(BackendFault);
    expect(underWay).toBe(0);
  });

  test('any other error is a defect', async () => {
    const before = () => {
      throw new TypeError('a mistake');
    };
    const running = new Host(plainBackend({ before })).transform(input, createImage(8, 12, 4), operationOf());
    await expect(running).rejects.toThrow('a mistake');
  });
});

test('an abort between two strips ends the transform, and the next one runs', async () => {
  const controller = new AbortController();
  const before = (number: number, { signal }: RunOptions) => {
    if (number === 2) controller.abort(new Error('enough'));
    signal?.throwIfAborted();
  };
  const backend = plainBackend({ maxRows: 2, before });
  const host = new Host(backend);
  const running = host.transform(input, createImage(8, 12, 4), operationOf(), { signal: controller.signal });
  await expect(running).rejects.toThrow('enough');
  expect(backend.strips).toHaveLength(2);
  expect(await differenceOf(host, input)).toBeUndefined();
});

test('memory that is transferred while a transform waits is an error', async () => {
  const host = new Host(plainBackend({ before: () => new Promise((resolve) => setTimeout(resolve, 5)) }));
  const first = differenceOf(host, input);
  const image: CheckedImage = { ...input, data: input.data.slice() };
  const second = host.transform(image, createImage(8, 12, 4), operationOf());
  structuredClone(image.data, { transfer: [image.data.buffer as ArrayBuffer] });
  await expect(second).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
  expect(await first).toBeUndefined();
});

test('memory that is transferred between two passes is an error', async () => {
  const output: CheckedImage = createImage(8, 12, 4);
  const before = (number: number) => {
    if (number === 1) structuredClone(output.data, { transfer: [output.data.buffer as ArrayBuffer] });
  };
  const running = new Host(plainBackend({ before })).transform(input, output, operationOf({ passes: 2 }));
  await expect(running).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
});

test.each([
  ['a defect', new TypeError('detached')],
  ['a fault', new BackendFault('GPU failed', 'detached', {})],
])('memory that is transferred while a backend computes is an error of the image, not %s', async (_name, failure) => {
  const output: CheckedImage = createImage(8, 12, 4);
  const before = () => {
    structuredClone(output.data, { transfer: [output.data.buffer as ArrayBuffer] });
    throw failure;
  };
  const running = new Host(plainBackend({ before })).transform(input, output, operationOf());
  await expect(running).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
});

test('a backend that cannot run on the calling thread makes a host that cannot', () => {
  const { computeSync: _, ...asynchronous } = plainBackend();
  expect(new Host(asynchronous).transformSync).toBeUndefined();
});
