import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BenchReport } from '../../src/bench/result.js';
import { type TuningReport, tuningTable } from '../../src/bench/tune-gpu.js';
import { TUNING } from '../../src/gpu/passes.js';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';
import { REPORT } from '../bench/reports.js';
import { copyWith, FAULTY_CPU, folderWith, mainOf, run } from './command.js';

const SMALL = ['bench', '--sizes', '64x48,33x20', '--kinds', 'noise,worst-case', '--repeat', '2'];
const NO_GPU = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };

describe('bench', () => {
  test('every program on every case, checked, cold and warm, with one and several threads', async () => {
    const { exitCode, stdout, stderr } = await run([...SMALL, '--threads', '1,3', '--json'], {
      cwd: folderWith(),
      env: NO_GPU,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const report: BenchReport = JSON.parse(stdout.toString());
    expect(report.command).toBe(`neighbor-product ${[...SMALL, '--threads', '1,3', '--json'].join(' ')}`);
    expect(report.cases.map(({ id }) => id)).toEqual([
      '64x48/noise',
      '64x48/worst-case',
      '33x20/noise',
      '33x20/worst-case',
    ]);
    for (const { rows, missing } of report.cases) {
      const programs = rows.map(({ program, threads }) => `${program.replace(/cpu .*/, 'cpu')} ${threads}`);
      expect(programs).toEqual([
        'copy of the same bytes 1',
        'copy of the same bytes 3',
        'JavaScript double loop 1',
        'neighbor-product cpu 1',
        'neighbor-product cpu 3',
        'neighbor-product wasm 1',
        'neighbor-product wasm 3',
        'neighbor-product reference 1',
      ]);
      for (const { nsPerPixel, repetitions } of rows) {
        expect(nsPerPixel.least).toBeGreaterThan(0);
        expect(repetitions).toBe(2);
      }
      for (const { cold } of rows.filter(({ role }) => role === 'ours')) {
        expect(cold?.openMs).toBeGreaterThan(0);
        expect(cold?.firstMs).toBeGreaterThan(0);
      }
      expect(missing).toEqual([{ program: 'neighbor-product gpu', reason: expect.stringMatching(/./) }]);
    }
    const exactShares = report.cases.map(({ rows }) => rows[3].exactShare!);
    expect(exactShares[1]).toBeGreaterThan(0.5);
    expect(exactShares[0]).toBeLessThan(0.1);
  });

  test('every instruction set, as a table', async () => {
    const words = [
      'bench',
      '--sizes',
      '33x20',
      '--kinds',
      'flat',
      '--repeat',
      '1',
      '--backend',
      'cpu',
      '--threads',
      '1',
    ];
    const { exitCode, stdout } = await run([...words, '--every-instruction-set'], { cwd: folderWith() });
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toMatch(/^33x20 flat \(generated, seed 1\)\n {2}program /);
    expect(stdout.toString()).toMatch(/\n {2}neighbor-product cpu portable +1 /);
    expect(stdout.toString()).not.toContain('reference  ');
  });

  test('a backend with a wrong byte is an error and no table', async () => {
    const script = mainOf(await copyWith({ 'cpu/cpu-backend.js': FAULTY_CPU }));
    const { exitCode, stdout, stderr } = await run([...SMALL, '--backend', 'cpu'], { cwd: folderWith(), script });
    expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/The bytes of neighbor-product cpu faulty differ from the reference's on 64x48\/noise/);
  });

  test('a GPU that was asked for and is not there is an error', async () => {
    const { exitCode, stderr } = await run([...SMALL, '--backend', 'gpu'], { cwd: folderWith(), env: NO_GPU });
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/Cannot measure the gpu backend: /);
  });

  test('--peers with no Python: named, and the rest is measured', async () => {
    const words = ['bench', '--sizes', '33x20', '--kinds', 'noise', '--repeat', '1', '--backend', 'reference'];
    const { exitCode, stdout } = await run([...words, '--peers', '--python', '/nowhere/python3'], {
      cwd: folderWith(),
    });
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toContain('not measured: every peer in Python: /nowhere/python3 does not start');
  });

  test('--from shows a report again, and draws it', async () => {
    const cwd = folderWith({ 'report.json': JSON.stringify(REPORT) });
    const { exitCode, stdout } = await run(['bench', '--from', 'report.json', '--markdown', '--plot', 'plot.svg'], {
      cwd,
    });
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toContain('| neighbor-product cpu avx2 | 2 | 1.00 | 2.00 | 0 |');
    expect(readFileSync(path.join(cwd, 'plot.svg'), 'utf8')).toMatch(/^<svg xmlns[\s\S]*<\/svg>\n$/);
    const none = await run(['bench', '--from', 'report.json', '--kinds', 'flat'], { cwd });
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Expected one of 950x535/photograph') });
  });

  test.runIf(softwareGpuExists)('sizes of workgroups on the GPU, checked, and the best of them', async () => {
    const words = ['bench', '--tune-gpu', '--sizes', '64x48', '--kinds', 'worst-case', '--repeat', '1', '--json'];
    const { exitCode, stdout, stderr } = await run(words, { cwd: folderWith() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const report: TuningReport = JSON.parse(stdout.toString());
    const { tried, copyMs } = report;
    expect(tried[0]).toEqual({ ...TUNING, ms: expect.any(Number), timesCopy: tried[0].ms / copyMs });
    expect(tried).toHaveLength(4 * 4 + 3);

    const [head, ...rows] = tuningTable(report).split('\n');
    expect(head).toMatch(/^SwiftShader.*, 64x48\/worst-case, device time of both passes, medians of 1 rounds$/);
    const best = rows.pop();
    expect(new Set(rows.map((row) => row.split('copies')[1])).size).toBe(tried.length);
    expect(best).toContain(rows[0].split('copies')[1].trim());
    expect(best).toMatch(/^Best: .* times the device's copy \([\d.e-]+ ms\)\.$/);

    const none = await run(words, { cwd: folderWith(), env: NO_GPU });
    expect(none).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('Expected a GPU to tune, but') });
  });

  test.each([
    [['--sizes', 'huge'], 2, /Expected a list of half, 4k, 8k or sizes such as 640x480/],
    [['--sizes', 'constructor'], 2, /Expected a list of half/],
    [['--sizes', '0x5'], 2, /Expected a list of half/],
    [['--kinds', 'noise,foto'], 2, /Expected a list of photograph, noise, flat, worst-case/],
    [['--backend', 'cuda'], 2, /Expected one of all, gpu, cpu, wasm, reference for --backend/],
    [['--threads', '1,0'], 2, /whole number from 1 to 256/],
    [['--json', '--markdown'], 2, /but received both/],
    [['--tune-gpu', '--peers'], 2, /but received both/],
    [['--from', 'gone.json'], 3, /^error: Cannot read 'gone\.json': no such file\./],
  ])('%j: exit code %i', async (words, code, message) => {
    const { exitCode, stderr } = await run(['bench', ...words], { cwd: folderWith() });
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
  });
});
