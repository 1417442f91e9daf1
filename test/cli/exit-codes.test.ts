import { expect, test } from 'vitest';
import { EXIT_CODES, exitCodeOf, exitCodeOfAll, failureCodeOf, ReaderLeft } from '../../src/cli/exit-codes.js';
import { NeighborProductError } from '../../src/errors.js';

test.each([
  [new NeighborProductError('DIFFERENCES_FOUND', 'x'), 'DIFFERENCES_FOUND', 1],
  [new NeighborProductError('INVALID_OPTION', 'x'), 'INVALID_OPTION', 2],
  [new NeighborProductError('INVALID_IMAGE', 'x'), 'INVALID_IMAGE', 3],
  [new NeighborProductError('INVALID_PNG', 'x'), 'INVALID_PNG', 3],
  [new NeighborProductError('TOO_MANY_PIXELS', 'x'), 'TOO_MANY_PIXELS', 3],
  [new NeighborProductError('OUT_OF_MEMORY', 'x'), 'OUT_OF_MEMORY', 3],
  [new NeighborProductError('INPUT_UNREADABLE', 'x'), 'INPUT_UNREADABLE', 3],
  [new NeighborProductError('BACKEND_UNAVAILABLE', 'x'), 'BACKEND_UNAVAILABLE', 4],
  [new NeighborProductError('BACKEND_FAILED', 'x'), 'BACKEND_FAILED', 75],
  [new NeighborProductError('DEVICE_LIMIT', 'x'), 'DEVICE_LIMIT', 4],
  [new NeighborProductError('OUTPUT_UNWRITABLE', 'x'), 'OUTPUT_UNWRITABLE', 5],
  [new ReaderLeft(), 'READER_LEFT', 141],
  [new TypeError('x'), 'DEFECT', 70],
  ['a string', 'DEFECT', 70],
])('%s is %s, exit code %i', (error, code, exitCode) => {
  expect(failureCodeOf(error)).toBe(code);
  expect(exitCodeOf(error)).toBe(exitCode);
  expect(EXIT_CODES.map((entry) => entry.exitCode)).toContain(exitCode);
});

test.each([
  ['OUTPUT_UNWRITABLE', 'ENOSPC', 75],
  ['OUTPUT_UNWRITABLE', 'EACCES', 5],
  ['INPUT_UNREADABLE', 'EIO', 75],
  ['INPUT_UNREADABLE', 'ENOENT', 3],
] as const)('%s because of %s: exit code %i', (code, cause, exitCode) => {
  expect(exitCodeOf(new NeighborProductError(code, 'x', { cause: Object.assign(new Error(), { code: cause }) }))).toBe(
    exitCode,
  );
});

test('an allocation that failed may succeed later, a limit of the user does not go away', () => {
  expect(exitCodeOf(new NeighborProductError('OUT_OF_MEMORY', 'x', { cause: new RangeError() }))).toBe(75);
});

test('of several failures the first one counts, unless one is worth a retry', () => {
  expect(exitCodeOfAll([])).toBe(0);
  expect(exitCodeOfAll([3, 5])).toBe(3);
  expect(exitCodeOfAll([3, 75, 5])).toBe(75);
});
