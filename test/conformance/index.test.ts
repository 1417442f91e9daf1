/** The public entry: a backend of one's own, as a user writes it. */
import { expect, test } from 'vitest';
import {
  listCases,
  parseReplayRecord,
  replayOptions,
  reportJson,
  runConformance,
} from '../../src/conformance/index.js';
import { referenceBackend } from '../../src/reference.js';

const right = {
  async transform(...[input, output, job]: Parameters<typeof referenceBackend.transform>) {
    await referenceBackend.transform(input, output, job);
    return { device: 'right', pixelsRedone: 0 };
  },
};
const wrong = {
  async transform(...[input, output, job]: Parameters<typeof referenceBackend.transform>) {
    await referenceBackend.transform(input, output, job);
    output.data[output.data.length - 2] ^= 1;
    return { device: 'wrong', pixelsRedone: 0 };
  },
};
const selection = { filter: 'border/*/33x7' };

test('a right backend passes and one wrong by a bit fails, which its own record shows again', async () => {
  expect(listCases(selection).length).toBeGreaterThan(4);
  const report = await runConformance({ ...selection, subjects: [{ name: 'right', backend: right }] });
  expect(report).toMatchObject({ passed: true, reasons: [] });

  const failing = await runConformance({ ...selection, subjects: [{ name: 'wrong', backend: wrong }] });
  expect(failing.passed).toBe(false);
  const record = parseReplayRecord(reportJson(failing));
  const replayed = await runConformance({ ...replayOptions(record), subjects: [{ name: 'wrong', backend: wrong }] });
  expect(replayed.subjects[0].failures.map(({ caseId }) => caseId)).toEqual([record.caseId]);
});
