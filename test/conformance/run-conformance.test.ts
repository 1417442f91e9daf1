import { describe, expect, test } from 'vitest';
import { parseReplayRecord, replayOptions, runConformance } from '../../src/conformance/run-conformance.js';
import { makeFailingReport, reference } from './subjects.js';

describe('a report', () => {
  test('has facts, date and selection beside the result', async () => {
    const facts = [{ name: 'driver', value: '1.2' }];
    const report = await runConformance({ subjects: [reference], facts, quick: true, filter: 'memory/' });
    expect(report).toMatchObject({ passed: true, facts, selection: 'quick, filter memory/', seed: 1 });
    expect(new Date(report.date).toISOString()).toBe(report.date);
  });

  test.each([
    [{ quick: true }, 'quick'],
    [{ filter: 'r*m/00' }, 'full, filter r*m/00'],
    [{ id: 'random/001' }, 'the case random/001'],
  ])('of %o says it ran %s', async (options, selection) => {
    const report = await runConformance({ subjects: [], ...options });
    expect(report.selection).toBe(selection);
  });
});

describe('a replay record', () => {
  test('is read from one failure', () => {
    expect(parseReplayRecord('{"caseId":"random/007","seed":5,"subject":"gpu"}')).toEqual({
      caseId: 'random/007',
      seed: 5,
      subject: 'gpu',
    });
  });

  test('is the first failure of a report', async () => {
    const report = await makeFailingReport();
    const { caseId, seed, subject } = report.subjects.flatMap(({ failures }) => failures)[0];
    expect(parseReplayRecord(JSON.stringify(report))).toEqual({ caseId, seed, subject });
  });

  test('selects its case with its seed', () => {
    expect(replayOptions({ caseId: 'random/007', seed: 5 })).toEqual({ id: 'random/007', seed: 5 });
  });

  test.each(['', 'no JSON', 'null', '3', '[]', '{}', '{"caseId":"a"}', '{"caseId":"a","seed":"1"}', '{"subjects":[]}'])(
    'is not %j',
    (json) => {
      expect(() => parseReplayRecord(json)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('caseId') }),
      );
    },
  );

  test.each(['{"subjects":3}', '{"subjects":[null]}', '{"subjects":[{"failures":[3]}]}'])(
    'is not %j either',
    (json) => {
      expect(() => parseReplayRecord(json)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    },
  );
});
