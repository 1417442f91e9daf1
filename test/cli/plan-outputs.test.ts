import { expect, test } from 'vitest';
import { namesFolder, planOutputs } from '../../src/cli/plan-outputs.js';
import type { TransformRequest } from '../../src/cli/program.js';
import { DEFAULT_OPERATION } from '../../src/options.js';

function request(inputs: string[], output: string | undefined, json = false): TransformRequest {
  return {
    inputs,
    output,
    json,
    trace: undefined,
    transform: DEFAULT_OPERATION,
    maxPixels: 1,
    compression: 'balanced',
    verify: false,
    verbosity: 'normal',
  };
}

test('one input goes to the output named', () => {
  expect(planOutputs(request(['a.png'], 'b.png'), false)).toEqual([{ input: 'a.png', output: 'b.png' }]);
  expect(planOutputs(request(['-'], '-'), false)).toEqual([{ input: '-', output: '-' }]);
});

test('in a folder each picture keeps its name', () => {
  expect(planOutputs(request(['x/a.png', './b.png', '-'], 'out/'), true)).toEqual([
    { input: 'x/a.png', output: 'out/a.png' },
    { input: './b.png', output: 'out/b.png' },
    { input: '-', output: 'out/stdin.png' },
  ]);
});

test.each([
  [['a.png'], undefined, false, 'Type: neighbor-product a.png -o a-product.png'],
  [['x/a b.png'], undefined, false, "Type: neighbor-product 'x/a b.png' -o 'x/a b-product.png'"],
  [["it's"], undefined, false, "Type: neighbor-product 'it'\\''s' -o 'it'\\''s-product.png'"],
  [['-'], undefined, false, 'Type: neighbor-product - -o out.png'],
  [['a.png', 'b.png'], undefined, false, 'Type: neighbor-product a.png b.png -o products/'],
  [['a.png', 'b.png'], 'c.png', false, "Expected a folder for 2 inputs, but received 'c.png'."],
  [['a.png', 'b.png'], '-', false, 'Expected a folder for 2 inputs, but received standard output.'],
  [['x/a.png', 'y/a.png'], 'out', true, "'x/a.png' and 'y/a.png' both give 'out/a.png'."],
  [['a.png', './a.png'], 'out', true, "'a.png' and './a.png' both give 'out/a.png'."],
])('%j to %j is refused', (inputs, output, isFolder, message) => {
  const plan = () => planOutputs(request(inputs, output), isFolder);
  expect(plan).toThrow(message);
  expect(plan).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
});

test('a picture and records do not share standard output', () => {
  expect(() => planOutputs(request(['a.png'], '-', true), false)).toThrow('one of --json and -o -');
  expect(planOutputs(request(['a.png'], 'b.png', true), false)).toHaveLength(1);
});

test.each([
  ['out/', true],
  ['a/b/', true],
  ['.', true],
  ['a/..', true],
  ['out', false],
  ['a/b.png', false],
])('%s names a folder: %s', (path, answer) => expect(namesFolder(path)).toBe(answer));
