import { describe, expect, test } from 'vitest';
import { type Candidate, isProduct } from '../../src/bench/candidate.js';
import { makeCase } from '../../src/bench/cases.js';
import { singleCopy } from '../../src/bench/copy.js';
import { measureCase } from '../../src/bench/measure.js';
import { plainLoop } from '../../src/bench/plain-loop.js';
import type { Raster } from '../../src/image.js';

const bench = makeCase({ width: 40, height: 30 }, 'noise');

function candidateOf(program: string, work: (input: Raster, output: Raster) => void): Candidate {
  const run: Candidate['run'] = (input, output) => {
    work(input, output);
    return undefined;
  };
  return { program, role: 'peer', threads: 1, run, isRight: isProduct, close: () => {} };
}

const right = candidateOf('right', plainLoop);

describe('measureCase', () => {
  test('a row for each candidate, its time against that of the copy', async () => {
    const rows = await measureCase(bench, [singleCopy(), right], { repeat: 5 });
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
    await expect(measureCase(bench, [singleCopy(), wrong], { repeat: 5 })).rejects.toMatchObject({
      code: 'BACKEND_FAILED',
      message: expect.stringContaining('wrong on 40x30/noise'),
    });
    expect(calls).toBe(1);
  });

  test('what the candidate before wrote is gone: doing nothing is not right', async () => {
    const idle = candidateOf('idle', () => {});
    await expect(measureCase(bench, [singleCopy(), right, idle], { repeat: 1 })).rejects.toThrow('idle');
  });

  test('rounds are interleaved, and each is made ready and warmed before it is timed', async () => {
    const calls: string[] = [];
    const named = (name: string): Candidate => ({
      ...candidateOf(name, (input, output) => {
        calls.push(name);
        plainLoop(input, output);
      }),
      makeReady: () => calls.push(`ready ${name}`),
    });
    await measureCase(bench, [singleCopy(), named('a'), named('b')], { repeat: 2 });
    const once = (name: string) => [`ready ${name}`, name];
    const turn = (name: string) => [...once(name), ...once(name)];
    const round = [...turn('a'), ...turn('b')];
    expect(calls).toEqual([...once('a'), ...once('b'), ...round, ...round]);
  });

  test('a slow candidate leaves after its budget, but is measured three times', async () => {
    const slow = candidateOf('slow', (input, output) => {
      plainLoop(input, output);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
    });
    const [copy, row] = await measureCase(bench, [singleCopy(), slow], { repeat: 6 });
    expect([copy.repetitions, row.repetitions]).toEqual([6, 3]);
    expect(row.nsPerPixel.least * 40 * 30).toBeGreaterThan(0.79e9);
  });
});
