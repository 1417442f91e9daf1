// The filters of PNG (specification, chapter 9).
#include "filter.h"

#include <cstring>
#include <utility>
#include <vector>

namespace neighbor_product {

namespace {

// In 16 bits, of which a vector holds twice as many as of 32.
int16_t distance(int16_t a, int16_t b) { return static_cast<int16_t>(a < b ? b - a : a - b); }

// What the filter Paeth predicts.
int16_t nearest(int16_t left, int16_t above, int16_t corner) {
  const int16_t to_left = distance(above, corner), to_above = distance(left, corner);
  const int16_t to_corner = distance(static_cast<int16_t>(left + above), static_cast<int16_t>(2 * corner));
  const int16_t other = to_above <= to_corner ? above : corner;
  return (to_left <= to_above) & (to_left <= to_corner) ? left : other;
}

// From `first`, the bytes of a pixel, on. Every byte is alone, so a compiler computes many at once.
template <typename Predict>
void subtract(const uint8_t* row, const uint8_t* above, ptrdiff_t first, ptrdiff_t end, uint8_t* to, Predict predict) {
  for (ptrdiff_t at = first; at < end; at++) {
    to[at] = static_cast<uint8_t>(row[at] - predict(row[at - first], above[at], above[at - first]));
  }
}

void filter_row(int filter, const uint8_t* row, const uint8_t* above, ptrdiff_t pixel, ptrdiff_t end, uint8_t* to) {
  for (ptrdiff_t at = 0; at < pixel; at++) {
    const int predicted = filter == 2 || filter == 4 ? above[at] : filter == 3 ? above[at] / 2 : 0;
    to[at] = static_cast<uint8_t>(row[at] - predicted);
  }
  switch (filter) {
    case 0:
      std::memcpy(to, row, static_cast<size_t>(end));
      break;
    case 1:
      subtract(row, above, pixel, end, to, [](int left, int, int) { return left; });
      break;
    case 2:
      subtract(row, above, pixel, end, to, [](int, int over, int) { return over; });
      break;
    case 3:
      subtract(row, above, pixel, end, to, [](int left, int over, int) { return (left + over) / 2; });
      break;
    default:
      subtract(row, above, pixel, end, to, nearest);
  }
}

// A row as it is written: three of four channels are copied.
const uint8_t* written(const RowsToFilter& job, const uint8_t* row, uint8_t* copy) {
  if (job.channels == job.written_channels) return row;
  for (ptrdiff_t x = 0; x < job.width; x++) std::memcpy(copy + 3 * x, row + 4 * x, 3);
  return copy;
}

}  // namespace

void filter_rows(const RowsToFilter& job, uint8_t* filtered) {
  const ptrdiff_t row_bytes = job.width * job.written_channels;
  std::vector<uint8_t> copies(static_cast<size_t>(2 * row_bytes));
  uint8_t *copy = copies.data(), *other_copy = copy + row_bytes;
  const uint8_t* above = other_copy;  // zeros
  if (job.above) above = written(job, job.above, other_copy);
  for (ptrdiff_t y = 0; y < job.count; y++) {
    const uint8_t* const row = written(job, job.rows + y * job.row_bytes, copy);
    uint8_t* const to = filtered + y * (1 + row_bytes);
    to[0] = static_cast<uint8_t>(job.filter);
    filter_row(job.filter, row, above, job.written_channels, row_bytes, to + 1);
    above = row;
    std::swap(copy, other_copy);
  }
}

}  // namespace neighbor_product
