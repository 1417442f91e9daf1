import { expect, test } from 'vitest';
import { benchMarkdown, benchTable, numberText, shareText } from '../../src/bench/table.js';
import { REPORT, rowWith } from './reports.js';

test('a table names case, command, date and machine, and what is missing', () => {
  const lines = benchTable(REPORT).split('\n');
  expect(lines[0]).toBe('950x535 photograph (generated, seed 1)');
  expect(lines[1]).toMatch(/^ {2}program +threads +ns\/pixel +min to max +GB\/s +times copy/);
  const ours = lines.find((line) => line.includes('cpu avx2'));
  expect(ours?.trim().split(/ {2,}/)).toEqual([
    'neighbor-product cpu avx2',
    '2',
    '1.00',
    '0.500 to 2.00',
    '8.00',
    '2.00',
    '10.0, 2.50',
    '0.75 %',
    '0',
  ]);
  expect(lines.find((line) => line.includes('slow'))).toMatch(/^ {2}slow <one> \(64x48 of it\) .* 16,822 /);
  expect(lines.find((line) => line.includes('nearly'))).toMatch(/ 0\.012 %$/);
  expect(lines).toContain('  not measured: OpenCV: No module named cv2');
  expect(lines.at(-2)).toBe('neighbor-product bench <all>');
  expect(lines.at(-1)).toBe(
    '2026-01-02, A & B 3000, 1 core, 8 GB, Linux 6.1 x64, Node v20.0.0, load 0.5 before, 1.25 after',
  );
});

test('the phases of a GPU stand below the table, by its clock and compared with its copy', () => {
  const device = { uploadMs: 2.1, kernelMs: 0.9, readBackMs: 3, copyMs: 0.6 };
  const row = rowWith({ program: 'neighbor-product gpu', role: 'ours', device });
  const report = { ...REPORT, cases: [{ ...REPORT.cases[0], rows: [row] }] };
  const line =
    'neighbor-product gpu: upload 2.10 ms, kernel 0.900 ms on the device (1.50 times a copy there), read-back 3.00 ms';
  expect(benchTable(report).split('\n')).toContain(`  ${line}`);
  expect(benchMarkdown(report).split('\n')).toContain(`- ${line}`);
});

test('columns are aligned: numbers end where their heading ends', () => {
  const [, head, ...rows] = benchTable(REPORT).split('\n');
  const end = head.indexOf('ns/pixel') + 'ns/pixel'.length;
  for (const row of rows.slice(0, 5)) expect(row.slice(0, end)).toMatch(/\d$/);
});

test('Markdown: five columns, every row with as many cells as the head', () => {
  const lines = benchMarkdown(REPORT).split('\n');
  const rows = lines.filter((line) => line.startsWith('|'));
  expect(rows[0]).toBe('| program | threads | ns/pixel | times copy | bytes that differ |');
  expect(rows[1]).toBe('|---|---:|---:|---:|---:|');
  expect(rows).toHaveLength(2 + REPORT.cases[0].rows.length);
  for (const row of rows) expect(row.split('|')).toHaveLength(7);
  expect(lines).toContain('- not measured: OpenCV: No module named cv2');
});

test.each([
  [0.3234, '0.323'],
  [0.99996, '1.00'],
  [9.996, '10.0'],
  [99.96, '100'],
  [16_822.4, '16,822'],
])('%d is written %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});

test('a share is 0 only if nothing differs', () => {
  expect([0, 1e-9, 0.012_34, 1].map(shareText)).toEqual(['0', '1e-7 %', '1.2 %', '100 %']);
});
