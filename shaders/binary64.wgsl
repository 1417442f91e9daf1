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

// The stored form of a double: sign 1 bit, exponent 11 bits with bias 1023, fraction 52 bits.
fn from_bits(bits: vec2u) -> Binary64 {
  if (all(bits == vec2u(0u))) { return ZERO; }
  return Binary64(i32(bits.y >> 20u) - 1075, vec2u(bits.x, (bits.y & 0xfffffu) | 0x100000u));
}

fn is_zero(a: Binary64) -> bool { return a.significand.y == 0u; }

fn multiply(a: Binary64, b: Binary64) -> Binary64 {
  // Shifted by 7 bits each, the factors have a product in [2^118, 2^120), with its upper half in [2^54, 2^56).
  let p = shift_left(a.significand, 7u);
  let q = shift_left(b.significand, 7u);
  let low_low = wide_product(p.x, q.x);
  let low_high = wide_product(p.x, q.y);
  let high_low = wide_product(p.y, q.x);
  let high_high = wide_product(p.y, q.y);
  let middle = plus(plus(low_high, high_low), vec2u(low_low.y, 0u));
  let upper = plus(high_high, vec2u(middle.y, 0u));
  return rounded(a.exponent + b.exponent + 50, with_sticky(upper, low_low.x | middle.x));
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
  let addend = shift_right_sticky(shift_left(smaller.significand, 2u), u32(larger.exponent - smaller.exponent));
  return rounded(larger.exponent - 2, plus(shift_left(larger.significand, 2u), addend));
}

// Long division by a number that is not zero: one bit, then five digits of 11 bits, put the quotient into [2^54, 2^56).
// The upper words, 32 bits by 21, give a digit or one less: dividend / divisor < estimate + 2^-8 + 1.
fn divide(a: Binary64, b: Binary64) -> Binary64 {
  let divisor = b.significand;
  var remainder = a.significand;
  var quotient = vec2u(0u);
  if (!less(remainder, divisor)) {
    remainder = minus(remainder, divisor);
    quotient.x = 1u;
  }
  for (var step = 0; step < 5; step++) {
    let dividend = shift_left(remainder, 11u);
    var digit = dividend.y / (divisor.y + 1u);
    var subtrahend = wide_product(divisor.x, digit);
    subtrahend.y += divisor.y * digit;
    remainder = minus(dividend, subtrahend);
    if (!less(remainder, divisor)) {
      remainder = minus(remainder, divisor);
      digit += 1u;
    }
    quotient = shift_left(quotient, 11u);
    quotient.x |= digit;
  }
  return rounded(a.exponent - b.exponent - 55, with_sticky(quotient, remainder.x | remainder.y));
}

// The root by hand, a bit a step, two bits of the radicand each: 55 bits put it into [2^54, 2^55).
fn square_root(a: Binary64) -> Binary64 {
  let odd = u32(a.exponent & 1);
  var radicand = shift_left(a.significand, 10u + odd);
  var root = vec2u(0u);
  var remainder = vec2u(0u);
  for (var bit = 0; bit < 55; bit++) {
    remainder = shift_left(remainder, 2u);
    remainder.x |= radicand.y >> 30u;
    radicand = shift_left(radicand, 2u);
    let subtrahend = shift_left(root, 2u) | vec2u(1u, 0u);
    root = shift_left(root, 1u);
    if (!less(remainder, subtrahend)) {
      remainder = minus(remainder, subtrahend);
      root.x |= 1u;
    }
  }
  return rounded(((a.exponent - i32(odd)) >> 1u) - 28, with_sticky(root, remainder.x | remainder.y));
}

// For values below 2^32.
fn truncate_to_u32(a: Binary64) -> u32 {
  let shift = -a.exponent;
  if (shift > 52) { return 0u; }
  if (shift >= 32) { return a.significand.y >> u32(shift - 32); }
  return shift_left(a.significand, u32(32 - shift)).y;
}

// The nearest number to wide * 2^exponent, where wide is in [2^54, 2^56) and its lowest bit is sticky: set as well
// where anything that is not zero was cut off below it.
fn rounded(exponent: i32, wide: vec2u) -> Binary64 {
  let shift = 2u + (wide.y >> 23u);
  let cut = wide.x & ((1u << shift) - 1u);
  let half = 1u << (shift - 1u);
  var significand = vec2u((wide.x >> shift) | (wide.y << (32u - shift)), wide.y >> shift);
  if (cut > half || (cut == half && (significand.x & 1u) == 1u)) { significand = plus(significand, vec2u(1u, 0u)); }
  if (significand.y == 0x200000u) { return Binary64(exponent + i32(shift) + 1, vec2u(0u, 0x100000u)); }
  return Binary64(exponent + i32(shift), significand);
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
