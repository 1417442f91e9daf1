// The single precision pass: settles every pixel whose bytes it can prove, and marks the rest.
//
// Input: horizontal products of three rows. Output: RGBA words, and the places of pixels to redo in binary64.
//
// Idea: with P the vector of nine-fold products, a sample is trunc(255 P_c / |P|). Work in units of 2^-16 of a sample:
// t = 255 * 2^16 * P_c / |P|, computed with an error below `margin` units. Then trunc(t - margin) holds the sample in
// bits 16 to 23; and if its low 16 bits lie 2 * margin or more below the next multiple of 2^16, no value within the
// margin of t belongs to another sample. Near 0 the sign of t - margin is dropped: it cannot be the sample 1.
//
// The common hard case is a sample near 255: one channel dominates. It is decided by r, the second largest product
// divided by the norm: below 2^-29 the definition gives exactly 255; above 2^-24 surely less, so 254; between the two
// the pixel is marked. docs/numerics.md proves both, and the margin for each variant.
//
// V: the vector type of an instruction set, see simd_*.h.
#pragma once

#include "neighbor_product.h"
#include "tile.h"

namespace neighbor_product {

constexpr float sample_unit = 65536.0f;  // units of t in a sample
constexpr int margin = 16;               // units; the proof needs 13
constexpr float full_scale = 255.0f * sample_unit;
constexpr float dominated_below = full_scale * 0x1p-29f;
constexpr float clear_above = full_scale * 0x1p-24f;
constexpr float half_sample = 0.5f * sample_unit;
constexpr float middle_of_254 = 254 * sample_unit + half_sample;
constexpr float middle_of_255 = 255 * sample_unit + half_sample;

template <class V, Alpha alpha>
void multiply(const Line& line, ptrdiff_t width, Products& products, const uint8_t* next) {
  constexpr int channels = alpha == Alpha::channel ? 4 : 3;
  for (ptrdiff_t x = 0; x < width; x += V::lanes) {
    prefetch(next + x * 4);
    typename V::Float product[channels];
    V::template triple_products<channels>(line.pixels + x, product);
    for (int c = 0; c < channels; c++) V::store(products.planes[c] + x, V::mul(product[c], V::all(product_scale)));
  }
}

template <class V>
typename V::Float second_largest(const typename V::Float (&p)[3]) {
  return V::max(V::min(p[0], p[1]), V::min(V::max(p[0], p[1]), p[2]));
}

template <class V>
typename V::Float second_largest(const typename V::Float (&p)[4]) {
  const typename V::Float low = V::max(V::min(p[0], p[1]), V::min(p[2], p[3]));
  return V::max(low, V::min(V::max(p[0], p[1]), V::max(p[2], p[3])));
}

template <class V, Alpha alpha>
void settle(const Products& above, const Products& here, const Products& below, const Line& own, ptrdiff_t width,
            uint32_t* result, Marks& marks, const uint8_t* next) {
  constexpr int channels = alpha == Alpha::channel ? 4 : 3;
  using Float = typename V::Float;
  using Int = typename V::Int;
  marks.count = 0;
  for (ptrdiff_t x = 0; x < width; x += V::lanes) {
    prefetch(next + x * 4);
    Float product[channels];
    // Far below the smallest square that is not 0, 2^-48: it only keeps the square root's reciprocal finite.
    Float squares = V::all(0x1p-100f);
    for (int c = 0; c < channels; c++) {
      product[c] =
          V::mul(V::mul(V::load(above.planes[c] + x), V::load(here.planes[c] + x)), V::load(below.planes[c] + x));
      squares = V::mul_add(product[c], product[c], squares);
    }
    const Float scale = V::scaled_rsqrt(full_scale, squares);

    const Float second = V::mul(second_largest<V>(product), scale);
    const auto dominated = V::less(second, V::all(dominated_below));
    const auto in_band = V::and_not(V::less(second, V::all(clear_above)), dominated);
    // Either way the dominating channel lands in the middle of its sample, where it is not marked.
    const Float less = V::select(dominated, V::all(-half_sample), V::all(margin));
    const Float most = V::select(dominated, V::all(middle_of_255), V::all(middle_of_254));

    Int units[channels];
    for (int c = 0; c < channels; c++) {
      units[c] = V::truncate(V::min_of_abs(V::mul_sub(product[c], scale, less), most));
    }
    Int closest = V::max_u16(V::max_u16(units[0], units[1]), units[2]);
    if (channels == 4) closest = V::max_u16(closest, units[channels - 1]);
    V::store(result + x, V::template pack<alpha>(units, own.pixels + x + 1));

    uint32_t mask = V::mask_of(V::either(in_band, V::low_half_at_least(closest, 65536 - 2 * margin)));
    for (; mask != 0; mask &= mask - 1) {
      const ptrdiff_t place = x + V::lowest_bit(mask);
      if (place < width) marks.places[marks.count++] = static_cast<uint16_t>(place);
    }
  }
}

}  // namespace neighbor_product
