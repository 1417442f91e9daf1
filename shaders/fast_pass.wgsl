// The fast pass: computes every pixel in single precision, and lists, for exact_pass.wgsl, the pixels whose bytes this
// does not prove.
//
// A pixel is one u32: samples of 8 bits, the first in the lowest. A thread computes a run of `rows_per_thread` pixels
// downwards in one column, so that each product of three neighbours in a row serves three pixels.
//
// What WGSL promises for f32 is little: +, - and * give one of the two numbers that enclose the exact result, inverseSqrt is within
// 2 ULP, a sum may be taken in any order, fma may round twice, subnormal numbers may become zero, infinity and NaN may
// be assumed absent. The result is nevertheless exact, because a byte depends on t = 255 * product / |products| only
// through its integer part: docs/numerics.md bounds the error of t; where t is farther than that from an integer, its
// integer part is certain. u32 arithmetic is exact.

const OPAQUE = 0u;
const CHANNEL = 1u;
const KEEP = 2u;

override alpha_mode: u32;
override columns_per_workgroup: u32;
override rows_per_thread: u32;
override exact_workgroup_size: u32;
override most_exact_workgroups: u32;

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

// Products of nine samples lie in [1, 2^72). Dividing them by 2^36 centres that range on 1 and keeps their squares, the
// sum of these and every partial product between 2^-73 and 2^75, whatever the order: no overflow, nothing subnormal.
const RESCALE_EXPONENT = 36u;

// Relative to t, which is off by at most 10.1 * 2^-23 of itself: an integer nearer than this may lie between t and the
// defined value. Larger than needed, which costs few pixels.
const UNDECIDED_WITHIN = 0x1p-19;

// The ratio of the second largest to the largest product decides between 254 and 255. Below SURELY_255_BELOW the
// squares of the others vanish when binary64 adds them, and the quotient is exactly 1; above SURELY_BELOW_255_ABOVE it is
// surely below 1.
const SURELY_255_BELOW = 0x1p-29;
const SURELY_BELOW_255_ABOVE = 0x1p-24;

@compute @workgroup_size(columns_per_workgroup)
fn fast_pass(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let x = region.first.x + thread.x;
  let first_y = region.first.y + (thread.z * workgroups.y + thread.y) * rows_per_thread;
  if (x >= region.end.x || first_y >= region.end.y) { return; }
  var above = row_product(x, place_before(first_y, region.first.y, region.before_first.y));
  var here = row_product(x, first_y);
  for (var y = first_y; y < min(first_y + rows_per_thread, region.end.y); y++) {
    let below = row_product(x, place_after(y, region.end.y, region.after_last.y));
    compute_pixel(y * region.width + x, above * here * below);
    above = here;
    here = below;
  }
}

fn compute_pixel(pixel: u32, whole_product: vec4f) {
  let product = rescaled(whole_product);
  // A sum of squares is zero or at least 2^-73, so max() changes nothing but a zero, which inverseSqrt must not get.
  let t = product * (255.0 * inverseSqrt(max(dot(product, product), 0x1p-80)));
  let lower = min(product.xy, product.zw);
  let upper = max(product.xy, product.zw);
  let largest = max(upper.x, upper.y);
  let second = max(min(upper.x, upper.y), max(lower.x, lower.y));
  let surely_255 = second < largest * SURELY_255_BELOW;
  let perhaps_255 = !surely_255 && second <= largest * SURELY_BELOW_255_ABOVE;
  let rounds_to_255 = t >= vec4f(254.5);
  let near_integer = abs(t - round(t)) < t * UNDECIDED_WITHIN;
  if (any(select(near_integer, vec4<bool>(perhaps_255), rounds_to_255))) { leave_undecided(pixel); }
  let samples = select(vec4u(t), vec4u(select(254u, 255u, surely_255)), rounds_to_255);
  output[pixel] = packed(samples, pixel);
}

// Exact: zero stays zero, and every other exponent is reduced in integers, where no compiler may reassociate.
fn rescaled(product: vec4f) -> vec4f {
  let shift = vec4u(RESCALE_EXPONENT << 23u);
  return bitcast<vec4f>(max(bitcast<vec4u>(product), shift) - shift);
}

// The product of three neighbours in a row, below 2^24 and so exact in u32 and in f32.
fn row_product(x: u32, y: u32) -> vec4f {
  let row = y * region.width;
  let left = row + place_before(x, region.first.x, region.before_first.x);
  let right = row + place_after(x, region.end.x, region.after_last.x);
  return vec4f(samples_of(input[left]) * samples_of(input[row + x]) * samples_of(input[right]));
}

fn place_before(place: u32, first: u32, before_first: u32) -> u32 {
  return select(place - 1u, before_first, place == first);
}

fn place_after(place: u32, end: u32, after_last: u32) -> u32 {
  return select(place + 1u, after_last, place + 1u == end);
}

// The samples that take part in product and norm; one that does not is 0.
fn samples_of(word: u32) -> vec4u {
  let samples = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(0xffu);
  return select(vec4u(samples.xyz, 0u), samples, alpha_mode == CHANNEL);
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
