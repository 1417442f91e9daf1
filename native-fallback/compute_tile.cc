// Lays out the rows of a tile with their neighbours, and calls the kernel.
#include "compute_tile.h"

#include <algorithm>
#include <cstring>

namespace neighbor_product {

namespace {

// Row y of the input; beyond the region's edges, the row that the region names instead.
const uint8_t* row_of(const Strip& strip, ptrdiff_t y) {
  const Region& region = strip.region;
  const ptrdiff_t place = y < region.first.y ? region.before_first.y : y >= region.end.y ? region.after_last.y : y;
  return strip.input + place * strip.input_row_bytes;
}

uint32_t read_pixel(const uint8_t* sample, int channels) {
  const uint32_t colour = sample[0] | sample[1] << 8 | static_cast<uint32_t>(sample[2]) << 16;
  return channels == 4 ? colour | static_cast<uint32_t>(sample[3]) << 24 : colour;
}

// Lays out the pixels from `left` up to, but not including, `right` of one row, with a neighbour at either end.
void read_line(const Strip& strip, const InstructionSet::Kernel& kernel, const uint8_t* row, ptrdiff_t left,
               ptrdiff_t right, Line& line) {
  const Region& region = strip.region;
  const ptrdiff_t width = right - left;
  const auto pixel = [&](ptrdiff_t x) { return read_pixel(row + x * strip.channels, strip.channels); };
  line.pixels[0] = pixel(left == region.first.x ? region.before_first.x : left - 1);
  line.pixels[width + 1] = pixel(right == region.end.x ? region.after_last.x : right);
  if (strip.channels == 3) return kernel.widen(row + left * 3, width, line.pixels + 1);
  std::memcpy(line.pixels + 1, row + left * 4, static_cast<size_t>(width) * 4);
}

void write_line(const Strip& strip, const InstructionSet::Kernel& kernel, const uint32_t* result, ptrdiff_t width,
                uint8_t* samples) {
  if (strip.channels == 3) return kernel.narrow(result, width, samples);
  std::memcpy(samples, result, static_cast<size_t>(width) * 4);
}

}  // namespace

int64_t compute_tile(const Strip& strip, const InstructionSet::Kernel& kernel, const Tile& tile, Scratch& scratch) {
  const ptrdiff_t left = tile.first.x, width = tile.end.x - left, top = tile.first.y, bottom = tile.end.y;
  const auto line = [&](ptrdiff_t y) -> Line& { return scratch.lines[(y - top + 1) % (rows_at_once + 2)]; };
  const auto read = [&](ptrdiff_t y) {
    read_line(strip, kernel, row_of(strip, std::min(y, bottom)), left, tile.end.x, line(y));
  };
  read(top - 1);
  read(top);
  int64_t exact_pixels = 0;
  for (ptrdiff_t y = top; y < bottom; y += rows_at_once) {
    const Line* lines[rows_at_once + 2];
    const uint8_t* next[rows_at_once];
    for (ptrdiff_t k = 0; k < rows_at_once; k++) {
      read(y + 1 + k);
      next[k] = row_of(strip, std::min(y + 1 + k + rows_at_once, bottom)) + left * strip.channels;
    }
    for (ptrdiff_t k = 0; k < rows_at_once + 2; k++) lines[k] = &line(y - 1 + k);
    kernel.multiply_columns(lines, width, scratch.columns, next);
    for (ptrdiff_t here = y; here < std::min(y + rows_at_once, bottom); here++) {
      uint8_t* const destination =
          strip.output + (here - strip.region.first.y) * strip.output_row_bytes + left * strip.channels;
      kernel.fast_pass(scratch.columns[here - y], line(here), width, scratch.result, scratch.undecided,
                       here + 1 < bottom ? destination + strip.output_row_bytes : destination);
      if (scratch.undecided.count > 0) {
        kernel.exact_pass(line(here - 1), line(here), line(here + 1), scratch.undecided, width, scratch.result);
        exact_pixels += scratch.undecided.count;
      }
      write_line(strip, kernel, scratch.result, width, destination);
    }
  }
  return exact_pixels;
}

}  // namespace neighbor_product
