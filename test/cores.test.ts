import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { availableCores, cpuQuota, defaultThreads } from '../src/cores.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'neighbor-product-cores-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function lay(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

describe('the quota of control groups', () => {
  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['version 2', { 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': '150000 100000\n' }, 1.5],
    [
      'version 2, the smallest on the way up',
      {
        'proc/self/cgroup': '0::/a/b\n',
        'sys/fs/cgroup/a/b/cpu.max': '400000 100000\n',
        'sys/fs/cgroup/a/cpu.max': '50000 25000\n',
      },
      2,
    ],
    ['version 2 in a container', { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '300000 100000\n' }, 3],
    [
      'a path that the mount does not show',
      { 'proc/self/cgroup': '0::/docker/1\n', 'sys/fs/cgroup/cpu.max': '50000 100000' },
      0.5,
    ],
    [
      'version 1',
      {
        'proc/self/cgroup': '11:memory:/a\n4:cpu,cpuacct:/a\n',
        'sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '250000\n',
        'sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
        'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      2.5,
    ],
    ['no limit in version 2', { 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': 'max 100000\n' }, Infinity],
    ['another controller', { 'proc/self/cgroup': '4:cpuset:/\n', 'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '1' }, Infinity],
    ['files that say nothing', { 'proc/self/cgroup': 'x\n0::/a', 'sys/fs/cgroup/a/cpu.max': '' }, Infinity],
    ['a period of 0', { 'proc/self/cgroup': '0::/', 'sys/fs/cgroup/cpu.max': '1 0' }, Infinity],
    ['no control groups', {}, Infinity],
  ])('%s', (_, files, quota) => {
    lay(files);
    expect(cpuQuota(root)).toBe(quota);
  });
});

describe('threads by default', () => {
  it.each([
    [1, 8, 1],
    [2 ** 16, 8, 2],
    [2 ** 26, 8, 8],
    [2 ** 26, 1, 1],
    [0, 4, 1],
  ])('%i pixels on %i cores: %i', (pixels, cores, threads) => expect(defaultThreads(pixels, cores)).toBe(threads));

  it('are no more than the cores of this process', () => {
    expect(availableCores()).toBeGreaterThanOrEqual(1);
    expect(availableCores()).toBeLessThanOrEqual(availableParallelism());
    expect(defaultThreads(2 ** 30)).toBe(availableCores());
  });
});
