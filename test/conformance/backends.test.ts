/**
 * The whole suite on every backend of this machine, as `neighbor-product conformance` runs it; for `npm run test:fast` its
 * quick part.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConformanceReport, totalOf } from '../../src/conformance/report.js';
import type { Subject } from '../../src/conformance/subject.js';
import { runConformance } from '../../src/conformance/suite.js';
import type { OpenedGpu } from '../../src/gpu/adapters.js';
import { openGpu } from '../../src/gpu/node-gpu.js';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';
import { cpuSubjects } from '../cpu/addons.js';
import { wasmHost } from '../wasm/subjects.js';

const isFast = process.env.NEIGHBOR_PRODUCT_TEST === 'fast';
const LEAST = isFast
  ? { cases: 300, bytes: 5_000_000, exactPixels: 10_000 }
  : { cases: 2_000, bytes: 50_000_000, exactPixels: 100_000 };

let gpu: OpenedGpu;
let result: ConformanceReport;

beforeAll(async () => {
  gpu = await openGpu();
  result = await runConformance({
    subjects: [...listCpuSubjects(), ...WASM_SUBJECTS, ...listGpuSubjects(gpu)],
    quick: isFast,
  });
}, 600_000);

afterAll(() => {
  wasmHost.dispose();
  if ('transformer' in gpu) gpu.transformer.dispose();
});

function listCpuSubjects(): Subject[] {
  return cpuSubjects.flatMap(({ name, host, hasOpenMp }) =>
    (hasOpenMp ? [1, 3] : [1]).map((threads) => ({ name: `cpu ${name}, threads ${threads}`, backend: host, threads })),
  );
}

const WASM_SUBJECTS: readonly Subject[] = [1, 3].map((threads) => {
  return { name: `wasm, threads ${threads}`, backend: wasmHost, threads };
});

/** Where a software GPU exists, a missing adapter is a failure; elsewhere the test says that it was not run. */
function listGpuSubjects(opened: OpenedGpu): Subject[] {
  if ('transformer' in opened) return [{ name: 'gpu', backend: opened.transformer }];
  if (softwareGpuExists) return [{ name: 'gpu', missing: opened.reason }];
  process.stderr.write(`NOT RUN, for want of a GPU: the suite on the gpu backend (${opened.reason})\n`);
  return [];
}

test('every backend gives every byte of the reference', () => {
  // Reasons first: they are short. The first failures say what to look at.
  const firstFailures = result.subjects.flatMap(({ failures }) => failures.slice(0, 3));
  expect({ reasons: result.reasons, firstFailures }).toEqual({ reasons: [], firstFailures: [] });
  expect(result.passed).toBe(true);
});

test(`at least ${LEAST.cases} cases and ${LEAST.bytes} bytes were compared, in under 5 minutes`, () => {
  const bytes = result.subjects.reduce((sum, subject) => sum + totalOf(subject).bytes, 0);
  expect(result.caseIds.length).toBeGreaterThanOrEqual(LEAST.cases);
  expect(bytes).toBeGreaterThanOrEqual(LEAST.bytes);
  expect(result.elapsedMs).toBeLessThan(300_000);
});

test('every backend had exact pixels: the hard cases are hard for all of them', () => {
  expect(result.subjects.length).toBeGreaterThan(1);
  for (const subject of result.subjects) {
    expect(totalOf(subject).exactPixels, subject.subject).toBeGreaterThan(LEAST.exactPixels);
  }
});
