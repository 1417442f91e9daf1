/**
 * Whether the kernel is still fast: against a plain loop in the same process, at the same time. Not a timed test: a
 * machine that is slow or busy is so for both.
 */
import { expect, test } from 'vitest';
import type { Candidate } from '../../src/bench/candidate.js';
import { plainJavaScript } from '../../src/bench/candidates.js';
import { makeCase } from '../../src/bench/cases.js';
import { singleCopy } from '../../src/bench/copy.js';
import { measureCase } from '../../src/bench/measure.js';
import { runBackend } from '../../src/bench/open-backend.js';
import { loadAddon } from '../../src/cpu/addon.js';
import { createCpuBackend } from '../../src/cpu/cpu-backend.js';

/**
 * How many times as fast as the plain JavaScript loop one thread has to be, by instruction set: half of what is usual or
 * less (at least 50, 46, 40 and 13 on the machine of bench/results/), so that only a change of the code gets below.
 */
const LEAST_FACTORS: Readonly<Record<string, number>> = { avx512: 24, avx2: 20, sse2: 15, portable: 6 };

const PLAIN = plainJavaScript();

function kernelOf(instructionSet: string): Candidate {
  const created = createCpuBackend({ variant: instructionSet });
  if ('reason' in created) throw new Error(created.reason);
  return {
    ...PLAIN,
    program: instructionSet,
    role: 'ours',
    run: (input, output) => runBackend(created.backend, { backend: 'cpu', threads: 1 }, input, output),
  };
}

test('one thread of every instruction set is many times as fast as the plain loop', async () => {
  const loaded = loadAddon();
  if ('reason' in loaded) throw new Error(loaded.reason);
  const bench = makeCase({ width: 950, height: 535 }, 'photograph');
  const kernels = loaded.addon.variants.map(kernelOf);
  const rows = await measureCase(bench, [singleCopy(), PLAIN, ...kernels], { repeat: 11 });
  const plain = rows.find(({ program }) => program === PLAIN.program)!;
  const ours = rows.filter(({ role }) => role === 'ours');
  expect(ours.length).toBeGreaterThan(0);
  const factors = ours.map(({ program, nsPerPixel }) => {
    return { program, factor: plain.nsPerPixel.median / nsPerPixel.median };
  });
  const slow = factors.filter(({ program, factor }) => factor < LEAST_FACTORS[program]);
  expect(slow, JSON.stringify(factors)).toEqual([]);
  expect(ours.map(({ program }) => program).filter((program) => !(program in LEAST_FACTORS))).toEqual([]);
});
