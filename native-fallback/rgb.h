// Rows of three channels to the kernel's words and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace neighbor_product {

// Sixteen pixels, a word at a time.
static inline void widen_by_words(const uint8_t* samples, uint32_t* pixels) {
  // Each takes in a sample of the next pixel as an alpha that nobody looks at. The last has no next.
  for (int x = 0; x < 15; x++) std::memcpy(pixels + x, samples + x * 3, 4);
  std::memcpy(pixels + 15, samples + 44, 4);
  pixels[15] >>= 8;
}

static inline void narrow_by_words(const uint32_t* pixels, uint8_t* samples) {
  // Each spills into the next pixel, which then is written; the last must not.
  for (int x = 0; x < 15; x++) std::memcpy(samples + x * 3, pixels + x, 4);
  std::memcpy(samples + 45, pixels + 15, 3);
}

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

}  // namespace neighbor_product
