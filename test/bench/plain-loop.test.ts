import { expect, test } from 'vitest';
import { plainLoop } from '../../src/bench/plain-loop.js';
import { IMAGE_KINDS, makeImage } from '../../src/conformance/images.js';
import { createRaster } from '../../src/image.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { firstDifference, referenceOf } from '../jobs.js';

test.each(IMAGE_KINDS)('%s: the bytes of the reference', (kind) => {
  const input = makeImage(kind, 61, 43, 4, 3);
  const output = createRaster(61, 43, 4);
  plainLoop(input, output);
  expect(firstDifference(referenceOf(input, DEFAULT_OPERATION), output)).toBeUndefined();
});
