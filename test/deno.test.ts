/** The compiled package in Deno: its bytes, its permissions, how it ends. */
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, test } from 'vitest';
import { softwareGpuExists } from '../tools/software-gpu.mjs';
import { denoProgram } from '../tools/stacks/combinations.mjs';

const GOLDEN = path.resolve('fixtures/golden');
const MAY_READ = `--allow-read=${GOLDEN}`;

/** A program beside the package as it is installed: Deno lets it read what is below node_modules. */
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'neighbor-product-deno-')));
const installed = path.join(scratch, 'node_modules/neighbor-product');
const COMMAND = path.join(installed, 'dist/cli/neighbor-product.cjs');
for (const name of ['dist', 'package.json', 'build/Release/neighbor_product.node']) {
  cpSync(name, path.join(installed, name), { recursive: true });
}
writeFileSync(path.join(scratch, 'package.json'), '{ "private": true }'); // or Deno looks into no node_modules
copyFileSync('test/deno-golden.mjs', path.join(scratch, 'golden.mjs'));
copyFileSync('fixtures/watermelon-pizza.png', path.join(scratch, 'in.png'));
afterAll(() => rmSync(scratch, { recursive: true }));

const MAY_LOAD = '--allow-ffi=node_modules/neighbor-product';

interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runDeno(...words: string[]): Promise<Ended> {
  const { NEIGHBOR_PRODUCT_SOFTWARE_GPU, ...inherited } = process.env;
  const env = { ...inherited, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = spawn(denoProgram(), ['run', ...words], { cwd: scratch, env, stdio, timeout: 100_000 });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) child[stream].on('data', (text) => (printed[stream] += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, ...printed }));
  });
}

describe.skipIf(!softwareGpuExists)('in Deno', { timeout: 120_000 }, () => {
  test.each([
    ['cpu', 'cpu', /, 1 thread$/, [MAY_LOAD]],
    ['auto', 'cpu', /, 1 thread$/, [MAY_LOAD]],
    ['wasm', 'wasm', /, 2 threads$/, []],
    ['gpu', 'gpu', /^SwiftShader Device \(Subzero\) \(in software\)$/, []],
  ])('%s gives the golden bytes, with no more permission than it needs', async (name, backend, device, flags) => {
    const { exitCode, stdout, stderr } = await runDeno(MAY_READ, ...flags, 'golden.mjs', GOLDEN, name);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).not.toMatch(/NEIGHBOR_PRODUCT/); // drivers may print something
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ backends: [backend], differing: 0 });
    expect(found.bytes).toBeGreaterThan(100_000);
    expect(found.devices).toContainEqual(expect.stringMatching(device));
  });

  test('auto without --allow-ffi: WebAssembly, the same bytes, and one warning with the flag to add', async () => {
    const { exitCode, stdout, stderr } = await runDeno(MAY_READ, 'golden.mjs', GOLDEN, 'auto');
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ backends: ['wasm'], differing: 0 });
    expect(stderr.match(/NEIGHBOR_PRODUCT_SLOW/g)).toHaveLength(1);
    expect(stderr).toContain(`start Deno with --allow-ffi="${installed}".`);
  });

  test('a program that ends by an error while the addon computes: no crash', async () => {
    const program = `
      import { transform } from 'neighbor-product';
      const image = { data: new Uint8Array(2000 * 1500 * 4), width: 2000, height: 1500 };
      transform(image, { backend: 'cpu', passes: 200 });
      setTimeout(() => { throw new Error('of the program'); }, 150);`;
    writeFileSync(path.join(scratch, 'failing.mjs'), program);
    const ended = await runDeno(MAY_LOAD, 'failing.mjs');
    expect(ended).toMatchObject({ exitCode: 1, signal: null });
    expect(ended.stderr).toContain('Error: of the program');
  });

  test('the command', async () => {
    const { exitCode, stderr } = await runDeno('-A', COMMAND, 'in.png', '-o', 'out.png', '--verbose');
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/ cpu \(.* read by neighbor-product \(with the addon\)/s);
    const [actual, expected] = [path.join(scratch, 'out.png'), 'docs/watermelon-pizza-product.png'].map((file) => {
      return PNG.sync.read(readFileSync(file)).data;
    });
    expect(Buffer.compare(actual, expected)).toBe(0);
  });

  test('devices names the GPU that Deno finds', async () => {
    const { exitCode, stdout, stderr } = await runDeno('-A', COMMAND, 'devices');
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^gpu +SwiftShader Device \(Subzero\) \(in software\), slower than the CPU/m);
  });
});
