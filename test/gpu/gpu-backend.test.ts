import { beforeAll, expect, test } from 'vitest';
import { IMAGE_KINDS, makeImage } from '../../src/conformance/images.js';
import type { Host } from '../../src/host.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { transformReference } from '../../src/reference.js';
import { differenceOf, firstDifference, modesOf, operationOf, referenceOf } from '../transforms.js';
import { undecidedFlat } from './comparisons.js';
import { describeOnGpu, openHost } from './devices.js';

const CHANNELS = [3, 4] as const;

describeOnGpu('the same bytes as the reference', () => {
  let host: Host;
  beforeAll(async () => {
    host = await openHost();
  });

  test.each(CHANNELS)('every size from 1x1 to 24x24, %i channels, every mode in turn', async (channels) => {
    const modes = modesOf(channels).flatMap((mode) => [1, 2, 3].map((passes) => ({ ...mode, passes })));
    const differences: string[] = [];
    let compared = 0;
    for (let height = 1; height <= 24; height++) {
      for (let width = 1; width <= 24; width++) {
        const input = makeImage('noise', width, height, channels, 25 * width + height);
        // Coprime to the number of modes, so that neighbouring sizes differ and every mode meets every residue.
        const mode = modes[(compared * 5) % modes.length];
        const difference = await differenceOf(host, input, mode);
        if (difference) differences.push(difference);
        compared++;
      }
    }
    expect(differences).toEqual([]);
    expect(compared).toBe(576);
  });

  test.each(IMAGE_KINDS)('kind %s, every mode', async (kind) => {
    for (const channels of CHANNELS) {
      // Two workgroups and a part across, two runs and a part down.
      const input = makeImage(kind, 137, 21, channels, 7);
      for (const mode of modesOf(channels)) expect(await differenceOf(host, input, mode)).toBeUndefined();
    }
  });

  test.each([1, 2, 3, 4])('%i passes, every mode', async (passes) => {
    for (const channels of CHANNELS) {
      const input = makeImage('near-integers', 33, 30, channels, passes);
      for (const mode of modesOf(channels)) {
        expect(await differenceOf(host, input, { ...mode, passes })).toBeUndefined();
      }
    }
  });

  test('what was between passes before is not seen where skip leaves a border', async () => {
    await host.transform(
      makeImage('noise', 40, 40, 4, 1),
      createImage(40, 40, 4),
      operationOf({ border: 'wrap', passes: 3 }),
    );
    const input = makeImage('noise', 39, 41, 4, 2);
    expect(await differenceOf(host, input, { border: 'skip', passes: 3 })).toBeUndefined();
  });

  test('sizes round the multiples of a workgroup and of a run', async () => {
    for (const width of [63, 64, 65, 66, 67, 127, 128, 129, 130, 131]) {
      for (const height of [7, 8, 9, 10, 11, 16, 17, 18, 19]) {
        const input = makeImage('saturated', width, height, 4, width * height);
        for (const border of ['skip', 'replicate'] as const) {
          expect(await differenceOf(host, input, { border })).toBeUndefined();
        }
      }
    }
  });

  test('more rows than one dimension of a dispatch takes, and a very wide image', async () => {
    for (const [width, height] of [
      [3, 530_000],
      [530_000, 3],
    ]) {
      const input = makeImage('noise', width, height, 3, 1);
      expect(await differenceOf(host, input, { border: 'replicate' })).toBeUndefined();
    }
  });

  test('an image of which every pixel is redone', async () => {
    for (const channels of CHANNELS) {
      const input = undecidedFlat(201, 103, channels);
      const output = createImage(201, 103, channels);
      const run = await host.transform(input, output, operationOf({ border: 'wrap' }));
      expect(run.exactPixels).toBe(201 * 103);
      expect(firstDifference(referenceOf(input, { border: 'wrap' }), output)).toBeUndefined();
    }
  });

  test('pixels are counted over all passes, and none where all are certain', async () => {
    const input = makeImage('exact-integers', 50, 40, 3, 1);
    const exactPixelsOf = async (passes: number) =>
      (await host.transform(input, createImage(50, 40, 3), operationOf({ passes }))).exactPixels;
    const firstPass = await exactPixelsOf(1);
    expect(firstPass).toBeGreaterThan(50);
    expect(await exactPixelsOf(3)).toBeGreaterThanOrEqual(firstPass);
    const black = makeImage('black', 50, 40, 3, 1);
    expect((await host.transform(black, createImage(50, 40, 3), operationOf())).exactPixels).toBe(0);
  });

  test('concurrent transforms on one backend', async () => {
    const inputs = Array.from({ length: 12 }, (_, seed) =>
      makeImage('photograph', 20 + 7 * seed, 60 - 3 * seed, 4, seed),
    );
    const differences = await Promise.all(inputs.map((input) => differenceOf(host, input, { border: 'reflect' })));
    expect(differences).toEqual(inputs.map(() => undefined));
  });
});

describeOnGpu('memory as callers have it', () => {
  let host: Host;
  beforeAll(async () => {
    host = await openHost();
  });

  /** An image inside memory of its own filled with 0xab: at an odd offset, with padding between the rows. */
  function placed(image: CheckedImage, byteOffset: number, padding: number, buffer?: ArrayBufferLike): CheckedImage {
    const rowBytes = image.width * image.channels + padding;
    const memory = new Uint8Array(buffer ?? new ArrayBuffer(byteOffset + image.height * rowBytes + 9)).fill(0xab);
    const data = memory.subarray(byteOffset);
    for (let y = 0; y < image.height; y++) {
      data.set(
        image.data.subarray(y * image.rowBytes, y * image.rowBytes + image.width * image.channels),
        y * rowBytes,
      );
    }
    return { ...image, data, rowBytes };
  }

  function memoryOf({ data }: CheckedImage): Buffer {
    return Buffer.from(new Uint8Array(data.buffer));
  }

  test.each(CHANNELS)('odd offsets, row strides, untouched surroundings, %i channels', async (channels) => {
    for (const [byteOffset, padding] of [
      [0, 0],
      [1, 0],
      [0, 4],
      [3, 5],
      [7, 1],
    ]) {
      const input = placed(makeImage('noise', 30, 11, channels, padding), byteOffset, padding);
      for (const mode of modesOf(channels)) {
        const [output, expected] = [0, 1].map(() =>
          placed(makeImage('ones', 30, 11, channels, 0), padding, byteOffset),
        );
        const inputBefore = memoryOf(input);
        await host.transform(input, output, mode);
        transformReference(input, expected, mode);
        expect(memoryOf(output).equals(memoryOf(expected))).toBe(true);
        expect(memoryOf(input).equals(inputBefore)).toBe(true);
      }
    }
  });

  test.each([undefined, 40 * 4 * 5])('output over the input, buffers of at most %s bytes', async (bufferBytes) => {
    const overlapping = await openHost(bufferBytes === undefined ? {} : { bufferBytes });
    for (const distance of [0, 4, 161, -160]) {
      for (const passes of [1, 2]) {
        const memory = makeImage('photograph', 40, 40, 4, 3).data;
        const input = { data: memory.subarray(800), width: 40, height: 20, channels: 4, rowBytes: 160 } as const;
        const output = { ...input, data: memory.subarray(800 + distance) };
        const expected = referenceOf({ ...input, data: input.data.slice() }, operationOf({ border: 'wrap', passes }));
        await overlapping.transform(input, output, operationOf({ border: 'wrap', passes }));
        expect(firstDifference(expected, { ...output, data: output.data.subarray(0, 3200) })).toBeUndefined();
      }
    }
  });

  test('shared memory on both sides', async () => {
    for (const channels of CHANNELS) {
      const image = makeImage('photograph', 50, 20, channels, 5);
      const input = placed(image, 0, 0, new SharedArrayBuffer(image.data.length));
      const output = placed(makeImage('black', 50, 20, channels, 0), 0, 0, new SharedArrayBuffer(image.data.length));
      await host.transform(input, output, operationOf({ border: 'reflect' }));
      expect(firstDifference(referenceOf(image, operationOf({ border: 'reflect' })), output)).toBeUndefined();
    }
  });
});

describeOnGpu('strips', () => {
  test.each([3, 4, 9])('buffers of %i rows: every mode and several passes', async (rows) => {
    const host = await openHost({ bufferBytes: rows * 33 * 4 });
    for (const channels of CHANNELS) {
      const input = makeImage('near-integers', 33, 14, channels, rows);
      for (const mode of modesOf(channels)) {
        for (const passes of [1, 2, 4]) expect(await differenceOf(host, input, { ...mode, passes })).toBeUndefined();
      }
    }
  });

  test('a whole image and its strips have the same pixels redone', async () => {
    const input = makeImage('near-integers', 60, 60, 4, 1);
    const counts = await Promise.all(
      [{}, { bufferBytes: 60 * 4 * 7 }].map(async (options) => {
        const run = await (await openHost(options)).transform(
          input,
          createImage(60, 60, 4),
          operationOf({ passes: 2 }),
        );
        return run.exactPixels;
      }),
    );
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBe(counts[0]);
  });
});

describeOnGpu('a backend over time', () => {
  test('300 transforms of changing sizes take no more memory', async () => {
    const host = await openHost();
    const run = async (count: number) => {
      for (let k = 0; k < count; k++) {
        const side = 100 + 20 * (k % 5);
        const image = createImage(side, side, k % 2 ? 3 : 4);
        await host.transform(image, image, operationOf({ passes: 1 + (k % 3) }));
      }
    };
    await run(60);
    const before = process.memoryUsage().rss;
    await run(300);
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * 2 ** 20);
  });

  test('buffers serve the next image of their size or less, and are freed when they do not', async () => {
    const live = new Map<GPUBuffer, number>();
    let created = 0;
    const watched = new WeakSet<GPUDevice>();
    const watch = (device: GPUDevice) => {
      if (watched.has(device)) return;
      watched.add(device);
      const { createBuffer } = device;
      device.createBuffer = (descriptor) => {
        const buffer = createBuffer.call(device, descriptor);
        const { destroy } = buffer;
        live.set(buffer, descriptor.size);
        created++;
        buffer.destroy = () => {
          live.delete(buffer);
          destroy.call(buffer);
        };
        return buffer;
      };
    };
    const host = await openHost({ onPhase: (_, device) => watch(device) });
    const run = (side: number, passes: number) => {
      const image = createImage(side, side, 4);
      return host.transform(image, image, operationOf({ passes }));
    };
    await run(100, 3);
    const createdAtFirst = created;
    const [count, byteLength] = [live.size, [...live.values()].reduce((sum, size) => sum + size)];
    for (const side of [100, 3, 64]) for (const passes of [1, 2, 3]) await run(side, passes);
    expect(created).toBe(createdAtFirst);
    for (const side of [101, 120, 80, 140]) await run(side, 3);
    await run(100, 4);
    await run(141, 3);
    expect(live.size).toBe(count);
    const largest = [...live.values()].reduce((sum, size) => sum + size);
    expect(largest / byteLength).toBeLessThan((141 * 141) / 100 ** 2 + 0.01);
  });

  test('a waiting or running transform is stopped, and the next one is right', async () => {
    const host = await openHost();
    const input = makeImage('noise', 400, 400, 4, 1);
    const controller = new AbortController();
    const operation = operationOf({ passes: 1000 });
    const run = { signal: controller.signal };
    const running = host.transform(input, createImage(400, 400, 4), operation, run);
    const waiting = host.transform(input, createImage(400, 400, 4), operation, run);
    const next = differenceOf(host, input);
    setTimeout(() => controller.abort(new Error('enough')), 20);
    const outcomes = await Promise.allSettled([running, waiting]);
    expect(outcomes).toEqual([0, 1].map(() => ({ status: 'rejected', reason: controller.signal.reason })));
    expect(await next).toBeUndefined();
  });
});
