// Computes a strip: cuts its region into chunks of rows for the threads and these into tiles for the cache, lays each
// row out with its neighbours, and calls the kernel. Serial or parallel, every tile is computed alone, so the bytes
// cannot depend on the number of threads.
#include "strip.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "kernel.h"
#include "threads.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace neighbor_product {

namespace {

// The columns and rows from `first` up to, but not including, `end`.
struct Tile {
  Place first, end;
};

// What one thread works with: 22 KiB of it at a time, 26 KiB with four channels in the product. Zeroed once, since
// whole vectors are read past a tile's end.
struct Scratch {
  alignas(64) Line lines[rows_at_once + 2] = {};
  Columns columns[rows_at_once] = {};
  alignas(64) uint32_t result[tile_width] = {};
  Undecided undecided = {};
};

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

// Returns the number of pixels that the exact pass computed.
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

int this_thread() {
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

// What OMP_THREAD_LIMIT allows; 1 without OpenMP.
int most_threads() {
#ifdef _OPENMP
  return omp_get_thread_limit();
#else
  return 1;
#endif
}

double elapsed_ms(const Timeline& timeline) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - timeline.origin).count();
}

void compute_chunks(const Strip& strip, const InstructionSet::Kernel& kernel, ptrdiff_t chunks, int threads,
                    const std::atomic<uint8_t>* cancelled, Timeline* timeline, Outcome& outcome) {
  const Place first = strip.region.first, end = strip.region.end;
  // Allocated here, one element for each chunk: nothing may throw inside the parallel region.
  if (timeline) timeline->chunks.resize(static_cast<size_t>(chunks));
  int64_t exact_pixels = 0;
  static_cast<void>(threads);
  // Dynamic, in small chunks: where another process holds a core, a static share would wait until that process yields.
#pragma omp parallel num_threads(threads) reduction(+ : exact_pixels)
  {
    Scratch scratch;
#ifdef _OPENMP
    if (this_thread() == 0) outcome.threads = omp_get_num_threads();  // OMP_DYNAMIC may give fewer
#endif
#pragma omp for schedule(dynamic)
    for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) {
      if (cancelled && cancelled->load(std::memory_order_relaxed)) continue;
      const ptrdiff_t top = first.y + chunk * tile_height, bottom = std::min(top + tile_height, end.y);
      const double start_ms = timeline ? elapsed_ms(*timeline) : 0;
      for (ptrdiff_t left = first.x; left < end.x; left += tile_width) {
        const Tile tile{{left, top}, {std::min(left + tile_width, end.x), bottom}};
        exact_pixels += compute_tile(strip, kernel, tile, scratch);
      }
      if (timeline) {
        timeline->chunks[static_cast<size_t>(chunk)] = {this_thread(), top, bottom, start_ms, elapsed_ms(*timeline)};
      }
    }
  }
  outcome.exact_pixels = exact_pixels;
}

}  // namespace

bool has_openmp() {
#ifdef _OPENMP
  return true;
#else
  return false;
#endif
}

Outcome compute(const Strip& strip, int threads, const InstructionSet& instruction_set,
                const std::atomic<uint8_t>* cancelled, Timeline* timeline) {
  const Place first = strip.region.first, end = strip.region.end;
  if (end.x <= first.x || end.y <= first.y) return {0, 1, 1};
  const Alpha alpha = strip.channels == 4 ? strip.alpha : Alpha::opaque;
  const ptrdiff_t chunks = (end.y - first.y + tile_height - 1) / tile_height;
  // More threads than chunks would have nothing to do, and a team's threads live until the process ends.
  const int wanted = static_cast<int>(std::min<ptrdiff_t>({threads, chunks, most_threads()}));
  // Each thread that opens a parallel region gets a team of its own: several at once would oversubscribe the cores.
  // What needs no team waits for no other: a row may be checked while a whole image is computed.
  static std::mutex one_at_a_time;
  std::unique_lock<std::mutex> turn(one_at_a_time, std::defer_lock);
  if (wanted > 1) turn.lock();
  const InstructionSet::Kernel& kernel = instruction_set.kernels[static_cast<int>(alpha)];
  const int startable = startable_threads(wanted);
  Outcome outcome{0, 1, 1};
  compute_chunks(strip, kernel, chunks, startable, cancelled, timeline, outcome);
  note_team(outcome.threads);
  outcome.wanted_threads = startable < wanted ? wanted : outcome.threads;
  return outcome;
}

}  // namespace neighbor_product
