/**
 * The shaders as the worst devices compute them that WGSL allows: every operation of the fast pass on f32 goes through a function that
 * rounds to the neighbour that a strategy chooses. What decides by the results stays as it is.
 */
import { readFileSync } from 'node:fs';
import { shaderCode } from '../../src/gpu/shader-code.js';
import { changed, T } from './mistakes.js';

/** Bits of a rule: which of the two neighbours an operation gives. */
const RULE_BITS = {
  /** The upper one; each of the next two bits turns that round. */
  UPWARDS: 1,
  /** Where it makes t larger. */
  WITH_T: 2,
  /** Where a pixel is looked at again. */
  TURNS: 4,
  /** Both ways are computed, and the one taken that leads towards the nearest whole sample. */
  AGAINST: 8,
  /** By a hash of the operands. */
  BY_HASH: 16,
};
const { UPWARDS, WITH_T, TURNS, AGAINST, BY_HASH } = RULE_BITS;

/** Names of rules. */
export const RULES: Readonly<Record<string, number>> = {
  'always down': 0,
  'always up': UPWARDS,
  'by a hash of the operands': BY_HASH,
  't as large as possible': WITH_T,
  't as small as possible': WITH_T | UPWARDS,
  't towards the nearest whole sample': WITH_T | AGAINST,
  't large, and small when looked at again': WITH_T | TURNS,
  't small, and large when looked at again': WITH_T | TURNS | UPWARDS,
};

/** How a compiler may arrange operations. */
export const ARRANGEMENTS = {
  'as written': { isFused: false, inOtherOrder: false },
  fused: { isFused: true, inOtherOrder: false },
  reassociated: { isFused: false, inOtherOrder: true },
  'fused and reassociated': { isFused: true, inOtherOrder: true },
} as const;
export type Arrangement = keyof typeof ARRANGEMENTS;

/** Devices that one shader is, row by row: {@link deviceOfRow}. */
export interface Devices {
  readonly arrangement: Arrangement;
  /** From 1, the table of the specification, to so many times its errors. */
  readonly strengths: number;
  /** Of the hash. */
  readonly seed?: number;
}

/** Which device computes a row. */
export function deviceOfRow(y: number, strengths: number): { rule: string; strength: number } {
  const rules = Object.keys(RULES);
  return { rule: rules[y % rules.length], strength: 1 + (Math.floor(y / rules.length) % strengths) };
}

const ARITHMETIC = readFileSync(new URL('adversary.wgsl', import.meta.url), 'utf8');

/** The text of the fast pass and the arithmetic that takes its place, in the order of the text. Each occurs once. */
const REPLACEMENTS: readonly (readonly [from: string, to: string])[] = [
  ['var above_and_here = rescaled(times(above, here));', 'var before = above;'],
  ['times(above_and_here, below));', 'Rows(before, here, below));'],
  ['above_and_here = rescaled(times(here, below));', 'before = here;'],
  [
    'return Pair(a.red * b.red, a.green * b.green, a.blue * b.blue, a.alpha * b.alpha);',
    'return a; // called no longer',
  ],
  [
    'fn compute_pair(pixel: u32, exists: vec2<bool>, product: Pair) {',
    'fn compute_pair(pixel: u32, exists: vec2<bool>, rows: Rows) {',
  ],
  [
    'var squares = product.red * product.red + product.green * product.green + product.blue * product.blue;',
    'choose_device(pixel / region.width);\nlet before_clamp = units_before_clamp(rows);',
  ],
  ['if (alpha_mode == CHANNEL) { squares += product.alpha * product.alpha; }', ''],
  ['let scale = inverseSqrt(max(squares * NORM_SCALE, vec2f(0x1p-100)));', ''],
  ...['red', 'green', 'blue', 'alpha'].map(
    (name) => [`units_of(product.${name}, scale)`, `units_of(before_clamp.${name})`] as const,
  ),
  ['let left = vec4f(product.red.x, product.green.x, product.blue.x, product.alpha.x);', ''],
  ['let right = vec4f(product.red.y, product.green.y, product.blue.y, product.alpha.y);', ''],
  ['select(right, left, looks_again.x)', 'pixel_of(rows, looks_again.x)'],
  ['fn units_of(product: vec2f, scale: vec2f) -> vec2u {', 'fn units_of(units: vec2f) -> vec2u {'],
  [`let units = ${T} vec2f(NO_UNITS - 1.0);`, ''],
  [
    'fn look_again(pixel: u32, product: vec4f) {',
    'fn look_again(pixel: u32, rows: PixelRows) {\nlet product = pixel_products(rows);',
  ],
  [
    'let scale = vec2f(inverseSqrt(max(dot(product, product) * NORM_SCALE, 0x1p-100)));',
    'let before_clamp = pixel_units_before_clamp(rows);',
  ],
  [
    'vec4u(units_of(product.xy, scale), units_of(product.zw, scale));',
    'vec4u(units_of(before_clamp.xy), units_of(before_clamp.zw));',
  ],
  ...['SURELY_255_BELOW', 'SURELY_BELOW_255_ABOVE'].map(
    (limit) => [`largest * ${limit};`, `product_of_two(vec2f(largest), vec2f(${limit}), true, true).x;`] as const,
  ),
];

/** The shaders as the devices compute them. */
export function adversary({ arrangement, strengths, seed = 0 }: Devices, code = shaderCode): string {
  const { isFused, inOtherOrder } = ARRANGEMENTS[arrangement];
  const rules = Object.values(RULES);
  const constants = [
    ...Object.entries(RULE_BITS).map(([name, bit]) => `const ${name} = ${bit}u;`),
    `const RULES = array(${rules.map((rule) => `${rule}u`)});`,
    `const RULE_COUNT = ${rules.length}u;`,
    `const STRENGTHS = ${strengths}u;`,
    `const HASH_SEED = ${seed}u;`,
    `const IS_FUSED = ${isFused};`,
    `const IN_OTHER_ORDER = ${inOtherOrder};`,
  ];
  const rewritten = REPLACEMENTS.reduce((text, [from, to]) => changed(from, to, text), code);
  return [rewritten, ...constants, ARITHMETIC].join('\n');
}
