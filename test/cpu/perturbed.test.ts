/**
 * The kernel on hostile arithmetic (perturbed/perturbed.cc): with every operation as wrong as the proof allows, in eleven
 * ways, no byte may differ; with more, or with a smaller error bound in the kernel, bytes must. `npm run test:fast` compares
 * fewer images.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ImageKind, makeImage } from '../../src/conformance/images.js';
import { ALPHA_MODES, type AlphaMode } from '../../src/options.js';
import { referenceOf } from '../transforms.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const isFast = process.env.NEIGHBOR_PRODUCT_TEST === 'fast';

const NEAREST: readonly ImageKind[] = ['nearest-integer', 'nearest-threshold'];
const KINDS: readonly ImageKind[] = [...NEAREST, 'exact-integers', 'near-integers', 'flat', 'domination', 'noise'];

const COMPILER = process.env.CXX ?? 'c++';
const canCompile = spawnSync(COMPILER, ['--version']).status === 0;
if (!canCompile) process.stderr.write(`NOT RUN, for want of ${COMPILER}: the kernel on hostile arithmetic\n`);

const folder = mkdtempSync(path.join(tmpdir(), 'perturbed-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Compiles the kernel, with one text replaced in fast_pass.h. @returns the program */
function compile(name: string, from = '', to = ''): string {
  const copy = path.join(folder, name);
  for (const part of ['native-fallback', 'test/cpu/perturbed']) {
    cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true });
  }
  const changed = path.join(copy, 'native-fallback/fast_pass.h');
  const text = readFileSync(changed, 'utf8');
  expect(text).toContain(from);
  writeFileSync(changed, text.replace(from, to));
  const program = path.join(copy, 'perturbed');
  const flags = ['-std=gnu++17', isFast ? '-O1' : '-O3', '-march=native', '-ffp-contract=off', '-fno-math-errno', '-w'];
  const sources = ['test/cpu/perturbed/perturbed.cc', 'native-fallback/strip.cc', 'native-fallback/threads.cc'];
  execFileSync(COMPILER, [...flags, '-o', program, ...sources], { cwd: copy });
  return program;
}

/** Images with their expected bytes, as the program reads them. */
function makeInput(kinds: readonly ImageKind[], width: number, height: number): Buffer {
  const modes: readonly [3 | 4, AlphaMode][] = [
    [3, 'opaque'],
    [4, 'channel'],
  ];
  return Buffer.concat(
    kinds.flatMap((kind, seed) =>
      modes.flatMap(([channels, alpha]) => {
        const image = makeImage(kind, width, height, channels, seed);
        const header = Int32Array.of(width, height, channels, ALPHA_MODES.indexOf(alpha));
        return [Buffer.from(header.buffer), image.data, referenceOf(image, { alpha }).data];
      }),
    ),
  );
}

interface Result {
  readonly strength: number;
  readonly way: string;
  readonly bytes: number;
  readonly differing: number;
}

function run(program: string, input: Buffer, ...strengths: readonly number[]): Result[] {
  const { status, stdout } = spawnSync(program, strengths.map(String), { input, maxBuffer: 2 ** 30 });
  expect(status).toBe(0);
  const lines = stdout.toString().trim().split('\n');
  return lines.map((line) => {
    const [strength, way, bytes, differing] = line.split(' ');
    return { strength: Number(strength), way, bytes: Number(bytes), differing: Number(differing) };
  });
}

/** 1e9 is the long form, which also breaks the code in more places. */
const LEAST_BYTES = Number(process.env.NEIGHBOR_PRODUCT_ADVERSARY_BYTES ?? (isFast ? 1e6 : 5e7));
const isLong = LEAST_BYTES >= 1e9;

describe.runIf(canCompile)('the kernel on hostile arithmetic', () => {
  let kernel: string;
  beforeAll(() => {
    kernel = compile('as-it-is');
  }, 120_000);

  test('no byte differs where each operation is as wrong as the proof allows', { timeout: 600_000 }, () => {
    const side = Math.sqrt(LEAST_BYTES / 1e9);
    const input = makeInput(KINDS, Math.ceil(1400 * side), Math.ceil(1350 * side));
    const results = run(kernel, input, 1);
    expect(results.map(({ way }) => way)).toHaveLength(11);
    expect(results.filter(({ differing }) => differing > 0)).toEqual([]);
    expect(results.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(LEAST_BYTES);
  });

  test('bytes differ from 1.25 times that on, and in all ways from 4 times on', () => {
    const input = makeInput(NEAREST, 261, 195);
    const results = run(kernel, input, 1.05, 1.25, 4);
    const waysAt = (strength: number) =>
      results.filter((result) => result.strength === strength && result.differing > 0).map(({ way }) => way);
    expect(waysAt(1.05)).toEqual([]);
    expect(waysAt(1.25)).toEqual(['raise-red', 'raise-green', 'raise-blue']);
    expect(waysAt(4)).toHaveLength(11);
  });

  test.runIf(!isFast).each([
    ['error_bound = 16', 'error_bound = 8'],
    ['full_scale * 0x1p-29f', 'full_scale * 0x1p-26f'],
    ...(isLong
      ? [
          ['error_bound = 16', 'error_bound = 14'],
          ['65536 - 2 * error_bound', '65536 - error_bound'],
          ['full_scale * 0x1p-24f', 'full_scale * 0x1p-27f'],
        ]
      : []),
  ])('the nearest cases alone find %s replaced by %s', { timeout: 120_000 }, (from, to) => {
    const results = run(compile(to.replace(/\W+/g, '-'), from, to), makeInput(NEAREST, 261, 195), 1);
    expect(results.filter(({ differing }) => differing > 0)).not.toEqual([]);
  });
});
