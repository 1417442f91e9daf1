import { expect, test } from 'vitest';
import { runBench } from '../../src/bench/run-bench.js';

const options = {
  command: '',
  sizes: [{ width: 40, height: 30 }],
  kinds: ['noise'],
  backend: 'all',
  everyInstructionSet: false,
  threadCounts: [1],
  repeat: 1,
} as const;

test('only programs whose names contain one of the texts are measured, and the copies', async () => {
  const programsWith = async (only: readonly string[]) => {
    const { cases } = await runBench({ ...options, only });
    return cases[0].rows.map(({ program }) => program);
  };
  expect(await programsWith(['nowhere', 'JavaScript'])).toEqual(['copy of the same bytes', 'JavaScript double loop']);
  expect(await programsWith(['nothing'])).toEqual(['copy of the same bytes']);
});
