// A device that keeps WGSL's table of accuracies and no more, for adversary.ts: f32 arithmetic in u32, each operation rounded to the
// neighbour that a strategy chooses. All numbers are zero or positive. What lies below the normal numbers becomes zero.
//
// `up` says which way t becomes larger, and `again` tells apart the two places that compute it: a compiler may round otherwise
// in the second. Functions take two numbers at a time, as the fast pass does.

// Rows of pixels take turns, so that one compiled shader is every device.
var<private> rule: u32;
var<private> strength: u32;

fn choose_device(y: u32) {
  rule = RULES[y % RULE_COUNT];
  strength = 1u + (y / RULE_COUNT) % STRENGTHS;
}

struct Rows {
  above: Pair,
  here: Pair,
  below: Pair,
}

// The channels of one pixel, two and two.
struct Pixel {
  xy: vec2f,
  zw: vec2f,
}

struct PixelRows {
  above: vec4f,
  here: vec4f,
  below: vec4f,
}

fn left_of(a: Pair) -> vec4f { return vec4f(a.red.x, a.green.x, a.blue.x, a.alpha.x); }
fn right_of(a: Pair) -> vec4f { return vec4f(a.red.y, a.green.y, a.blue.y, a.alpha.y); }

fn pixel_of(rows: Rows, is_left: bool) -> PixelRows {
  return PixelRows(
    select(right_of(rows.above), left_of(rows.above), is_left),
    select(right_of(rows.here), left_of(rows.here), is_left),
    select(right_of(rows.below), left_of(rows.below), is_left));
}

// What `product * scale + (NO_UNITS - 1)` gives.
fn units_before_clamp(rows: Rows) -> Pair {
  var low: Pair;
  var high: Pair;
  for (var way = first_way(); way < 2; way++) {
    low = high;
    high = units_towards(rows, way == 1);
  }
  if ((rule & AGAINST) == 0u) { return high; }
  return Pair(
    against(low.red, high.red), against(low.green, high.green),
    against(low.blue, high.blue), against(low.alpha, high.alpha));
}

// Both ways are needed to decide between them. A loop, since SwiftShader compiles every call anew.
fn first_way() -> i32 { return select(1, 0, (rule & AGAINST) != 0u); }

// The one on the side of the nearest whole sample. t itself lies above the middle by what NORM_SCALE is short: 10 units at
// 255 * 2^15, which is about 2^23.
fn against(low: vec2f, high: vec2f) -> vec2f {
  let middle = (bitcast<vec2u>(high) + bitcast<vec2u>(low)) / 2u - NO_UNITS_BITS;
  let t = middle + (((middle >> vec2u(9u)) * 10u) >> vec2u(14u));
  return select(low, high, (t & vec2u(LOW_UNITS)) > vec2u(LOW_UNITS / 2u));
}

// Upwards, factors of t are rounded up and what it is divided by down. The products under the root are computed by themselves,
// since a compiler may compute a value twice and round it otherwise.
fn units_towards(rows: Rows, up: bool) -> Pair {
  let first = two_rows(rows, !up);
  let squares = sum(
    square(first.red, rows.below.red, !up, false), square(first.green, rows.below.green, !up, false),
    square(first.blue, rows.below.blue, !up, false), square(first.alpha, rows.below.alpha, !up, false), !up, false);
  let scale = scale_of(squares, up, false);
  let factors = two_rows(rows, up);
  return Pair(
    t_units(factors.red, rows.below.red, scale, up, false), t_units(factors.green, rows.below.green, scale, up, false),
    t_units(factors.blue, rows.below.blue, scale, up, false), t_units(factors.alpha, rows.below.alpha, scale, up, false));
}

fn two_rows(rows: Rows, up: bool) -> Pair {
  return Pair(
    first_product(rows.above.red, rows.here.red, up, false), first_product(rows.above.green, rows.here.green, up, false),
    first_product(rows.above.blue, rows.here.blue, up, false), first_product(rows.above.alpha, rows.here.alpha, up, false));
}

// The same for the channels of one pixel, when it is looked at again.
fn pixel_units_before_clamp(rows: PixelRows) -> Pixel {
  var low: Pixel;
  var high: Pixel;
  for (var way = first_way(); way < 2; way++) {
    low = high;
    high = pixel_units_towards(rows, way == 1);
  }
  if ((rule & AGAINST) == 0u) { return high; }
  return Pixel(against(low.xy, high.xy), against(low.zw, high.zw));
}

fn pixel_units_towards(rows: PixelRows, up: bool) -> Pixel {
  let xy = square(first_product(rows.above.xy, rows.here.xy, !up, true), rows.below.xy, !up, true);
  let zw = square(first_product(rows.above.zw, rows.here.zw, !up, true), rows.below.zw, !up, true);
  let scale = scale_of(sum(xy.xx, xy.yy, zw.xx, zw.yy, !up, true), up, true);
  return Pixel(
    t_units(first_product(rows.above.xy, rows.here.xy, up, true), rows.below.xy, scale, up, true),
    t_units(first_product(rows.above.zw, rows.here.zw, up, true), rows.below.zw, scale, up, true));
}

fn pixel_products(rows: PixelRows) -> vec4f {
  return vec4f(
    product_of_two(first_product(rows.above.xy, rows.here.xy, true, true), rows.below.xy, true, true),
    product_of_two(first_product(rows.above.zw, rows.here.zw, true, true), rows.below.zw, true, true));
}

fn first_product(above: vec2f, here: vec2f, up: bool, again: bool) -> vec2f {
  return rescaled_channel(product_of_two(above, here, up, again));
}

// A square that is added by fma() is not rounded by itself: sum() gets what is squared.
fn square(first: vec2f, below: vec2f, up: bool, again: bool) -> vec2f {
  let product = product_of_two(first, below, up, again);
  if (IS_FUSED) { return product; }
  if (IN_OTHER_ORDER) { return product_of_two(product_of_two(product, first, up, again), below, up, again); }
  return product_of_two(product, product, up, again);
}

fn sum(x: vec2f, y: vec2f, z: vec2f, w: vec2f, up: bool, again: bool) -> vec2f {
  if (IS_FUSED) {
    return fused(w, w, fused(z, z, fused(y, y, product_of_two(x, x, up, again), up, again), up, again), up, again);
  }
  if (IN_OTHER_ORDER) { return sum_of_two(sum_of_two(w, z, up, again), sum_of_two(y, x, up, again), up, again); }
  return sum_of_two(sum_of_two(sum_of_two(x, y, up, again), z, up, again), w, up, again);
}

fn scale_of(squares: vec2f, up: bool, again: bool) -> vec2f {
  let squared = max(product_of_two(squares, vec2f(NORM_SCALE), !up, again), vec2f(0x1p-100));
  return inverse_root(squared, up, again);
}

fn t_units(first: vec2f, below: vec2f, scale: vec2f, up: bool, again: bool) -> vec2f {
  var a = first;
  var b = below;
  if (IN_OTHER_ORDER) {
    b = product_of_two(below, scale, up, again);
  } else {
    a = product_of_two(first, below, up, again);
    b = scale;
  }
  if (IS_FUSED) { return fused(a, b, vec2f(NO_UNITS - 1.0), up, again); }
  return sum_of_two(product_of_two(a, b, up, again), vec2f(NO_UNITS - 1.0), up, again);
}

// Which neighbour an operation gives. Without branches, since SwiftShader takes minutes for these.
fn goes_up(a: vec2f, b: vec2f, up: bool, again: bool) -> vec2<bool> {
  let hash = (bitcast<vec2u>(a) * 0x9e3779b1u) ^ (bitcast<vec2u>(b) * 0x85ebca77u) ^ vec2u(HASH_SEED);
  let mixed = (hash ^ (hash >> vec2u(15u))) * select(0x2c1b3c6du, 0x297a2d39u, again);
  let by_rule = (rule & UPWARDS) ^ (rule & select(0u, WITH_T, up)) ^ (rule & select(0u, TURNS, again));
  let is_up = countOneBits(by_rule) & 1u;
  return vec2u(is_up) != ((mixed >> vec2u(31u)) & vec2u(rule / BY_HASH));
}

// From the number of f32 next below the exact result, or the result itself: one of its two neighbours, or with a strength
// above 1 one that is so many times as far away.
fn either_neighbour(below: vec2u, is_inexact: vec2<bool>, upwards: vec2<bool>) -> vec2f {
  let neighbour = select(below + (1u - strength), below + strength, upwards);
  return bitcast<vec2f>(select(below, neighbour, is_inexact));
}

fn product_of_two(a: vec2f, b: vec2f, up: bool, again: bool) -> vec2f {
  let limbs = product_of_integers(significand(a), significand(b));
  let is_long = limbs.high >= vec2u(0x800000u);
  let cut = select(limbs.low & vec2u(0x7fffffu), limbs.low, is_long);
  let number = select((limbs.high << vec2u(1u)) | (limbs.low >> vec2u(23u)), limbs.high, is_long);
  let exponent = exponent_of(a) + exponent_of(b) - vec2i(127) + select(vec2i(0), vec2i(1), is_long);
  let below = (vec2u(exponent) << vec2u(23u)) + (number & vec2u(0x7fffffu));
  let result = either_neighbour(below, cut != vec2u(0u), goes_up(a, b, up, again));
  return select(result, vec2f(0.0), (a == vec2f(0.0)) | (b == vec2f(0.0)) | (exponent < vec2i(1)));
}

fn sum_of_two(a: vec2f, b: vec2f, up: bool, again: bool) -> vec2f {
  let larger = max(a, b);
  let smaller = min(a, b);
  // With 7 bits behind the last. What is shifted out is less than a unit, so the sum of what stays has the same leading bits.
  let distance = vec2u(min(exponent_of(larger) - exponent_of(smaller), vec2i(31)));
  let addend = significand(smaller) << vec2u(7u);
  let total = (significand(larger) << vec2u(7u)) + (addend >> distance);
  let is_long = total >= vec2u(0x80000000u);
  let number = total >> select(vec2u(7u), vec2u(8u), is_long);
  let cut = (total & select(vec2u(0x7fu), vec2u(0xffu), is_long)) | (addend & ((vec2u(1u) << distance) - 1u));
  let exponent = exponent_of(larger) + select(vec2i(0), vec2i(1), is_long);
  let below = (vec2u(exponent) << vec2u(23u)) + (number & vec2u(0x7fffffu));
  let result = either_neighbour(below, cut != vec2u(0u), goes_up(a, b, up, again));
  return select(result, larger, smaller == vec2f(0.0));
}

// a * b + c, rounded once.
fn fused(a: vec2f, b: vec2f, c: vec2f, up: bool, again: bool) -> vec2f {
  let product = product_of_integers(significand(a), significand(b));
  // Of the highest bit that a product can have; the addend's significand is put into the higher limb, too.
  let product_exponent = exponent_of(a) + exponent_of(b) - vec2i(126);
  let addend = Limbs(select(significand(c), vec2u(0u), c == vec2f(0.0)), vec2u(0u));
  let distance = product_exponent - exponent_of(c);
  let x = shifted(product, vec2u(max(-distance, vec2i(0))));
  let y = shifted(addend, vec2u(max(distance, vec2i(0))));
  let low = x.low + y.low;
  let high = x.high + y.high + (low >> vec2u(24u));
  let bits = firstLeadingBit(high) + 1u; // 23 to 25
  let rest = low & LIMB;
  let number = select(
    high >> (max(bits, vec2u(24u)) - 24u), (high << vec2u(1u)) | (rest >> vec2u(23u)), bits == vec2u(23u));
  let cut = select(rest, rest & vec2u(0x7fffffu), bits == vec2u(23u)) | (high & select(vec2u(0u), vec2u(1u), bits == vec2u(25u)))
    | shifted_out(product, vec2u(max(-distance, vec2i(0)))) | shifted_out(addend, vec2u(max(distance, vec2i(0))));
  let exponent = max(product_exponent, exponent_of(c)) + vec2i(bits) - vec2i(24);
  let below = (vec2u(exponent) << vec2u(23u)) + (number & vec2u(0x7fffffu));
  let result = either_neighbour(below, cut != vec2u(0u), goes_up(a, b, up, again));
  return select(result, c, (a == vec2f(0.0)) | (b == vec2f(0.0)));
}

const LIMB = vec2u(0xffffffu);

fn significand(a: vec2f) -> vec2u { return (bitcast<vec2u>(a) & vec2u(0x7fffffu)) | vec2u(0x800000u); }
fn exponent_of(a: vec2f) -> vec2i { return vec2i(bitcast<vec2u>(a) >> vec2u(23u)); }

// high * 2^24 + low
struct Limbs {
  high: vec2u,
  low: vec2u,
}

// Of two numbers below 2^24.
fn product_of_integers(a: vec2u, b: vec2u) -> Limbs {
  let a1 = a >> vec2u(12u);
  let a0 = a & vec2u(0xfffu);
  let b1 = b >> vec2u(12u);
  let b0 = b & vec2u(0xfffu);
  let middle = a1 * b0 + a0 * b1;
  let low = a0 * b0 + ((middle & vec2u(0xfffu)) << vec2u(12u));
  return Limbs(a1 * b1 + (middle >> vec2u(12u)) + (low >> vec2u(24u)), low & LIMB);
}

fn shifted(a: Limbs, distance: vec2u) -> Limbs {
  let near = min(distance, vec2u(23u));
  let far = min(max(distance, vec2u(24u)) - 24u, vec2u(31u));
  let is_near = distance < vec2u(24u);
  return Limbs(
    select(vec2u(0u), a.high >> near, is_near),
    select(a.high >> far, (a.low >> near) | ((a.high << (vec2u(24u) - near)) & LIMB), is_near));
}

// Not zero where shifted() loses bits.
fn shifted_out(a: Limbs, distance: vec2u) -> vec2u {
  let near = min(distance, vec2u(23u));
  let far = min(max(distance, vec2u(24u)) - 24u, vec2u(31u));
  return select(
    a.low | (a.high & ((vec2u(1u) << far) - 1u)), a.low & ((vec2u(1u) << near) - 1u), distance < vec2u(24u));
}

// 1 / sqrt(x), up to 2 ULP off, or with a strength above 1 so many times that. Where x = m * 2^e, n * 2^exponent is at most
// the root as long as n * n * m is at most 2^power.
fn inverse_root(x: vec2f, up: bool, again: bool) -> vec2f {
  let m = significand(x);
  let e = exponent_of(x) - vec2i(150);
  let power = select(vec2i(70), vec2i(71), (e & vec2i(1)) != vec2i(0));
  let limit = vec2u(1u) << vec2u(power - vec2i(48));
  let exponent = (e + power) / vec2i(-2); // so that n lies above 2^23 and is at most 2^24
  // The largest such n, from a few below what the device says.
  let estimate = inverseSqrt(x);
  let estimate_exponent = exponent_of(estimate) - vec2i(150);
  var n = significand(estimate) - vec2u(4u);
  n = select(n, vec2u(FULL - 4u), estimate_exponent > exponent);
  n = select(n, vec2u(FULL / 2u), (estimate_exponent < exponent) | (n < vec2u(FULL / 2u)));
  for (var k = 0; k < 8; k++) {
    let next = min(n + vec2u(1u), vec2u(FULL));
    n = select(n, next, is_at_most(next, m, limit));
  }
  let lowest = n - vec2u(2u * strength) + select(vec2u(1u), vec2u(0u), n == vec2u(FULL)); // FULL is exact
  let result = select(lowest, n + vec2u(2u * strength), goes_up(x, vec2f(0.0), up, again));
  // Beyond the next power of two only every other number is one of f32.
  let representable = select(result, result & vec2u(0xfffffffeu), result > vec2u(FULL));
  return vec2f(representable) * bitcast<vec2f>(vec2u(exponent + vec2i(127)) << vec2u(23u));
}

const FULL = 0x1000000u;

// Whether n * n * m is at most limit * 2^48.
fn is_at_most(n: vec2u, m: vec2u, limit: vec2u) -> vec2<bool> {
  let squared = product_of_integers(min(n, LIMB), min(n, LIMB));
  let high = product_of_integers(squared.high, m);
  let low = product_of_integers(squared.low, m);
  let middle = low.high + high.low;
  let top = high.high + (middle >> vec2u(24u));
  let rest = (middle & LIMB) | low.low;
  return select((top < limit) | ((top == limit) & (rest == vec2u(0u))), m <= limit, n == vec2u(FULL));
}
