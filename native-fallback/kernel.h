// The kernel of one instruction set, as a table of functions.
#pragma once

#include "exact_pass.h"
#include "fast_pass.h"
#include "rgb.h"
#include "strip.h"
#include "tile.h"

namespace neighbor_product {

struct InstructionSet {
  const char* name;
  // Each function works on rows of a tile, width pixels, and prefetches the rows that will be read or written next.
  struct Kernel {
    // A row of three channels as words.
    void (*widen)(const uint8_t* samples, ptrdiff_t width, uint32_t* pixels);
    // Columns for rows_at_once rows, from these and the rows above and below.
    void (*multiply_columns)(const Line* const (&lines)[rows_at_once + 2], ptrdiff_t width,
                             Columns (&columns)[rows_at_once], const uint8_t* const (&next)[rows_at_once]);
    // Writes result, lists the undecided pixels, and uses the columns up. here: the row itself, for its alpha.
    void (*fast_pass)(Columns& columns, const Line& here, ptrdiff_t width, uint32_t* result, Undecided& undecided,
                      const uint8_t* next);
    // Computes the undecided pixels in binary64, by the definition.
    void (*exact_pass)(const Line& above, const Line& here, const Line& below, const Undecided& undecided,
                       ptrdiff_t width, uint32_t* result);
    // The inverse of widen.
    void (*narrow)(const uint32_t* pixels, ptrdiff_t width, uint8_t* samples);
  } kernels[3];  // by Alpha
};

template <class V, Alpha alpha>
constexpr InstructionSet::Kernel kernel() {
  return {widen<V>, multiply_columns<V, alpha>, fast_pass<V, alpha>, exact_pass<V, alpha>, narrow<V>};
}

// V: a vector type, see simd/portable.cc. The result must be a constant: initialising it at run time would execute code
// of the instruction set on a CPU without it.
template <class V>
constexpr InstructionSet instruction_set(const char* name) {
  return {name, {kernel<V, Alpha::opaque>(), kernel<V, Alpha::channel>(), kernel<V, Alpha::keep>()}};
}

}  // namespace neighbor_product
