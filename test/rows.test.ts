/** Images that flow in strips: the bytes of the whole transform, in bounded memory, and ends that leave nothing under way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { makeImage } from '../src/conformance/images.js';
import { type CheckedImage, createImage, rowsOf } from '../src/image.js';
import type { Operation } from '../src/options.js';
import { transformReference } from '../src/reference.js';
import { BORDER_MODES } from '../src/regions.js';
import { bytesHeld, planStrips, type RowReader, type RowWriter, transformRows } from '../src/rows.js';

const JOB: Operation = { alpha: 'opaque', border: 'replicate', passes: 1 };

/** So little that an image of a test takes several strips. */
const strips = (image: CheckedImage, rows: number) => 4 * rows * image.rowBytes;

interface Log {
  /** Rows read and rows written, in the order in which that happened. */
  readonly read: number[];
  readonly written: number[];
  closed: number;
  finished: number;
}

function readerOf(image: CheckedImage, log?: Log, failAt = Number.POSITIVE_INFINITY): RowReader {
  const { width, height, channels, rowBytes } = image;
  let y = 0;
  return {
    width,
    height,
    channels,
    read: async (rows) => {
      await sleep(0);
      const count = rows.length / rowBytes;
      if (y + count > failAt) throw new Error('unreadable');
      expect(y + count, 'rows that there are').toBeLessThanOrEqual(height);
      rows.set(image.data.subarray(y * rowBytes, (y + count) * rowBytes));
      y += count;
      log?.read.push(y);
    },
    finish: async () => {
      expect(y, 'rows read').toBe(height);
      if (log) log.finished++;
    },
    close: async () => {
      if (log) log.closed++;
    },
  };
}

function writerTo(image: CheckedImage, log?: Log, failAt = Number.POSITIVE_INFINITY): RowWriter {
  let y = 0;
  return {
    write: async (rows) => {
      const from = y;
      y += rows.height;
      await sleep(1); // other rows may come before
      if (y > failAt) throw new Error('unwritable');
      image.data.set(rows.data, from * image.rowBytes);
      log?.written.push(y);
    },
    finish: async () => {
      expect(y, 'rows written').toBe(image.height);
    },
  };
}

async function flow(input: CheckedImage, operation: Operation, maxBytes: number): Promise<CheckedImage> {
  const output = createImage(input.width, input.height, input.channels);
  output.data.fill(0xa5);
  const transform = async (from: CheckedImage, to: CheckedImage) => transformReference(from, to, operation);
  const openAgain = async () => readerOf(input);
  await transformRows(readerOf(input), writerTo(output), operation, transform, { maxBytes }, openAgain);
  return output;
}

function whole(input: CheckedImage, operation: Operation): CheckedImage {
  const output = createImage(input.width, input.height, input.channels);
  transformReference(input, output, operation);
  return output;
}

describe.each(BORDER_MODES)('with the border mode %s', (border) => {
  test.each([1, 2, 3, 7])('%s passes in strips of any height give the bytes of the whole', async (passes) => {
    for (const [width, height, channels] of [
      [1, 1, 4],
      [3, 1, 3],
      [1, 40, 4],
      [5, 2, 4],
      [9, 41, 3],
      [13, 64, 4],
    ] as const) {
      const input = makeImage('noise', width, height, channels, height);
      const operation = { alpha: 'channel', border, passes } as const;
      const expected = whole(input, operation);
      for (const rows of [2 * passes + 1, 2 * passes + 2, 2 * passes + 5, 100]) {
        const actual = await flow(input, operation, strips(input, rows));
        expect(Buffer.compare(actual.data, expected.data), `${width}x${height}, ${rows} rows held`).toBe(0);
      }
    }
  });
});

test('strips of the usual height flow, too, with every alpha mode', async () => {
  const input = makeImage('alpha-patches', 700, 2100, 4, 1);
  expect(planStrips(input, JOB, 2 ** 28).count).toBeGreaterThan(5);
  for (const alpha of ['opaque', 'channel', 'keep'] as const) {
    const operation = { ...JOB, alpha };
    expect(Buffer.compare((await flow(input, operation, 2 ** 28)).data, whole(input, operation).data), alpha).toBe(0);
  }
}, 60_000);

describe('strips', () => {
  const image = { width: 1000, height: 100_000, channels: 4 } as const;

  test.each([
    [1, 2 ** 16],
    [1, 2 ** 20],
    [1, 2 ** 30],
    [20, 2 ** 21],
    [1000, 2 ** 26],
  ])('of %s passes hold at most %s bytes', (passes, maxBytes) => {
    const operation = { ...JOB, passes };
    expect(bytesHeld(image, operation, maxBytes)).toBeLessThanOrEqual(maxBytes);
    const plan = planStrips(image, operation, maxBytes);
    const strips = Array.from({ length: plan.count }, (_, index) => plan.strip(index));
    expect(strips[0].firstRow).toBe(0);
    expect(strips.at(-1)?.endRow).toBe(100_000);
    for (const [index, strip] of strips.entries()) {
      expect(strip.endRow).toBe(strips[index + 1]?.firstRow ?? 100_000);
      expect(strip.firstHeld).toBe(Math.max(0, strip.firstRow - passes));
      expect(strip.endHeld).toBe(Math.min(100_000, strip.endRow + passes));
    }
  });

  test('are no list: a header of a few bytes can ask for a million', () => {
    const plan = planStrips({ width: 1e6, height: 1e9, channels: 4 }, JOB, 2 ** 28);
    expect(plan.count).toBeGreaterThan(1e8);
    const { firstRow, endRow } = plan.strip(1e8);
    expect(plan.strip(1e8 - 1).endRow).toBe(firstRow);
    expect(plan.strip(1e8)).toEqual({ firstHeld: firstRow - 1, firstRow, endRow, endHeld: endRow + 1 });
    expect(plan.strip(plan.count - 1).endRow).toBe(1e9);
  });

  test('are held beside the image, where it is kept for its ends', () => {
    const wrap = { ...JOB, border: 'wrap' } as const;
    const kept = bytesHeld(image, wrap, 2 ** 30) - bytesHeld(image, JOB, 2 ** 30);
    expect(kept).toBeGreaterThanOrEqual(1000 * 100_000 * 4);
    expect(bytesHeld(image, wrap, 2 ** 29)).toBeLessThan(2 ** 25); // read twice instead
  });

  test('are refused where not even one row fits', () => {
    expect(() => planStrips(image, { ...JOB, passes: 1000 }, 2 ** 20)).toThrow(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message:
          '1000 passes over rows of 4000 bytes need 31 MiB at once, more than the 1 MiB allowed. Raise --max-memory to 31M.',
      }),
    );
    expect(planStrips(image, { ...JOB, passes: 1000 }, 31 * 2 ** 20).count).toBeGreaterThan(1);
  });
});

describe('side by side', () => {
  test('reading is never more than two strips ahead of computing, nor computing of writing', async () => {
    const input = makeImage('noise', 10, 400, 4, 1);
    const log: Log = { read: [], written: [], closed: 0, finished: 0 };
    const ahead: number[] = [];
    const transform = async (from: CheckedImage, to: CheckedImage) => {
      await sleep(2);
      ahead.push((log.read.at(-1) ?? 0) - (log.written.at(-1) ?? 0));
      transformReference(from, to, JOB);
    };
    const onRows: number[] = [];
    const options = { maxBytes: strips(input, 22), onRows: (rows: number) => onRows.push(rows) };
    await transformRows(readerOf(input, log), writerTo(createImage(10, 400, 4), log), JOB, transform, options);
    expect(log.finished).toBe(1);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(4 * 22);
    expect(onRows).toEqual(Array.from({ length: 20 }, (_, strip) => 20 * (strip + 1)));
  });
});

describe('where something fails, that is the error, and nothing is under way any more', () => {
  const input = makeImage('noise', 10, 400, 4, 1);

  async function outcome(readUpTo: number, writeUpTo: number, computeUpTo: number, signal?: AbortSignal) {
    let working = 0;
    let computed = 0;
    const track = <Args extends unknown[]>(work: (...args: Args) => Promise<void>) => {
      return async (...args: Args) => {
        working++;
        await work(...args).finally(() => working--);
      };
    };
    const reader = readerOf(input, undefined, readUpTo);
    const writer = writerTo(createImage(10, 400, 4), undefined, writeUpTo);
    const transform = track(async (from: CheckedImage, to: CheckedImage) => {
      computed += from.height;
      if (computed > computeUpTo) throw new Error('broken');
      transformReference(from, to, JOB);
    });
    const flowing = transformRows(
      { ...reader, read: track(reader.read) },
      { ...writer, write: track(writer.write) },
      JOB,
      transform,
      { maxBytes: strips(input, 22), signal },
    );
    const error = await flowing.then(
      () => undefined,
      (reason) => reason,
    );
    expect(working, 'steps under way').toBe(0);
    return error?.message;
  }

  test('the reader', async () => expect(await outcome(200, 1e9, 1e9)).toBe('unreadable'));
  test('the reader, at once', async () => expect(await outcome(0, 1e9, 1e9)).toBe('unreadable'));
  test('the writer', async () => expect(await outcome(1e9, 200, 1e9)).toBe('unwritable'));
  test('the writer, at the last row', async () => expect(await outcome(1e9, 399, 1e9)).toBe('unwritable'));
  test('the transform', async () => expect(await outcome(1e9, 1e9, 100)).toBe('broken'));
  test('an abort', async () => expect(await outcome(1e9, 1e9, 1e9, AbortSignal.abort(new Error('gone')))).toBe('gone'));
  test('nothing', async () => expect(await outcome(1e9, 1e9, 1e9)).toBeUndefined());
});

describe('the last rows first', () => {
  const wrap = { ...JOB, border: 'wrap' } as const;
  const input = makeImage('noise', 10, 400, 4, 1);
  const compute = async (from: CheckedImage, to: CheckedImage) => transformReference(from, to, wrap);

  test('a file is opened twice, and both readers are closed', async () => {
    const logs = [0, 1].map((): Log => ({ read: [], written: [], closed: 0, finished: 0 }));
    const output = createImage(10, 400, 4);
    const options = { maxBytes: strips(input, 22) };
    const openAgain = async () => readerOf(input, logs[1]);
    await transformRows(readerOf(input, logs[0]), writerTo(output), wrap, compute, options, openAgain);
    expect(logs).toMatchObject([
      { closed: 1, finished: 1 },
      { closed: 1, finished: 1 },
    ]);
    expect(Buffer.compare(output.data, whole(input, wrap).data)).toBe(0);
  });

  test('what can be read only once is refused before any work, unless it fits into memory', async () => {
    const log: Log = { read: [], written: [], closed: 0, finished: 0 };
    const output = createImage(10, 400, 4);
    const tooLittle = { maxBytes: strips(input, 22) };
    await expect(transformRows(readerOf(input, log), writerTo(output), wrap, compute, tooLittle)).rejects.toMatchObject(
      {
        code: 'INVALID_OPTION',
        message: expect.stringMatching(/^The first row needs the last one, and .* cannot be read twice\. .* to 1M\.$/),
      },
    );
    expect(log.read).toEqual([]);
    await transformRows(readerOf(input), writerTo(output), wrap, compute, { maxBytes: 2 * input.data.length });
    expect(Buffer.compare(output.data, whole(input, wrap).data)).toBe(0);
  });

  test('a file that has changed meanwhile is an error', async () => {
    const other = readerOf(rowsOf(input, 0, 399));
    const options = { maxBytes: strips(input, 22) };
    const flowing = transformRows(
      readerOf(input),
      writerTo(createImage(10, 400, 4)),
      wrap,
      compute,
      options,
      async () => other,
    );
    await expect(flowing).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: 'The file has changed while it was read: from 10x400 RGBA to 10x399 RGBA. Run it again.',
    });
  });
});
