/** The public entry: your own backend, as a user writes it. */
import { expect, test } from 'vitest';
import {
  listCases,
  parseReplayRecord,
  replayOptions,
  reportJson,
  runConformance,
  type TestedBackend,
} from '../../src/conformance/index.js';
import { transformReference } from '../../src/reference.js';

const right: TestedBackend = {
  async transform(input, output, { alpha, border, passes }) {
    transformReference(input, output, { alpha, border, passes });
    return { device: 'right', exactPixels: 0 };
  },
};
const wrong: TestedBackend = {
  async transform(input, output, { alpha, border, passes }) {
    transformReference(input, output, { alpha, border, passes });
    output.data[output.data.length - 2] ^= 1;
    return { device: 'wrong', exactPixels: 0 };
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
