// Rows of three channels to the kernel's words and back.
//
// V: the vector type of an instruction set, see simd/portable.cc; each one chooses between the two ways to take sixteen
// pixels at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "instruction_sets.h"

#ifdef NEIGHBOR_PRODUCT_AVX
#include <immintrin.h>
#endif

namespace neighbor_product {

// The words' fourth bytes are unspecified.
template <class V>
void widen(const uint8_t* samples, ptrdiff_t width, uint32_t* pixels) {
  ptrdiff_t x = 0;
  for (; x + 16 <= width; x += 16) V::widen_16(samples + x * 3, pixels + x);
  for (; x < width; x++) {
    const uint8_t* const s = samples + x * 3;
    pixels[x] = s[0] | s[1] << 8 | s[2] << 16;
  }
}

template <class V>
void narrow(const uint32_t* pixels, ptrdiff_t width, uint8_t* samples) {
  ptrdiff_t x = 0;
  for (; x + 16 <= width; x += 16) V::narrow_16(pixels + x, samples + x * 3);
  for (; x < width; x++) {
    for (int c = 0; c < 3; c++) samples[x * 3 + c] = static_cast<uint8_t>(pixels[x] >> (8 * c));
  }
}

// Sixteen pixels, a word at a time.
template <class V>
void widen_by_words(const uint8_t* samples, uint32_t* pixels) {
  // Each but the last, which is shifted instead, takes a sample of the next pixel as its alpha, which is never read.
  for (int x = 0; x < 15; x++) std::memcpy(pixels + x, samples + x * 3, 4);
  std::memcpy(pixels + 15, samples + 44, 4);
  pixels[15] >>= 8;
}

template <class V>
void narrow_by_words(const uint32_t* pixels, uint8_t* samples) {
  // Each spills into the next pixel, which is written after it; the last must not.
  for (int x = 0; x < 15; x++) std::memcpy(samples + x * 3, pixels + x, 4);
  std::memcpy(samples + 45, pixels + 15, 3);
}

#ifdef NEIGHBOR_PRODUCT_AVX

// Sixteen pixels by SSSE3's byte shuffles, which every CPU with AVX has.
template <class V>
void widen_by_shuffles(const uint8_t* samples, uint32_t* pixels) {
  const __m128i first = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  const __m128i last = _mm_setr_epi8(4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
  for (int k = 0; k < 4; k++) {
    // The last four are read with the four bytes before them: the bytes after them may lie outside the image.
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(samples + (k < 3 ? 12 * k : 32)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(pixels + 4 * k), _mm_shuffle_epi8(bytes, k < 3 ? first : last));
  }
}

template <class V>
void narrow_by_shuffles(const uint32_t* pixels, uint8_t* samples) {
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

#endif

}  // namespace neighbor_product
