// Sixteen pixels of RGB to words and back, with SSSE3's byte shuffles, which every CPU with AVX has.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace neighbor_product {

static inline void widen_by_shuffles(const uint8_t* samples, uint32_t* pixels) {
  const __m128i first = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  const __m128i last = _mm_setr_epi8(4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
  for (int k = 0; k < 4; k++) {
    // The last four are read with four bytes before them, since what lies behind need not be memory of ours.
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(samples + (k < 3 ? 12 * k : 32)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(pixels + 4 * k), _mm_shuffle_epi8(bytes, k < 3 ? first : last));
  }
}

static inline void narrow_by_shuffles(const uint32_t* pixels, uint8_t* samples) {
  const __m128i colours = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  __m128i bytes[4];  // twelve each
  for (int k = 0; k < 4; k++) {
    bytes[k] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels + 4 * k)), colours);
  }
  __m128i* const to = reinterpret_cast<__m128i*>(samples);
  _mm_storeu_si128(to, _mm_or_si128(bytes[0], _mm_slli_si128(bytes[1], 12)));
  _mm_storeu_si128(to + 1, _mm_or_si128(_mm_srli_si128(bytes[1], 4), _mm_slli_si128(bytes[2], 8)));
  _mm_storeu_si128(to + 2, _mm_or_si128(_mm_srli_si128(bytes[2], 8), _mm_slli_si128(bytes[3], 4)));
}

}  // namespace neighbor_product
