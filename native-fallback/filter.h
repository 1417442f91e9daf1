// Pixels to filtered rows of a PNG file. The twin of src/formats/png/filter.ts, which says what each field means.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neighbor_product {

struct RowsToFilter {
  const uint8_t* rows;
  ptrdiff_t count;       // of rows
  ptrdiff_t row_bytes;   // from one row to the next
  ptrdiff_t width;       // in pixels
  int channels;          // of the rows
  int written_channels;  // the same, or 3 of 4
  const uint8_t* above;  // the row before the first; nullptr at the top of an image
  int filter;            // 0 to 4
};

// Writes each row after its filter byte.
void filter_rows(const RowsToFilter& job, uint8_t* filtered);

}  // namespace neighbor_product
