// IEEE-754 binary64 on pairs of u32, for the few operations the definition needs. WGSL has no f64, and its f32 rounds
// as it likes; u32 arithmetic is the only exact arithmetic that is portable.
//
// Domain: zero and positive normal numbers, with positive normal results. Signs, subnormal numbers, infinities and NaN
// do not occur in the transform and are not represented; there is no check for overflow or underflow. Every operation
// rounds to nearest, ties to even, once: within the domain the result is the bits that a double gives.
//
// 64-bit integers are vec2u, low word in x, high word in y.

struct Binary64 {
  exponent: i32,       // the value is significand * 2^exponent
  significand: vec2u,  // in [2^52, 2^53), or zero
}

const ZERO = Binary64(0, vec2u(0u, 0u));

// The stored form of a double: sign 1 bit, exponent 11 bits with bias 1023, fraction 52 bits. The exponent of zero has no
// meaning.
fn from_bits(bits: vec2u) -> Binary64 {
  let leading_bit = min(bits.y, 1u) << 20u;
  return Binary64(i32(bits.y >> 20u) - 1075, vec2u(bits.x, (bits.y & 0xfffffu) | leading_bit));
}

fn is_zero(a: Binary64) -> bool { return a.significand.y == 0u; }

fn multiply(a: Binary64, b: Binary64) -> Binary64 {
  let product = upper_product(limbs(a.significand), limbs(b.significand));
  let upper = product.limbs;
  // In [2^62, 2^64), since the factors are in [2^52, 2^53).
  let wide = vec2u(upper.x | (upper.y << 14u) | (upper.z << 28u), (upper.z >> 4u) | (upper.w << 10u));
  return rounded(a.exponent + b.exponent + 42, with_sticky(wide, product.cut_off));
}

fn add(a: Binary64, b: Binary64) -> Binary64 {
  if (is_zero(a)) { return b; }
  if (is_zero(b)) { return a; }
  var larger = a;
  var smaller = b;
  if (a.exponent < b.exponent) {
    larger = b;
    smaller = a;
  }
  // In [2^62, 2^63), and the sum below 2^64.
  let addend = shift_right_sticky(shift_left(smaller.significand, 10u), u32(larger.exponent - smaller.exponent));
  return rounded(larger.exponent - 10, plus(shift_left(larger.significand, 10u), addend));
}

// Of a number that is not zero. The root gets 53 bits, in digits of 16, 15, 11 and 11: a digit is the remainder divided by
// twice the root so far, and its square is subtracted afterwards (Zimmermann, Karatsuba Square Root, 1999).
fn square_root(a: Binary64) -> Binary64 {
  let odd = u32(a.exponent & 1);
  // In [2^60, 2^62): 32 bits with a root of 16, and twice 15 bits, with which the root gets 15 more.
  let radicand = shift_left(a.significand, 8u + odd);
  let upper = (radicand.y << 2u) | (radicand.x >> 30u);
  let head = root_of_word(upper);
  let dividend = ((upper - head * head) << 15u) | ((radicand.x >> 15u) & 0x7fffu);
  let digit = dividend / (2u * head);
  let square = digit * digit;
  let minuend = ((dividend - 2u * head * digit) << 15u) | (radicand.x & 0x7fffu);
  var root = (head << 15u) + digit;
  var remainder = minuend - square;
  if (minuend < square) {
    remainder += 2u * root - 1u;
    root -= 1u;
  }
  // All further bits of the radicand are 0. The digits are of the remainder, at most twice the root, divided by twice that.
  let divisor = (root >> 11u) + 1u;
  let upper_digit = next_digit(remainder >> 1u, remainder << 10u, root, divisor);
  let lower_digit = next_digit(upper_digit.remainder, upper_digit.remainder << 11u, root, divisor);
  let digits = (upper_digit.digit << 11u) + lower_digit.digit;
  let whole = plus(vec2u(root << 22u, root >> 10u), vec2u(digits, 0u));
  // Above the middle of this number and the next one: 2 * remainder * 2^22 - digits^2 > whole.
  let rest = vec2u(lower_digit.remainder << 23u, lower_digit.remainder >> 9u);
  let is_above = less(plus(whole, wide_product(digits, digits)), rest);
  return Binary64(((a.exponent - i32(odd)) >> 1u) - 26, plus(whole, vec2u(select(0u, 1u, is_above), 0u)));
}

struct Division {
  digit: u32,
  remainder: u32,
}

// Divides by a root of 31 bits. The estimate, from its upper 20 bits and one more, is the digit or one less; of the dividend
// only the lower word is needed.
fn next_digit(upper_dividend: u32, lower_dividend: u32, root: u32, divisor: u32) -> Division {
  let estimate = upper_dividend / divisor;
  let remainder = lower_dividend - estimate * root;
  let is_less = remainder >= root;
  return Division(estimate + select(0u, 1u, is_less), remainder - select(0u, root, is_less));
}

// The whole part of the root of a number from 2^30 on: from a line that is at most 9 % above, two steps of Newton's, which end
// at it or one above.
fn root_of_word(a: u32) -> u32 {
  var root = (a >> 17u) + (a >> 18u) + 21845u;
  root = (root + a / root) >> 1u;
  root = min((root + a / root) >> 1u, 0xffffu);
  return root - select(0u, 1u, root * root > a);
}

// The nearest number to wide * 2^exponent, where wide is zero or in [2^62, 2^64 - 2^11] and its lowest bit is sticky: set as
// well where anything that is not zero was cut off below it.
fn rounded(exponent: i32, wide: vec2u) -> Binary64 {
  let shift = 10u + (wide.y >> 31u);
  // Half of what the last bit is worth, less one where that is 0, so that a tie goes to even.
  let half = (1u << (shift - 1u)) - 1u + ((wide.x >> shift) & 1u);
  let sum = plus(wide, vec2u(half, 0u));
  let significand = vec2u((sum.x >> shift) | (sum.y << (32u - shift)), sum.y >> shift);
  // 1 if it is 2^53 now, whose lower word is 0.
  let carry = significand.y >> 21u;
  return Binary64(exponent + i32(shift + carry), vec2u(significand.x, significand.y >> carry));
}

fn with_sticky(wide: vec2u, cut_off: u32) -> vec2u {
  return vec2u(wide.x | select(0u, 1u, cut_off != 0u), wide.y);
}

fn plus(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn minus(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn less(a: vec2u, b: vec2u) -> bool {
  return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// By 1 to 31 bits.
fn shift_left(a: vec2u, bits: u32) -> vec2u {
  return vec2u(a.x << bits, (a.y << bits) | (a.x >> (32u - bits)));
}

// By any number of bits, for numbers below 2^63; the bits that fall off are gathered in the lowest one. A shift by 1
// and one by up to 31 stand for one by up to 32: WGSL takes the count modulo 32.
fn shift_right_sticky(a: vec2u, bits: u32) -> vec2u {
  let is_wide = bits >= 32u;
  let words = select(a, vec2u(a.y, 0u), is_wide);
  let shift = min(bits, 63u) & 31u;
  let falls_off = select(0u, a.x, is_wide) | ((words.x << 1u) << (31u - shift));
  return with_sticky(vec2u((words.x >> shift) | ((words.y << 1u) << (31u - shift)), words.y >> shift), falls_off);
}

// A number below 2^56 in limbs of 14 bits, the lowest first: GPUs multiply 24 bits faster than 32, and four products have a
// sum below 2^32.
fn limbs(a: vec2u) -> vec4u {
  return vec4u(a.x, a.x >> 14u, (a.x >> 28u) | (a.y << 4u), a.y >> 10u) & vec4u(LIMB_MASK);
}

const LIMB_MASK = 0x3fffu;

struct UpperProduct {
  limbs: vec4u,  // from 2^42 on; the last has all that is above
  cut_off: u32,   // not zero where the product has bits below 2^42
}

fn upper_product(a: vec4u, b: vec4u) -> UpperProduct {
  let sum_0 = a.x * b.x;
  let sum_1 = a.x * b.y + a.y * b.x + (sum_0 >> 14u);
  let sum_2 = a.x * b.z + a.y * b.y + a.z * b.x + (sum_1 >> 14u);
  let sum_3 = a.x * b.w + a.y * b.z + a.z * b.y + a.w * b.x + (sum_2 >> 14u);
  let sum_4 = a.y * b.w + a.z * b.z + a.w * b.y + (sum_3 >> 14u);
  let sum_5 = a.z * b.w + a.w * b.z + (sum_4 >> 14u);
  let sum_6 = a.w * b.w + (sum_5 >> 14u);
  let upper = vec4u(sum_3 & LIMB_MASK, sum_4 & LIMB_MASK, sum_5 & LIMB_MASK, sum_6);
  return UpperProduct(upper, (sum_0 | sum_1 | sum_2) & LIMB_MASK);
}

// 32 by 32 bits to 64, from products of halves.
fn wide_product(a: u32, b: u32) -> vec2u {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let low = a_low * b_low;
  let cross = a_high * b_low + (low >> 16u);
  let carried = a_low * b_high + (cross & 0xffffu);
  return vec2u((carried << 16u) | (low & 0xffffu), a_high * b_high + (cross >> 16u) + (carried >> 16u));
}
