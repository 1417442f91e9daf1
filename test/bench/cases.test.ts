import { expect, test } from 'vitest';
import { makeCase } from '../../src/bench/cases.js';
import { BENCH_KINDS } from '../../src/bench/choices.js';
import { makeImage } from '../../src/conformance/images.js';
import { createCpuBackend } from '../../src/cpu/cpu-backend.js';
import { jobOf, referenceOf, transformedSync } from '../jobs.js';

const LARGE = { width: 2000, height: 700 };

test.each(BENCH_KINDS)('%s: expected is what the definition makes of the input', (kind) => {
  const bench = makeCase({ width: 50, height: 40 }, kind);
  expect(bench.id).toBe(`50x40/${kind}`);
  const expected = referenceOf(bench.input, { alpha: 'opaque', border: 'skip', passes: 1 });
  expect(Buffer.compare(bench.expected.data, expected.data)).toBe(0);
});

test('a large picture of the worst case needs binary64 nearly everywhere, across the seams too', () => {
  const created = createCpuBackend();
  if ('reason' in created) throw new Error(created.reason);
  const { input, expected } = makeCase(LARGE, 'worst-case');
  const job = jobOf({});
  expect(Buffer.compare(transformedSync(created.backend, input, job).data, expected.data)).toBe(0);
  const { pixelsRedone } = created.backend.transformSync!(
    input,
    { ...input, data: new Uint8Array(input.data.length) },
    job,
  );
  expect(pixelsRedone / (LARGE.width * LARGE.height)).toBeGreaterThan(0.98);
});

test('a photograph of the very size is taken, and named', () => {
  const photograph = { name: 'holiday.png', image: makeImage('noise', 30, 20, 4, 9) };
  expect(makeCase({ width: 30, height: 20 }, 'photograph', photograph)).toMatchObject({
    origin: 'holiday.png',
    input: photograph.image,
  });
  expect(makeCase({ width: 30, height: 21 }, 'photograph', photograph).origin).toBe('generated, seed 1');
  expect(makeCase({ width: 30, height: 20 }, 'noise', photograph).origin).toBe('generated, seed 1');
});
