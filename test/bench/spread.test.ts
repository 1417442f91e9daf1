import { expect, test } from 'vitest';
import { spreadOf } from '../../src/bench/spread.js';

test.each([
  [[3, 1, 2], { median: 2, least: 1, most: 3 }],
  [[4, 1, 10, 2], { median: 3, least: 1, most: 10 }],
  [[7], { median: 7, least: 7, most: 7 }],
])('spread of %j', (values, spread) => {
  expect(spreadOf(values)).toEqual(spread);
});
