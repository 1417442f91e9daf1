import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeCase } from '../../src/bench/cases.js';
import { measurePeers, readLines } from '../../src/bench/peers.js';
import { rowWith } from './reports.js';

const COPIES = [1, 2].map((threads) => {
  return rowWith({ role: 'copy', threads, nsPerPixel: { median: 1 / threads, least: 0, most: 2 } });
});
const LINE = {
  program: 'Numba',
  threads: 2,
  nsPerPixel: { median: 6, least: 5, most: 7 },
  repetitions: 9,
  firstMs: 1000,
  differingShare: 0.01,
};

/** Windows starts no shell script in place of Python. */
const canStartScripts = process.platform !== 'win32';
if (!canStartScripts) process.stderr.write('NOT RUN, since scripts do not start on Windows: peers in Python\n');

const folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-peers-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scriptWith(body: string): string {
  const script = path.join(mkdtempSync(path.join(folder, 'python-')), 'python');
  writeFileSync(script, `#!/bin/sh\n${body}\n`);
  chmodSync(script, 0o755);
  return script;
}

function measureWith(python: string) {
  const benchCase = makeCase({ width: 64, height: 48 }, 'noise');
  return measurePeers(benchCase, COPIES, { python, threadCounts: [1, 2], repeat: 2 });
}

test('a line becomes a row, against the copy with as many threads; a missing peer keeps its reason', () => {
  const text = [LINE, { program: 'OpenCV', missing: 'No module named cv2' }].map((line) => `${JSON.stringify(line)}\n`);
  const { rows, missing } = readLines(text.join(''), COPIES);
  expect(missing).toEqual([{ program: 'OpenCV', reason: 'No module named cv2' }]);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ program: 'Numba', role: 'peer', timesCopy: 12, differingShare: 0.01 });
});

test.runIf(canStartScripts)('the script receives the images, the thread counts and the repetitions', async () => {
  const lines = `echo "{\\"program\\": \\"$2 $3 $6 $7 $8 $9 $(wc -c < "$4") $(wc -c < "$5")\\", \\"missing\\": \\"told\\"}"`;
  const { missing } = await measureWith(scriptWith(lines));
  const bytes = 64 * 48 * 4;
  expect(missing).toEqual([{ program: `64 48 --threads 1,2 --repeat 2 ${bytes} ${bytes}`, reason: 'told' }]);
});

test.runIf(canStartScripts)('the script receives which peers to measure', async () => {
  const benchCase = makeCase({ width: 64, height: 48 }, 'noise');
  const python = scriptWith(`shift 9; echo "{\\"program\\": \\"$*\\", \\"missing\\": \\"told\\"}"`);
  const options = { python, threadCounts: [1], repeat: 2, only: ['CuPy', 'Triton float32'] };
  const { missing } = await measurePeers(benchCase, COPIES, options);
  expect(missing).toEqual([{ program: '--only CuPy,Triton float32', reason: 'told' }]);
});

test.runIf(spawnSync('python3', ['--version']).status === 0)('the script names every peer', async () => {
  const { rows, missing } = await measureWith('python3');
  const peers =
    /^(C\+\+ double loop|Python loop|NumPy float|Numba float|OpenCV float|Halide float|Pillow ImageMath|CuPy float|PyTorch float|Triton float)/;
  const named = new Set([...rows, ...missing].map(({ program }) => program));
  expect(named.size).toBe(15);
  for (const program of named) expect(program).toMatch(peers);
  const inTheDefinitionsOrder = rows.filter(({ program }) => /-O3|Python loop|float64/.test(program));
  expect(inTheDefinitionsOrder.filter(({ differingShare }) => differingShare !== 0)).toEqual([]);
  // In single precision a byte may be one step off, not more than one in ten.
  expect(rows.filter(({ differingShare }) => differingShare > 0.1)).toEqual([]);
});

test.runIf(canStartScripts).each([
  ['/nowhere/python3', /^\/nowhere\/python3 does not start: .*ENOENT/],
  [scriptWith('echo No room >&2; exit 3'), /ended with exit code 3: No room$/],
])('%s: every peer is missing, with the reason', async (python, reason) => {
  const { rows, missing } = await measureWith(python);
  expect(rows).toEqual([]);
  expect(missing).toEqual([{ program: 'every peer in Python', reason: expect.stringMatching(reason) }]);
});
