import { describe, expect, test } from 'vitest';
import type { Transformer } from '../../src/backend.js';
import { isTransform, plainLoop, singleCopy } from '../../src/bench/candidates.js';
import { makeCase } from '../../src/bench/cases.js';
import { type Candidate, measureCase, measureDevice, spreadOf } from '../../src/bench/measure.js';
import { makeImage } from '../../src/conformance/images.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { referenceTransformer } from '../../src/reference.js';
import type { SpanListener } from '../../src/span.js';
import { describeOnGpu, openHost } from '../gpu/devices.js';
import { TestDevice } from '../workers.js';

const benchCase = makeCase({ width: 40, height: 30 }, 'noise');

function candidateOf(program: string, work: (input: CheckedImage, output: CheckedImage) => void): Candidate {
  const run: Candidate['run'] = (input, output) => {
    work(input, output);
    return undefined;
  };
  return { program, role: 'peer', threads: 1, run, isCorrect: isTransform };
}

const right = candidateOf('right', plainLoop);

describe('measureCase', () => {
  test('a row for each candidate, its time against that of the copy', async () => {
    const rows = await measureCase(benchCase, [singleCopy(), right], { repeat: 5 });
    expect(rows.map(({ program }) => program)).toEqual(['copy of the same bytes', 'right']);
    const [copy, row] = rows;
    expect(copy.timesCopy).toBe(1);
    expect(row.timesCopy).toBeCloseTo(row.nsPerPixel.median / copy.nsPerPixel.median);
    expect(row).toMatchObject({ repetitions: 5, differingShare: 0, gbPerSecond: 8 / row.nsPerPixel.median });
    expect(row.nsPerPixel.least).toBeLessThanOrEqual(row.nsPerPixel.median);
  });

  test('one wrong byte is an error, and nothing is timed', async () => {
    let calls = 0;
    const wrong = candidateOf('wrong', (input, output) => {
      calls += 1;
      plainLoop(input, output);
      output.data[output.rowBytes + 4] ^= 1;
    });
    await expect(measureCase(benchCase, [singleCopy(), wrong], { repeat: 5 })).rejects.toMatchObject({
      code: 'DIFFERENCES_FOUND',
      message: expect.stringContaining("wrong differ from the reference's on 40x30/noise"),
    });
    expect(calls).toBe(1);
  });

  test('the output is cleared before each check: doing nothing is not correct', async () => {
    const idle = candidateOf('idle', () => {});
    await expect(measureCase(benchCase, [singleCopy(), right, idle], { repeat: 1 })).rejects.toThrow('idle');
  });

  test('rounds are interleaved, and each is prepared and warmed before it is timed', async () => {
    const calls: string[] = [];
    const named = (name: string): Candidate => ({
      ...candidateOf(name, (input, output) => {
        calls.push(name);
        plainLoop(input, output);
      }),
      prepare: () => calls.push(`prepare ${name}`),
    });
    await measureCase(benchCase, [singleCopy(), named('a'), named('b')], { repeat: 2 });
    const once = (name: string) => [`prepare ${name}`, name];
    const turn = (name: string) => [...once(name), ...once(name)];
    const round = [...turn('a'), ...turn('b')];
    expect(calls).toEqual([...once('a'), ...once('b'), ...round, ...round]);
  });

  test('a slow candidate drops out after its budget, but is measured three times', async () => {
    const slow = candidateOf('slow', (input, output) => {
      plainLoop(input, output);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
    });
    const [copy, row] = await measureCase(benchCase, [singleCopy(), slow], { repeat: 6 });
    expect([copy.repetitions, row.repetitions]).toEqual([6, 3]);
    expect(row.nsPerPixel.least * 40 * 30).toBeGreaterThan(0.79e9);
  });
});

test.each([
  [[3, 1, 2], { median: 2, least: 1, most: 3 }],
  [[4, 1, 10, 2], { median: 3, least: 1, most: 10 }],
  [[7], { median: 7, least: 7, most: 7 }],
])('spread of %j', (values, spread) => {
  expect(spreadOf(values)).toEqual(spread);
});

describeOnGpu('measureDevice on a GPU', () => {
  test('the kernel takes longer than a copy, and the phases fit into the whole', async () => {
    const host = await openHost();
    const input = makeImage('photograph', 800, 600, 4, 1);
    const output = createImage(800, 600, 4);
    const startMs = performance.now();
    const times = await measureDevice(host, input, output);
    const elapsedMs = performance.now() - startMs;
    expect(times!.kernelMs).toBeGreaterThan(times!.copyMs);
    expect(times!.uploadMs + times!.kernelMs + times!.readBackMs).toBeLessThan(elapsedMs);
    for (const timeMs of Object.values(times!)) expect(timeMs).toBeGreaterThan(0);
  });

  test('transfers are summed over the strips; of an image that is too large the kernel takes its first rows', async () => {
    const { device } = (await openHost()).backend;
    const transform: Transformer['transform'] = async (_input, _output, _operation, run) => {
      reportStrips(run!.onSpan!);
      return { device: '', exactPixels: 0 };
    };
    const image = makeImage('worst-case', 60, 90, 4, 1);
    const timesOf = (residentPixels: number) => {
      const backend = Object.assign(new TestDevice({ residentPixels }), { device });
      const transformer = { transform, dispose: () => {}, backend };
      return measureDevice(transformer, image, image);
    };
    const [whole, part] = [await timesOf(60 * 90), await timesOf(60 * 30)];
    expect(whole).toMatchObject({ uploadMs: 2, readBackMs: 10 });
    expect(part!.kernelMs / whole!.kernelMs).toBeGreaterThan(0.3);
    expect(part!.kernelMs / whole!.kernelMs).toBeLessThan(10);
  });

  test('undefined for a device without a clock', async () => {
    const host = await openHost();
    Object.defineProperty(host.backend.device, 'features', { value: new Set() });
    expect(await measureDevice(host, createImage(3, 3, 4), createImage(3, 3, 4))).toBeUndefined();
  });
});

describe('measureDevice', () => {
  test('undefined for what does not run on a GPU', async () => {
    expect(await measureDevice(referenceTransformer, createImage(3, 3, 4), createImage(3, 3, 4))).toBeUndefined();
  });
});

function reportStrips(onSpan: SpanListener): void {
  const report = (name: string, track: string, endMs: number) => onSpan({ name, track, startMs: 1, endMs });
  for (const strip of [1, 2]) {
    report('upload', `GPU slot ${strip}`, 2);
    report('map', `GPU slot ${strip}`, 100);
    report('copy', `GPU slot ${strip}`, 6);
  }
}
