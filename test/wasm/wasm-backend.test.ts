import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { IMAGE_KINDS, makeImage } from '../../src/conformance/images.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import type { Span } from '../../src/span.js';
import { startWorker } from '../../src/wasm/wasm-entry.js';
import { firstDifference, modesOf, operationOf, referenceOf, transformedSync } from '../transforms.js';
import { hostWith, transferringHost, wasmHost, wasmModule } from './subjects.js';

const CHANNELS = [3, 4] as const;

/** What workers compute on. */
const HOSTS = [
  ['memory that the calling thread shares', wasmHost],
  ['memory of their own', transferringHost],
] as const;

afterAll(() => {
  for (const [, host] of HOSTS) host.dispose();
});

async function transformed(
  input: CheckedImage,
  operation: object = {},
  threads = 1,
  host = wasmHost,
): Promise<CheckedImage> {
  const output = createImage(input.width, input.height, input.channels);
  await host.transform(input, output, operationOf(operation), { threads });
  return output;
}

describe('the same bytes as the reference', () => {
  test.each(CHANNELS)(
    'random images of every size from 1x1 to 40x40, %i channels, every mode',
    (channels) => {
      for (let height = 1; height <= 40; height++) {
        for (let width = 1; width <= 40; width++) {
          const input = makeImage('noise', width, height, channels, width * 41 + height);
          for (const mode of modesOf(channels)) {
            const difference = firstDifference(referenceOf(input, mode), transformedSync(wasmHost, input, mode));
            if (difference) expect.fail(`${width}x${height} ${JSON.stringify(mode)}: ${difference}`);
          }
        }
      }
    },
    120_000,
  );

  test.each(IMAGE_KINDS)(
    'kind %s, every mode, on the calling thread and on 2 and 3 workers',
    async (kind) => {
      for (const channels of CHANNELS) {
        // Two pieces across, three down: seams both ways.
        const input = makeImage(kind, 4163, 37, channels, 7);
        for (const mode of modesOf(channels)) {
          const expected = referenceOf(input, mode);
          for (const [threads, host] of [
            [1, wasmHost],
            [2, wasmHost],
            [3, wasmHost],
            [2, transferringHost],
          ] as const) {
            const difference = firstDifference(expected, await transformed(input, mode, threads, host));
            if (difference) expect.fail(`${channels} channels ${JSON.stringify(mode)}, ${threads}: ${difference}`);
          }
        }
      }
    },
    120_000,
  );

  test.each(HOSTS)('many pieces, workers with %s, rows at every place in a word of 8 bytes', async (_, host) => {
    for (const channels of CHANNELS) {
      for (const width of [1400, 1401, 1402, 1403]) {
        const input = makeImage('photograph', width, 900, channels, width);
        const expected = referenceOf(input);
        for (const threads of [2, 3]) {
          expect(firstDifference(expected, await transformed(input, {}, threads, host))).toBeUndefined();
        }
      }
    }
  });

  test.each(HOSTS)('an image too wide for a slot, workers with %s', async (_, host) => {
    const input = makeImage('noise', 120_000, 4, 4, 1);
    expect(firstDifference(referenceOf(input), await transformed(input, {}, 2, host))).toBeUndefined();
  });

  test('several passes, with workers and without', async () => {
    for (const channels of CHANNELS) {
      const input = makeImage('photograph', 90, 61, channels, 3);
      for (const mode of modesOf(channels)) {
        for (const [passes, threads] of [
          [2, 1],
          [3, 2],
          [5, 3],
        ] as const) {
          const operation = { ...mode, passes };
          const difference = firstDifference(
            referenceOf(input, operation),
            await transformed(input, operation, threads),
          );
          expect(difference).toBeUndefined();
        }
      }
    }
  });
});

describe('exact pixels', () => {
  const exactPixelsOf = (input: CheckedImage) =>
    wasmHost.transformSync!(input, createImage(input.width, input.height, input.channels), operationOf()).exactPixels;

  test('all of an image whose every pixel is hard, but for a seam', () => {
    expect(exactPixelsOf(makeImage('worst-case', 200, 100, 4, 1))).toBeGreaterThan(17_000);
  });

  test('as many on several threads', async () => {
    const input = makeImage('worst-case', 600, 400, 4, 1);
    for (const [, host] of HOSTS) {
      const { exactPixels } = await host.transform(input, createImage(600, 400, 4), operationOf(), { threads: 2 });
      expect(exactPixels).toBe(exactPixelsOf(input));
    }
  });

  test('none of a flat area, few of a photograph', () => {
    expect(exactPixelsOf(createImage(64, 32, 4))).toBe(0);
    expect(exactPixelsOf(makeImage('photograph', 400, 300, 4, 2)) / (400 * 300)).toBeLessThan(0.01);
  });
});

describe('memory', () => {
  const input = makeImage('noise', 61, 40, 4, 5);
  const mode = { alpha: 'keep', border: 'wrap', passes: 1 } as const;

  /** The same image in other memory: rows further apart, at an odd offset. */
  function spread(image: CheckedImage, buffer: ArrayBufferLike, byteOffset: number, rowBytes: number): CheckedImage {
    const data = new Uint8Array(buffer, byteOffset, (image.height - 1) * rowBytes + image.width * image.channels);
    for (let y = 0; y < image.height; y++) {
      data.set(image.data.subarray(y * image.rowBytes, (y + 1) * image.rowBytes), y * rowBytes);
    }
    return { ...image, data, rowBytes };
  }

  test('of a page that is not isolated goes to workers and comes back', async () => {
    const sent: unknown[] = [];
    const host = hostWith(
      (listener) => {
        const worker = startWorker(listener);
        const postMessage = (data: unknown, transfer: readonly ArrayBuffer[]) => {
          worker.postMessage(data, transfer);
          sent.push(...transfer.map(({ byteLength }) => byteLength));
        };
        return { ...worker, postMessage };
      },
      { sharesMemory: false },
    );
    expect(firstDifference(referenceOf(input, mode), await transformed(input, mode, 2, host))).toBeUndefined();
    expect(sent).toEqual(Array(4).fill(0)); // two pieces, whose memory has changed hands
    host.dispose();
  });

  test.each([
    [1, ArrayBuffer, ArrayBuffer],
    [2, ArrayBuffer, ArrayBuffer],
    [2, SharedArrayBuffer, SharedArrayBuffer],
    [2, ArrayBuffer, SharedArrayBuffer],
    [2, SharedArrayBuffer, ArrayBuffer],
  ])(
    '%i threads, %o to %o, at an odd offset with padded rows: the padding stays as it is',
    async (threads, From, To) => {
      const source = spread(input, new From(20_000), 3, 251);
      const target = new Uint8Array(new To(20_000)).fill(77);
      const output = spread(createImage(61, 40, 4), target.buffer, 5, 259);
      await wasmHost.transform(source, output, mode, { threads });
      const wanted = new Uint8Array(20_000).fill(77);
      spread(referenceOf(input, mode), wanted.buffer, 5, 259);
      expect(Buffer.compare(target, wanted)).toBe(0);
    },
  );

  test('the border that is skipped stays as it is, with workers, too', async () => {
    for (const threads of [1, 2]) {
      const output = { ...createImage(61, 40, 4), data: new Uint8Array(61 * 40 * 4).fill(9) };
      await wasmHost.transform(input, output, operationOf(), { threads });
      expect(new Set(output.data.subarray(0, 61 * 4))).toEqual(new Set([9]));
      expect([output.data.at(61 * 4), output.data.at(-1)]).toEqual([9, 9]);
    }
  });
});

describe('threads', () => {
  const input = makeImage('photograph', 1500, 800, 4, 1);
  const output = createImage(1500, 800, 4);
  const run = (host = wasmHost, options: object = {}, passes = 1) =>
    host.transform(input, output, operationOf({ passes }), options);
  const refusing = () => {
    throw new Error('none may be started');
  };

  test('of an image as large as this there are two, of a small one there is one', async () => {
    expect((await run(hostWith(refusing))).device).toBe(
      'SIMD of 128 bits, 1 thread; 2 were wanted, but none may be started',
    );
    const small = makeImage('noise', 100, 100, 4, 1);
    const { device } = await hostWith(refusing).transform(small, createImage(100, 100, 4), operationOf());
    expect(device).toBe('SIMD of 128 bits, 1 thread');
  });

  test('as many as are asked for, in spans of their own', async () => {
    const spans: Span[] = [];
    const startMs = performance.now();
    const { device } = await run(wasmHost, { threads: 3, onSpan: (span: Span) => spans.push(span) });
    expect(device).toBe('SIMD of 128 bits, 3 threads');
    expect([...new Set(spans.map(({ track }) => track))].sort()).toEqual(
      [1, 2, 3].map((index) => `WebAssembly thread ${index}`),
    );
    for (const span of spans) {
      expect(span.startMs).toBeGreaterThan(startMs - 1);
      expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
      expect(span.endMs).toBeLessThan(performance.now() + 1);
    }
  });

  test('the calling thread is held for far less than 50 ms at a time', async () => {
    let beganUs = 0;
    const heldMs: number[] = [];
    const usedUs = () => process.cpuUsage().user; // of the processor: others may use it, too
    const letOthersRun = async () => {
      heldMs.push((usedUs() - beganUs) / 1000);
      await new Promise((resolve) => setImmediate(resolve));
      beganUs = usedUs();
    };
    const host = hostWith(refusing, { letOthersRun });
    const large = { ...createImage(4000, 3000, 4), data: new Uint8Array(4000 * 3000 * 4).fill(200) };
    beganUs = usedUs();
    await host.transform(large, createImage(4000, 3000, 4), operationOf());
    expect(heldMs.length).toBeGreaterThan(1);
    expect(Math.max(...heldMs)).toBeLessThan(50);
  });

  test('a signal stops it, here and with workers, and the next transform is right', async () => {
    for (const [threads, host] of [
      [1, wasmHost],
      [2, wasmHost],
      [2, transferringHost],
    ] as const) {
      const controller = new AbortController();
      const stopped = run(host, { threads, signal: controller.signal }, 100);
      setTimeout(() => controller.abort(new Error('enough')), 1);
      await expect(stopped).rejects.toThrow('enough');
      output.data.fill(0);
      await run(host, { threads });
      expect(firstDifference(referenceOf(input), output)).toBeUndefined();
    }
  });

  test('a worker that fails is a fault, and another one is started for the next transform', async () => {
    let started = 0;
    const host = hostWith(({ message, failure }) => {
      const index = started++;
      return {
        postMessage: (data) => {
          if ((data as object) !== null && 'module' in (data as object)) message('ready');
          else if (index === 0) failure('it ran out of memory');
        },
        terminate() {},
      };
    });
    await expect(run(host, { threads: 1 })).resolves.toBeDefined();
    expect(started).toBe(0);
    const failing = run(host, { threads: 2 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    host.dispose(); // the other one never answers
    await expect(failing).rejects.toMatchObject({
      code: 'BACKEND_FAILED',
      message: 'A worker of the WebAssembly kernel failed (it ran out of memory).',
    });
    void run(host, { threads: 2 }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(started).toBe(4);
    host.dispose();
  });
});

test('workers keep no process alive, and end with the thread that started them', () => {
  const index = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href);
  const body = `
    const { transform } = await import(${index});
    const image = { data: new Uint8Array(1500 * 800 * 4).fill(90), width: 1500, height: 800 };
    const { device } = await transform(image, { backend: 'wasm', threads: 2 });
    console.log(device);`;
  const script = `${body}
    const { Worker } = await import('node:worker_threads');
    const worker = new Worker(${JSON.stringify(`(async () => {${body}})()`)}, { eval: true });
    await new Promise((resolve) => worker.on('exit', resolve));
    const other = new Worker(${JSON.stringify(`(async () => {${body.replace('threads: 2', 'threads: 2, passes: 100')}})()`)}, { eval: true });
    setTimeout(() => other.terminate(), 100);`;
  const words = ['--input-type=module', '--eval', script];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 });
  const line = 'SIMD of 128 bits, 2 threads\n';
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: line + line, stderr: '' });
});

test('a worker that was given nothing keeps no process alive', () => {
  const script = `
    const { transform } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)});
    await transform({ data: new Uint8Array(100), width: 5, height: 5 }, { backend: 'wasm', threads: 2 });`;
  const words = ['--input-type=module', '--eval', script];
  expect(spawnSync(process.execPath, words, { timeout: 60_000 })).toMatchObject({ status: 0, signal: null });
});

test('the module needs nothing but memory', () => {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: { imports(module: object): object[] } } };
  expect(WebAssembly.Module.imports(wasmModule)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
});
