import { describe, expect, test } from 'vitest';
import { IMAGE_KINDS, makeImage } from '../../src/conformance/images.js';
import { createRaster, type Raster } from '../../src/image.js';
import type { Span } from '../../src/span.js';
import { firstDifference, jobOf, modesOf, referenceOf, transformedSync } from '../jobs.js';
import { cpuBackend, cpuSubjects, openMpAddon, serialAddon } from './addons.js';

const CHANNELS = [3, 4] as const;
const THREADS = [1, 2, 3, 7];

test('the subjects are an addon with OpenMP and one without, each with at least one instruction set', () => {
  expect(openMpAddon.hasOpenMp).toBe(true);
  expect(serialAddon.hasOpenMp).toBe(false);
  expect(openMpAddon.variants.at(-1)).toBe('portable');
  expect(serialAddon.variants).toEqual(openMpAddon.variants);
  const everyCpu = { x64: 'sse2', arm64: 'neon' }[process.arch as string] ?? 'portable';
  expect(openMpAddon.variants).toContain(everyCpu);
  if (process.arch === 'x64') expect(openMpAddon.variants).toContain('avx2');
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
            for (const { name, backend } of cpuSubjects) {
              const got = transformedSync(backend, input, jobOf(mode, { threads: THREADS[compared % THREADS.length] }));
              const difference = firstDifference(expected, got);
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
          for (const { name, backend, hasOpenMp } of cpuSubjects) {
            for (const threads of hasOpenMp ? THREADS : [1]) {
              const got = transformedSync(backend, input, jobOf(mode, { threads }));
              const difference = firstDifference(expected, got);
              if (difference)
                expect.fail(`${channels} channels ${JSON.stringify(mode)} ${name}, ${threads}: ${difference}`);
            }
          }
        }
      }
    },
    180_000,
  );

  test.each(cpuSubjects)('$name: several passes', ({ backend }) => {
    for (const channels of CHANNELS) {
      const input = makeImage('photograph', 90, 61, channels, 3);
      for (const mode of modesOf(channels)) {
        for (const passes of [2, 3, 5]) {
          const operation = { ...mode, passes };
          const got = transformedSync(backend, input, jobOf(operation));
          expect(firstDifference(referenceOf(input, operation), got)).toBeUndefined();
        }
      }
    }
  });
});

describe.each(cpuSubjects)('$name: pixels redone', ({ backend }) => {
  const redone = (input: Raster) =>
    backend.transformSync!(input, createRaster(input.width, input.height, input.channels), jobOf({})).pixelsRedone;

  test('all of an image whose every pixel is hard, but for a seam', () => {
    expect(redone(makeImage('worst-case', 200, 100, 4, 1))).toBeGreaterThan(17_000);
  });

  test.each([
    ['grey', [128, 128, 128, 255]],
    ['black', [0, 0, 0, 255]],
    ['one channel alone', [0, 90, 0, 255]],
    ['one channel dominating', [200, 3, 15, 255]],
    ['one channel far ahead', [200, 120, 90, 255]],
  ])('none of a flat area: %s', (_name, colour) => {
    const flat = createRaster(64, 32, 4);
    for (let at = 0; at < flat.data.length; at += 4) flat.data.set(colour, at);
    expect(redone(flat)).toBe(0);
  });

  test('few of a photograph', () => {
    expect(redone(makeImage('photograph', 400, 300, 4, 2)) / (400 * 300)).toBeLessThan(0.01);
  });
});

test('a picture gets no more threads than it has chunks of rows', () => {
  const threadsFor = (height: number) => {
    const input = createRaster(10, height, 4);
    return cpuBackend(openMpAddon).transformSync!(input, createRaster(10, height, 4), jobOf({}, { threads: 7 })).device;
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

  /** The same picture in memory of its own: rows further apart, at an odd offset, among bytes of a pattern. */
  function spread(picture: Raster, buffer: ArrayBufferLike, byteOffset: number, rowBytes: number): Raster {
    const data = new Uint8Array(buffer, byteOffset, (picture.height - 1) * rowBytes + picture.width * picture.channels);
    for (let y = 0; y < picture.height; y++) {
      data.set(picture.data.subarray(y * picture.rowBytes, (y + 1) * picture.rowBytes), y * rowBytes);
    }
    return { ...picture, data, rowBytes };
  }

  test.each([
    ['ArrayBuffer', ArrayBuffer],
    ['SharedArrayBuffer', SharedArrayBuffer],
  ])('%s at an odd offset with padded rows: the padding stays as it is', async (_name, Memory) => {
    const source = spread(input, new Memory(20_000), 3, 251);
    const target = new Uint8Array(new Memory(20_000)).fill(77);
    const output = spread(createRaster(61, 40, 4), target.buffer, 5, 259);
    await cpuBackend(openMpAddon).transform(source, output, jobOf(mode));
    const wanted = new Uint8Array(20_000).fill(77);
    spread(expected, wanted.buffer, 5, 259);
    expect(Buffer.compare(target, wanted)).toBe(0);
  });

  test.each(cpuSubjects)('$name: three channels at an odd offset: the padding stays as it is', ({ backend }) => {
    const rgb = makeImage('noise', 61, 40, 3, 6);
    const source = spread(rgb, new ArrayBuffer(20_000), 3, 191);
    const target = new Uint8Array(20_000).fill(77);
    backend.transformSync!(source, spread(createRaster(61, 40, 3), target.buffer, 5, 199), jobOf(mode));
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
      cpuBackend(openMpAddon).transformSync!(source, output, jobOf(mode));
      expect(firstDifference(expected, { ...output, data: output.data.slice() })).toBeUndefined();
    },
  );

  test("skipped border pixels of a caller's output stay as they are", () => {
    const output = createRaster(61, 40, 4);
    output.data.fill(9);
    cpuBackend(openMpAddon).transformSync!(input, output, jobOf({}));
    expect([...output.data.subarray(0, 244)]).toEqual(new Array(244).fill(9));
    expect([...output.data.subarray(244, 248)]).toEqual([9, 9, 9, 9]);
    expect(output.data[244 + 7]).toBe(255);
  });
});

describe('asynchronous work', () => {
  const large = makeImage('noise', 640, 480, 4, 11);

  test('does not block the event loop, and the job outlives its last reference', async () => {
    const backend = cpuBackend(openMpAddon, 'portable');
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const output = createRaster(640, 480, 4);
    const run = backend.transform(
      { ...large, data: large.data.slice() },
      output,
      jobOf({ passes: 30 }, { threads: 1 }),
    );
    await run;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
    expect(
      firstDifference(referenceOf(large, { alpha: 'opaque', border: 'skip', passes: 30 }), output),
    ).toBeUndefined();
  }, 120_000);

  test('whoever listens is told of every row of every pass, once, within the time it took', async () => {
    const spans: Span[] = [];
    const job = jobOf({ border: 'wrap', passes: 2 }, { threads: 2, onSpan: (span) => spans.push(span) });
    const output = createRaster(640, 480, 4);
    const startMs = performance.now();
    await cpuBackend(openMpAddon).transform(large, output, job);
    const endMs = performance.now();
    expect(firstDifference(referenceOf(large, job), output)).toBeUndefined();
    for (const name of ['pass 1', 'pass 2']) {
      const rows = spans.filter((span) => span.name === name).map(({ details }) => details!.rows);
      expect(rows).toEqual(Array.from({ length: 15 }, (_, k) => `${32 * k} to ${32 * k + 31}`));
    }
    expect(spans).toHaveLength(30);
    for (const span of spans) {
      expect(['CPU thread 1', 'CPU thread 2']).toContain(span.lane);
      expect(span.startMs).toBeGreaterThanOrEqual(startMs);
      expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
      expect(span.endMs).toBeLessThanOrEqual(endMs);
    }
  });

  test('a signal that is aborted at any moment of the start is heard', async () => {
    for (let ticks = 0; ticks < 14; ticks++) {
      const controller = new AbortController();
      const job = jobOf({ passes: 3 }, { signal: controller.signal });
      const running = cpuBackend(openMpAddon).transform(large, createRaster(640, 480, 4), job);
      running.catch(() => {});
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      controller.abort(new Error('enough'));
      await expect(running, `${ticks} ticks`).rejects.toThrow('enough');
    }
  });

  test('a signal stops a waiting transform at once, not when the one before it ends', async () => {
    const backend = cpuBackend(openMpAddon, 'portable');
    const stop = new AbortController();
    const running = backend.transform(
      large,
      createRaster(640, 480, 4),
      jobOf({ passes: 1000 }, { signal: stop.signal }),
    );
    const waiting = backend.transform(large, createRaster(640, 480, 4), jobOf({}, { signal: AbortSignal.timeout(30) }));
    const startMs = performance.now();
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - startMs).toBeLessThan(1000);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  test('memory that is transferred while the job waits is an error, not a crash', async () => {
    const backend = cpuBackend(openMpAddon);
    const first = backend.transform(large, createRaster(640, 480, 4), jobOf({ passes: 3 }));
    const waiting = { ...large, data: large.data.slice() };
    const second = backend.transform(waiting, createRaster(640, 480, 4), jobOf({}));
    structuredClone(waiting.data, { transfer: [waiting.data.buffer] });
    await expect(second).rejects.toMatchObject({ code: 'INVALID_IMAGE' });
    await first;
  });

  test('many calls at once give each its own bytes', async () => {
    const backend = cpuBackend(openMpAddon);
    const inputs = Array.from({ length: 40 }, (_, seed) => makeImage('noise', 100 + seed, 50, 4, seed));
    const outputs = inputs.map(({ width }) => createRaster(width, 50, 4));
    await Promise.all(inputs.map((image, at) => backend.transform(image, outputs[at], jobOf({}))));
    for (const [at, image] of inputs.entries()) {
      expect(firstDifference(referenceOf(image, jobOf({})), outputs[at])).toBeUndefined();
    }
  });

  test('a signal stops a running and a waiting transform, and the next one still runs', async () => {
    const backend = cpuBackend(openMpAddon, 'portable');
    const controller = new AbortController();
    const start = performance.now();
    const job = jobOf({ passes: 1000 }, { signal: controller.signal });
    const running = backend.transform(large, createRaster(640, 480, 4), job);
    const waiting = backend.transform(large, createRaster(640, 480, 4), job);
    const settled = Promise.allSettled([running, waiting]);
    setTimeout(() => controller.abort(new Error('enough')), 20);
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
    }
    expect(performance.now() - start).toBeLessThan(1500);
    const output = createRaster(640, 480, 4);
    await backend.transform(large, output, jobOf({}));
    expect(firstDifference(referenceOf(large, jobOf({})), output)).toBeUndefined();
  });
});
