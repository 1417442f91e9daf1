// The kernel alone, against copying the same bytes and against a plain binary64 loop, in one process.
//
// Arguments: WIDTH HEIGHT THREADS CHANNELS, and optionally a file of raw RGBA, or `hard`. Without either: smooth shapes
// with grain. Three channels are the first three of the same pixels.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "../native-fallback/instruction_sets.h"
#include "../native-fallback/strip.h"

using namespace neighbor_product;

namespace {

double quotient[256];

// The definition, written as plainly as it can be: the expected bytes, and what anyone would write first.
template <int channels>
void plain_loop(const uint8_t* input, uint8_t* output, ptrdiff_t width, ptrdiff_t height, int threads) {
  static_cast<void>(threads);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 16)
  for (ptrdiff_t y = 1; y < height - 1; y++) {
    for (ptrdiff_t x = 1; x < width - 1; x++) {
      double product[3], squares = 0;
      for (int c = 0; c < 3; c++) {
        const uint8_t* const s = input + (y * width + x) * channels + c;
        const ptrdiff_t row = width * channels;
        product[c] = quotient[s[-row - channels]] * quotient[s[-row]] * quotient[s[-row + channels]] *
                     quotient[s[-channels]] * quotient[s[0]] * quotient[s[channels]] * quotient[s[row - channels]] *
                     quotient[s[row]] * quotient[s[row + channels]];
        squares += product[c] * product[c];
      }
      const double norm = std::sqrt(squares);
      uint8_t* const to = output + (y * width + x) * channels;
      for (int c = 0; c < 3; c++) {
        to[c] = norm == 0 ? 0 : static_cast<uint8_t>(std::min(product[c] / norm, 1.0) * 255);
      }
      if (channels == 4) to[3] = 255;
    }
  }
}

void copy(const uint8_t* input, uint8_t* output, size_t bytes, int threads) {
#pragma omp parallel for num_threads(threads)
  for (int part = 0; part < threads; part++) {
    const size_t from = bytes * part / threads, to = bytes * (part + 1) / threads;
    std::memcpy(output + from, input + from, to - from);
  }
}

std::vector<uint8_t> shapes_with_grain(ptrdiff_t width, ptrdiff_t height) {
  std::vector<uint8_t> samples(static_cast<size_t>(width * height * 4));
  uint32_t state = 1;
  for (ptrdiff_t at = 0; at < width * height; at++) {
    const double x = static_cast<double>(at % width), y = static_cast<double>(at / width);
    for (int c = 0; c < 4; c++) {
      state = state * 1664525u + 1013904223u;
      const double smooth = 128 + 60 * std::sin(x / (90 + 25 * c) + c) + 50 * std::cos(y / (70 + 30 * c) - c);
      samples[static_cast<size_t>(at * 4 + c)] =
          static_cast<uint8_t>(std::clamp(smooth + (state >> 28) - 8.0, 0.0, 255.0));
    }
  }
  return samples;
}

// Every window of nine holds one pixel of the colours 1:2:2 among equal greys, so every sample is 85 or 170 but for the
// rounding noise of binary64: the fast pass leaves every pixel undecided.
std::vector<uint8_t> all_undecided(ptrdiff_t width, ptrdiff_t height) {
  std::vector<uint8_t> samples(static_cast<size_t>(width * height * 4), 200);
  for (ptrdiff_t at = 0; at < width * height; at++) {
    if (at % width % 3 == 0 && at / width % 3 == 0)
      std::memcpy(&samples[static_cast<size_t>(at * 4)], "\x55\xaa\xaa\xff", 4);
  }
  return samples;
}

std::vector<uint8_t> first_three(const std::vector<uint8_t>& rgba) {
  std::vector<uint8_t> rgb(rgba.size() / 4 * 3);
  for (size_t at = 0; at < rgb.size(); at += 3) std::memcpy(&rgb[at], &rgba[at / 3 * 4], 3);
  return rgb;
}

// The processor's time for one thread, since other programs disturb it least; the elapsed time for several.
template <typename Work>
double seconds(int threads, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t processor_begin = std::clock();
  work();
  if (threads == 1) return static_cast<double>(std::clock() - processor_begin) / CLOCKS_PER_SEC;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int count, char** args) {
  if (count < 5) {
    return std::fprintf(stderr, "usage: %s WIDTH HEIGHT THREADS CHANNELS [RAW-RGBA-FILE|hard]\n", args[0]), 2;
  }
  const ptrdiff_t width = std::atol(args[1]), height = std::atol(args[2]);
  const int threads = std::atoi(args[3]), channels = std::atoi(args[4]);
  for (int sample = 0; sample < 256; sample++) quotient[sample] = sample / 255.0;
  std::vector<uint8_t> input = shapes_with_grain(width, height);
  if (count > 5 && std::string(args[5]) == "hard") {
    input = all_undecided(width, height);
  } else if (count > 5) {
    std::FILE* const file = std::fopen(args[5], "rb");
    if (!file || std::fread(input.data(), 1, input.size(), file) != input.size()) return std::perror(args[5]), 3;
    std::fclose(file);
  }
  if (channels == 3) input = first_three(input);
  std::vector<uint8_t> expected(input.size()), actual(input.size());
  const double pixels = static_cast<double>(width * height);

  std::vector<const InstructionSet*> sets;
  for (auto set = instruction_sets(); *set; set++) sets.push_back(*set);
  std::vector<std::vector<double>> times(2 + sets.size());
  std::vector<int64_t> exact_pixels(sets.size());
  int failures = 0;
  // Without the border.
  const Region region{{1, 1}, {width - 1, height - 1}, {0, 0}, {width - 1, height - 1}};
  const ptrdiff_t row_bytes = width * channels;
  const Strip strip{input.data(), row_bytes, actual.data() + row_bytes, row_bytes, channels, region, Alpha::opaque};
  for (int repetition = 0; repetition < 15; repetition++) {
    const auto plain = channels == 3 ? plain_loop<3> : plain_loop<4>;
    times[1].push_back(seconds(threads, [&] { plain(input.data(), expected.data(), width, height, threads); }));
    for (size_t k = 0; k < sets.size(); k++) {
      if (repetition == 0) std::fill(actual.begin(), actual.end(), 0);
      times[2 + k].push_back(
          seconds(threads, [&] { exact_pixels[k] = compute(strip, threads, *sets[k], nullptr).exact_pixels; }));
      if (repetition == 0 && actual != expected) failures++, std::printf("%s DIFFERS\n", name_of(*sets[k]));
    }
    times[0].push_back(seconds(threads, [&] { copy(input.data(), actual.data(), input.size(), threads); }));
  }
  const double copy_ns = median(times[0]) / pixels * 1e9, plain_ns = median(times[1]) / pixels * 1e9;
  std::printf("%tdx%td, %d channels, %d threads, median of 15\n", width, height, channels, threads);
  std::printf("copy        %7.3f ns/pixel\nplain loop  %7.3f ns/pixel\n", copy_ns, plain_ns);
  for (size_t k = 0; k < sets.size(); k++) {
    const double ns = median(times[2 + k]) / pixels * 1e9;
    std::printf("%-11s %7.3f ns/pixel  %5.2f x copy  %6.3f x plain loop  %.3f %% exact pixels\n", name_of(*sets[k]), ns,
                ns / copy_ns, ns / plain_ns, 100.0 * exact_pixels[k] / pixels);
  }
  return failures;
}
