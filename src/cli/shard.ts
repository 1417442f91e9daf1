/** One of several parts of the inputs, for machines that share the work: by `--shard`, and what an engine's variables say. */
import { pathOf } from '../files/names.js';
import { fnv1a } from '../hash.js';
import { usage } from './usage-errors.js';

/** Part `index` of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
  /** The variable that gave the index, if one did. */
  readonly variable?: string;
}

export const SHARD_FORMS = 'a part such as 2/8, or auto or auto/8, which read it from the variables of a cluster';

/** Whether `--shard` may have this value. */
export function isShard(text: string): boolean {
  const parts = /^(auto|[1-9]\d{0,8})(?:\/([1-9]\d{0,8}))?$/.exec(text);
  if (parts === null) return false;
  const [, index, count] = parts;
  return index === 'auto' || Number(index) <= Number(count);
}

/** Where engines write the index of a task, and its number from 0 and what they say of the number of tasks. */
const ENGINES: readonly {
  readonly variable: string;
  readonly engine: string;
  readonly read: (index: number, environment: NodeJS.ProcessEnv) => { index: number; count?: number };
}[] = [
  {
    variable: 'SLURM_ARRAY_TASK_ID',
    engine: 'Slurm',
    read: (id, { SLURM_ARRAY_TASK_MIN = '0', SLURM_ARRAY_TASK_STEP = '1', SLURM_ARRAY_TASK_COUNT }) => ({
      index: (id - Number(SLURM_ARRAY_TASK_MIN)) / Number(SLURM_ARRAY_TASK_STEP),
      ...(SLURM_ARRAY_TASK_COUNT !== undefined && { count: Number(SLURM_ARRAY_TASK_COUNT) }),
    }),
  },
  { variable: 'JOB_COMPLETION_INDEX', engine: 'Kubernetes', read: (index) => ({ index }) },
  {
    variable: 'AWS_BATCH_JOB_ARRAY_INDEX',
    engine: 'AWS Batch',
    read: (index, { AWS_BATCH_JOB_ARRAY_SIZE: size }) => ({
      index,
      ...(size !== undefined && { count: Number(size) }),
    }),
  },
];

/**
 * The part that a value of `--shard` means.
 *
 * @throws NeighborProductError `INVALID_OPTION` where the variables do not say it
 */
export function resolveShard(text: string, environment: NodeJS.ProcessEnv): Shard {
  const [index, given] = text.split('/');
  if (index !== 'auto') return { index: Number(index), count: Number(given) };
  const engine = ENGINES.find(({ variable }) => environment[variable]);
  if (engine === undefined) {
    const variables = ENGINES.map(({ variable }) => variable).join(', ');
    throw usage(`Expected one of ${variables} for --shard auto, but none is set. Name the part, as in --shard 1/8.`);
  }
  const { variable, read } = engine;
  const value = environment[variable]!;
  const task = read(/^\d+$/.test(value) ? Number(value) : Number.NaN, environment);
  const count = given === undefined ? task.count : Number(given);
  if (count === undefined) {
    throw usage(`${engine.engine} does not say of how many parts ${variable}=${value} is one. Type --shard auto/N.`);
  }
  if (task.count !== undefined && task.count !== count) {
    throw usage(
      `Expected ${task.count} parts, as ${engine.engine} says, but received --shard ${text}. Type --shard auto.`,
    );
  }
  if (!Number.isInteger(task.index) || task.index < 0 || task.index >= count) {
    throw usage(`Expected a task of 0 to ${count - 1} for ${count} parts, but received ${variable}=${value}.`);
  }
  return { index: task.index + 1, count, variable };
}

/**
 * Whether a file belongs to a part: the same answer on every machine, whatever other files there are.
 *
 * @param relative its path below the folder that was named
 */
export function isInShard(relative: string, { index, count }: Shard): boolean {
  return hash(pathOf(relative)) % count === index - 1;
}

/** With the finish of MurmurHash3, since similar names would leave the low bits alike. */
function hash(name: string | Uint8Array): number {
  let state = fnv1a(Buffer.from(name as string));
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
