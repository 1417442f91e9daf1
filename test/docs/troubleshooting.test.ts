/** docs/troubleshooting.md has every failure and every exit code, and quotes what the program really says. */
import { describe, expect, test } from 'vitest';
import { DifferencesFound, EXIT_CODES, exitCodeOf, failureCodeOf } from '../../src/cli/exit-codes.js';
import { ERROR_CODES, NeighborProductError } from '../../src/errors.js';
import { MESSAGES } from './messages.js';
import { readPage } from './pages.js';

const page = readPage('docs/troubleshooting.md');

const FAILURES: readonly Error[] = [
  ...ERROR_CODES.map((code) => new NeighborProductError(code, '')),
  new DifferencesFound(),
  new Error('a defect'),
];

/** The cells of every table row, under the section's heading and the name in the table's first cell. */
function* rowsOf(text: string): Generator<{ heading: string; table: string; cells: string[] }> {
  let heading = '';
  let table = '';
  for (const line of text.split('\n')) {
    heading = /^#+ (.*)/.exec(line)?.[1] ?? heading;
    const cells = line.split('|').slice(1, -1);
    if (cells.length === 0) table = '';
    else if (table === '') table = cells[0].trim();
    else if (!line.startsWith('|---')) yield { heading, table, cells: cells.map((cell) => cell.trim()) };
  }
}

const rows = [...rowsOf(page)];

/** Quoted messages by the key that {@link MESSAGES} has for them. */
const quoted = new Map<string, string[]>();
for (const { heading, table, cells } of rows) {
  const [, message] = /^`(.*)`$/.exec(cells[0]) ?? [];
  if (message === undefined || !['message', 'reason', 'advice'].includes(table)) continue;
  const key = { message: heading, reason: `${heading}: reasons`, advice: `${heading}: advice` }[table]!;
  quoted.set(key, [...(quoted.get(key) ?? []), message]);
}

test('every failure has an entry, and nothing else has', () => {
  const headings = [...page.matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => code);
  expect(headings).toEqual(FAILURES.map(failureCodeOf));
});

test('every exit code has its row, with its meaning and the failures that end so', () => {
  const codesOf = (exitCode: number) =>
    FAILURES.filter((failure) => exitCodeOf(failure) === exitCode).map(failureCodeOf);
  expect(rows.filter(({ heading }) => heading === 'Exit codes').map(({ cells }) => cells)).toEqual(
    EXIT_CODES.map(({ exitCode, meaning }) => [String(exitCode), meaning, codesOf(exitCode).join(', ')]),
  );
});

test('every section that quotes is compared', () => {
  expect([...quoted.keys()].sort()).toEqual(Object.keys(MESSAGES).sort());
});

/** Other systems have no loader and no device files to look for. */
const isElsewhere = (key: string) => key === 'No GPU: reasons' && process.platform !== 'linux';

for (const [key, ways] of Object.entries(MESSAGES))
  describe.skipIf(isElsewhere(key))(key, () => {
    test.each(ways.map((say, index) => ({ say, index, number: index + 1 })))(
      'message $number is what the program says',
      async ({ say, index }) => {
        expect(quoted.get(key)).toHaveLength(ways.length);
        const message = quoted.get(key)![index];
        const said = await say();
        if (message.includes('…')) expect(said).toMatch(patternOf(message));
        else expect(said).toBe(message);
      },
    );
  });

/** `…` stands for what the machine decides. */
function patternOf(message: string): RegExp {
  const parts = message.split('…').map((part) => part.replace(/[.*+?^$()[\]{}|\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}
