// The transform of a strip on the CPU: every pixel's channels multiplied over the 3x3 neighbourhood, normalised, as
// bytes.
//
// The bytes are those of the binary64 definition (docs/numerics.md), for every thread count and instruction set.
// Plain C++, independent of Node. Build with -ffp-contract=off: a fused multiply-add would be another definition.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace neighbor_product {

// How the fourth sample is handled, in the order of ALPHA_MODES in src/options.ts; a test compares them.
enum class Alpha : int { opaque, channel, keep };

// In pixels of the input, x from the left and y from the top.
struct Place {
  ptrdiff_t x, y;
};

// The pixels to compute are those from `first` up to, but not including, `end`. `before_first` and `after_last` are the
// places of the neighbours before the first and after the last column and row: every border mode is expressed by them.
struct Region {
  Place first, end, before_first, after_last;
};

// Interleaved 8-bit samples in the caller's memory. The output starts with the row of `region.first`; a pixel's column
// is the same in both. Input and output share no memory. row_bytes: from the start of one row to the start of the next.
struct Strip {
  const uint8_t* input;
  ptrdiff_t input_row_bytes;
  uint8_t* output;
  ptrdiff_t output_row_bytes;
  int channels;  // 3 or 4; with 3, `alpha` has no effect
  Region region;
  Alpha alpha;
};

struct Outcome {
  int64_t exact_pixels;  // left undecided by the fast pass and computed in binary64
  int threads;
  int wanted_threads;  // more than `threads` where the system starts no more
};

// Which rows of the input were computed when, and by which thread.
struct Timeline {
  struct Chunk {
    int thread;
    ptrdiff_t first_row, end_row;
    double start_ms, end_ms;  // since origin
  };
  std::chrono::steady_clock::time_point origin;
  std::vector<Chunk> chunks;
};

struct InstructionSet;

// Whether this build has OpenMP.
bool has_openmp();

// Computes the region, and leaves the rest of the output as it is. threads: at least 1. cancelled may be null; once it
// is not 0 the work ends early, and the region's samples are unspecified. timeline may be null. One call runs at a time
// in a process, others wait. Throws std::bad_alloc.
Outcome compute(const Strip&, int threads, const InstructionSet&, const std::atomic<uint8_t>* cancelled,
                Timeline* timeline = nullptr);

}  // namespace neighbor_product
