// The driver: cuts the picture into chunks of rows for the threads and these into tiles for the cache, lays each row
// out with its neighbours, and calls the kernel. Serial or parallel, every tile is computed alone, so the bytes cannot
// depend on the number of threads.
#include "neighbor_product.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "tile.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace neighbor_product {

namespace {

// The place of the neighbour at `at`, one beyond the edge at most, on a side of `length`.
ptrdiff_t neighbour(ptrdiff_t at, ptrdiff_t length, Border border) {
  if (at >= 0 && at < length) return at;
  if (border == Border::wrap) return at < 0 ? length - 1 : 0;
  const ptrdiff_t beyond = at < 0 ? 0 : length - 1;
  if (border == Border::replicate || length == 1) return beyond;
  return at < 0 ? 1 : length - 2;
}

uint32_t read_pixel(const uint8_t* sample, int channels) {
  const uint32_t colour = sample[0] | sample[1] << 8 | static_cast<uint32_t>(sample[2]) << 16;
  return channels == 4 ? colour | static_cast<uint32_t>(sample[3]) << 24 : colour;
}

struct Pass {
  int index;
  Source source;
  Destination destination;
  Border border;
  Variant::Kernel kernel;
};

// Lays out the pixels from `left` on of one row, with a neighbour at either end.
void read_line(const Pass& pass, const uint8_t* row, ptrdiff_t left, ptrdiff_t width, Line& line) {
  const ptrdiff_t channels = pass.source.channels;
  const auto pixel = [&](ptrdiff_t x) {
    return read_pixel(row + neighbour(x, pass.source.width, pass.border) * channels, pass.source.channels);
  };
  line.pixels[0] = pixel(left - 1);
  line.pixels[width + 1] = pixel(left + width);
  if (channels == 3) return pass.kernel.widen(row + left * 3, width, line.pixels + 1);
  std::memcpy(line.pixels + 1, row + left * 4, static_cast<size_t>(width) * 4);
}

void write_line(const Pass& pass, const uint32_t* result, ptrdiff_t width, uint8_t* samples) {
  if (pass.destination.channels == 3) return pass.kernel.narrow(result, width, samples);
  std::memcpy(samples, result, static_cast<size_t>(width) * 4);
}

// What one thread works with: about 22 KiB of it at a time. Zeroed once, since whole vectors are read past a tile's
// end.
struct Scratch {
  Line lines[rows_at_once + 2] = {};
  Columns columns[rows_at_once] = {};
  alignas(64) uint32_t result[tile_width] = {};
  Marks marks = {};
};

// Computes columns left to right and rows top to bottom, the ends excluded; returns the number of pixels redone.
int64_t transform_tile(const Pass& pass, ptrdiff_t left, ptrdiff_t right, ptrdiff_t top, ptrdiff_t bottom,
                       Scratch& scratch) {
  const Source& source = pass.source;
  const Destination& to = pass.destination;
  const ptrdiff_t width = right - left;
  const auto row = [&](ptrdiff_t y) {
    return source.data + neighbour(y, source.height, pass.border) * source.row_bytes;
  };
  const auto line = [&](ptrdiff_t y) -> Line& { return scratch.lines[(y - top + 1) % (rows_at_once + 2)]; };
  const auto read = [&](ptrdiff_t y) { read_line(pass, row(std::min(y, bottom)), left, width, line(y)); };
  read(top - 1);
  read(top);
  int64_t pixels_redone = 0;
  for (ptrdiff_t y = top; y < bottom; y += rows_at_once) {
    const Line* lines[rows_at_once + 2];
    const uint8_t* next[rows_at_once];
    for (ptrdiff_t k = 0; k < rows_at_once; k++) {
      read(y + 1 + k);
      next[k] = row(std::min(y + 1 + k + rows_at_once, bottom)) + left * source.channels;
    }
    for (ptrdiff_t k = 0; k < rows_at_once + 2; k++) lines[k] = &line(y - 1 + k);
    pass.kernel.multiply(lines, width, scratch.columns, next);
    for (ptrdiff_t done = y; done < std::min(y + rows_at_once, bottom); done++) {
      uint8_t* const written = to.data + done * to.row_bytes + left * to.channels;
      pass.kernel.settle(scratch.columns[done - y], line(done), width, scratch.result, scratch.marks,
                         done + 1 < bottom ? written + to.row_bytes : written);
      if (scratch.marks.count > 0) {
        pass.kernel.redo(line(done - 1), line(done), line(done + 1), scratch.marks, width, scratch.result);
        pixels_redone += scratch.marks.count;
      }
      write_line(pass, scratch.result, width, written);
    }
  }
  return pixels_redone;
}

// Into how many chunks of rows the threads' work is cut.
ptrdiff_t chunks_of(ptrdiff_t height, Border border) {
  const ptrdiff_t rows = border == Border::skip ? height - 2 : height;
  return (rows + tile_height - 1) / tile_height;
}

int this_thread() {
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

double elapsed_ms(const Timeline& timeline) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - timeline.origin).count();
}

int64_t transform_once(const Pass& pass, int threads, const std::atomic<uint8_t>* cancelled, Timeline* timeline) {
  const ptrdiff_t skipped = pass.border == Border::skip ? 1 : 0;
  const ptrdiff_t right = pass.source.width - skipped, bottom = pass.source.height - skipped;
  if (right <= skipped || bottom <= skipped) return 0;
  const ptrdiff_t chunks = chunks_of(pass.source.height, pass.border);
  // One element each, so that nothing can throw inside the parallel region.
  const size_t chunks_before = timeline ? timeline->chunks.size() : 0;
  if (timeline) timeline->chunks.resize(chunks_before + static_cast<size_t>(chunks));
  int64_t pixels_redone = 0;
  // Dynamic, in small chunks: where another process holds a core, a static share would wait for its time slice.
#pragma omp parallel num_threads(threads) reduction(+ : pixels_redone)
  {
    Scratch scratch;
#pragma omp for schedule(dynamic)
    for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) {
      if (cancelled && cancelled->load(std::memory_order_relaxed)) continue;
      const ptrdiff_t top = skipped + chunk * tile_height, end = std::min(top + tile_height, bottom);
      const double start_ms = timeline ? elapsed_ms(*timeline) : 0;
      for (ptrdiff_t left = skipped; left < right; left += tile_width) {
        pixels_redone += transform_tile(pass, left, std::min(left + tile_width, right), top, end, scratch);
      }
      if (timeline) {
        timeline->chunks[chunks_before + static_cast<size_t>(chunk)] = {pass.index, this_thread(),        top, end,
                                                                        start_ms,   elapsed_ms(*timeline)};
      }
    }
  }
  return pixels_redone;
}

template <typename Byte>
size_t byte_length(const BasicImage<Byte>& image) {
  return static_cast<size_t>((image.height - 1) * image.row_bytes + image.width * image.channels);
}

bool overlap(const Source& a, const Destination& b) {
  const auto a_begin = reinterpret_cast<uintptr_t>(a.data), b_begin = reinterpret_cast<uintptr_t>(b.data);
  return a_begin < b_begin + byte_length(b) && b_begin < a_begin + byte_length(a);
}

}  // namespace

bool has_openmp() {
#ifdef _OPENMP
  return true;
#else
  return false;
#endif
}

int default_threads(ptrdiff_t width, ptrdiff_t height) {
#ifdef _OPENMP
  // Below this many pixels, about 50 microseconds of work, waking another thread costs more than it saves.
  constexpr ptrdiff_t worth_a_thread = 1 << 15;
  const ptrdiff_t useful = std::max<ptrdiff_t>(1, width * height / worth_a_thread);
  return static_cast<int>(std::min<ptrdiff_t>(omp_get_num_procs(), useful));
#else
  static_cast<void>(width), static_cast<void>(height);
  return 1;
#endif
}

Outcome transform(const Source& source, const Destination& destination, const Operation& operation, int threads,
                  const Variant& variant, const std::atomic<uint8_t>* cancelled, Timeline* timeline) {
  // Each thread that opens a parallel region gets a team of its own: several at once would crowd the cores.
  static std::mutex one_at_a_time;
  const std::lock_guard<std::mutex> turn(one_at_a_time);

  const bool with_alpha = source.channels == 4;
  const Alpha alpha = with_alpha ? operation.alpha : Alpha::opaque;
  Pass pass{0, source, destination, operation.border, variant.kernels[static_cast<int>(alpha)]};
  // More threads than chunks would have nothing to do, and a team's threads stay for good.
  const ptrdiff_t most = std::max<ptrdiff_t>(1, chunks_of(source.height, operation.border));
  Outcome outcome{0, has_openmp() ? static_cast<int>(std::min<ptrdiff_t>(threads, most)) : 1};

  // Whatever is read while the destination is written has a copy of its own: earlier passes, or an overlapping input.
  std::vector<uint8_t> copies[2];
  if (operation.passes == 1 && overlap(source, destination)) {
    copies[0].assign(source.data, source.data + byte_length(source));
    pass.source.data = copies[0].data();
  }
  for (; pass.index < operation.passes; pass.index++) {
    const bool last = pass.index == operation.passes - 1;
    if (!last) {
      std::vector<uint8_t>& copy = copies[pass.index % 2];
      const ptrdiff_t row_bytes = source.width * source.channels;
      copy.resize(static_cast<size_t>(source.height * row_bytes));
      pass.destination = {copy.data(), source.width, source.height, row_bytes, source.channels};
    } else {
      pass.destination = destination;
    }
    outcome.pixels_redone += transform_once(pass, outcome.threads, cancelled, timeline);
    if (cancelled && cancelled->load(std::memory_order_relaxed)) break;
    const Destination& to = pass.destination;
    pass.source = {to.data, to.width, to.height, to.row_bytes, to.channels};
  }
  return outcome;
}

}  // namespace neighbor_product
