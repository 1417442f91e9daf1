// The kernel as a WebAssembly module, which needs nothing but memory: that of its caller, src/wasm/kernel.ts, or one
// that a worker thread shares with it. The caller lays a piece of an image into a slot of the memory, calls
// compute_piece, and takes the samples out.
#include <algorithm>

#include "instruction_sets.h"
#include "kernel.h"

namespace neighbor_product {

namespace {

// While one piece is computed, the next may be laid, and the one before taken out.
constexpr ptrdiff_t slots = 2;
constexpr ptrdiff_t area_bytes = 1 << 20;
alignas(64) uint8_t inputs[slots][area_bytes], outputs[slots][area_bytes];

// Each row of the input begins with the neighbour before its first pixel, and the first row is that of the neighbours
// above. Between rows there is room for 8 pixels more than the width, since whole vectors are read and written.
struct Piece {
  const uint8_t* input;
  uint8_t* output;
  ptrdiff_t input_row_bytes, output_row_bytes, rows, channels;
};

// Of a piece.
struct Tile {
  ptrdiff_t left, width, top, bottom;
};

// Rows that are computed from one end to the other: few, so that they are read and written one after another, which is
// what processors fetch ahead.
constexpr ptrdiff_t band_rows = 2 * rows_at_once;

// What a tile is computed with.
Line lines[rows_at_once + 2];  // of three channels
Columns columns[rows_at_once];
uint32_t result_of_three[tile_width];
Undecided undecided;

// Returns how many pixels the exact pass computed.
ptrdiff_t compute_tile(const InstructionSet::Kernel& kernel, const Piece& piece, const Tile& tile) {
  static const uint8_t nothing[1] = {};  // WebAssembly has no prefetching
  static const uint8_t* const next[rows_at_once] = {nothing, nothing, nothing, nothing};
  const bool is_rgb = piece.channels == 3;
  // Below the row below, the products are used by nobody.
  const auto samples = [&](ptrdiff_t y) {
    return piece.input + std::min(y, piece.rows + 1) * piece.input_row_bytes + tile.left * piece.channels;
  };
  const auto line = [&](ptrdiff_t y) -> const Line& {
    return is_rgb ? lines[y % (rows_at_once + 2)] : *reinterpret_cast<const Line*>(samples(y));
  };
  const auto widen = [&](ptrdiff_t y) {
    if (is_rgb) kernel.widen(samples(y), tile.width + 2, lines[y % (rows_at_once + 2)].pixels);
  };
  widen(tile.top);
  widen(tile.top + 1);
  ptrdiff_t exact_pixels = 0;
  for (ptrdiff_t top = tile.top; top < tile.bottom; top += rows_at_once) {
    for (ptrdiff_t k = 0; k < rows_at_once; k++) widen(top + 2 + k);
    const Line* group[rows_at_once + 2];
    for (ptrdiff_t k = 0; k < rows_at_once + 2; k++) group[k] = &line(top + k);
    kernel.multiply_columns(group, tile.width, columns, next);
    for (ptrdiff_t y = top; y < std::min(top + rows_at_once, tile.bottom); y++) {
      uint8_t* const destination = piece.output + y * piece.output_row_bytes + tile.left * piece.channels;
      uint32_t* const result = is_rgb ? result_of_three : reinterpret_cast<uint32_t*>(destination);
      kernel.fast_pass(columns[y - top], line(y + 1), tile.width, result, undecided, nothing);
      if (undecided.count > 0) {
        kernel.exact_pass(line(y), line(y + 1), line(y + 2), undecided, tile.width, result);
        exact_pixels += undecided.count;
      }
      if (is_rgb) kernel.narrow(result, tile.width, destination);
    }
  }
  return exact_pixels;
}

}  // namespace

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

EXPORT(slot_count) int get_slot_count() { return slots; }
EXPORT(area_bytes) int get_area_bytes() { return area_bytes; }
EXPORT(input) const void* get_input(int slot) { return inputs[slot]; }
EXPORT(output) const void* get_output(int slot) { return outputs[slot]; }

// Transforms the piece that lies at `input`. Returns how many pixels the exact pass computed.
EXPORT(compute_piece)
int compute_piece(const uint8_t* input, int input_row_bytes, uint8_t* output, int output_row_bytes, int width, int rows,
                  int channels, int alpha) {
  const Piece piece{input, output, input_row_bytes, output_row_bytes, rows, channels};
  const auto& kernel = wasm128.kernels[channels == 4 ? alpha : static_cast<int>(Alpha::opaque)];
  ptrdiff_t exact_pixels = 0;
  for (ptrdiff_t top = 0; top < rows; top += band_rows) {
    for (ptrdiff_t left = 0; left < width; left += tile_width) {
      const Tile tile{left, std::min<ptrdiff_t>(tile_width, width - left), top,
                      std::min<ptrdiff_t>(top + band_rows, rows)};
      exact_pixels += compute_tile(kernel, piece, tile);
    }
  }
  return static_cast<int>(exact_pixels);
}

}  // namespace neighbor_product
