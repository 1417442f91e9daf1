// Rows of a PNG file to pixels: undoes the filters, and widens the samples to 8-bit RGBA. The twin of
// src/formats/png/unfilter.ts, which says what each field means.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neighbor_product {

struct FilteredRows {
  uint8_t* rows;         // each its filter byte and row_bytes bytes; the filters are undone in place
  ptrdiff_t count;       // of rows
  ptrdiff_t row_bytes;   // without the filter byte
  int bytes_per_pixel;   // 1 to 8; 1 where pixels are smaller than a byte
  const uint8_t* above;  // the row before the first, row_bytes; zeros before an image
};

// Returns the number of the first row whose filter byte is none of 0 to 4, or -1.
ptrdiff_t undo_filters(const FilteredRows& filtered);

struct Expansion {
  int samples;             // in a pixel: 1 to 4
  int bit_depth;           // 1, 2, 4, 8 or 16
  ptrdiff_t width;         // in pixels
  const uint8_t* colours;  // RGBA of each value of a sample; of one sample of up to 8 bits
  bool has_key;            // whether pixels of one colour are transparent: of one or three samples
  uint16_t key[3];
};

// Writes count rows of width RGBA pixels from rows whose filters are undone.
void expand_rows(const FilteredRows& rows, const Expansion& expansion, uint8_t* rgba);

}  // namespace neighbor_product
