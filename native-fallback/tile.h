// A tile: the piece of a picture that is worked on at a time, small enough to stay in a 32 KiB L1 cache.
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
  alignas(64) uint32_t pixels[line_width];

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

// Pixels that single precision could not settle, by their place in the tile's row.
struct Marks {
  uint16_t places[tile_width];
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

// One instruction set's kernel. Each function works on rows of a tile, width pixels, and prefetches the rows that will
// be read or written next.
struct Variant {
  const char* name;
  struct Kernel {
    // A row of three channels as words.
    void (*widen)(const uint8_t* samples, ptrdiff_t width, uint32_t* pixels);
    // Columns for rows_at_once rows, from these and the rows above and below.
    void (*multiply)(const Line* const (&lines)[rows_at_once + 2], ptrdiff_t width, Columns (&columns)[rows_at_once],
                     const uint8_t* const (&next)[rows_at_once]);
    // Writes result, and lists the pixels that are left to redo. own: the row itself, for its alpha.
    void (*settle)(const Columns& columns, const Line& own, ptrdiff_t width, uint32_t* result, Marks& marks,
                   const uint8_t* next);
    // Computes the marked pixels in binary64, by the definition.
    void (*redo)(const Line& above, const Line& here, const Line& below, const Marks& marks, ptrdiff_t width,
                 uint32_t* result);
    // The inverse of widen.
    void (*narrow)(const uint32_t* pixels, ptrdiff_t width, uint8_t* samples);
  } kernels[3];  // by Alpha
};

}  // namespace neighbor_product
