/**
 * The shaders' text, changed. A worse device, as far as WGSL allows one, must still give the right bytes; a mistake in a
 * shader must not: otherwise the images would prove nothing.
 */
import { expect, test } from 'vitest';
import { type ImageKind, makeImage } from '../../src/conformance/images.js';
import type { ShaderSources } from '../../src/gpu/pipelines.js';
import { regionWords, wholeRegion } from '../../src/gpu/strips.js';
import { createRaster, type Raster } from '../../src/image.js';
import { ALPHA_MODES, type AlphaMode } from '../../src/options.js';
import { firstDifference, jobOf, referenceOf } from '../jobs.js';
import { unsettledFlat } from './comparisons.js';
import { describeOnGpu, openBackend, shaders } from './devices.js';

const HARD_KINDS: ImageKind[] = ['exact-integers', 'near-integers', 'domination', 'domination-band', 'domination-turn'];
const PLAIN_KINDS: ImageKind[] = ['noise', 'zeros', 'extremes', 'all-255', 'photograph'];

/** The sources with one place changed; the place must be there once. */
function changed(file: keyof ShaderSources, from: string, to: string): ShaderSources {
  const parts = shaders[file].split(from);
  if (parts.length !== 2) throw new Error(`expected '${from}' once in ${file}, found it ${parts.length - 1} times`);
  return { ...shaders, [file]: parts.join(to) };
}

interface Expectation {
  readonly name: string;
  readonly input: Raster;
  readonly alpha: AlphaMode;
  readonly expected: Raster;
}

const expectations: Expectation[] = ALPHA_MODES.flatMap((alpha) => {
  const kinds = [...HARD_KINDS, ...PLAIN_KINDS].map((kind) => ({ name: kind, input: makeImage(kind, 130, 50, 4, 11) }));
  const images = [...kinds, { name: 'one colour', input: unsettledFlat(40, 40, 4) }];
  return images.map((image) => ({ ...image, alpha, expected: referenceOf(image.input, jobOf({ alpha })) }));
});

/** The first difference from the reference over all kinds and alphas; undefined where there is none. */
async function differenceWith(sources: ShaderSources): Promise<string | undefined> {
  const backend = await openBackend({ shaders: sources });
  for (const { name, input, alpha, expected } of expectations) {
    const output = createRaster(input.width, input.height, input.channels);
    await backend.transform(input, output, jobOf({ alpha }));
    const difference = firstDifference(expected, output);
    if (difference) return `${name} ${alpha}: ${difference}`;
  }
  return undefined;
}

const oneWorkgroup = changed(
  'neighborProduct',
  '/ repair_workgroup_size < most_repair_workgroups',
  '/ repair_workgroup_size < 1u',
);

const T = '255.0 * inverseSqrt(max(dot(product, product), 0x1p-80))';
const ULP = '0x1p-23';

describeOnGpu('every device that keeps the accuracy of the WGSL specification', () => {
  test.each<[string, ShaderSources]>([
    ['as it is', shaders],
    ['t larger by 8 ULP', changed('neighborProduct', T, `${T} * (1.0 + 8.0 * ${ULP})`)],
    ['t smaller by 8 ULP', changed('neighborProduct', T, `${T} * (1.0 - 8.0 * ${ULP})`)],
    [
      'products off by 2 ULP either way',
      changed(
        'neighborProduct',
        '= rescaled(whole_product)',
        `= rescaled(whole_product) * (1.0 + vec4f(2.0, -2.0, 2.0, -2.0) * ${ULP})`,
      ),
    ],
    [
      'inverseSqrt off by 2 ULP, the sum by 3, in another order',
      changed(
        'neighborProduct',
        T,
        `255.0 * (inverseSqrt(max((product.w * product.w + product.z * product.z + product.y * product.y + product.x * product.x) * (1.0 + 3.0 * ${ULP}), 0x1p-80)) * (1.0 - 2.0 * ${ULP}))`,
      ),
    ],
    ['other halves rounded', changed('neighborProduct', 'abs(t - round(t))', 'abs(t - floor(t + 0.5))')],
    ['one workgroup for the whole list', oneWorkgroup],
    [
      'nothing settled at all',
      changed('neighborProduct', 'if (any(select(near_integer, vec4<bool>(is_open), rounds_to_255)))', ''),
    ],
  ])('%s', async (_, sources) => {
    expect(await differenceWith(sources)).toBeUndefined();
  });
});

describeOnGpu('mistakes that are found', () => {
  test.each<[string, ShaderSources]>([
    ['no uncertainty', changed('neighborProduct', 'UNCERTAINTY = 0x1p-19', 'UNCERTAINTY = 0.0')],
    ['t larger by 20 ULP', changed('neighborProduct', T, `${T} * (1.0 + 20.0 * ${ULP})`)],
    ['t smaller by 20 ULP', changed('neighborProduct', T, `${T} * (1.0 - 20.0 * ${ULP})`)],
    ['exactly 1 from 2^-25 on', changed('neighborProduct', '= 0x1p-29', '= 0x1p-25')],
    ['less than 1 from 2^-29 on', changed('neighborProduct', '= 0x1p-24', '= 0x1p-29')],
    ['no rescaling', changed('neighborProduct', 'RESCALE_EXPONENT = 36u', 'RESCALE_EXPONENT = 0u')],
    ['no repair', changed('repair', 'slot < to_repair.count', 'slot < 0u')],
    [
      'one workgroup and no stride',
      {
        ...oneWorkgroup,
        repair: changed('repair', 'slot += workgroups.x * repair_workgroup_size', 'slot += to_repair.count').repair,
      },
    ],
    ['factors in another order', changed('repair', 'neighbours[k], channel', 'neighbours[9 - k], channel')],
    ['a quotient of 1 clamped to 254', changed('repair', 'vec2u(0u, 0x1fe000u)', 'vec2u(0u, 0x1fdfffu)')],
    ['ties to odd', changed('binary64', '(significand.x & 1u) == 1u', '(significand.x & 1u) == 0u')],
    ['rounding towards zero', changed('binary64', 'cut > half ||', 'false ||')],
    ['no sticky bit', changed('binary64', 'select(0u, 1u, cut_off != 0u)', '0u')],
    ['the first bit of a quotient lost', changed('binary64', 'quotient.x = 1u;', '')],
  ])('%s', async (_, sources) => {
    expect(await differenceWith(sources)).toMatch(/expected \d+, got \d+/);
  });
});

test('the alpha modes have the numbers that the host gives them', () => {
  const numbers = ALPHA_MODES.map(
    (mode) => shaders.neighborProduct.match(`const ${mode.toUpperCase()} = (\\d)u;`)?.[1],
  );
  expect(numbers).toEqual(['0', '1', '2']);
});

test('a region has the fields in the order in which the host writes them', () => {
  const [, body] = shaders.neighborProduct.match(/struct Region \{([^}]+)\}/)!;
  const fields = [...body.matchAll(/(\w+): (vec2u|u32),/g)].map(([, name, type]) => [name, type]);
  expect(fields).toEqual([
    ['first', 'vec2u'],
    ['end', 'vec2u'],
    ['before_first', 'vec2u'],
    ['after_last', 'vec2u'],
    ['width', 'u32'],
  ]);
  const region = { ...wholeRegion({ width: 9, height: 9 }, 'skip'), first: { x: 1, y: 2 }, end: { x: 3, y: 4 } };
  const rest = { beforeFirst: { x: 5, y: 6 }, afterLast: { x: 7, y: 8 }, width: 9 };
  expect([...regionWords({ ...region, ...rest })]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
});
