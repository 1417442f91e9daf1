import { afterEach, describe, expect, test } from 'vitest';
import { backendEntry } from '../../src/backends.js';
import {
  type CandidateOptions,
  isTransform,
  openCandidates,
  plainJavaScript,
  plainLoop,
  singleCopy,
} from '../../src/bench/candidates.js';
import { makeCase } from '../../src/bench/cases.js';
import { type Candidate, measureCase } from '../../src/bench/measure.js';
import { IMAGE_KINDS, makeImage } from '../../src/conformance/images.js';
import { createImage } from '../../src/image.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { firstDifference, referenceOf } from '../transforms.js';

const open: Candidate[] = [];
afterEach(async () => {
  for (const candidate of open.splice(0)) await candidate.close?.();
});

async function candidatesFor(options: Partial<CandidateOptions>): Promise<Candidate[]> {
  const all = { backend: 'all', everyInstructionSet: false, threadCounts: [1], ...options } as const;
  const { candidates } = await openCandidates(all, 64);
  open.push(...candidates);
  return [...candidates];
}

describe('openCandidates', () => {
  test('a copy for each number of threads, the plain loop, then the backends', async () => {
    const candidates = await candidatesFor({ backend: 'reference' });
    expect(candidates.map(({ program, role, threads }) => [program, role, threads])).toEqual([
      ['copy of the same bytes', 'copy', 1],
      ['JavaScript double loop', 'peer', 1],
      ['neighbor-product reference', 'ours', 1],
    ]);
  });

  test('the fastest instruction set, or every one', async () => {
    const oursOf = (candidates: Candidate[]) => candidates.filter(({ role }) => role === 'ours');
    const fastest = oursOf(await candidatesFor({ backend: 'cpu' }));
    const every = oursOf(await candidatesFor({ backend: 'cpu', everyInstructionSet: true }));
    expect(fastest.map(({ program }) => program)).toEqual([every[0].program]);
    expect(every.at(-1)!.program).toBe('neighbor-product cpu portable');
    expect(every.length).toBeGreaterThan(1);
  });

  test('every candidate writes the right bytes', async () => {
    const benchCase = makeCase({ width: 50, height: 40 }, 'noise');
    const candidates = await candidatesFor({ everyInstructionSet: true });
    expect(candidates.length).toBeGreaterThan(3);
    for (const candidate of candidates) {
      const output = createImage(50, 40, 4);
      expect(candidate.isCorrect(benchCase, output), `${candidate.program}, idle`).toBe(false);
      candidate.prepare?.();
      await candidate.run(benchCase.input, output);
      expect(candidate.isCorrect(benchCase, output), candidate.program).toBe(true);
    }
  });
});

test.each(IMAGE_KINDS)('plain loop, %s: the bytes of the reference', (kind) => {
  const input = makeImage(kind, 61, 43, 4, 3);
  const output = createImage(61, 43, 4);
  plainLoop(input, output);
  expect(firstDifference(referenceOf(input), output)).toBeUndefined();
});

/**
 * How many times as fast as the plain JavaScript loop one thread has to be, by instruction set: half of what is usual or
 * less (at least 50, 46, 40 and 13 on the machine of bench/results/), so that only a change of the code gets below.
 */
const LEAST_FACTORS: Readonly<Record<string, number>> = {
  'cpu avx512': 24,
  'cpu avx2': 20,
  'cpu sse2': 15,
  'cpu portable': 6,
};

/** Both in the same process, at the same time: a machine that is slow or busy is so for both. */
test('one thread of every instruction set is many times as fast as the plain loop', async () => {
  const devices = await backendEntry('cpu').openDevices();
  const kernels = devices.map((device): Candidate => {
    if ('missing' in device) throw new Error(device.missing);
    const run: Candidate['run'] = (input, output) =>
      device.transformer.transformSync!(input, output, DEFAULT_OPERATION, { threads: 1 });
    return { program: device.name, role: 'ours', threads: 1, run, isCorrect: isTransform };
  });
  const plain = plainJavaScript();
  const benchCase = makeCase({ width: 950, height: 535 }, 'photograph');
  const rows = await measureCase(benchCase, [singleCopy(), plain, ...kernels], { repeat: 11 });
  const { nsPerPixel: plainTime } = rows.find(({ program }) => program === plain.program)!;
  const ours = rows.filter(({ role }) => role === 'ours');
  expect(ours.length).toBeGreaterThan(0);
  const factors = ours.map(({ program, nsPerPixel }) => {
    return { program, factor: plainTime.median / nsPerPixel.median };
  });
  const slow = factors.filter(({ program, factor }) => factor < LEAST_FACTORS[program]);
  expect(slow, JSON.stringify(factors)).toEqual([]);
  expect(ours.map(({ program }) => program).filter((program) => !(program in LEAST_FACTORS))).toEqual([]);
});
