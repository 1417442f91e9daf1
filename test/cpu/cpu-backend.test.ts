import { describe, expect, test } from 'vitest';
import { IMAGE_KINDS, makeImage } from '../../src/conformance/images.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import type { Span } from '../../src/span.js';
import { firstDifference, modesOf, operationOf, referenceOf, transformedSync } from '../transforms.js';
import { cpuHost, cpuSubjects, openMpAddon, serialAddon } from './addons.js';

const CHANNELS = [3, 4] as const;
const THREADS = [1, 2, 3, 7];

test('the subjects are an addon with OpenMP and one without, each with at least one instruction set', () => {
  expect(openMpAddon.hasOpenMp).toBe(true);
  expect(serialAddon.hasOpenMp).toBe(false);
  expect(openMpAddon.instructionSets.at(-1)).toBe('portable');
  expect(serialAddon.instructionSets).toEqual(openMpAddon.instructionSets);
  const everyCpu = { x64: 'sse2', arm64: 'neon' }[process.arch as string] ?? 'portable';
  expect(openMpAddon.instructionSets).toContain(everyCpu);
  if (process.arch === 'x64') expect(openMpAddon.instructionSets).toContain('avx2');
});

describe('the same bytes as the reference', () => {
  test.each(CHANNELS)(
    'random images of every size from 1x1 to 40x40, %i channels, every mode',
    (channels) => {
      let compared = 0;
      for (let height = 1; height <= 40; height++) {
        for (let width = 1; width <= 40; width++) {
          const input = makeImage('noise', width, height, channels, width * 41 + height);
          for (const mode of modesOf(channels)) {
            const expected = referenceOf(input, mode);
            for (const { name, host } of cpuSubjects) {
              const actual = transformedSync(host, input, mode, { threads: THREADS[compared % THREADS.length] });
              const difference = firstDifference(expected, actual);
              if (difference) expect.fail(`${width}x${height} ${JSON.stringify(mode)} ${name}: ${difference}`);
              compared++;
            }
          }
        }
      }
      expect(compared).toBe(1600 * modesOf(channels).length * cpuSubjects.length);
    },
    180_000,
  );

  test.each(IMAGE_KINDS)(
    'kind %s, every mode, 1, 2, 3 and 7 threads',
    (kind) => {
      for (const channels of CHANNELS) {
        // Four tiles and a part across, three chunks of rows: seams both ways.
        const input = makeImage(kind, 1039, 70, channels, 7);
        for (const mode of modesOf(channels)) {
          const expected = referenceOf(input, mode);
          for (const { name, host, hasOpenMp } of cpuSubjects) {
            for (const threads of hasOpenMp ? THREADS : [1]) {
              const actual = transformedSync(host, input, mode, { threads });
              const difference = firstDifference(expected, actual);
              if (difference)
                expect.fail(`${channels} channels ${JSON.stringify(mode)} ${name}, ${threads}: ${difference}`);
            }
          }
        }
      }
    },
    180_000,
  );

  test.each(cpuSubjects)('$name: several passes', ({ host }) => {
    for (const channels of CHANNELS) {
      const input = makeImage('photograph', 90, 61, channels, 3);
      for (const mode of modesOf(channels)) {
        for (const passes of [2, 3, 5]) {
          const operation = { ...mode, passes };
          const actual = transformedSync(host, input, operation);
          expect(firstDifference(referenceOf(input, operation), actual)).toBeUndefined();
        }
      }
    }
  });
});

describe.each(cpuSubjects)('$name: exact pixels', ({ host }) => {
  const exactPixelsOf = (input: CheckedImage) =>
    host.transformSync!(input, createImage(input.width, input.height, input.channels), operationOf()).exactPixels;

  test('all of an image whose every pixel is hard, but for a seam', () => {
    expect(exactPixelsOf(makeImage('worst-case', 200, 100, 4, 1))).toBeGreaterThan(17_000);
  });

  test.each([
    ['grey', [128, 128, 128, 255]],
    ['black', [0, 0, 0, 255]],
    ['one channel alone', [0, 90, 0, 255]],
    ['one channel dominating', [200, 3, 15, 255]],
    ['one channel far ahead', [200, 120, 90, 255]],
  ])('none of a flat area: %s', (_name, colour) => {
    const flat = createImage(64, 32, 4);
    for (let at = 0; at < flat.data.length; at += 4) flat.data.set(colour, at);
    expect(exactPixelsOf(flat)).toBe(0);
  });

  test('few of a photograph', () => {
    expect(exactPixelsOf(makeImage('photograph', 400, 300, 4, 2)) / (400 * 300)).toBeLessThan(0.01);
  });
});

test('an image gets no more threads than it has chunks of rows', () => {
  const threadsFor = (height: number) => {
    const input = createImage(10, height, 4);
    return cpuHost(openMpAddon).transformSync!(input, createImage(10, height, 4), operationOf(), { threads: 7 }).device;
  };
  expect(threadsFor(1)).toMatch(/, 1 thread$/);
  expect(threadsFor(66)).toMatch(/, 2 threads$/);
  expect(threadsFor(67)).toMatch(/, 3 threads$/);
  expect(threadsFor(500)).toMatch(/, 7 threads$/);
});

describe('memory', () => {
  const input = makeImage('noise', 61, 40, 4, 5);
  const mode = { alpha: 'keep', border: 'wrap', passes: 1 } as const;
  const expected = referenceOf(input, mode);

  /** The same image in memory of its own: rows further apart, at an odd offset, among bytes of a pattern. */
  function spread(image: CheckedImage, buffer: ArrayBufferLike, byteOffset: number, rowBytes: number): CheckedImage {
    const data = new Uint8Array(buffer, byteOffset, (image.height - 1) * rowBytes + image.width * image.channels);
    for (let y = 0; y < image.height; y++) {
      data.set(image.data.subarray(y * image.rowBytes, (y + 1) * image.rowBytes), y * rowBytes);
    }
    return { ...image, data, rowBytes };
  }

  test.each([
    ['ArrayBuffer', ArrayBuffer],
    ['SharedArrayBuffer', SharedArrayBuffer],
  ])('%s at an odd offset with padded rows: the padding stays as it is', async (_name, Memory) => {
    const source = spread(input, new Memory(20_000), 3, 251);
    const target = new Uint8Array(new Memory(20_000)).fill(77);
    const output = spread(createImage(61, 40, 4), target.buffer, 5, 259);
    await cpuHost(openMpAddon).transform(source, output, mode);
    const wanted = new Uint8Array(20_000).fill(77);
    spread(expected, wanted.buffer, 5, 259);
    expect(Buffer.compare(target, wanted)).toBe(0);
  });

  test.each(cpuSubjects)('$name: three channels at an odd offset: the padding stays as it is', ({ host }) => {
    const rgb = makeImage('noise', 61, 40, 3, 6);
    const source = spread(rgb, new ArrayBuffer(20_000), 3, 191);
    const target = new Uint8Array(20_000).fill(77);
    host.transformSync!(source, spread(createImage(61, 40, 3), target.buffer, 5, 199), mode);
    const wanted = new Uint8Array(20_000).fill(77);
    spread(referenceOf(rgb, mode), wanted.buffer, 5, 199);
    expect(Buffer.compare(target, wanted)).toBe(0);
  });

  test.each([-244 * 3, -244, -5, -4, -1, 0, 1, 4, 5, 244, 244 * 7])(
    'output %i bytes after the input in one buffer',
    (shift) => {
      const memory = new ArrayBuffer(40_000);
      const source = spread(input, memory, 1001, 244);
      const output = { ...source, data: new Uint8Array(memory, 1001 + shift, source.data.length) };
      cpuHost(openMpAddon).transformSync!(source, output, mode);
      expect(firstDifference(expected, { ...output, data: output.data.slice() })).toBeUndefined();
    },
  );

  test("skipped border pixels of a caller's output stay as they are", () => {
    const output = createImage(61, 40, 4);
    output.data.fill(9);
    cpuHost(openMpAddon).transformSync!(input, output, operationOf());
    expect([...output.data.subarray(0, 244)]).toEqual(new Array(244).fill(9));
    expect([...output.data.subarray(244, 248)]).toEqual([9, 9, 9, 9]);
    expect(output.data[244 + 7]).toBe(255);
  });
});

describe('asynchronous work', () => {
  const large = makeImage('noise', 640, 480, 4, 11);
  const veryLarge = createImage(3000, 2000, 4);

  test('does not block the event loop, and the job outlives its last reference', async () => {
    const host = cpuHost(openMpAddon, 'portable');
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const output = createImage(640, 480, 4);
    const run = host.transform({ ...large, data: large.data.slice() }, output, operationOf({ passes: 30 }), {
      threads: 1,
    });
    await run;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
    expect(
      firstDifference(referenceOf(large, { alpha: 'opaque', border: 'skip', passes: 30 }), output),
    ).toBeUndefined();
  }, 120_000);

  test('a listener receives every row of every pass, once, within the time it took', async () => {
    const spans: Span[] = [];
    const operation = operationOf({ border: 'wrap', passes: 2 });
    const run = { threads: 2, onSpan: (span: Span) => spans.push(span) };
    const output = createImage(640, 480, 4);
    const startMs = performance.now();
    await cpuHost(openMpAddon).transform(large, output, operation, run);
    const endMs = performance.now();
    expect(firstDifference(referenceOf(large, operation), output)).toBeUndefined();
    const rows = spans.map(({ details }) => details!.rows);
    const everyRow = Array.from({ length: 15 }, (_, k) => `${32 * k} to ${32 * k + 31}`);
    expect(rows).toEqual([...everyRow, ...everyRow]);
    expect(spans).toHaveLength(30);
    for (const span of spans) {
      expect(['CPU thread 1', 'CPU thread 2']).toContain(span.track);
      expect(span.startMs).toBeGreaterThanOrEqual(startMs);
      expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
      expect(span.endMs).toBeLessThanOrEqual(endMs);
    }
  });

  test('a signal that is aborted at any moment of the start is heard', async () => {
    for (let ticks = 0; ticks < 14; ticks++) {
      const controller = new AbortController();
      const operation = operationOf({ passes: 3 });
      const run = { signal: controller.signal };
      const running = cpuHost(openMpAddon).transform(large, createImage(640, 480, 4), operation, run);
      running.catch(() => {});
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      controller.abort(new Error('enough'));
      await expect(running, `${ticks} ticks`).rejects.toThrow('enough');
    }
  });

  test('a signal that is aborted while the only strip is computed is heard', async () => {
    for (const delayMs of [0, 1, 3]) {
      const host = cpuHost(openMpAddon, 'portable');
      const controller = new AbortController();
      const run = { threads: 1, signal: controller.signal };
      const running = host.transform(veryLarge, createImage(3000, 2000, 4), operationOf(), run);
      setTimeout(() => controller.abort(new Error('enough')), delayMs);
      await expect(running).rejects.toThrow('enough');
    }
  });

  test('a signal stops a waiting transform at once, not when the one before it ends', async () => {
    const host = cpuHost(openMpAddon, 'portable');
    const stop = new AbortController();
    const running = host.transform(large, createImage(640, 480, 4), operationOf({ passes: 1000 }), {
      signal: stop.signal,
    });
    const waiting = host.transform(large, createImage(640, 480, 4), operationOf(), {
      signal: AbortSignal.timeout(30),
    });
    let hasEnded = false;
    const end = running.finally(() => {
      hasEnded = true;
    });
    end.catch(() => {});
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(hasEnded).toBe(false);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  test('memory that is transferred while the job waits is an error, not a crash', async () => {
    const host = cpuHost(openMpAddon);
    const first = host.transform(large, createImage(640, 480, 4), operationOf({ passes: 3 }));
    const waiting = { ...large, data: large.data.slice() };
    const second = host.transform(waiting, createImage(640, 480, 4), operationOf());
    structuredClone(waiting.data, { transfer: [waiting.data.buffer] });
    await expect(second).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    await first;
  });

  test('many calls at once give each its own bytes', async () => {
    const host = cpuHost(openMpAddon);
    const inputs = Array.from({ length: 40 }, (_, seed) => makeImage('noise', 100 + seed, 50, 4, seed));
    const outputs = inputs.map(({ width }) => createImage(width, 50, 4));
    await Promise.all(inputs.map((image, at) => host.transform(image, outputs[at], operationOf())));
    for (const [at, image] of inputs.entries()) {
      expect(firstDifference(referenceOf(image, operationOf()), outputs[at])).toBeUndefined();
    }
  });

  test('a signal stops a running and a waiting transform, and the next one still runs', async () => {
    const host = cpuHost(openMpAddon, 'portable');
    const controller = new AbortController();
    const before = process.cpuUsage(); // of all threads: others may use the processor, too
    const operation = operationOf({ passes: 1000 });
    const run = { signal: controller.signal };
    const running = host.transform(large, createImage(640, 480, 4), operation, run);
    const waiting = host.transform(large, createImage(640, 480, 4), operation, run);
    const settled = Promise.allSettled([running, waiting]);
    setTimeout(() => controller.abort(new Error('enough')), 20);
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1500);
    const output = createImage(640, 480, 4);
    await host.transform(large, output, operationOf());
    expect(firstDifference(referenceOf(large, operationOf()), output)).toBeUndefined();
  });
});
