import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';
import { copyWith, ended, FAULTY_CPU, folderWith, mainOf, run, spawnCommand } from './command.js';

const FEW = ['conformance', '--filter', 'border/wrap/rgba/*3x'];

describe('conformance', () => {
  test('cpu: a table for each instruction set and thread count, exit code 0', async () => {
    const { exitCode, stdout, stderr } = await run([...FEW, '--backend', 'cpu'], { cwd: folderWith() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.toString()).toMatch(/^cpu \w+, 1 thread/);
    expect(stdout.toString()).toMatch(/\ncpu portable, 1 thread/);
    expect(stdout.toString()).toMatch(/\nPASSED .* all equal, in .*\n$/);
  });

  test.runIf(softwareGpuExists)('all: the GPU too, and every report', async () => {
    const cwd = folderWith();
    const { exitCode, stdout } = await run([...FEW, '--json', '--report', 'page.html'], { cwd });
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout.toString());
    expect(report.subjects).toContainEqual(expect.objectContaining({ subject: 'gpu', failures: [] }));
    expect(report.facts.map(({ name }: { name: string }) => name)).toContain('Shaders, SHA-256');
    expect(readFileSync(path.join(cwd, 'page.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*Passed/);
    const junit = await run([...FEW, '--junit'], { cwd });
    expect(junit.stdout.toString()).toMatch(/^<\?xml [\s\S]*<testsuite[\s\S]*failures="0"/);
  });

  describe('without a GPU', () => {
    const env = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json', LD_LIBRARY_PATH: '' };

    test.each([
      ['the table', [], /^gpu\n {2}not run: .+\n[\s\S]*\nPASSED .*\n {2}gpu was not run: .+\.\n$/],
      [
        'JSON',
        ['--json'],
        /"passed": true,[\s\S]*"notRun": \[\n +"gpu was not run: .+"\n[\s\S]*"missing": ".+",\n +"isOptional": true/,
      ],
      [
        'JUnit',
        ['--junit'],
        /<testsuite name="gpu" tests="1" failures="0" skipped="1".*>\n.*<skipped message="not run: .+"\/>/,
      ],
    ])('the others pass, and %s says what did not run', async (_, args, text) => {
      const { exitCode, stdout } = await run([...FEW, ...args], { cwd: folderWith(), env });
      expect(stdout.toString()).toMatch(text);
      expect(exitCode).toBe(0);
    });

    test('the page says it, too', async () => {
      const cwd = folderWith();
      expect(await run([...FEW, '--report', 'page.html'], { cwd, env })).toMatchObject({ exitCode: 0 });
      const page = readFileSync(path.join(cwd, 'page.html'), 'utf8');
      expect(page).toMatch(
        /<\/svg> Passed<\/h1>[\s\S]*on every backend that ran\.[\s\S]*gpu was not run: [\s\S]*<p>not run: /,
      );
    });

    test.each(['gpu', 'all'])('--backend %s is a failure', async (name) => {
      const { exitCode, stdout } = await run([...FEW, '--backend', name], { cwd: folderWith(), env });
      expect(stdout.toString()).toMatch(/\nFAILED\n {2}gpu was not run: .+\.\n$/);
      expect(exitCode).toBe(1);
    });

    test('without an addon either, WebAssembly passes alone', async () => {
      const script = mainOf(await copyWith());
      const { exitCode, stdout } = await run(FEW, { cwd: folderWith(), env, script });
      // With one thread and with several.
      expect(stdout.toString()).toMatch(
        /\nPASSED .* on 2 backends: .*\n {2}gpu was not run: .+\n {2}cpu was not run: .+\n$/,
      );
      expect(exitCode).toBe(0);
    });

    test('the failure of a GPU cannot be replayed', async () => {
      const cwd = folderWith({ 'r.json': '{"caseId":"border/wrap/rgba/33x7","seed":1,"subject":"gpu"}' });
      const { exitCode, stdout } = await run(['conformance', '--replay', 'r.json'], { cwd, env });
      expect(stdout.toString()).toMatch(/\nFAILED\n {2}gpu was not run: .+\.\n$/);
      expect(exitCode).toBe(1);
    });
  });

  test('no case is a failure', async () => {
    const { exitCode, stdout } = await run(['conformance', '--backend', 'cpu', '--filter', 'nothing'], {
      cwd: folderWith(),
    });
    expect(exitCode).toBe(1);
    expect(stdout.toString()).toContain('No case was selected.');
  });

  test('--list prints ids and runs nothing', async () => {
    const { exitCode, stdout } = await run(['conformance', '--list', '--filter', 'border/wrap/rgba/33x7'], {
      cwd: folderWith(),
    });
    expect({ exitCode, text: stdout.toString() }).toEqual({ exitCode: 0, text: 'border/wrap/rgba/33x7\n' });
  });

  test('a failure is found, written down, and found again from its record', async () => {
    const script = mainOf(await copyWith({ 'cpu/cpu-backend.js': FAULTY_CPU }));
    const cwd = folderWith();
    const first = await run([...FEW, '--backend', 'cpu', '--json'], { cwd, script });
    expect(first.exitCode).toBe(1);
    expect(first.stdout.toString()).toMatch(/\}\n$/);
    const [failure] = JSON.parse(first.stdout.toString()).subjects[0].failures;
    expect(failure).toMatchObject({ caseId: expect.stringContaining('border/wrap/rgba'), device: 'a faulty device' });
    expect(failure.mismatch).toHaveProperty('neighbours');
    const record = folderWith({ 'record.json': JSON.stringify(failure) });
    const again = await run(['conformance', '--json', '--replay', 'record.json'], {
      cwd: record,
      script,
    });
    expect(again.exitCode).toBe(1);
    const report = JSON.parse(again.stdout.toString());
    expect(report.caseIds).toEqual([failure.caseId]);
    expect(report.subjects[0].failures[0].mismatch).toEqual(failure.mismatch);
  });

  describe('--endless', () => {
    const ENDLESS = ['conformance', '--endless', '--backend', 'cpu', '--seed', '7'];

    test('ends after so many bytes, and says how to go on', async () => {
      const cwd = folderWith();
      const { exitCode, stdout, stderr } = await run([...ENDLESS, '--max-bytes', '1M'], { cwd });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const [, next] = /\nPASSED .* all equal, in .*\n {2}Seed 7, cases 0 to \d+, to go on: .* --from (\d+)\n$/.exec(
        stdout.toString(),
      )!;
      const more = await run([...ENDLESS, '--from', next, '--max-bytes', '1', '--json'], { cwd });
      expect(more.exitCode).toBe(0);
      expect(JSON.parse(more.stdout.toString())).toMatchObject({
        passed: true,
        from: Number(next),
        next: Number(next) + 1,
      });
    });

    test('finishes the case under way where it is interrupted, and says how far it came', async () => {
      const child = spawnCommand(ENDLESS, { cwd: folderWith() });
      const end = ended(child);
      await Promise.race([sleep(3000), end]);
      child.kill('SIGINT');
      const { signal, stdout, stderr } = await end;
      expect(stderr).toBe('warning: Interrupted. The case under way is finished; interrupt again to end at once.\n');
      expect(stdout.toString()).toMatch(/\nPASSED .* all equal, in .*\n {2}Seed 7, cases 0 to \d+, to go on: .*\n$/);
      expect(signal).toBe('SIGINT');
    });

    test('ends at the first difference with exit code 1', async () => {
      const script = mainOf(await copyWith({ 'cpu/cpu-backend.js': FAULTY_CPU }));
      const { exitCode, stdout } = await run(ENDLESS, { cwd: folderWith(), script });
      expect(exitCode).toBe(1);
      expect(stdout.toString()).toMatch(/\nFAILED\n[\s\S]*\n {2}Seed 7, case \d+, to run it again: .* --from \d+\n$/);
    });
  });

  test.each([
    [['--from', '1.5'], 2, /a whole number from 0 to 2\^53 - 1/],
    [['--endless', '--quick'], 2, /but received both/],
    [['--from', '1', '--quick'], 2, /but received both/],
    [['--replay', 'gone.json'], 3, /^error: Cannot read 'gone\.json': no such file\./],
    [['--seed', '-1'], 2, /0 to 2\^32 - 1/],
    [['--backend', 'cuda'], 2, /Expected one of all, gpu, cpu, wasm for --backend/],
    [['--json', '--junit'], 2, /but received both/],
    [['--replay', 'x', '--quick'], 2, /but received both/],
  ])('%j: exit code %i', async (words, code, message) => {
    const { exitCode, stderr } = await run(['conformance', ...words], { cwd: folderWith() });
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
  });
});
