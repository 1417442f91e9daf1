/** The endless run: what decides its cases, where it stops, and that it goes on where it stopped. */
import { describe, expect, test } from 'vitest';
import { endlessCase, listCases } from '../../src/conformance/cases.js';
import { type EndlessReport, runEndless } from '../../src/conformance/endless.js';
import { prepareCase } from '../../src/conformance/memory.js';
import { parseReplayRecord, replayOptions, totalOf } from '../../src/conformance/report.js';
import { endlessJson, endlessTable } from '../../src/conformance/report-text.js';
import type { Subject } from '../../src/conformance/subject.js';
import { referenceTransformer } from '../../src/reference.js';
import { reference, subjectOf } from './subjects.js';

/** Wrong in the first sample of every image with more than that many pixels. */
function wrongAbove(pixels: number): Subject {
  return subjectOf('wrong', async (input, output, operation, run) => {
    const computed = await referenceTransformer.transform(input, output, operation, run);
    if (input.width * input.height > pixels) output.data[0] ^= 1;
    return computed;
  });
}

describe('a case', () => {
  test('is decided by seed and number', () => {
    expect(endlessCase(7, 12)).toEqual(endlessCase(7, 12));
    const cases = [endlessCase(7, 12), endlessCase(7, 13), endlessCase(8, 12), endlessCase(7, 12 + 2 ** 31)];
    expect(new Set(cases.map(({ image }) => JSON.stringify(image))).size).toBe(4);
    expect(endlessCase(7, 12).id).toBe('endless/12');
  });

  test('is found by its id, as a record of its failure has it', () => {
    expect(listCases({ seed: 7, id: 'endless/12' })).toEqual([endlessCase(7, 12)]);
  });

  test('varies in everything, and is large now and then', () => {
    const cases = Array.from({ length: 300 }, (_, number) => endlessCase(1, number));
    const pixels = cases.map(({ image }) => image.width * image.height);
    expect(Math.min(...pixels)).toBeLessThan(10);
    expect(Math.max(...pixels)).toBeGreaterThan(300_000);
    for (const values of [
      cases.map(({ operation }) => operation.alpha),
      cases.map(({ operation }) => operation.border),
      cases.map(({ operation }) => operation.passes),
      cases.map(({ image }) => image.channels),
      cases.map(({ shared }) => shared),
    ]) {
      expect(new Set<unknown>(values).size).toBeGreaterThan(1);
    }
  });
});

describe('a run', () => {
  const subjects = [reference, { ...reference, name: 'again' }];

  test('ends where as many bytes as asked for were compared, and says where to go on', async () => {
    const report = await runEndless({ subjects, seed: 7, from: 3, mostBytes: 100_000 });
    const bytes = report.subjects.reduce((sum, subject) => sum + totalOf(subject).bytes, 0);
    expect(report).toMatchObject({ passed: true, seed: 7, from: 3 });
    expect(bytes).toBeGreaterThanOrEqual(100_000);
    const before = await runEndless({ subjects, seed: 7, from: 3, isStopped: stopAfter(report.next - 4) });
    expect(before.next).toBe(report.next - 1);
    expect(endlessTable(report)).toMatch(
      /\nPASSED {2}\d+ cases? on 2 backends: [\d,]+ bytes compared, all equal, in .*\n {2}Seed 7, cases 3 to \d+, to go on: neighbor-product conformance --endless --seed 7 --from \d+$/,
    );
  });

  test('in two parts compares the same as in one', async () => {
    const bytesOf = (...reports: EndlessReport[]) =>
      reports.reduce((sum, { subjects: [first] }) => sum + totalOf(first).bytes, 0);
    const whole = await runEndless({ subjects, seed: 7, from: 0, isStopped: stopAfter(6) });
    const first = await runEndless({ subjects, seed: 7, from: 0, isStopped: stopAfter(2) });
    const second = await runEndless({ subjects, seed: 7, from: first.next, isStopped: stopAfter(4) });
    expect(second.next).toBe(whole.next);
    expect(bytesOf(first, second)).toBe(bytesOf(whole));
  });

  test('ends at the first case that differs; its number and its record find it again', async () => {
    const wrong = wrongAbove(2000);
    const report = await runEndless({ subjects: [reference, wrong], seed: 7, from: 0 });
    expect(report.passed).toBe(false);
    expect(report.subjects.map(({ failures }) => failures.length)).toEqual([0, 1]);
    expect(report.subjects[1].failures[0].caseId).toBe(`endless/${report.next}`);
    expect(endlessTable(report)).toMatch(
      /endless\/(\d+): .*\n[\s\S]*\nFAILED\n {2}wrong failed 1 of .*\n {2}Seed 7, case \1, to run it again: .* --from \1$/,
    );
    const again = await runEndless({ subjects: [wrong], seed: 7, from: report.next });
    expect(again.next).toBe(report.next);
    const record = parseReplayRecord(endlessJson(report));
    const [item] = listCases(replayOptions(record));
    expect(prepareCase(item, new Map()).before).toEqual(prepareCase(endlessCase(7, report.next), new Map()).before);
  });

  test('of nothing is a failure: no backend, or none that can run, or stopped before the first case', async () => {
    const missing: Subject = { name: 'gpu', missing: 'no adapter answers', isOptional: true };
    for (const none of [[], [missing]]) {
      expect(await runEndless({ subjects: none, seed: 1, from: 0 })).toMatchObject({ passed: false, next: 0 });
    }
    const stopped = await runEndless({ subjects, seed: 1, from: 5, isStopped: () => true });
    expect(stopped).toMatchObject({ passed: false, next: 5 });
    const skipped = await runEndless({ subjects: [reference, missing], seed: 1, from: 0, isStopped: stopAfter(1) });
    expect(skipped).toMatchObject({ passed: true, notRun: ['gpu was not run: no adapter answers.'] });
  });
});

function stopAfter(cases: number): () => boolean {
  let asked = 0;
  return () => asked++ >= cases;
}
