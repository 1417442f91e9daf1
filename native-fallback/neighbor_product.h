// The transform on the CPU: every pixel's channels multiplied over the 3x3 neighbourhood, normalised, as bytes.
//
// The bytes are those of the binary64 definition (docs/numerics.md), for every thread count and instruction set.
// Plain C++: knows nothing of Node. Build with -ffp-contract=off: a fused multiply-add would be another definition.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace neighbor_product {

// What becomes of the fourth sample, and what lies beyond the edge: the words and their order are those of
// ALPHA_MODES and BORDER_MODES in src/options.ts, and a test compares them.
enum class Alpha : int { opaque, channel, keep };
enum class Border : int { skip, replicate, reflect, wrap };

// Interleaved 8-bit samples in the caller's memory. row_bytes: from the start of one row to the start of the next.
template <typename Byte>
struct BasicImage {
  Byte* data;
  ptrdiff_t width, height, row_bytes;
  int channels;  // 3 or 4
};
using Source = BasicImage<const uint8_t>;
using Destination = BasicImage<uint8_t>;

struct Operation {
  Alpha alpha;
  Border border;
  int passes;
};

struct Variant;  // one instruction set's kernel

// The variants this CPU can run, the fastest first, ended by a null pointer. The last real one runs on any CPU.
const Variant* const* variants();
const char* name_of(const Variant&);

// Whether this build has OpenMP, and how many threads a transform gets where nobody asks for a number.
bool has_openmp();
int default_threads(ptrdiff_t width, ptrdiff_t height);

struct Outcome {
  int64_t pixels_redone;  // computed again in binary64, over all passes
  int threads;
};

// When which rows were computed and by which thread, for those who want to see it.
struct Timeline {
  struct Chunk {
    int pass, thread;
    ptrdiff_t first_row, end_row;
    double start_ms, end_ms;  // since origin
  };
  std::chrono::steady_clock::time_point origin;
  std::vector<Chunk> chunks;
};

// Writes the transform of source into destination, which has the same size and channels and may overlap it. Padding
// between rows and, under Border::skip, border pixels are left as they are. threads: at least 1. cancelled may be
// null; once it is not 0 the work ends early, and what the destination holds is unspecified. timeline: null, or where
// to add what was done. One call runs at a time in a process, others wait. Throws std::bad_alloc.
Outcome transform(const Source&, const Destination&, const Operation&, int threads, const Variant&,
                  const std::atomic<uint8_t>* cancelled, Timeline* timeline = nullptr);

}  // namespace neighbor_product
