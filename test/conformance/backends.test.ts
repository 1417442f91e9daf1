/** The whole suite on every backend of this machine, as `neighbor-product conformance` runs it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SuiteResult, totalOf } from '../../src/conformance/result.js';
import { runSuite } from '../../src/conformance/run-suite.js';
import type { Subject } from '../../src/conformance/tally.js';
import { openGpu } from '../../src/gpu/node-gpu.js';
import type { OpenedGpu } from '../../src/gpu/open-gpu.js';
import { softwareGpuExists } from '../../src/release/software-gpu.mjs';
import { cpuSubjects } from '../cpu/addons.js';

let gpu: OpenedGpu;
let result: SuiteResult;

beforeAll(async () => {
  gpu = await openGpu();
  result = await runSuite([...listCpuSubjects(), ...listGpuSubjects(gpu)]);
}, 600_000);

afterAll(() => {
  if ('backend' in gpu) gpu.backend.dispose();
});

function listCpuSubjects(): Subject[] {
  return cpuSubjects.flatMap(({ name, backend, hasOpenMp }) =>
    (hasOpenMp ? [1, 3] : [1]).map((threads) => ({ name: `cpu ${name}, threads ${threads}`, backend, threads })),
  );
}

/** Where a software GPU exists, a missing adapter is a failure; elsewhere it is said aloud. */
function listGpuSubjects(opened: OpenedGpu): Subject[] {
  if ('backend' in opened) return [{ name: 'gpu', backend: opened.backend }];
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

test('at least 2,000 cases and 50 million bytes were compared, in under 5 minutes', () => {
  const bytes = result.subjects.reduce((sum, subject) => sum + totalOf(subject).bytes, 0);
  expect(result.caseIds.length).toBeGreaterThanOrEqual(2_000);
  expect(bytes).toBeGreaterThanOrEqual(50_000_000);
  expect(result.elapsedMs).toBeLessThan(300_000);
});

test('every backend redid pixels: the hard cases are hard for all of them', () => {
  expect(result.subjects.length).toBeGreaterThan(1);
  for (const { subject, pixelsRedone } of result.subjects) expect(pixelsRedone, subject).toBeGreaterThan(100_000);
});
