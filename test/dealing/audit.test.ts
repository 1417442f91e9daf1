import { describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { Auditor, canCheckPasses, rowsToCompare } from '../../src/dealing/audit.js';
import { createImage } from '../../src/image.js';
import { BORDER_MODES, cutIntoStrips, regionOf } from '../../src/regions.js';
import { planSteps } from '../../src/steps.js';
import { modesOf, operationOf, referenceOf } from '../transforms.js';
import { cpu } from '../workers.js';

const WHOLE = regionOf({ width: 10, height: 4000 }, 'wrap');
const rowsIn = (seed: number, isNew: boolean, maxRows = 4000) =>
  cutIntoStrips(WHOLE, maxRows).flatMap((strip) =>
    rowsToCompare(seed, strip, isNew).flatMap(({ first, end }) =>
      Array.from({ length: end - first }, (_, at) => first + at),
    ),
  );

describe('the rows that are compared', () => {
  test('of a known device one in each strip, in the strip', () => {
    for (const strip of cutIntoStrips(WHOLE, 7)) {
      const [{ first, end }] = rowsToCompare(5, strip, false);
      expect([first >= strip.first.y, end <= strip.end.y, end - first]).toEqual([true, true, 1]);
    }
  });

  test('of a new one about one in eight, wherever strips begin', () => {
    const rows = rowsIn(5, true);
    expect(rows.length).toBeGreaterThan(4000 / 10);
    expect(rows.length).toBeLessThan(4000 / 6);
    expect(rowsIn(5, true, 800)).toEqual(rows);
  });

  test('follow from the seed', () => {
    expect(rowsIn(5, true)).toEqual(rowsIn(5, true));
    expect(rowsIn(5, true)).not.toEqual(rowsIn(6, true));
  });

  test('each row has its turn', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 200; seed++) for (const y of rowsIn(seed, false, 40)) seen.add(y);
    expect(seen.size).toBeGreaterThan(3900);
  });
});

test.each(modesOf(4))('$alpha $border: right rows pass, a wrong byte in a row that is compared does not', (mode) => {
  const input = makeImage('photograph', 30, 50, 4, 1);
  for (const seed of [1, 2, 3]) {
    const output = referenceOf(input, mode);
    const [step] = planSteps(input, output, mode);
    new Auditor().check(cpu, step, step.region, mode, seed);
    const [{ first }] = rowsToCompare(seed, step.region, true);
    output.data[first * output.rowBytes + 5] ^= 1;
    expect(() => new Auditor().check(cpu, step, step.region, mode, seed)).toThrow(
      expect.objectContaining({ reason: `row ${first} was computed again and differed; audit seed ${seed}` }),
    );
  }
});

test.each(BORDER_MODES)('%s: after several passes, every row', async (border) => {
  const input = makeImage('photograph', 20, 60, 4, 1);
  const operation = operationOf({ border, passes: 3 });
  const region = regionOf(input, border);
  const expected = referenceOf(input, operation);
  const result = { ...expected, data: expected.data.subarray(region.first.y * expected.rowBytes) };
  const step = { input, output: createImage(20, 60, 4), passes: 3, region };
  const auditor = new Auditor();
  for (let seed = 0; seed < 300; seed++) await auditor.checkPasses(cpu, step, result, operation, seed);
  for (let y = region.first.y; y < region.end.y; y++) expected.data[y * expected.rowBytes + 8] ^= 1;
  await expect(auditor.checkPasses(cpu, step, result, operation, 1)).rejects.toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
  });
});

test('passes are checked where that costs an eighth of them at most', () => {
  expect(canCheckPasses(2160, 100)).toBe(true);
  expect(canCheckPasses(2160, 200)).toBe(false);
  expect(canCheckPasses(100, 10)).toBe(false);
});
