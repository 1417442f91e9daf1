// The exact pass: computes the undecided pixels in binary64, by the definition, operation by operation. It is one
// module with fast_pass.wgsl, whose image and region it shares, and with binary64.wgsl.
//
// The dispatch is indirect: it has workgroups for the pixels of the list alone, and a thread takes every so many-th of
// them. Loops over factors and channels, not written out: inlining 27 multiplications makes compiling this take seconds
// on some drivers.

// The list, now read only: a dispatch must not write the buffer that holds its size.
struct UndecidedRead {
  workgroups_x: u32,
  workgroups_y: u32,
  workgroups_z: u32,
  count: u32,
  pixels: array<u32>,
}

@group(0) @binding(3) var<storage, read> undecided_read: UndecidedRead;

// The bits of the 256 doubles sample / 255, low word first.
@group(0) @binding(4) var<storage, read> quotients: array<vec2u, 256>;

@compute @workgroup_size(exact_workgroup_size)
fn exact_pass(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  for (var slot = thread.x; slot < undecided_read.count; slot += workgroups.x * exact_workgroup_size) {
    let pixel = undecided_read.pixels[slot];
    output[pixel] = packed(defined_samples(pixel), pixel);
  }
}

fn defined_samples(pixel: u32) -> vec4u {
  var neighbours = neighbourhood(pixel);
  let channels = select(3u, 4u, alpha_mode == CHANNEL);
  var product: array<Binary64, 4>;
  var squares = ZERO;
  for (var c = 0u; c < channels; c++) {
    product[c] = product_of(&neighbours, c);
    squares = add(squares, multiply(product[c], product[c]));
  }
  var samples = vec4u(0u);
  if (is_zero(squares)) { return samples; }
  let norm = square_root(squares);
  // The definition limits the quotient to 1. It is never above: the root of a rounded square is the number itself.
  for (var c = 0u; c < channels; c++) { samples[c] = sample_of(product[c], norm); }
  return samples;
}

// The largest sample for which sample / 255, rounded, is at most a / b, rounded: this is the whole part of 255 * (a / b) with
// both operations rounded, for every sample (test/gpu/binary64.test.ts). a is at most b, and b is not zero. No quotient
// lies in the middle of two numbers, so a product is compared instead of dividing.
fn sample_of(a: Binary64, b: Binary64) -> u32 {
  // 255 * a / b to the nearest whole number, from the upper words: the sample, or one more.
  let shift = min(u32(b.exponent - a.exponent), 31u);
  let nearest = (((255u * a.significand.y) >> shift) + (b.significand.y >> 1u)) / b.significand.y;
  let sample = clamp(nearest, 1u, 255u);
  // Four times the middle of sample / 255 and the number before it, which is nearer where that is 1.
  let ratio = from_bits(quotients[sample]);
  let middle = minus(shift_left(ratio.significand, 2u), vec2u(select(2u, 1u, sample == 255u), 0u));
  let upper = upper_product(limbs(middle), limbs(b.significand)).limbs;
  let limit = vec2u((upper.x >> 3u) | (upper.y << 11u) | (upper.z << 25u), (upper.z >> 7u) | (upper.w << 7u));
  // The middle times b is in [2^106, 2^108). Where a has no bits left at its height, it is far below.
  let height = a.exponent - ratio.exponent - b.exponent - 43;
  if (height < 1 || !less(limit, shift_left(a.significand, u32(height)))) { return sample - 1u; }
  return sample;
}

fn product_of(neighbours: ptr<function, array<u32, 9>>, channel: u32) -> Binary64 {
  var product = quotient_of((*neighbours)[0], channel);
  for (var k = 1; k < 9; k++) { product = multiply(product, quotient_of((*neighbours)[k], channel)); }
  return product;
}

fn quotient_of(word: u32, channel: u32) -> Binary64 {
  return from_bits(quotients[(word >> (8u * channel)) & 0xffu]);
}

// The nine pixels round one, in reading order.
fn neighbourhood(pixel: u32) -> array<u32, 9> {
  let x = pixel % region.width;
  let y = pixel / region.width;
  let columns = vec3u(
    place_before(x, region.first.x, region.before_first.x), x, place_after(x, region.end.x, region.after_last.x));
  let rows = region.width * vec3u(
    place_before(y, region.first.y, region.before_first.y), y, place_after(y, region.end.y, region.after_last.y));
  var words: array<u32, 9>;
  for (var k = 0u; k < 9u; k++) { words[k] = input[rows[k / 3u] + columns[k % 3u]]; }
  return words;
}
