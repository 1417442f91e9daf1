/** bench/in-turn.mjs: this project's programs, and peers that a process runs one call at a time. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../cli/command.js';

const ARGUMENTS = ['bench/in-turn.mjs', '--size', '64x48', '--threads', '1,2', '--rounds', '3'];

function inTurn(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...ARGUMENTS, ...args], { encoding: 'utf8' });
  return { exitCode: status, stdout, stderr };
}

function scriptWith(body: string): string {
  const script = path.join(folderWith({ python: `#!/bin/sh\n${body}\n` }), 'python');
  chmodSync(script, 0o755);
  return script;
}

test.runIf(process.platform !== 'win32')('peers are asked for one call at a time, and compared in each round', () => {
  const script = scriptWith(`
    echo '{"program": "Absent", "missing": "told"}'
    echo '[{"program": "Slow", "threads": 1, "differingShare": 0}, {"program": "Wrong", "threads": 2, "differingShare": 0.5}]'
    calls=0
    while read index; do calls=$((calls + 1)); echo $((1000000 * (index + 1) + calls)); done`);
  const { exitCode, stdout, stderr } = inTurn(['--python', script]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'not measured: Absent: told\n' });
  const rows = stdout.split('\n').filter((line) => line.startsWith('| '));
  expect(
    rows.map((row) =>
      row
        .replace(/cpu \w+/, 'cpu')
        .split(' | ')
        .slice(0, 2)
        .join(' '),
    ),
  ).toEqual([
    '| program threads',
    '| copy of the same bytes 1',
    '| copy of the same bytes 2',
    '| neighbor-product cpu 1',
    '| neighbor-product cpu 2',
    '| Slow 1',
    '| Wrong 2',
  ]);
  expect(rows[3]).toMatch(/ \| 1\.00 \| 0 \|$/);
  expect(rows[5]).toMatch(/^\| Slow \| 1 \| 1,000,003 \| 1,000,001 to 1,000,005 \| [\d,]+ \| 0 \|$/);
  expect(rows[6]).toMatch(/^\| Wrong \| 2 \| 2,000,004 \| 2,000,002 to 2,000,006 \| [\d,]+ \| 50 % \|$/);
});

test.runIf(spawnSync('python3', ['--version']).status === 0)('the script for peers answers', () => {
  const { exitCode, stdout, stderr } = inTurn(['--only', 'C++ double loop -O3']);
  expect(exitCode).toBe(0);
  const isMeasured = /\n\| C\+\+ double loop -O3 \| 2 \| [\d.,]+ \| .* \| 0 \|\n/.test(stdout);
  const isMissing = /not measured: C\+\+ double loop -O3: ./.test(stderr);
  expect([isMeasured, isMissing]).toContain(true);
});
