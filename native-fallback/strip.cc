// Computes a strip: cuts its region into chunks of rows for the threads and these into tiles for the cache. Serial or
// parallel, every tile is computed alone, so the bytes cannot depend on the number of threads.
#include "strip.h"

#include <algorithm>
#include <mutex>

#include "compute_tile.h"
#include "threads.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace neighbor_product {

namespace {

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
