/**
 * The shaders with one place of their text changed. A worse device, as far as WGSL allows one, must still give the right
 * bytes; a mistake in a shader must not: otherwise the images would prove nothing.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ImageKind, makeImage } from '../../src/conformance/images.js';
import { hasPairs, REGION_BYTES, regionWords, workgroupsFor } from '../../src/gpu/passes.js';
import { shaderCode } from '../../src/gpu/shader-code.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { ALPHA_MODES, type AlphaMode } from '../../src/options.js';
import { BORDER_MODES, type BorderMode, regionOf } from '../../src/regions.js';
import { firstDifference, operationOf, referenceOf } from '../transforms.js';
import { undecidedFlat } from './comparisons.js';
import { describeOnGpu, openHost } from './devices.js';
import { changed, MISTAKES, oneWorkgroup, T, ULP } from './mistakes.js';

const HARD_KINDS: ImageKind[] = [
  'exact-integers',
  'near-integers',
  'nearest-integer',
  'nearest-threshold',
  'domination',
  'domination-band',
  'domination-turn',
];
const SUM_OF_SQUARES = 'product.red * product.red + product.green * product.green + product.blue * product.blue';
const PLAIN_KINDS: ImageKind[] = ['noise', 'zeros', 'extremes', 'all-255', 'photograph'];

interface Expectation {
  readonly name: string;
  readonly input: CheckedImage;
  readonly alpha: AlphaMode;
  readonly expected: CheckedImage;
}

const expectations: Expectation[] = ALPHA_MODES.flatMap((alpha) => {
  const kinds = [...HARD_KINDS, ...PLAIN_KINDS].map((kind) => ({ name: kind, input: makeImage(kind, 130, 50, 4, 11) }));
  const images = [...kinds, { name: 'one colour', input: undecidedFlat(40, 40, 4) }];
  return images.map((image) => ({ ...image, alpha, expected: referenceOf(image.input, { alpha }) }));
});

/** The first difference from the reference over all kinds and alpha modes; undefined if all bytes are equal. */
async function differenceWith(code: string): Promise<string | undefined> {
  const host = await openHost({ shaderCode: code });
  for (const { name, input, alpha, expected } of expectations) {
    const output = createImage(input.width, input.height, input.channels);
    await host.transform(input, output, operationOf({ alpha }));
    const difference = firstDifference(expected, output);
    if (difference) return `${name} ${alpha}: ${difference}`;
  }
  return undefined;
}

describeOnGpu('every device that keeps the accuracy of the WGSL specification', () => {
  test.each<[string, string]>([
    ['as it is', shaderCode],
    ['t larger by 7 ULP', changed(T, `product * scale * (1.0 + 7.0 * ${ULP}) +`)],
    ['t smaller by 7 ULP', changed(T, `product * scale * (1.0 - 7.0 * ${ULP}) +`)],
    ['t fused with the sum', changed(`${T} vec2f(NO_UNITS - 1.0)`, 'fma(product, scale, vec2f(NO_UNITS - 1.0))')],
    ['the sum rounded down', changed(T, 'floor(product * scale) +')],
    ['the sum rounded up', changed(T, 'ceil(product * scale) +')],
    [
      'products off by 2 ULP either way',
      changed('a.red * b.red, a.green * b.green', `a.red * b.red * (1.0 + ${ULP}), a.green * b.green * (1.0 - ${ULP})`),
    ],
    [
      'inverseSqrt off by 2 ULP, the sum by 3, in another order',
      changed(
        SUM_OF_SQUARES,
        `(product.blue * product.blue + product.green * product.green + product.red * product.red) * (1.0 + 3.0 * ${ULP})`,
        changed('inverseSqrt(max(squares', `(1.0 - 2.0 * ${ULP}) * inverseSqrt(max(squares`),
      ),
    ],
    ['without pairs', changed('if (has_pairs)', 'if (false)')],
    ['one workgroup for the whole list', oneWorkgroup],
    [
      'every pixel left undecided',
      changed(
        'NEAR_FROM = LOW_UNITS + 1u - MOST_UNDECIDED_UNITS',
        'NEAR_FROM = 0u',
        changed('if (perhaps_255 ||', 'if (true ||'),
      ),
    ],
  ])('%s', async (_, code) => {
    expect(await differenceWith(code)).toBeUndefined();
  });
});

describeOnGpu('mistakes that are found', () => {
  test.each(MISTAKES)('%s', async (_, code) => {
    expect(await differenceWith(code)).toMatch(/expected \d+, \w+ \d+/);
  });
});

test('the C++ kernel decides between 254 and 255 at the same ratios', () => {
  const header = readFileSync(new URL('../../native-fallback/fast_pass.h', import.meta.url), 'utf8');
  for (const name of ['surely_255_below', 'surely_below_255_above']) {
    const limit = shaderCode.match(`const ${name.toUpperCase()} = (0x1p-\\d+);`)?.[1];
    expect(limit).toBeDefined();
    expect(header).toContain(`constexpr float ${name} = full_scale * ${limit}f;`);
  }
});

test('the shaders use nothing that an older naga refuses', () => {
  // Overrides without a default, and an index on a pointer, the language feature pointer_composite_access. Deno 2.4 compiles them.
  const overrides = shaderCode.match(/^override .*$/gm)!;
  expect(overrides.length).toBeGreaterThan(3);
  expect(overrides.filter((line) => !line.includes(' = '))).toEqual([]);
  const pointers = [...shaderCode.matchAll(/(\w+): ptr</g)].map(([, name]) => name);
  expect(pointers.length).toBeGreaterThan(0);
  expect(pointers.filter((name) => new RegExp(`[^(*\\w]${name}[[.]`).test(shaderCode))).toEqual([]);
});

test('a region has the fields in the order in which the host writes them', () => {
  const [, body] = shaderCode.match(/struct Region \{([^}]+)\}/)!;
  const fields = [...body.matchAll(/(\w+): (vec2u|u32),/g)].map(([, name, type]) => [name, type]);
  expect(fields).toEqual([
    ['first', 'vec2u'],
    ['end', 'vec2u'],
    ['before_first', 'vec2u'],
    ['after_last', 'vec2u'],
    ['width', 'u32'],
  ]);
  const region = { first: { x: 1, y: 2 }, end: { x: 3, y: 4 }, beforeFirst: { x: 5, y: 6 }, afterLast: { x: 7, y: 8 } };
  expect([...regionWords(region, 9)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
  expect(regionWords(region, 9).byteLength).toBe(REGION_BYTES);
});

test('a dispatch covers the region; rows continue in z', () => {
  const limits = { maxComputeWorkgroupsPerDimension: 100 };
  const groups = (width: number, height: number, border: BorderMode = 'wrap') =>
    workgroupsFor(regionOf({ width, height }, border), limits);
  expect(groups(1, 1)).toEqual([1, 1, 1]);
  expect(groups(128, 16)).toEqual([1, 1, 1]);
  expect(groups(129, 17)).toEqual([2, 2, 1]);
  expect(groups(12800, 1600)).toEqual([100, 100, 1]);
  expect(groups(12800, 1601)).toEqual([100, 100, 2]);
  // Columns 1 to 128 of 130 lie in 65 pairs.
  expect(groups(130, 18, 'skip')).toEqual([2, 1, 1]);
  expect(groups(129, 18, 'skip')).toEqual([1, 1, 1]);
});

test('pixels are loaded in pairs where rows are even, and no neighbour is mirrored or wrapped within a pair', () => {
  for (const border of BORDER_MODES) {
    expect([1, 2, 3, 4, 63, 64].map((width) => hasPairs(regionOf({ width, height: 3 }, border), width))).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
  }
  const place = (x: number) => ({ x, y: 0 });
  const region = { first: place(1), end: place(3), beforeFirst: place(0), afterLast: place(3) };
  expect(hasPairs(region, 4)).toBe(true);
  expect(hasPairs({ ...region, beforeFirst: place(2) }, 4)).toBe(false);
  expect(hasPairs({ ...region, afterLast: place(1) }, 4)).toBe(false);
});
