// The fast pass: computes every pixel in single precision, and lists, for exact_pass.wgsl, the pixels whose bytes this
// does not prove.
//
// A pixel is one u32: samples of 8 bits, the first in the lowest. A thread computes `rows_per_thread` rows of two pixels
// side by side, downwards: the product of the two samples in the middle of four serves both pixels, and that of three
// samples in a row serves three rows.
//
// What WGSL promises for f32 is little: +, - and * give one of the two numbers that enclose the exact result, inverseSqrt is within
// 2 ULP, a sum may be taken in any order, fma may round twice, subnormal numbers may become zero, infinity and NaN may
// be assumed absent. The result is nevertheless exact, because a byte depends on t = 255 * product / |products| only
// through its integer part. The scale by which products are multiplied is short by the error bound, so that t is never
// too large; where it is farther below the next integer than twice the bound, its integer part is certain:
// docs/numerics.md has the proof. u32 arithmetic is exact.

const OPAQUE = 0u;
const CHANNEL = 1u;
const KEEP = 2u;

override alpha_mode: u32 = OPAQUE;
// Whether pairs of pixels can be loaded at once: if rows are an even number of pixels long, and a pair of which one pixel
// is outside the region has its neighbour there, as nothing is mirrored or wrapped within a pair.
override has_pairs: bool = false;
override fast_workgroup_size: u32 = 64u;
override rows_per_thread: u32 = 16u;
override exact_workgroup_size: u32 = 64u;
override most_exact_workgroups: u32 = 65535u;

// Places are in pixels, x from the left and y from the top of the buffers. The pixels to compute are those from
// `first` up to, but not including, `end`. `before_first` and `after_last` are the places of the neighbours before the
// first and after the last column and row: every border mode is expressed by them.
struct Region {
  first: vec2u,
  end: vec2u,
  before_first: vec2u,
  after_last: vec2u,
  width: u32,
}

// The pixels that are left to the exact pass, with room for every pixel. The first three words are the arguments of its
// indirect dispatch.
struct Undecided {
  workgroups_x: atomic<u32>,
  workgroups_y: u32,
  workgroups_z: u32,
  count: atomic<u32>,
  pixels: array<u32>,
}

@group(0) @binding(0) var<uniform> region: Region;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;
@group(0) @binding(3) var<storage, read_write> undecided: Undecided;
// The same memory as `input`, where `has_pairs`.
@group(0) @binding(4) var<storage, read> input_pairs: array<vec2u>;

// Products of nine samples lie in [1, 2^72). The product of two rows is divided by 2^24, which keeps that of three, its
// square, the sum of these and every partial product between 2^-94 and 2^112, whatever the order: no overflow, nothing
// subnormal.
const RESCALE_EXPONENT = 24u;

// t is computed in units of 2^-15, plus 2^23: from there to 2^24 the numbers of f32 are the integers, so the last 23 bits of
// such a number are the units. One is subtracted, since the sum may be rounded up.
const SAMPLE_BITS = 15u;
const LOW_UNITS = 0x7fffu;
const NO_UNITS = 0x1p23;
const NO_UNITS_BITS = 0x4b000000u;

// (255 * 2^15 - 9.88)^-2: with a scale that is short by 9.88 units at 255, errors never make t too large.
const NORM_SCALE = 0x1.02032cp-46;

// The true t is less than this above the units that are computed, for every sample: 9.88 units at 255 by the scale, 9.52 by
// errors, 2 by the sum. undecided_units() has it for each sample.
const MOST_UNDECIDED_UNITS = 22u;
const NEAR_FROM = LOW_UNITS + 1u - MOST_UNDECIDED_UNITS;

// Where one channel dominates, its t is near 255 and only the last bit of its sample is in question: the units are limited
// to the middle of 254, lest they make the pixel undecided.
const MIDDLE_OF_254 = NO_UNITS + 254.5 * 0x1p15;
const MIDDLE_OF_254_BITS = NO_UNITS_BITS + 509u * 0x4000u;
// That and three times NO_UNITS_BITS, modulo 2^32: an older naga (Deno 2.4) refuses constants that overflow on the way.
const ALONE_BITS = MIDDLE_OF_254_BITS - (0xffffffffu - 3u * NO_UNITS_BITS + 1u);

// The ratio of the second largest to the largest product decides between 254 and 255. Below SURELY_255_BELOW the
// squares of the others vanish when binary64 adds them, and the quotient is exactly 1; above SURELY_BELOW_255_ABOVE it is
// surely below 1.
const SURELY_255_BELOW = 0x1p-29;
const SURELY_BELOW_255_ABOVE = 0x1p-24;

// The places in a row of two pixels side by side and of their neighbours.
struct Columns {
  before: u32,
  left: u32,
  right: u32,
  after: u32,
}

// A number for each channel of two pixels side by side. Where alpha does not take part, it is 0.
struct Pair {
  red: vec2f,
  green: vec2f,
  blue: vec2f,
  alpha: vec2f,
}

@compute @workgroup_size(fast_workgroup_size)
fn fast_pass(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let x = (region.first.x & 0xfffffffeu) + 2u * thread.x;
  let first_y = region.first.y + (thread.z * workgroups.y + thread.y) * rows_per_thread;
  if (x >= region.end.x || first_y >= region.end.y) { return; }
  let exists = vec2<bool>(x >= region.first.x, x + 1u < region.end.x);
  let columns = Columns(
    place_before(x, region.first.x, region.before_first.x),
    select(region.before_first.x, x, exists.x || has_pairs),
    place_after(x, region.end.x, region.after_last.x),
    place_after(x + 1u, region.end.x, region.after_last.x));

  var here = row_product(columns, first_y);
  let above = row_product(columns, place_before(first_y, region.first.y, region.before_first.y));
  var above_and_here = rescaled(times(above, here));
  for (var y = first_y; y < min(first_y + rows_per_thread, region.end.y); y++) {
    let below = row_product(columns, place_after(y, region.end.y, region.after_last.y));
    compute_pair(y * region.width + x, exists, times(above_and_here, below));
    above_and_here = rescaled(times(here, below));
    here = below;
  }
}

// For each of two pixels, the product of three neighbours in a row.
fn row_product(columns: Columns, y: u32) -> Pair {
  let row = y * region.width;
  var words = vec4u(input[row + columns.before], 0u, 0u, input[row + columns.after]);
  if (has_pairs) {
    let pair = input_pairs[(row + columns.left) / 2u];
    words.y = pair.x;
    words.z = pair.y;
  } else {
    words.y = input[row + columns.left];
    words.z = input[row + columns.right];
  }
  var alpha = vec2f(0.0);
  if (alpha_mode == CHANNEL) { alpha = products_across(words >> vec4u(24u)); }
  return Pair(
    products_across(words & vec4u(0xffu)),
    products_across((words >> vec4u(8u)) & vec4u(0xffu)),
    products_across((words >> vec4u(16u)) & vec4u(0xffu)),
    alpha);
}

// Below 2^24 and so exact in u32 and in f32. Signed, since CPUs convert that in one instruction.
fn products_across(samples: vec4u) -> vec2f {
  let middle = samples.y * samples.z;
  return vec2f(vec2i(vec2u(samples.x * middle, middle * samples.w)));
}

fn times(a: Pair, b: Pair) -> Pair {
  return Pair(a.red * b.red, a.green * b.green, a.blue * b.blue, a.alpha * b.alpha);
}

fn rescaled(a: Pair) -> Pair {
  return Pair(
    rescaled_channel(a.red), rescaled_channel(a.green), rescaled_channel(a.blue), rescaled_channel(a.alpha));
}

// Exact: zero stays zero, and every other exponent is reduced in integers, where no compiler may reassociate.
fn rescaled_channel(product: vec2f) -> vec2f {
  let shift = vec2u(RESCALE_EXPONENT << 23u);
  return bitcast<vec2f>(max(bitcast<vec2u>(product), shift) - shift);
}

fn compute_pair(pixel: u32, exists: vec2<bool>, product: Pair) {
  var squares = product.red * product.red + product.green * product.green + product.blue * product.blue;
  if (alpha_mode == CHANNEL) { squares += product.alpha * product.alpha; }
  // A sum of squares is zero or at least 2^-48, so max() changes nothing but a zero, which inverseSqrt must not get.
  let scale = inverseSqrt(max(squares * NORM_SCALE, vec2f(0x1p-100)));
  let red = units_of(product.red, scale);
  let green = units_of(product.green, scale);
  let blue = units_of(product.blue, scale);
  var alpha = vec2u(NO_UNITS_BITS);
  var highest = max(max(red & vec2u(LOW_UNITS), green & vec2u(LOW_UNITS)), blue & vec2u(LOW_UNITS));
  if (alpha_mode == CHANNEL) {
    alpha = units_of(product.alpha, scale);
    highest = max(highest, alpha & vec2u(LOW_UNITS));
  }
  if (exists.x) { output[pixel] = packed(samples_in(vec4u(red.x, green.x, blue.x, alpha.x)), pixel); }
  if (exists.y) { output[pixel + 1u] = packed(samples_in(vec4u(red.y, green.y, blue.y, alpha.y)), pixel + 1u); }

  // Few pixels need another look: those near the next integer, and those of which one channel has all the units.
  // In a loop, since CPUs that play a GPU skip loops but not branches.
  let is_near = highest >= vec2u(NEAR_FROM);
  let is_alone = red + green + blue + alpha == vec2u(ALONE_BITS);
  var looks_again = exists & (is_near | is_alone);
  while (any(looks_again)) {
    let left = vec4f(product.red.x, product.green.x, product.blue.x, product.alpha.x);
    let right = vec4f(product.red.y, product.green.y, product.blue.y, product.alpha.y);
    look_again(select(pixel + 1u, pixel, looks_again.x), select(right, left, looks_again.x));
    looks_again = vec2<bool>(false, all(looks_again));
  }
}

fn units_of(product: vec2f, scale: vec2f) -> vec2u {
  let units = product * scale + vec2f(NO_UNITS - 1.0);
  return bitcast<vec2u>(clamp(units, vec2f(NO_UNITS), vec2f(MIDDLE_OF_254)));
}

fn samples_in(units: vec4u) -> vec4u { return (units >> vec4u(SAMPLE_BITS)) & vec4u(0xffu); }

// Decides by the bound for each sample, and between 254 and 255 where one channel dominates, or leaves the pixel undecided.
// What was computed before may be rounded otherwise here, so the pixel is written again.
fn look_again(pixel: u32, product: vec4f) {
  let scale = vec2f(inverseSqrt(max(dot(product, product) * NORM_SCALE, 0x1p-100)));
  let units = vec4u(units_of(product.xy, scale), units_of(product.zw, scale));
  let samples = samples_in(units);
  let is_near = (units & vec4u(LOW_UNITS)) + undecided_units(samples) > vec4u(LOW_UNITS);
  let lower = min(product.xy, product.zw);
  let upper = max(product.xy, product.zw);
  let largest = max(upper.x, upper.y);
  let second = max(min(upper.x, upper.y), max(lower.x, lower.y));
  let surely_255 = second < largest * SURELY_255_BELOW;
  let perhaps_255 = !surely_255 && second <= largest * SURELY_BELOW_255_ABOVE;
  if (perhaps_255 || any(is_near)) {
    leave_undecided(pixel);
  } else {
    // Or-ed with half of itself 254 becomes 255; the other samples are 0.
    output[pixel] = packed(select(samples, samples | (samples >> vec4u(1u)), surely_255), pixel);
  }
}

// In proportion to t, by the scale and errors, and 2 by the sum, rounded up to integers.
fn undecided_units(samples: vec4u) -> vec4u { return vec4u(3u) + (((samples + vec4u(1u)) * vec4u(5u)) >> vec4u(6u)); }

fn place_before(place: u32, first: u32, before_first: u32) -> u32 {
  return select(place - 1u, before_first, place == first);
}

fn place_after(place: u32, end: u32, after_last: u32) -> u32 {
  return select(place + 1u, after_last, place + 1u == end);
}

fn packed(samples: vec4u, pixel: u32) -> u32 {
  let colour = samples.x | (samples.y << 8u) | (samples.z << 16u);
  if (alpha_mode == CHANNEL) { return colour | (samples.w << 24u); }
  if (alpha_mode == KEEP) { return colour | (input[pixel] & 0xff000000u); }
  return colour | 0xff000000u;
}

// Adds a workgroup to the exact pass for every `exact_workgroup_size` pixels, up to the limit of one dispatch.
fn leave_undecided(pixel: u32) {
  let index = atomicAdd(&undecided.count, 1u);
  undecided.pixels[index] = pixel;
  if (index % exact_workgroup_size == 0u && index / exact_workgroup_size < most_exact_workgroups) {
    atomicAdd(&undecided.workgroups_x, 1u);
  }
}
