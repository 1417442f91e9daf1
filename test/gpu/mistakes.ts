/** The shaders with one place of their text changed. */
import { shaderCode } from '../../src/gpu/shader-code.js';

/** A text with one place changed; the place must occur exactly once. */
export function changed(from: string, to: string, text = shaderCode): string {
  const parts = text.split(from);
  if (parts.length !== 2)
    throw new Error(`Expected '${from}' once in the shaders, but found it ${parts.length - 1} times.`);
  return parts.join(to);
}

export const oneWorkgroup = changed('/ exact_workgroup_size < most_exact_workgroups', '/ exact_workgroup_size < 1u');

/** The products of two channels with the scale, before they become units. */
export const T = 'product * scale +';
export const ULP = '0x1p-23';

/** Mistakes that must not pass. */
export const MISTAKES: readonly (readonly [name: string, code: string])[] = [
  ['no error bound', changed('vec4u(3u) + (', 'vec4u(0u) * (')],
  ['no look at what is near', changed('MOST_UNDECIDED_UNITS = 22u', 'MOST_UNDECIDED_UNITS = 0u')],
  ['t larger by 20 ULP', changed(T, `product * scale * (1.0 + 20.0 * ${ULP}) +`)],
  ['t smaller by 20 ULP', changed(T, `product * scale * (1.0 - 20.0 * ${ULP}) +`)],
  ['no unit subtracted', changed('NO_UNITS - 1.0', 'NO_UNITS + 1.0')],
  ['no second look where one channel dominates', changed('exists & (is_near | is_alone)', 'exists & is_near')],
  ['surely 255 from 2^-25 on', changed('SURELY_255_BELOW = 0x1p-29', 'SURELY_255_BELOW = 0x1p-25')],
  ['surely below 255 from 2^-29 on', changed('SURELY_BELOW_255_ABOVE = 0x1p-24', 'SURELY_BELOW_255_ABOVE = 0x1p-29')],
  ['no rescaling', changed('RESCALE_EXPONENT = 24u', 'RESCALE_EXPONENT = 0u')],
  ['pairs of the row above', changed('(row + columns.left) / 2u', '(row + columns.left) / 2u - region.width / 2u')],
  ['no exact pass', changed('slot < undecided_read.count', 'slot < 0u')],
  [
    'one workgroup and no stride',
    changed('slot += workgroups.x * exact_workgroup_size', 'slot += undecided_read.count', oneWorkgroup),
  ],
  ['factors in another order', changed('(*neighbours)[k], channel', '(*neighbours)[9 - k], channel')],
  ['a quotient of 1 clamped to 254', changed('clamp(nearest, 1u, 255u)', 'clamp(nearest, 1u, 254u)')],
  ['a sample from its ratio on, not from the middle before it', changed('select(2u, 1u, sample == 255u)', '0u')],
  ['ties to odd', changed('((wide.x >> shift) & 1u)', '((~wide.x >> shift) & 1u)')],
  ['rounding towards zero', changed('plus(wide, vec2u(half, 0u))', 'wide')],
  ['no sticky bit', changed('select(0u, 1u, cut_off != 0u)', '0u')],
  ['the root rounded down', changed('select(0u, 1u, is_above)', '0u')],
  ['a carry between limbs lost', changed(' + (sum_2 >> 14u)', '')],
];
