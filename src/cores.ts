/** How many cores this process may use. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path/posix';
import { readVariable } from './environment.js';

/** Pixels per thread: with fewer, about 50 microseconds of work, waking another thread costs more than it saves. */
const PIXELS_WORTH_A_THREAD = 2 ** 15;

let known: number | undefined;

/** The cores that affinity and the quota of a container leave to this process, at least 1. Read once. */
export function availableCores(): number {
  known ??= Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota())));
  return known;
}

/** Threads of the pool that zlib, files and the addon's jobs share; without the variable libuv starts four. */
export function poolThreads(): number {
  return Number(readVariable('UV_THREADPOOL_SIZE')) || 4;
}

/** The number of threads for as many pixels where the caller names none. */
export function defaultThreads(pixels: number, cores = availableCores()): number {
  return Math.max(1, Math.min(cores, Math.floor(pixels / PIXELS_WORTH_A_THREAD)));
}

/**
 * The processor time per time that Linux's control groups leave to this process, in cores; infinite without a limit. A
 * group's quota holds for all groups below it, so the smallest one on the way up counts.
 *
 * @param root the file system's root, in which proc and sys are looked for
 */
export function cpuQuota(root = '/'): number {
  const groups = readText(join(root, 'proc/self/cgroup'))?.split('\n') ?? [];
  const quotas = groups.flatMap((line) => {
    // `0::/a/b` in version 2, `4:cpu,cpuacct:/a/b` in version 1 (cgroups(7)).
    const [, controllers, group] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (group === undefined) return [];
    if (controllers === '') return quotasOnTheWayUp(join(root, 'sys/fs/cgroup'), group, quotaOfVersion2);
    if (!controllers.split(',').includes('cpu')) return [];
    return quotasOnTheWayUp(join(root, 'sys/fs/cgroup/cpu'), group, quotaOfVersion1);
  });
  return Math.min(Number.POSITIVE_INFINITY, ...quotas);
}

/** In a container the mount may begin at its own group, and the path lead nowhere: the mount's top is always looked at. */
function quotasOnTheWayUp(mount: string, group: string, quotaOf: (folder: string) => number): number[] {
  const quotas: number[] = [];
  for (let folder = join('/', group); ; folder = dirname(folder)) {
    quotas.push(quotaOf(join(mount, folder)));
    if (folder === '/') return quotas;
  }
}

/** `max 100000`, or microseconds of processor time and of the period. */
function quotaOfVersion2(folder: string): number {
  const [quota, period] = readText(join(folder, 'cpu.max'))?.split(/\s+/) ?? [];
  return ratio(quota, period);
}

/** A quota of -1 is none. */
function quotaOfVersion1(folder: string): number {
  return ratio(readText(join(folder, 'cpu.cfs_quota_us')), readText(join(folder, 'cpu.cfs_period_us')));
}

function ratio(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
