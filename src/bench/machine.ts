/** What a published number has to name of the machine it comes from. */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Machine } from './result.js';

/** Load, 1 minute's average. */
export function readLoad(): number {
  return Math.round(loadavg()[0] * 100) / 100;
}

export function describeMachine(): Omit<Machine, 'loadBefore' | 'loadAfter'> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.version,
  };
}
