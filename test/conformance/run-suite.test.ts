import { describe, expect, test } from 'vitest';
import { listCases } from '../../src/conformance/cases.js';
import { makeImage } from '../../src/conformance/images.js';
import { totalOf } from '../../src/conformance/result.js';
import { type Progress, runSuite } from '../../src/conformance/run-suite.js';
import { transformReference } from '../../src/reference.js';
import { reference, subjectOf } from './subjects.js';

const FEW = { filter: 'border/*/33x7' };

describe('a run passes', () => {
  test('where every subject gives every byte', async () => {
    const result = await runSuite([reference, { ...reference, name: 'again' }], { quick: true });
    expect(result.reasons).toEqual([]);
    expect(result.passed).toBe(true);
    const caseIds = listCases({ quick: true }).map(({ id }) => id);
    expect(result.caseIds).toEqual(caseIds);
    for (const subject of result.subjects) expect(totalOf(subject)).toMatchObject({ cases: caseIds.length, failed: 0 });
  });
});

describe('a run fails', () => {
  test('without a case', async () => {
    const result = await runSuite([reference], { filter: 'no such case' });
    expect(result.passed).toBe(false);
    expect(result.reasons).toEqual(['No case was selected.']);
  });

  test('without a subject', async () => {
    const result = await runSuite([], FEW);
    expect(result.passed).toBe(false);
    expect(result.reasons).toEqual(['No backend was asked to run.']);
  });

  test('where a subject that was asked for is missing, whatever the others say', async () => {
    const result = await runSuite([reference, { name: 'gpu', missing: 'no adapter answers' }], FEW);
    expect(result.passed).toBe(false);
    expect(result.reasons).toEqual(['gpu did not run: no adapter answers.']);
    expect(result.subjects[1]).toMatchObject({ subject: 'gpu', missing: 'no adapter answers', groups: [] });
  });

  test('where a backend throws, in that case alone', async () => {
    let calls = 0;
    const thrower = subjectOf('thrower', async (input, output, job) => {
      if (++calls === 3) throw new Error('device lost');
      transformReference(input, output, job);
      return { device: 'test', pixelsRedone: 0 };
    });
    const { passed, subjects, caseIds } = await runSuite([thrower], FEW);
    expect(passed).toBe(false);
    expect(subjects[0].failures).toEqual([
      { caseId: caseIds[2], seed: 1, subject: 'thrower', device: 'test', error: 'device lost' },
    ]);
    expect(totalOf(subjects[0])).toMatchObject({ cases: caseIds.length, failed: 1 });
  });

  test('where a backend does nothing at all', async () => {
    const idle = subjectOf('idle', async () => ({ device: 'test', pixelsRedone: 0 }));
    const { passed } = await runSuite([idle], FEW);
    expect(passed).toBe(false);
  });

  test('where a backend writes one byte behind the output', async () => {
    const stray = subjectOf('stray', async (input, output, job) => {
      transformReference(input, output, job);
      new Uint8Array(output.data.buffer)[output.data.byteOffset + output.data.byteLength] ^= 0x55;
      return { device: 'test', pixelsRedone: 0 };
    });
    const { subjects, caseIds } = await runSuite([stray], FEW);
    expect(subjects[0].failures).toHaveLength(caseIds.length);
    expect(subjects[0].failures[0]).toMatchObject({ mismatch: { place: 'outside the output', differingBytes: 1 } });
  });
});

test('the threads and the operation of a case reach the backend', async () => {
  const jobs: unknown[] = [];
  const spy = subjectOf('spy', async (input, output, job) => {
    jobs.push({ threads: job.threads, alpha: job.alpha, border: job.border, passes: job.passes });
    transformReference(input, output, job);
    return { device: 'test', pixelsRedone: 2 };
  });
  const result = await runSuite([{ ...spy, threads: 3 }], { id: 'alpha/keep/wrap/rgba/passes-2' });
  expect(result.passed).toBe(true);
  expect(jobs).toEqual([{ threads: 3, alpha: 'keep', border: 'wrap', passes: 2 }]);
  expect(result.subjects[0]).toMatchObject({ device: 'test', pixelsRedone: 2 });
});

test('progress is told after each case', async () => {
  const told: Progress[] = [];
  await runSuite([reference], { ...FEW, onProgress: (progress) => told.push(progress) });
  const caseCount = listCases(FEW).length;
  expect(told).toEqual(Array.from({ length: caseCount }, (_, at) => ({ doneCases: at + 1, caseCount, failed: 0 })));
});

test('an aborted signal ends the run with its reason', async () => {
  const abort = new AbortController();
  const run = runSuite([reference], { ...FEW, signal: abort.signal, onProgress: () => abort.abort('enough') });
  await expect(run).rejects.toBe('enough');
});

describe('the corpus hash', () => {
  const hashOf = async (options: object) => (await runSuite([], options)).corpusHash;

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
    expect(await hashOf({ quick: true })).toBe('a0571722371590b89c53e31223f51c947e5d315aa6e68389d9de39e2c6ff8946');
  });
});
