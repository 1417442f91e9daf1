/**
 * The shaders with one place of their text changed. A worse device, as far as WGSL allows one, must still give the right
 * bytes; a mistake in a shader must not: otherwise the images would prove nothing.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ImageKind, makeImage } from '../../src/conformance/images.js';
import { REGION_BYTES, regionWords, workgroupsFor } from '../../src/gpu/passes.js';
import { shaderCode } from '../../src/gpu/shader-code.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { ALPHA_MODES, type AlphaMode } from '../../src/options.js';
import { regionOf } from '../../src/regions.js';
import { firstDifference, operationOf, referenceOf } from '../transforms.js';
import { undecidedFlat } from './comparisons.js';
import { describeOnGpu, openHost } from './devices.js';
import { changed, MISTAKES, oneWorkgroup, T, ULP } from './mistakes.js';

const HARD_KINDS: ImageKind[] = ['exact-integers', 'near-integers', 'domination', 'domination-band', 'domination-turn'];
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
    ['t larger by 8 ULP', changed(T, `${T} * (1.0 + 8.0 * ${ULP})`)],
    ['t smaller by 8 ULP', changed(T, `${T} * (1.0 - 8.0 * ${ULP})`)],
    [
      'products off by 2 ULP either way',
      changed('= rescaled(whole_product)', `= rescaled(whole_product) * (1.0 + vec4f(2.0, -2.0, 2.0, -2.0) * ${ULP})`),
    ],
    [
      'inverseSqrt off by 2 ULP, the sum by 3, in another order',
      changed(
        T,
        `255.0 * (inverseSqrt(max((product.w * product.w + product.z * product.z + product.y * product.y + product.x * product.x) * (1.0 + 3.0 * ${ULP}), 0x1p-80)) * (1.0 - 2.0 * ${ULP}))`,
      ),
    ],
    ['other halves rounded', changed('abs(t - round(t))', 'abs(t - floor(t + 0.5))')],
    ['one workgroup for the whole list', oneWorkgroup],
    [
      'every pixel left undecided',
      changed('if (any(select(near_integer, vec4<bool>(perhaps_255), rounds_to_255)))', ''),
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
  const groups = (width: number, height: number) => workgroupsFor(regionOf({ width, height }, 'wrap'), 100);
  expect(groups(1, 1)).toEqual([1, 1, 1]);
  expect(groups(64, 8)).toEqual([1, 1, 1]);
  expect(groups(65, 9)).toEqual([2, 2, 1]);
  expect(groups(6400, 800)).toEqual([100, 100, 1]);
  expect(groups(6400, 801)).toEqual([100, 100, 2]);
});
