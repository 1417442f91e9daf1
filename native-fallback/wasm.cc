// The kernel as a WebAssembly module without imports. Its caller, src/wasm/kernel.ts, lays a piece of an image into
// memory of the module, calls compute_piece, and takes the samples out.
#include <algorithm>

#include "instruction_sets.h"
#include "kernel.h"

namespace neighbor_product {

namespace {

// Wide, since each row takes a call to copy; as little in all as an L2 cache holds.
constexpr ptrdiff_t most_columns = 16 * tile_width, most_rows = 16;
// From one row to the next, in words, with room for two neighbours. No power of two, whose rows would share cache
// lines.
constexpr ptrdiff_t row_words = most_columns + block;

// The words of the input, as the kernel takes them: each row begins with the neighbour before its first pixel, and the
// first row is that of the neighbours above. Beyond the row below, rows are read whose products nobody uses.
alignas(64) uint32_t input[most_rows + 2 + rows_at_once - 1][row_words];
alignas(64) uint32_t output[most_rows][row_words];
// The same of three channels, laid out in the same way.
uint8_t input_samples[most_rows + 2][row_words * 4];
uint8_t output_samples[most_rows][row_words * 4];
Columns columns[rows_at_once];
Undecided undecided;

const Line& line(ptrdiff_t row, ptrdiff_t left) { return *reinterpret_cast<const Line*>(input[row] + left); }

// The columns of a tile, from `left` on. Returns how many pixels the exact pass computed.
ptrdiff_t compute_columns(const InstructionSet::Kernel& kernel, ptrdiff_t left, ptrdiff_t width, ptrdiff_t rows) {
  const uint8_t* const nothing = input_samples[0];  // WebAssembly has no prefetching
  const uint8_t* const next[rows_at_once] = {nothing, nothing, nothing, nothing};
  ptrdiff_t exact_pixels = 0;
  for (ptrdiff_t top = 0; top < rows; top += rows_at_once) {
    const Line* lines[rows_at_once + 2];
    for (ptrdiff_t k = 0; k < rows_at_once + 2; k++) lines[k] = &line(top + k, left);
    kernel.multiply_columns(lines, width, columns, next);
    for (ptrdiff_t y = top; y < std::min(top + rows_at_once, rows); y++) {
      uint32_t* const result = output[y] + left;
      kernel.fast_pass(columns[y - top], line(y + 1, left), width, result, undecided, nothing);
      if (undecided.count == 0) continue;
      kernel.exact_pass(line(y, left), line(y + 1, left), line(y + 2, left), undecided, width, result);
      exact_pixels += undecided.count;
    }
  }
  return exact_pixels;
}

}  // namespace

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

EXPORT(most_columns) int get_most_columns() { return most_columns; }
EXPORT(most_rows) int get_most_rows() { return most_rows; }
EXPORT(row_bytes) int get_row_bytes() { return row_words * 4; }
EXPORT(input) const void* get_input(int channels) {
  if (channels == 3) return input_samples;
  return input;
}
EXPORT(output) const void* get_output(int channels) {
  if (channels == 3) return output_samples;
  return output;
}

// Transforms as many columns and rows, whose neighbours lie around them. Returns how many pixels the exact pass
// computed.
EXPORT(compute_piece) int compute_piece(int width, int rows, int channels, int alpha) {
  const auto& kernel = wasm128.kernels[channels == 4 ? alpha : static_cast<int>(Alpha::opaque)];
  if (channels == 3) {
    for (ptrdiff_t y = 0; y < rows + 2; y++) kernel.widen(input_samples[y], width + 2, input[y]);
  }
  ptrdiff_t exact_pixels = 0;
  for (ptrdiff_t left = 0; left < width; left += tile_width) {
    exact_pixels += compute_columns(kernel, left, std::min<ptrdiff_t>(tile_width, width - left), rows);
  }
  if (channels == 3) {
    for (ptrdiff_t y = 0; y < rows; y++) kernel.narrow(output[y], width, output_samples[y]);
  }
  return static_cast<int>(exact_pixels);
}

}  // namespace neighbor_product
