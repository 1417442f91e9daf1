import { describe, expect, test } from 'vitest';
import { isInShard, isShard, resolveShard } from '../../src/cli/shard.js';

test.each(['1/1', '1/8', '8/8', 'auto', 'auto/8'])('%s is a part', (text) => expect(isShard(text)).toBe(true));

test.each(['', '0/8', '9/8', '8', '1/', '/8', 'auto/0', 'auto/', '1/8/2', '1.5/8', '-1/8', 'AUTO'])(
  '%s is none',
  (text) => expect(isShard(text)).toBe(false),
);

describe('the part of a task', () => {
  test.each([
    ['2/8', {}, { index: 2, count: 8 }],
    ['auto/8', { JOB_COMPLETION_INDEX: '0' }, { index: 1, count: 8, variable: 'JOB_COMPLETION_INDEX' }],
    ['auto/8', { AWS_BATCH_JOB_ARRAY_INDEX: '7' }, { index: 8, count: 8, variable: 'AWS_BATCH_JOB_ARRAY_INDEX' }],
    [
      'auto',
      { AWS_BATCH_JOB_ARRAY_INDEX: '2', AWS_BATCH_JOB_ARRAY_SIZE: '3' },
      { index: 3, count: 3, variable: 'AWS_BATCH_JOB_ARRAY_INDEX' },
    ],
    [
      'auto',
      { SLURM_ARRAY_TASK_ID: '5', SLURM_ARRAY_TASK_MIN: '5', SLURM_ARRAY_TASK_COUNT: '3' },
      { index: 1, count: 3, variable: 'SLURM_ARRAY_TASK_ID' },
    ],
    [
      'auto/3',
      {
        SLURM_ARRAY_TASK_ID: '12',
        SLURM_ARRAY_TASK_MIN: '4',
        SLURM_ARRAY_TASK_COUNT: '3',
        SLURM_ARRAY_TASK_STEP: '4',
      },
      { index: 3, count: 3, variable: 'SLURM_ARRAY_TASK_ID' },
    ],
    // A part that is named counts, whatever the variables say.
    ['2/8', { JOB_COMPLETION_INDEX: '5' }, { index: 2, count: 8 }],
  ])('--shard %s with %j', (text, environment, shard) => {
    expect(resolveShard(text, environment)).toEqual(shard);
  });

  test.each([
    ['auto/8', {}, 'Expected one of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, AWS_BATCH_JOB_ARRAY_INDEX for --shard'],
    ['auto', { JOB_COMPLETION_INDEX: '3' }, 'Kubernetes does not say of how many parts JOB_COMPLETION_INDEX=3 is one.'],
    [
      'auto/8',
      { JOB_COMPLETION_INDEX: '8' },
      'Expected a task of 0 to 7 for 8 parts, but received JOB_COMPLETION_INDEX=8.',
    ],
    ['auto/8', { JOB_COMPLETION_INDEX: 'x' }, 'but received JOB_COMPLETION_INDEX=x.'],
    [
      'auto/4',
      { SLURM_ARRAY_TASK_ID: '0', SLURM_ARRAY_TASK_COUNT: '3' },
      'Expected 3 parts, as Slurm says, but received',
    ],
    // --array=1,3,7: the tasks are no range.
    [
      'auto',
      { SLURM_ARRAY_TASK_ID: '7', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '3' },
      'Expected a task of 0 to 2 for 3 parts, but received SLURM_ARRAY_TASK_ID=7.',
    ],
  ])('--shard %s with %j is refused', (text, environment, message) => {
    expect(() => resolveShard(text, environment)).toThrow(message);
  });
});

describe('parts of files', () => {
  const names = Array.from({ length: 4000 }, (_, at) => `set-${at % 7}/image-${String(at).padStart(5, '0')}.png`);

  test('every file is in one part, and parts are nearly equal', () => {
    const parts = Array.from({ length: 8 }, (_, at) => ({ index: at + 1, count: 8 }));
    const sizes = parts.map((part) => names.filter((name) => isInShard(name, part)).length);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(names.length);
    // A fair coin for each gives 500 with a deviation of 21.
    for (const size of sizes) expect(Math.abs(size - 500)).toBeLessThan(100);
  });

  test('the part of a file is the same in every version, on every machine', () => {
    const partOf = (name: string) => [1, 2, 3, 4, 5].find((index) => isInShard(name, { index, count: 5 }));
    expect(['a.png', 'b.png', 'x/a.png', 'é.png', '\udce9.png'].map(partOf)).toMatchInlineSnapshot(`
      [
        4,
        3,
        2,
        5,
        5,
      ]
    `);
  });
});
