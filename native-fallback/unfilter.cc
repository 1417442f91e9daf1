// The filters of PNG (specification, chapter 9), undone, and samples widened as libpng does with expand, scale_16 and
// an added alpha of 255.
#include "unfilter.h"

#include <cstdlib>
#include <cstring>

namespace neighbor_product {

namespace {

enum Filter : uint8_t { none, sub, up, average, paeth };

// The bytes of a pixel, up to 8, side by side in 16 bits each: one pixel waits for the one before it, so its samples
// are all there is to compute at once.
#ifdef __GNUC__
using Bytes = uint8_t __attribute__((vector_size(8)));
using Lanes = int16_t __attribute__((vector_size(16)));

// In two parts where a processor has no such load: what is stored in parts cannot be loaded as a whole without waiting.
template <int bytes>
Lanes load(const uint8_t* from) {
  constexpr int head = bytes == 3 ? 2 : bytes == 6 ? 4 : bytes;
  uint64_t pixel = 0, tail = 0;
  std::memcpy(&pixel, from, head);
  std::memcpy(&tail, from + head, bytes - head);
  pixel |= tail << (8 * head % 64);
  Bytes samples;
  std::memcpy(&samples, &pixel, sizeof samples);
  return __builtin_convertvector(samples, Lanes);
}

template <int bytes>
void store(Lanes lanes, uint8_t* to) {
  const Bytes samples = __builtin_convertvector(lanes, Bytes);
  std::memcpy(to, &samples, bytes);
}

Lanes distance(Lanes a, Lanes b) { return a > b ? a - b : b - a; }

// What the filter Paeth predicts.
Lanes nearest(Lanes left, Lanes above, Lanes corner) {
  const Lanes to_left = distance(above, corner), to_above = distance(left, corner);
  const Lanes to_corner = distance(left + above, corner + corner);
  const Lanes other = to_above <= to_corner ? above : corner;
  return (to_left <= to_above) & (to_left <= to_corner) ? left : other;
}

template <int bytes>
void undo_paeth(uint8_t* row, const uint8_t* above, ptrdiff_t row_bytes) {
  Lanes left = {}, corner = {};
  for (ptrdiff_t at = 0; at < row_bytes; at += bytes) {
    const Lanes over = load<bytes>(above + at);
    left = (load<bytes>(row + at) + nearest(left, over, corner)) & 255;
    store<bytes>(left, row + at);
    corner = over;
  }
}
#else
template <int bytes>
void undo_paeth(uint8_t* row, const uint8_t* above, ptrdiff_t row_bytes) {
  for (ptrdiff_t at = 0; at < row_bytes; at++) {
    const int left = at < bytes ? 0 : row[at - bytes], over = above[at], corner = at < bytes ? 0 : above[at - bytes];
    const int to_left = std::abs(over - corner), to_above = std::abs(left - corner);
    const int to_corner = std::abs(left + over - 2 * corner);
    const int nearest = to_left <= to_above && to_left <= to_corner ? left : to_above <= to_corner ? over : corner;
    row[at] = static_cast<uint8_t>(row[at] + nearest);
  }
}
#endif

template <int bytes>
void undo_sub(uint8_t* row, ptrdiff_t row_bytes) {
  for (ptrdiff_t at = bytes; at < row_bytes; at++) row[at] = static_cast<uint8_t>(row[at] + row[at - bytes]);
}

void undo_up(uint8_t* row, const uint8_t* above, ptrdiff_t row_bytes) {
  for (ptrdiff_t at = 0; at < row_bytes; at++) row[at] = static_cast<uint8_t>(row[at] + above[at]);
}

template <int bytes>
void undo_average(uint8_t* row, const uint8_t* above, ptrdiff_t row_bytes) {
  uint8_t left[bytes] = {};
  for (ptrdiff_t at = 0; at < row_bytes; at += bytes) {
    for (int c = 0; c < bytes; c++) {
      left[c] = static_cast<uint8_t>(row[at + c] + (left[c] + above[at + c]) / 2);
      row[at + c] = left[c];
    }
  }
}

template <int bytes>
bool undo_filter(uint8_t filter, uint8_t* row, const uint8_t* above, ptrdiff_t row_bytes) {
  switch (filter) {
    case none:
      return true;
    case sub:
      undo_sub<bytes>(row, row_bytes);
      return true;
    case up:
      undo_up(row, above, row_bytes);
      return true;
    case average:
      undo_average<bytes>(row, above, row_bytes);
      return true;
    case paeth:
      undo_paeth<bytes>(row, above, row_bytes);
      return true;
    default:
      return false;
  }
}

template <int bytes>
ptrdiff_t undo_all(const FilteredRows& filtered) {
  const uint8_t* above = filtered.above;
  for (ptrdiff_t y = 0; y < filtered.count; y++) {
    uint8_t* const row = filtered.rows + y * (1 + filtered.row_bytes);
    if (!undo_filter<bytes>(row[0], row + 1, above, filtered.row_bytes)) return y;
    above = row + 1;
  }
  return -1;
}

// A sample of 8 or 16 bits.
template <int sample_bytes>
uint16_t read_sample(const uint8_t* from) {
  return sample_bytes == 1 ? from[0] : static_cast<uint16_t>(from[0] << 8 | from[1]);
}

// To the nearest.
template <int sample_bytes>
uint8_t to_byte(uint16_t sample) {
  return static_cast<uint8_t>(sample_bytes == 1 ? sample : (static_cast<uint32_t>(sample) * 255 + 32895) >> 16);
}

template <int samples, int sample_bytes>
void expand_row(const uint8_t* row, const Expansion& expansion, uint8_t* rgba) {
  constexpr bool has_alpha = samples % 2 == 0, is_grey = samples < 3;
  for (ptrdiff_t x = 0; x < expansion.width; x++) {
    uint16_t pixel[samples];
    for (int c = 0; c < samples; c++) pixel[c] = read_sample<sample_bytes>(row + (x * samples + c) * sample_bytes);
    for (int c = 0; c < 3; c++) rgba[4 * x + c] = to_byte<sample_bytes>(pixel[is_grey ? 0 : c]);
    rgba[4 * x + 3] = has_alpha ? to_byte<sample_bytes>(pixel[samples - 1]) : 255;
    if (has_alpha || !expansion.has_key) continue;
    bool is_key = true;
    for (int c = 0; c < samples; c++) is_key = is_key && pixel[c] == expansion.key[c];
    if (is_key) rgba[4 * x + 3] = 0;
  }
}

// One sample of up to 8 bits: greyscale or an index.
void look_up_row(const uint8_t* row, const Expansion& expansion, uint8_t* rgba) {
  const int bits = expansion.bit_depth, in_a_byte = 8 / bits, mask = (1 << bits) - 1;
  for (ptrdiff_t x = 0; x < expansion.width; x++) {
    const int shift = 8 - bits - static_cast<int>(x % in_a_byte) * bits;
    std::memcpy(rgba + 4 * x, expansion.colours + 4 * (row[x / in_a_byte] >> shift & mask), 4);
  }
}

using ExpandRow = void (*)(const uint8_t*, const Expansion&, uint8_t*);

ExpandRow expander(const Expansion& expansion) {
  static constexpr ExpandRow of_bytes[] = {look_up_row, expand_row<2, 1>, expand_row<3, 1>, expand_row<4, 1>};
  static constexpr ExpandRow of_words[] = {expand_row<1, 2>, expand_row<2, 2>, expand_row<3, 2>, expand_row<4, 2>};
  return (expansion.bit_depth == 16 ? of_words : of_bytes)[expansion.samples - 1];
}

}  // namespace

ptrdiff_t undo_filters(const FilteredRows& filtered) {
  switch (filtered.bytes_per_pixel) {
    case 1:
      return undo_all<1>(filtered);
    case 2:
      return undo_all<2>(filtered);
    case 3:
      return undo_all<3>(filtered);
    case 4:
      return undo_all<4>(filtered);
    case 6:
      return undo_all<6>(filtered);
    default:
      return undo_all<8>(filtered);
  }
}

void expand_rows(const FilteredRows& rows, const Expansion& expansion, uint8_t* rgba) {
  const ExpandRow expand = expander(expansion);
  for (ptrdiff_t y = 0; y < rows.count; y++) {
    expand(rows.rows + y * (1 + rows.row_bytes) + 1, expansion, rgba + y * expansion.width * 4);
  }
}

}  // namespace neighbor_product
