/** Deno's WebGPU, wgpu, is another implementation and another compiler, naga, than the Dawn of all other tests. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { softwareGpuExists, unpackSoftwareGpu } from '../../tools/software-gpu.mjs';
import { combinations, inDeno } from '../../tools/stacks/combinations.mjs';
import { inFirefox } from '../../tools/stacks/page.mjs';

test.skipIf(!softwareGpuExists)('Deno on SwiftShader computes the same bytes', { timeout: 120_000 }, async () => {
  const found = await inDeno({ variables: unpackSoftwareGpu() }, 'quick', 100_000);
  expect(found).toMatchObject({ adapter: 'SwiftShader Device (Subzero) (in software)', differing: 0 });
  const { cases, bytes, exactPixels, errorOfT } = found as Exclude<typeof found, { missing: string }>;
  expect(cases).toBeGreaterThan(300);
  expect(bytes).toBeGreaterThan(1_900_000);
  expect(exactPixels).toBeGreaterThan(100_000);
  expect(errorOfT).toBeGreaterThan(1);
  expect(errorOfT).toBeLessThan(9.52);
});

test('the combinations have names of their own, and the short ones have every implementation', () => {
  const names = combinations().map(({ implementation, compiler, driver }) => [implementation, compiler, driver].join());
  expect(new Set(names).size).toBe(names.length);
  const short = combinations().filter(({ isShort }) => isShort);
  expect([...new Set(short.map(({ implementation }) => implementation.split(' ')[0]))]).toEqual([
    'Dawn',
    'wgpu',
    'Chromium',
    'Firefox',
  ]);
});

const namespacesExist =
  spawnSync('unshare', ['--map-root-user', '--mount', '--pid', '--fork', 'mount', '-t', 'proc', 'proc', '/proc'])
    .status === 0;

test.skipIf(!namespacesExist)('a browser that does not report ends with all it started', async () => {
  const program = programOf('sleep 1234 & sleep 1235');
  const found = await inFirefox({ root: '/', program, variables: {} }, 'quick', 2000);
  expect(found).toEqual({ missing: 'no report in 2 seconds, and nothing was asked for last' });
  expect(commandLines()).not.toContainEqual(expect.stringMatching(/sleep 123[45]/));
});

test.skipIf(!namespacesExist)('a browser that does not start says why', async () => {
  const program = programOf('echo no display >&2; exit 3');
  const ended = await inFirefox({ root: '/', program, variables: {} }, 'quick', 20_000);
  expect(ended).toEqual({ missing: 'it ended with 3: no display' });
  const rootless = await inFirefox({ root: '/nowhere', program, variables: {} }, 'quick', 20_000);
  expect(rootless).toEqual({ missing: expect.stringMatching(/^it ended with \d+: .*\/nowhere\/proc/) });
});

/** Not in /tmp, which is another in the namespace. */
function programOf(script: string): string {
  const folder = mkdtempSync('/var/tmp/browser-');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = path.join(folder, 'browser');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return program;
}

/** Of every process. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
      } catch {
        return ''; // it has ended
      }
    });
}
