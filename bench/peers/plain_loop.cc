// What anyone would write first in C++: the definition in binary64, one pixel
// after another. peers.py compiles this file and calls it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace {

struct Quotients {
  double of[256];
  Quotients() {
    for (int sample = 0; sample < 256; sample++) of[sample] = sample / 255.0;
  }
};

const Quotients quotients;

}  // namespace

// RGBA without padding; border pixels are not written.
extern "C" void plain_loop(const uint8_t* source, uint8_t* destination, ptrdiff_t width, ptrdiff_t height,
                           int threads) {
  static_cast<void>(threads);  // for a compiler without OpenMP
  const double* const quotient = quotients.of;
  const ptrdiff_t row = width * 4;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 16)
  for (ptrdiff_t y = 1; y < height - 1; y++) {
    for (ptrdiff_t x = 1; x < width - 1; x++) {
      const uint8_t* const pixel = source + y * row + x * 4;
      uint8_t* const to = destination + y * row + x * 4;
      double product[3], squares = 0;
      for (int c = 0; c < 3; c++) {
        const uint8_t* const s = pixel + c;
        product[c] = quotient[s[-row - 4]] * quotient[s[-row]] * quotient[s[-row + 4]] * quotient[s[-4]] *
                     quotient[s[0]] * quotient[s[4]] * quotient[s[row - 4]] * quotient[s[row]] * quotient[s[row + 4]];
        squares += product[c] * product[c];
      }
      const double norm = std::sqrt(squares);
      for (int c = 0; c < 3; c++) {
        const double share = norm == 0 ? 0 : product[c] / norm;
        to[c] = static_cast<uint8_t>(std::min(share, 1.0) * 255);
      }
      to[3] = 255;
    }
  }
}
