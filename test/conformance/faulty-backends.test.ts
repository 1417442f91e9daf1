/** The suite can fail: each backend that is wrong on purpose is found, named, and found again alone. */
import { beforeAll, describe, expect, test } from 'vitest';
import { IMAGE_KINDS } from '../../src/conformance/images.js';
import {
  type ConformanceReport,
  parseReplayRecord,
  replayOptions,
  type SubjectResult,
  totalOf,
} from '../../src/conformance/report.js';
import { runConformance } from '../../src/conformance/suite.js';
import { makeFaultySubjects } from './faulty-backends.js';
import { reference } from './subjects.js';

let result: ConformanceReport;
const resultOf = (name: string): SubjectResult => result.subjects.find(({ subject }) => subject === name)!;

beforeAll(async () => {
  result = await runConformance({ subjects: [reference, ...makeFaultySubjects()], quick: true });
});

test('each is named in the reasons, the reference is not', () => {
  expect(result.passed).toBe(false);
  expect(result.reasons).toHaveLength(3);
  for (const [index, { name }] of makeFaultySubjects().entries())
    expect(result.reasons[index]).toMatch(`${name} failed `);
  expect(totalOf(resultOf('reference')).failed).toBe(0);
});

test('one byte off in one pixel: one case, one byte', () => {
  const { failures } = resultOf('one byte off in one pixel');
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ caseId: result.caseIds[99], mismatch: { differingBytes: 1 } });
});

test('skips the exact pass: found on nearly every kind that needs it, not on those that do not', async () => {
  const skipping = makeFaultySubjects().filter(({ name }) => name === 'skips the exact pass');
  const { subjects } = await runConformance({ subjects: skipping, filter: 'kind/*/skip' });
  const kinds = new Set(subjects[0].failures.map(({ caseId }) => caseId.split('/')[1]));
  for (const kind of ['exact-integers', 'near-integers', 'domination-turn', 'flat', 'worst-case', 'saturated']) {
    expect(kinds).toContain(kind);
  }
  for (const kind of ['black', 'ones', 'all-255']) expect(kinds).not.toContain(kind);
  expect(kinds.size).toBeLessThan(IMAGE_KINDS.length);
});

test('swaps channels: found in every group', () => {
  const { groups } = resultOf('swaps channels');
  expect(groups.length).toBeGreaterThan(5);
  expect(groups.filter(({ failed }) => failed === 0)).toEqual([]);
});

describe('a failure', () => {
  test('is found again from its record alone', async () => {
    const [failure] = resultOf('skips the exact pass').failures;
    const options = replayOptions(parseReplayRecord(JSON.stringify(failure)));
    const replayed = await runConformance({ subjects: makeFaultySubjects(), ...options });
    expect(replayed.caseIds).toEqual([failure.caseId]);
    const again = replayed.subjects.find(({ subject }) => subject === 'skips the exact pass')!;
    expect(again.failures).toEqual([failure]);
  });

  test('shows the pixel in a crop of input and both outputs', () => {
    const [failure] = resultOf('skips the exact pass').failures;
    if (!('mismatch' in failure)) throw new Error('expected a mismatch');
    const { mismatch, evidence } = failure;
    const { crop, map } = evidence!;
    const { x, y, channel } = mismatch.pixel!;
    const at = ((y - crop.top) * crop.width + x - crop.left) * crop.channels + channel;
    expect(crop.expected[at]).toBe(mismatch.expected);
    expect(crop.actual[at]).toBe(mismatch.actual);
    expect(crop.input[at]).toBe(mismatch.neighbours![4][channel]);
    const cell = Math.trunc(y / map.cellHeight) * map.columns + Math.trunc(x / map.cellWidth);
    expect(map.differingPixels[cell]).toBeGreaterThan(0);
  });

  test('keeps its evidence for the first few of a subject only', () => {
    const { failures } = resultOf('swaps channels');
    const illustrated = failures.filter((failure) => 'evidence' in failure && failure.evidence);
    expect(illustrated.length).toBeGreaterThan(3);
    expect(illustrated.length).toBeLessThan(20);
    expect(failures.length).toBeGreaterThan(100);
  });
});
