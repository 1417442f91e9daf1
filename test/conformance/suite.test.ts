import { describe, expect, test } from 'vitest';
import { listCases } from '../../src/conformance/cases.js';
import { makeImage } from '../../src/conformance/images.js';
import { totalOf } from '../../src/conformance/report.js';
import { type Progress, runConformance } from '../../src/conformance/suite.js';
import { transformReference } from '../../src/reference.js';
import { reference, subjectOf } from './subjects.js';

const FEW = { filter: 'border/*/33x7' };

describe('a run passes', () => {
  test('where every subject gives every byte', async () => {
    const result = await runConformance({ subjects: [reference, { ...reference, name: 'again' }], quick: true });
    expect(result.reasons).toEqual([]);
    expect(result.passed).toBe(true);
    const caseIds = listCases({ quick: true }).map(({ id }) => id);
    expect(result.caseIds).toEqual(caseIds);
    for (const subject of result.subjects) expect(totalOf(subject)).toMatchObject({ cases: caseIds.length, failed: 0 });
    expect(result.notRun).toEqual([]);
  });

  test('without an optional subject that is missing, and says so', async () => {
    const gpu = { name: 'gpu', missing: 'no adapter answers', isOptional: true };
    const result = await runConformance({ subjects: [gpu, reference], ...FEW });
    expect(result).toMatchObject({ passed: true, reasons: [], notRun: ['gpu was not run: no adapter answers.'] });
    expect(result.subjects[0]).toMatchObject({ subject: 'gpu', missing: 'no adapter answers', isOptional: true });
  });
});

describe('a run fails', () => {
  test('without a case', async () => {
    const result = await runConformance({ subjects: [reference], filter: 'no such case' });
    expect(result.passed).toBe(false);
    expect(result.reasons).toEqual(['No case was selected.']);
  });

  test('without a subject', async () => {
    const result = await runConformance({ subjects: [], ...FEW });
    expect(result.passed).toBe(false);
    expect(result.reasons).toEqual(['No backend was asked to run.']);
  });

  test('where a subject that was asked for is missing, whatever the others say', async () => {
    const result = await runConformance({
      subjects: [reference, { name: 'gpu', missing: 'no adapter answers' }],
      ...FEW,
    });
    expect(result.passed).toBe(false);
    expect(result.reasons).toEqual(['gpu was not run: no adapter answers.']);
    expect(result.subjects[1]).toMatchObject({ subject: 'gpu', missing: 'no adapter answers', groups: [] });
    expect(result.notRun).toEqual([]);
  });

  test('where every subject is missing, optional or not', async () => {
    const gpu = { name: 'gpu', missing: 'no adapter answers', isOptional: true };
    const cpu = { name: 'cpu', missing: 'not built.', isOptional: true };
    const result = await runConformance({ subjects: [gpu, cpu], ...FEW });
    expect(result.passed).toBe(false);
    expect(result.reasons).toEqual(['gpu was not run: no adapter answers.', 'cpu was not run: not built.']);
  });

  test('where a subject differs, whatever optional one is missing', async () => {
    const idle = subjectOf('idle', async () => ({ device: 'test', exactPixels: 0 }));
    const gpu = { name: 'gpu', missing: 'no adapter answers', isOptional: true };
    const { passed, reasons } = await runConformance({ subjects: [idle, gpu], ...FEW });
    expect({ passed, reasons }).toEqual({ passed: false, reasons: [expect.stringMatching(/^idle failed /)] });
  });

  test('where a backend throws, in that case alone', async () => {
    let calls = 0;
    const thrower = subjectOf('thrower', async (input, output, operation) => {
      if (++calls === 3) throw new Error('device lost');
      transformReference(input, output, operation);
      return { device: 'test', exactPixels: 0 };
    });
    const { passed, subjects, caseIds } = await runConformance({ subjects: [thrower], ...FEW });
    expect(passed).toBe(false);
    expect(subjects[0].failures).toEqual([
      { caseId: caseIds[2], seed: 1, subject: 'thrower', device: 'test', error: 'device lost' },
    ]);
    expect(totalOf(subjects[0])).toMatchObject({ cases: caseIds.length, failed: 1 });
  });

  test('where a backend does nothing at all', async () => {
    const idle = subjectOf('idle', async () => ({ device: 'test', exactPixels: 0 }));
    const { passed } = await runConformance({ subjects: [idle], ...FEW });
    expect(passed).toBe(false);
  });

  test('where a backend writes one byte behind the output', async () => {
    const stray = subjectOf('stray', async (input, output, operation) => {
      transformReference(input, output, operation);
      new Uint8Array(output.data.buffer)[output.data.byteOffset + output.data.byteLength] ^= 0x55;
      return { device: 'test', exactPixels: 0 };
    });
    const { subjects, caseIds } = await runConformance({ subjects: [stray], ...FEW });
    expect(subjects[0].failures).toHaveLength(caseIds.length);
    expect(subjects[0].failures[0]).toMatchObject({ mismatch: { place: 'outside the output', differingBytes: 1 } });
  });
});

test('a backend receives the operation of the case, and how to run it', async () => {
  const calls: unknown[] = [];
  const spy = subjectOf('spy', async (input, output, operation, run) => {
    calls.push({ operation, run });
    transformReference(input, output, operation);
    return { device: 'test', exactPixels: 2 };
  });
  const { signal } = new AbortController();
  const onSpan = () => {};
  const options = { id: 'alpha/keep/wrap/rgba/passes-2', signal, onSpan };
  const result = await runConformance({ subjects: [{ ...spy, threads: 3 }], ...options });
  expect(result.passed).toBe(true);
  const operation = { alpha: 'keep', border: 'wrap', passes: 2 };
  expect(calls).toEqual([{ operation, run: { threads: 3, signal, onSpan } }]);
  expect(result.subjects[0]).toMatchObject({ device: 'test', groups: [{ group: 'alpha', exactPixels: 2 }] });
});

test('exact pixels are summed over the cases of a group', async () => {
  const counting = subjectOf('counting', async (input, output, operation) => {
    transformReference(input, output, operation);
    return { device: 'test', exactPixels: 3 };
  });
  const { subjects, caseIds } = await runConformance({ subjects: [counting], ...FEW });
  expect(totalOf(subjects[0]).exactPixels).toBe(3 * caseIds.length);
});

test('progress is reported after each case', async () => {
  const reported: Progress[] = [];
  await runConformance({ subjects: [reference], ...FEW, onProgress: (progress) => reported.push(progress) });
  const caseCount = listCases(FEW).length;
  expect(reported).toEqual(Array.from({ length: caseCount }, (_, at) => ({ doneCases: at + 1, caseCount, failed: 0 })));
});

test('an aborted signal ends the run with its reason', async () => {
  const abort = new AbortController();
  const run = runConformance({
    subjects: [reference],
    ...FEW,
    signal: abort.signal,
    onProgress: () => abort.abort('enough'),
  });
  await expect(run).rejects.toBe('enough');
});

describe('the corpus hash', () => {
  const hashOf = async (options: object) => (await runConformance({ subjects: [], ...options })).corpusHash;

  test('is one for the same cases, another for another seed, selection or fixture', async () => {
    const fixtures = (seed: number) => ({
      filter: 'fixture/',
      fixtures: new Map([['a', makeImage('noise', 3, 3, 3, seed)]]),
    });
    const hashes = await Promise.all(
      [FEW, { ...FEW, seed: 2 }, { filter: 'wrap/*33x7' }, fixtures(1), fixtures(2)].map(hashOf),
    );
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(await hashOf(FEW)).toBe(hashes[0]);
  });

  test('of the quick list is what every engine and version has', async () => {
    expect(await hashOf({ quick: true })).toBe('c273e40eea292846be7ade38c24068572048873baa3b6b213699cfcad90f2fa2');
  });
});

describe('a report', () => {
  test('has facts, date and selection beside the result', async () => {
    const facts = [{ name: 'driver', value: '1.2' }];
    const report = await runConformance({ subjects: [reference], facts, quick: true, filter: 'memory/' });
    expect(report).toMatchObject({ passed: true, facts, selection: 'quick, filter memory/', seed: 1 });
    expect(new Date(report.date).toISOString()).toBe(report.date);
  });

  test.each([
    [{ quick: true }, 'quick', '--quick'],
    [{ filter: 'r*m/00', seed: 7 }, 'full, filter r*m/00', "--filter 'r*m/00' --seed 7"],
    [{ filter: "it's" }, "full, filter it's", "--filter 'it'\\''s'"],
    [{ id: 'random/001' }, 'the case random/001', '--filter random/001'],
  ])('of %o says it ran %s, and %s runs it again', async (options, selection, words) => {
    const report = await runConformance({ subjects: [], ...options });
    expect(report.selection).toBe(selection);
    expect(report.command).toBe(`neighbor-product conformance ${words}`);
  });
});
