/** bench/whole-runs.mjs, on tiny images: what it measures, and that it notices a command that is wrong, fails or is large. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, MAIN } from '../cli/command.js';

interface Row {
  readonly program: string;
  readonly missing?: string;
  readonly wallMs: { readonly median: number; readonly least: number; readonly most: number };
  readonly processorMs: number;
  readonly peakMb: number;
  readonly rounds: number;
  readonly fileBytes?: number;
  readonly differingShare?: number;
}

/** @param scripts source text of commands to compare with this one, by name */
function wholeRuns(args: readonly string[], scripts: Readonly<Record<string, string>> = {}) {
  const names = Object.keys(scripts);
  const folder = folderWith(Object.fromEntries(names.map((name) => [`${name}.cjs`, scripts[name]])));
  const also = names.flatMap((name) => ['--also', `${name}=${path.join(folder, `${name}.cjs`)}`]);
  const json = path.join(folder, 'report.json');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['bench/whole-runs.mjs', ...args, ...also, '--json', json],
    { encoding: 'utf8', env: { ...process.env, NODE_PATH: '/nowhere' } },
  );
  const readCases = (): { width: number; height: number; inputBytes: number; rows: Row[] }[] => {
    return JSON.parse(readFileSync(json, 'utf8')).cases;
  };
  return { exitCode: status, stdout, stderr, readCases };
}

const hasPython = spawnSync('python3', ['--version']).status === 0 && process.platform !== 'win32';
if (!hasPython) process.stderr.write('NOT RUN, since they need Python 3 on Linux or macOS: whole runs\n');

describe.runIf(hasPython)('whole runs', () => {
  test('the command beside every peer, each with its time, its memory and its file', () => {
    const { exitCode, stdout, stderr, readCases } = wholeRuns(['--sizes', '48x32,33x7', '--rounds', '2,1']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/^48x32: round 0 of 2\n/) });
    const cases = readCases();
    expect(cases.map(({ width, height }) => `${width}x${height}`)).toEqual(['48x32', '33x7']);
    for (const [index, { inputBytes, rows }] of cases.entries()) {
      expect(inputBytes).toBeGreaterThan(100);
      expect(rows.map(({ program }) => program)).toEqual([
        'neighbor-product',
        'C++ double loop -Ofast, Pillow',
        'NumPy float32 shared rows, Pillow',
        'Numba float32 fastmath, Pillow',
        'OpenCV float32 shared rows, Pillow',
        'node -e 0',
        "python3 -c 'import PIL.Image'",
      ]);
      expect(rows[0]).toMatchObject({ rounds: 2 - index, differingShare: 0 });
      for (const row of rows) {
        if (row.missing !== undefined) {
          expect(row.missing).toMatch(/./);
          continue;
        }
        expect(row.wallMs.least).toBeGreaterThan(1);
        expect(row.wallMs.median).toBeGreaterThanOrEqual(row.wallMs.least);
        expect(row.processorMs).toBeGreaterThan(1);
        expect(row.peakMb).toBeGreaterThan(5);
        if (row.fileBytes !== undefined) expect(row.differingShare).toBeLessThan(0.2);
      }
    }
    expect(stdout).toMatch(/^48x32, a file of 0\.\d\d MB, \d+ threads\n\n\| program \| ms \| /);
    expect(stdout).toMatch(
      /\n\| neighbor-product \| \d+ \| \d+ to \d+ \| [\d.]* \| 1\.00 \| \d+ \| \d+ \| 0\.\d\d \| 0 \|\n/,
    );
    expect(stdout).toContain('\nnode bench/whole-runs.mjs --sizes 48x32,33x7 --rounds 2,1 ');
  });

  test("other checkouts' commands: a slow and large one, and none that passes the workplace's variables on", () => {
    const scripts = {
      large: `
        Buffer.alloc(3e8, 1);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
        if (process.env.NODE_PATH) throw new Error('it is set');
        require(${JSON.stringify(MAIN)});`,
    };
    const { exitCode, stdout, readCases } = wholeRuns(['--sizes', '33x7', '--rounds', '2', '--only', 'none'], scripts);
    expect(exitCode).toBe(0);
    const [{ rows }] = readCases();
    const [ours, large] = rows;
    expect(rows.map(({ program }) => program)).toEqual(['neighbor-product', 'large']);
    expect(large).toMatchObject({ fileBytes: ours.fileBytes, differingShare: 0 });
    expect(large.wallMs.least).toBeGreaterThan(700);
    expect(large.peakMb - ours.peakMb).toBeGreaterThan(200);
    expect(large.peakMb).toBeLessThan(600);
    const times = (large.wallMs.median / ours.wallMs.median).toFixed(2);
    expect(stdout).toMatch(new RegExp(`\\n\\| large \\| \\d+ \\| \\d+ to \\d+ \\|  \\| ${times} \\| `));
  });

  test.each([
    ['copies', `require('fs').copyFileSync(process.argv[2], process.argv[4]);`, { differingShare: expect.any(Number) }],
    ['fails', `process.stderr.write('error: No room\\n'); process.exit(5);`, { missing: 'error: No room' }],
  ])('exit code 1 where a command %s', (name, script, row) => {
    const { exitCode, readCases } = wholeRuns(['--sizes', '33x7', '--rounds', '1', '--only', 'none'], {
      [name]: script,
    });
    expect(exitCode).toBe(1);
    const [ours, theirs] = readCases()[0].rows;
    expect(ours.differingShare).toBe(0);
    expect(theirs).toMatchObject({ program: name, ...row });
    expect(theirs.differingShare).not.toBe(0);
  });
});

test.each([
  [['--sizes', 'huge'], /^Expected half, 4k, 8k or 640x480 for --sizes, but received huge/],
  [['--sizes', '9x9,8x8', '--rounds', '1'], /^Expected a number of rounds for each of 9x9,8x8/],
  [['--also', 'x'], /^Expected NAME=PATH for --also, but received x/],
  [['--python', '/nowhere/python3'], /^Cannot start the programs: .*\/nowhere\/python3.* ENOENT/],
])('%j: exit code 2', (args, message) => {
  const { exitCode, stderr } = wholeRuns(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
});
