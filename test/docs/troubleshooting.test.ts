/** docs/troubleshooting.md has every error code and every exit code, once. */
import { expect, test } from 'vitest';
import { EXIT_CODES, exitCodeOf, failureCodeOf, ReaderLeft } from '../../src/cli/exit-codes.js';
import { ERROR_CODES, NeighborProductError } from '../../src/errors.js';
import { EXTRA_IDS } from '../../src/formats/extra.js';
import { readPage } from './pages.js';

const page = readPage('docs/troubleshooting.md');

const FAILURES: readonly Error[] = [
  ...ERROR_CODES.map((code) => new NeighborProductError(code, '')),
  new ReaderLeft(),
  new Error('a defect'),
];

/** The cells of the rows of a section's table. */
function rowsOf(heading: string): string[][] {
  const [, section] = page.split(`## ${heading}\n`);
  const [table] = /^\|.*?\n\n/ms.exec(section)!;
  const rows = table.trim().split('\n').slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('every failure has its row, and says what to do', () => {
  const rows = rowsOf('Error codes');
  expect(rows.map(([code]) => code)).toEqual(FAILURES.map((failure) => `\`${failureCodeOf(failure)}\``));
  for (const [code, what, advice] of rows) expect([what, advice].every(Boolean), code).toBe(true);
});

test('every exit code has its row, with its meaning and the failures that end so', () => {
  const codesOf = (exitCode: number) =>
    FAILURES.filter((failure) => exitCodeOf(failure) === exitCode).map(failureCodeOf);
  expect(rowsOf('Exit codes')).toEqual(
    EXIT_CODES.map(({ exitCode, meaning }) => [String(exitCode), meaning, codesOf(exitCode).join(', ')]),
  );
});

test('everything that may not be in the output has its row', () => {
  expect(rowsOf('What is not in the output').map(([id]) => id)).toEqual(EXTRA_IDS.map((id) => `\`${id}\``));
});
