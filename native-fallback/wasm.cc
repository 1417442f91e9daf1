// The kernel as a WebAssembly module without imports: src/wasm/kernel.ts lays a piece of an image into `input`, calls
// compute_piece, and takes the samples out of `output`.
#include <algorithm>

#include "compute_tile.h"
#include "instruction_sets.h"

namespace neighbor_product {

namespace {

// A whole number of tiles, and little enough for the input and output of a piece to stay in a processor's L2 cache.
constexpr ptrdiff_t most_columns = 4 * tile_width, most_rows = tile_height;
constexpr ptrdiff_t row_pixels = most_columns + 2;  // a neighbour at either end

alignas(64) uint8_t input[row_pixels * (most_rows + 2) * 4];  // a row of neighbours above and below
alignas(64) uint8_t output[row_pixels * most_rows * 4];
Scratch scratch;

}  // namespace

extern "C" {

#define EXPORT(name) __attribute__((export_name(#name)))

EXPORT(most_columns) int get_most_columns() { return most_columns; }
EXPORT(most_rows) int get_most_rows() { return most_rows; }
EXPORT(input) const uint8_t* get_input() { return input; }
EXPORT(output) const uint8_t* get_output() { return output; }

// Transforms as many columns and rows, whose neighbours lie around them. Rows of input and output lie one after
// another, those of the output with columns for the neighbours, too. Returns how many pixels the exact pass computed.
EXPORT(compute_piece) int compute_piece(int columns, int rows, int channels, int alpha) {
  const ptrdiff_t row_bytes = static_cast<ptrdiff_t>(columns + 2) * channels;
  const Region region{{1, 1}, {columns + 1, rows + 1}, {0, 0}, {columns + 1, rows + 1}};
  const Strip strip{input, row_bytes, output, row_bytes, channels, region, static_cast<Alpha>(alpha)};
  const auto& kernel = wasm128.kernels[channels == 4 ? alpha : static_cast<int>(Alpha::opaque)];
  int64_t exact_pixels = 0;
  for (ptrdiff_t left = 1; left <= columns; left += tile_width) {
    const Tile tile{{left, 1}, {std::min<ptrdiff_t>(left + tile_width, columns + 1), rows + 1}};
    exact_pixels += compute_tile(strip, kernel, tile, scratch);
  }
  return static_cast<int>(exact_pixels);
}
}

}  // namespace neighbor_product
