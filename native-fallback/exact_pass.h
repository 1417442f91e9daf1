// The exact pass: computes the undecided pixels in binary64, by the definition (docs/numerics.md), several at a time.
//
// Every operation is one IEEE operation in the definition's order, so vectorising over pixels cannot change a bit;
// fusing a multiplication with an addition would, so -ffp-contract=off is part of the definition. The loops are plain
// and free of branches for the compiler to vectorise; for the square root it needs -fno-math-errno. Every function
// has the vector type V as a parameter, so that each instruction set gets functions of its own, though none uses it.
#pragma once

#include <cmath>

#include "strip.h"
#include "tile.h"

namespace neighbor_product {

// The sample s as the definition takes it: s / 255, rounded once.
struct Quotients {
  double of[256];
  constexpr Quotients() : of() {
    for (int sample = 0; sample < 256; sample++) of[sample] = sample / 255.0;
  }
};
constexpr Quotients quotients;

// A number for each channel and each pixel to compute.
template <int channels>
struct Planes {
  alignas(64) double of[channels][tile_width];
};

// The products of the undecided pixels, each from 9 look-ups a channel.
template <class V, int channels>
void products_of_undecided(const Line& above, const Line& here, const Line& below, const Undecided& undecided,
                           Planes<channels>& product) {
  const double* const q = quotients.of;
  for (ptrdiff_t i = 0; i < undecided.count; i++) {
    for (int c = 0; c < channels; c++) {
      const uint8_t* const a = above.samples(undecided.pixels[i], c);
      const uint8_t* const h = here.samples(undecided.pixels[i], c);
      const uint8_t* const b = below.samples(undecided.pixels[i], c);
      product.of[c][i] = q[a[0]] * q[a[4]] * q[a[8]] * q[h[0]] * q[h[4]] * q[h[8]] * q[b[0]] * q[b[4]] * q[b[8]];
    }
  }
}

// The products of a whole row: 3 look-ups for each of its pixels and channels, and the rest in vectors.
template <class V, int channels>
void products_of_row(const Line& above, const Line& here, const Line& below, ptrdiff_t width,
                     Planes<channels>& product) {
  const Line* const lines[3] = {&above, &here, &below};
  alignas(64) double q[3][tile_width + 2];
  for (int c = 0; c < channels; c++) {
    for (int row = 0; row < 3; row++) {
      for (ptrdiff_t x = 0; x < width + 2; x++) q[row][x] = quotients.of[*lines[row]->samples(x, c)];
    }
    const double *const a = q[0], *const h = q[1], *const b = q[2];
    for (ptrdiff_t x = 0; x < width; x++) {
      product.of[c][x] = a[x] * a[x + 1] * a[x + 2] * h[x] * h[x + 1] * h[x + 2] * b[x] * b[x + 1] * b[x + 2];
    }
  }
}

// Normalises `count` vectors of products and puts their samples beside the alpha that words holds already.
template <class V, int channels>
void normalise(const Planes<channels>& product, ptrdiff_t count, uint32_t* words) {
  alignas(64) double norm[tile_width];
  for (ptrdiff_t i = 0; i < count; i++) {
    double squares = product.of[0][i] * product.of[0][i];
    for (int c = 1; c < channels; c++) squares += product.of[c][i] * product.of[c][i];
    // A sum that is not 0 is at least 2^-144, so this changes none; where it is 0, the samples stay 0.
    norm[i] = std::sqrt(squares + 0x1p-300);
  }
  for (int c = 0; c < channels; c++) {
    for (ptrdiff_t i = 0; i < count; i++) {
      // The ratio needs no limit of 1: the norm is at least the rounded root of the rounded square, which is v itself.
      const int32_t sample = static_cast<int32_t>(product.of[c][i] / norm[i] * 255);
      words[i] |= static_cast<uint32_t>(sample) << (8 * c);
    }
  }
}

template <class V, Alpha alpha>
uint32_t alpha_of(uint32_t pixel) {
  return alpha == Alpha::opaque ? 0xff000000u : alpha == Alpha::keep ? pixel & 0xff000000u : 0;
}

template <class V, Alpha alpha>
void exact_pass(const Line& above, const Line& here, const Line& below, const Undecided& undecided, ptrdiff_t width,
                uint32_t* result) {
  Planes<alpha == Alpha::channel ? 4 : 3> product;
  // A pixel that is looked up alone costs as much as this many in a row.
  constexpr ptrdiff_t worth_a_row = 4;
  if (undecided.count * worth_a_row >= width) {
    products_of_row<V>(above, here, below, width, product);
    for (ptrdiff_t x = 0; x < width; x++) result[x] = alpha_of<V, alpha>(here.pixels[x + 1]);
    normalise<V>(product, width, result);
    return;
  }
  uint32_t words[tile_width];
  products_of_undecided<V>(above, here, below, undecided, product);
  for (ptrdiff_t i = 0; i < undecided.count; i++) words[i] = alpha_of<V, alpha>(here.pixels[undecided.pixels[i] + 1]);
  normalise<V>(product, undecided.count, words);
  for (ptrdiff_t i = 0; i < undecided.count; i++) result[undecided.pixels[i]] = words[i];
}

}  // namespace neighbor_product
