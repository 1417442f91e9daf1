// A tile: the piece of an image that is worked on at a time, small enough to stay in a 32 KiB L1 cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neighbor_product {

// Pixels that are computed side by side, in several vectors, since each waits long for its last operation. Loops run
// over whole blocks and may pass a tile's end.
constexpr ptrdiff_t block = 32;

constexpr ptrdiff_t tile_width = 8 * block;
constexpr ptrdiff_t line_width = tile_width + block;  // room for a neighbour at either end
constexpr ptrdiff_t tile_height = 32;                 // rows: two more are read
constexpr ptrdiff_t rows_at_once = 4;                 // rows whose columns are multiplied in one go

// One row of a tile as RGBA words (red in the low byte), with one neighbour at either end.
struct Line {
  uint32_t pixels[line_width];

  // The samples of a channel, four bytes apart, from the left neighbour of the tile's pixel x on.
  const uint8_t* samples(ptrdiff_t x, int channel) const {
    return reinterpret_cast<const uint8_t*>(pixels + x) + channel;
  }
};

// The product of three pixels above one another, for every column of a line, a plane a channel: an integer of at most
// 255^3 < 2^24, so exact, times 2^-8, so that the square of a product of three stays below 2^128.
struct Columns {
  alignas(64) float planes[4][line_width];
};
// Samples are taken as they lie in a word, that is times 2^8 (green) or 2^16 (blue).
constexpr float column_scale[4] = {0x1p-8f, 0x1p-32f, 0x1p-56f, 0x1p-8f};

// Pixels that the fast pass leaves to the exact pass, by their column in the tile.
struct Undecided {
  uint16_t pixels[tile_width];
  ptrdiff_t count;
};

// Asks for the cache line that holds an address, which need not be valid. Where a tile's row ends the processor cannot
// guess what is read next, and a burst of requests between two rows would wait for memory: so the kernel asks for the
// row to come while it computes.
static inline void prefetch(const uint8_t* address) {
#ifdef __GNUC__
  __builtin_prefetch(address);
#else
  static_cast<void>(address);
#endif
}

// The same for a block of RGBA from x on.
static inline void prefetch_block(const uint8_t* row, ptrdiff_t x) {
  for (ptrdiff_t at = 0; at < block * 4; at += 64) prefetch(row + x * 4 + at);
}

// The place of the lowest bit of a mask that is not 0.
static inline int lowest_bit(uint32_t mask) {
#ifdef __GNUC__
  return __builtin_ctz(mask);
#else
  int bit = 0;
  while (!(mask >> bit & 1u)) bit++;
  return bit;
#endif
}

}  // namespace neighbor_product
