// The binary64 pass: computes marked pixels by the definition (docs/numerics.md), several at a time.
//
// Every operation is one IEEE operation in the definition's order, so vectorising over pixels cannot change a bit;
// fusing a multiplication with an addition would, so -ffp-contract=off is part of the definition.
#pragma once

#include <cmath>

#include "neighbor_product.h"
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

// The product of the nine neighbours in reading order, left to right. Each argument: the channel's sample at the left.
inline double nine_fold_product(const uint8_t* above, const uint8_t* here, const uint8_t* below) {
  const double* const q = quotients.of;
  return q[above[0]] * q[above[4]] * q[above[8]] * q[here[0]] * q[here[4]] * q[here[8]] * q[below[0]] * q[below[4]] *
         q[below[8]];
}

template <class V, Alpha alpha>
void redo(const Line& above, const Line& here, const Line& below, const Marks& marks, uint32_t* result) {
  constexpr int channels = alpha == Alpha::channel ? 4 : 3;
  constexpr int together = 8;  // so that the compiler can vectorise the square roots and divisions, the slow part
  for (ptrdiff_t first = 0; first < marks.count; first += together) {
    ptrdiff_t place[together];
    double product[channels][together];
    for (int l = 0; l < together; l++) {
      place[l] = marks.places[first + l < marks.count ? first + l : marks.count - 1];
      for (int c = 0; c < channels; c++) {
        product[c][l] =
            nine_fold_product(above.samples(place[l], c), here.samples(place[l], c), below.samples(place[l], c));
      }
    }
    double norm[together];
    for (int l = 0; l < together; l++) {
      double squares = product[0][l] * product[0][l];
      for (int c = 1; c < channels; c++) squares += product[c][l] * product[c][l];
      // A norm of 0 has only products of 0; dividing these by 1 gives the 0 that the definition asks for.
      norm[l] = squares == 0 ? 1 : std::sqrt(squares);
    }
    uint32_t sample[channels][together];
    for (int c = 0; c < channels; c++) {
      for (int l = 0; l < together; l++) {
        const double ratio = product[c][l] / norm[l];
        sample[c][l] = static_cast<uint32_t>(static_cast<int32_t>((ratio < 1 ? ratio : 1) * 255));
      }
    }
    for (int l = 0; l < together; l++) {
      uint32_t word = sample[0][l] | sample[1][l] << 8 | sample[2][l] << 16;
      if (alpha == Alpha::opaque) word |= 0xff000000u;
      if (alpha == Alpha::keep) word |= here.pixels[place[l] + 1] & 0xff000000u;
      if (alpha == Alpha::channel) word |= sample[channels - 1][l] << 24;
      result[place[l]] = word;
    }
  }
}

}  // namespace neighbor_product
