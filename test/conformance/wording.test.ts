import { describe, expect, test } from 'vitest';
import type { Failure } from '../../src/conformance/report.js';
import { countText, durationText, escapeMarkup, failureText, pluralText } from '../../src/conformance/wording.js';

test.each([
  [0, '0 ms'],
  [850.4, '850 ms'],
  [999.6, '1.0 s'],
  [12_345, '12.3 s'],
  [99_960, '1 min 40 s'],
  [125_000, '2 min 5 s'],
])('%d ms is %s', (elapsedMs, text) => expect(durationText(elapsedMs)).toBe(text));

test('counts', () => {
  expect(countText(1234567)).toBe('1,234,567');
  expect([0, 1, 2000].map((count) => pluralText(count, 'case'))).toEqual(['0 cases', '1 case', '2,000 cases']);
});

test('markup is escaped, and control characters that XML forbids are replaced', () => {
  expect(escapeMarkup('<a b="1">\'&\'</a>\t\n\u0000\u001b')).toBe(
    '&lt;a b=&quot;1&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;\t\n??',
  );
});

describe('a failure in words', () => {
  const head = { caseId: 'random/000', seed: 1, subject: 'gpu', device: 'test' };
  const difference = { byteIndex: 70, expected: 254, actual: 255, differingBytes: 1 };
  const pixel = { x: 2, y: 0, channel: 2 };
  const failures: [Failure, string][] = [
    [{ ...head, error: 'lost' }, 'The backend threw: lost'],
    [
      { ...head, mismatch: { place: 'sample', pixel, ...difference } },
      'Pixel x 2, y 0, blue: expected 254, actual 255. 1 byte of the case differs.',
    ],
    [
      { ...head, mismatch: { place: 'skipped border', pixel, ...difference, differingBytes: 3 } },
      'Border pixel that must not be written, x 2, y 0, blue: expected 254, actual 255. 3 bytes of the case differ.',
    ],
    [
      { ...head, mismatch: { place: 'outside the output', ...difference } },
      'Byte 70 of the memory around the output: expected 254, actual 255. 1 byte of the case differs.',
    ],
    [
      { ...head, mismatch: { place: 'input', ...difference } },
      'Byte 70 of the input, which must stay as it is: expected 254, actual 255. 1 byte of the case differs.',
    ],
  ];
  test.each(failures)('%o', (failure, text) => expect(failureText(failure)).toBe(text));
});
