import { expect, test } from 'vitest';
import { parseReport } from '../../src/bench/result.js';
import { REPORT } from './reports.js';

test('a written report is read again', () => {
  expect(parseReport(JSON.stringify(REPORT), 'a.json')).toEqual(REPORT);
});

test.each([
  ['', /^Cannot read 'a\.json': it is not JSON: .+\. neighbor-product bench --json prints a new one\.$/],
  ['[', /^Cannot read 'a\.json': it is not JSON: /],
  ['null', /^Cannot read 'a\.json': it is not a benchmark report\. /],
  ['{}', /^Cannot read 'a\.json': it is not a benchmark report\. /],
  ['{"format": "other 1"}', /^Cannot read 'a\.json': it is not a benchmark report\. /],
  [
    '{"format": "neighbor-product bench 1"}',
    /its format is 'neighbor-product bench 1', and this version reads 'neighbor-product bench 2'\. Read it with /,
  ],
])('%j is refused', (text, message) => {
  expect(() => parseReport(text, 'a.json')).toThrow(message);
  expect(() => parseReport(text, 'a.json')).toThrow(expect.objectContaining({ code: 'INPUT_UNREADABLE' }));
});
