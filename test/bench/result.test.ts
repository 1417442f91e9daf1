import { expect, test } from 'vitest';
import { parseReport } from '../../src/bench/result.js';
import { REPORT } from './reports.js';

test('what was written is read again', () => {
  expect(parseReport(JSON.stringify(REPORT), 'a.json')).toEqual(REPORT);
});

test.each(['', '[', 'null', '{}', '{"format": "neighbor-product bench 0"}'])('%j is no report', (text) => {
  expect(() => parseReport(text, 'a.json')).toThrow(/Expected a report .* for --from, but received 'a.json'/);
});
