// A tile: the piece of a picture that is worked on at a time, small enough to stay in a 32 KiB L1 cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neighbor_product {

constexpr ptrdiff_t tile_width = 512;  // pixels
constexpr ptrdiff_t tile_height = 32;  // rows: two more are read, so 6 % of the horizontal products are computed twice
constexpr ptrdiff_t widest_vector = 16;  // lanes: loops run over whole vectors and may pass the tile's end by one

// One row of a tile as RGBA words (red in the low byte), with one neighbour at either end.
struct Line {
  alignas(64) uint32_t pixels[tile_width + 2 + widest_vector];

  // The samples of a channel, four bytes apart, from the left neighbour of the tile's pixel x on.
  const uint8_t* samples(ptrdiff_t x, int channel) const {
    return reinterpret_cast<const uint8_t*>(pixels + x) + channel;
  }
};

// The horizontal product of three neighbours, for every pixel of a line, a plane a channel: an integer of at most
// 255^3 < 2^24, so exact, times 2^-8, so that the square of a product of three stays below 2^128.
struct Products {
  alignas(64) float planes[4][tile_width + widest_vector];
};
constexpr float product_scale = 0x1p-8f;

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

// One instruction set's kernel. Each function works on one row of a tile, width pixels, and prefetches the row that
// will be read or written next.
struct Variant {
  const char* name;
  struct Kernel {
    void (*multiply)(const Line& line, ptrdiff_t width, Products& products, const uint8_t* next);
    // Writes result, and lists the pixels that are left to redo. own: the row itself, for its alpha.
    void (*settle)(const Products& above, const Products& here, const Products& below, const Line& own, ptrdiff_t width,
                   uint32_t* result, Marks& marks, const uint8_t* next);
    // Computes the marked pixels in binary64, by the definition.
    void (*redo)(const Line& above, const Line& here, const Line& below, const Marks& marks, ptrdiff_t width,
                 uint32_t* result);
  } kernels[3];  // by Alpha
};

}  // namespace neighbor_product
