// The fast pass: computes every pixel in single precision, and lists those whose bytes that does not prove.
//
// Input: products of three pixels above one another. Output: RGBA words, and the pixels that are left undecided.
//
// Idea: with P the vector of nine-fold products, a sample is trunc(255 P_c / |P|). Work in units of 2^-16 of a sample:
// t = 255 * 2^16 * P_c / |P|. A scale that is short by `error_bound` units at 255 samples, and in proportion below,
// makes every computed t less than the true one, by less than 2 * error_bound. So its whole part holds the sample in
// bits 16 to 23, unless the low 16 bits lie within 2 * error_bound of the next multiple of 2^16.
//
// The common hard case is a sample near 255: one channel dominates. It is decided by r, the second largest product
// divided by the norm: below 2^-29 the definition gives exactly 255; above 2^-24 surely less, so 254; between the two
// the pixel is undecided. It is computed as 254, and `pack` turns that into 255 where r is below 2^-29, since the other
// samples are 0 there. docs/numerics.md proves both, and the error bound for each instruction set.
//
// V: the vector type of an instruction set, see simd/portable.cc.
#pragma once

#include "strip.h"
#include "tile.h"

namespace neighbor_product {

constexpr float sample_unit = 65536.0f;  // units of t in a sample
constexpr int error_bound = 16;          // units; the proof needs 15
constexpr float full_scale = 255.0f * sample_unit - error_bound;
constexpr float surely_255_below = full_scale * 0x1p-29f;
constexpr float surely_below_255_above = full_scale * 0x1p-24f;
constexpr float middle_of_254 = 254.5f * sample_unit;

template <class V, Alpha alpha>
void multiply_columns(const Line* const (&lines)[rows_at_once + 2], ptrdiff_t width, Columns (&columns)[rows_at_once],
                      const uint8_t* const (&next)[rows_at_once]) {
  constexpr int channels = alpha == Alpha::channel ? 4 : 3;
  const uint32_t* pixels[rows_at_once + 2];  // read here: what is stored below may lie in `lines`, for all C++ knows
  for (int row = 0; row < rows_at_once + 2; row++) pixels[row] = lines[row]->pixels;
  for (ptrdiff_t x = 0; x < width + 2; x += V::lanes) {
    if (x % block == 0) {
      for (const uint8_t* row : next) prefetch_block(row, x);
    }
    typename V::Int words[rows_at_once + 2];
    for (int row = 0; row < rows_at_once + 2; row++) words[row] = V::load(pixels[row] + x);
    for (int c = 0; c < channels; c++) {
      // Two columns that overlap share the product of the two rows in their middle.
      for (int row = 0; row < rows_at_once; row += 2) {
        const auto middle =
            V::mul(V::mul(V::sample(words[row + 1], c), V::all(column_scale[c])), V::sample(words[row + 2], c));
        V::store(columns[row].planes[c] + x, V::mul(V::sample(words[row], c), middle));
        V::store(columns[row + 1].planes[c] + x, V::mul(middle, V::sample(words[row + 3], c)));
      }
    }
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

// The products of nine, and 255 * 2^16 divided by their norm.
template <class V, int channels>
typename V::Float multiply_across(const Columns& columns, ptrdiff_t x, typename V::Float (&product)[channels]) {
  // Far below the smallest square that is not 0, 2^-48: it only keeps the square root's reciprocal finite.
  typename V::Float squares = V::all(0x1p-100f);
  for (int c = 0; c < channels; c++) {
    const float* const column = columns.planes[c] + x;
    product[c] = V::mul(V::mul(V::load(column), V::load(column + 1)), V::load(column + 2));
    squares = V::mul_add(product[c], product[c], squares);
  }
  return V::scaled_rsqrt(full_scale, squares);
}

// Writes t in the place of the columns, of which pixels further on need none.
template <class V, int channels>
void normalize_row(Columns& columns, ptrdiff_t width) {
  constexpr int vectors = V::side_by_side;
  for (ptrdiff_t x = 0; x < width; x += vectors * V::lanes) {
    typename V::Float product[vectors][channels], scale[vectors];
    for (int v = 0; v < vectors; v++) scale[v] = multiply_across<V>(columns, x + v * V::lanes, product[v]);
    for (int v = 0; v < vectors; v++) {
      for (int c = 0; c < channels; c++) {
        V::store(columns.planes[c] + x + v * V::lanes, V::mul(product[v][c], scale[v]));
      }
    }
  }
}

// The same as multiply_across, in a normalized row.
template <class V, int channels>
typename V::Float load_normalized(const Columns& columns, ptrdiff_t x, typename V::Float (&product)[channels]) {
  for (int c = 0; c < channels; c++) product[c] = V::load(columns.planes[c] + x);
  return V::all(1);
}

template <class V, Alpha alpha>
void fast_pass(Columns& columns, const Line& here, ptrdiff_t width, uint32_t* result, Undecided& undecided,
               const uint8_t* next) {
  constexpr int channels = alpha == Alpha::channel ? 4 : 3, vectors = V::side_by_side;
  if (V::normalizes_rows) normalize_row<V, channels>(columns, width);
  undecided.count = 0;
  for (ptrdiff_t x = 0; x < width; x += vectors * V::lanes) {
    if (x % block == 0) prefetch_block(next, x);
    typename V::Float product[vectors][channels], scale[vectors];
    for (int v = 0; v < vectors; v++) {
      scale[v] = V::normalizes_rows ? load_normalized<V>(columns, x + v * V::lanes, product[v])
                                    : multiply_across<V>(columns, x + v * V::lanes, product[v]);
    }

    typename V::Mask surely_255[vectors], perhaps_255[vectors];
    for (int v = 0; v < vectors; v++) {
      const auto second = V::mul(second_largest<V>(product[v]), scale[v]);
      surely_255[v] = V::less(second, V::all(surely_255_below));
      perhaps_255[v] = V::and_not(V::less(second, V::all(surely_below_255_above)), surely_255[v]);
    }
    uint32_t mask = 0;
    typename V::Int units[vectors][channels];
    for (int v = 0; v < vectors; v++) {
      for (int c = 0; c < channels; c++) {
        units[v][c] = V::truncate(V::min(V::mul(product[v][c], scale[v]), V::all(middle_of_254)));
      }
    }
    for (int v = 0; v < vectors; v++) {
      auto closest = V::max_u16(V::max_u16(units[v][0], units[v][1]), units[v][2]);
      if (channels == 4) closest = V::max_u16(closest, units[v][channels - 1]);
      const auto is_undecided = V::either(perhaps_255[v], V::low_half_at_least(closest, 65536 - 2 * error_bound));
      mask |= V::mask_of(is_undecided) << (v * V::lanes);
      const ptrdiff_t at = x + v * V::lanes;
      V::store(result + at, V::template pack<alpha>(units[v], surely_255[v], here.pixels + at + 1));
    }
    for (; mask != 0; mask &= mask - 1) {
      const ptrdiff_t pixel = x + lowest_bit(mask);
      if (pixel < width) undecided.pixels[undecided.count++] = static_cast<uint16_t>(pixel);
    }
  }
}

}  // namespace neighbor_product
