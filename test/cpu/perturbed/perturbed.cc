// The kernel on arithmetic that is as bad as the proof of its error bound allows, or worse, compared with expected
// bytes.
//
// Arguments: strengths, the error of every operation in units of what the proof allows it: 1 is the worst that is
// allowed. Standard input: images, each a header of four numbers of 32 bits (width, height, channels, alpha as in
// strip.h), the samples, and the expected ones. Output: for each strength and each way to choose the errors, a line
// of four words: strength, way, bytes compared, bytes that differ.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../../../native-fallback/simd/portable.cc"
#include "../../../native-fallback/strip.h"

namespace neighbor_product {

namespace {

// How the signs of the errors are chosen. To raise a channel is to make its t too large: its product is too large, the
// others and the sum of the squares too small, and so on: no other signs bring it farther.
struct Way {
  const char* name;
  enum { one_sign, hash, channel } kind;
  double sign;
  int channel_to_move;
};

constexpr Way ways[] = {
    {"up", Way::one_sign, 1, 0},          {"down", Way::one_sign, -1, 0},       {"hash", Way::hash, 1, 0},
    {"raise-red", Way::channel, 1, 0},    {"lower-red", Way::channel, -1, 0},   {"raise-green", Way::channel, 1, 1},
    {"lower-green", Way::channel, -1, 1}, {"raise-blue", Way::channel, 1, 2},   {"lower-blue", Way::channel, -1, 2},
    {"raise-alpha", Way::channel, 1, 3},  {"lower-alpha", Way::channel, -1, 3},
};

Way way = ways[0];
double strength = 0;

constexpr double rounding = 0x1p-24;                // what the proof allows an operation, relative
constexpr double scaled_rsqrt_error = 7 * 0x1p-24;  // and what portable.cc promises

// Lanes of doubles, so that an error may have any size. Zero stays zero. The products of columns are not perturbed:
// binary32 holds them exactly.
struct Perturbed : Portable {
  struct Float {
    double lane[lanes];
  };

  using Portable::load;
  using Portable::store;
  static Float load(const float* from) {
    return each<Float>([&](int l) { return from[l]; });
  }
  static void store(float* to, Float a) {
    for (int l = 0; l < lanes; l++) to[l] = static_cast<float>(a.lane[l]);
  }
  static Float sample(Int words, int c) {
    stage = Stage::columns;
    const Portable::Float exact = Portable::sample(words, c);
    return each<Float>([&](int l) { return exact.lane[l]; });
  }
  // The sum of squares begins with 2^-100.
  static Float all(float a) {
    if (a == 0x1p-100f) stage = Stage::products, channel = 0;
    return each<Float>([&](int) { return a; });
  }
  static Float mul(Float a, Float b) {
    if (stage == Stage::columns) return each<Float>([&](int l) { return a.lane[l] * b.lane[l]; });
    int moved = channel;
    if (stage == Stage::units) {
      // First the second largest product of every vector of the block, then every vector's products.
      const int after = multiplications++ - block / lanes;
      moved = after < 0 ? way.channel_to_move : after % channel;
    }
    return each<Float>([&](int l) { return off(a.lane[l] * b.lane[l], moved == way.channel_to_move ? 1 : -1); });
  }
  // Not fused: that brings one error more.
  static Float mul_add(Float a, Float b, Float c) {
    channel++;
    return each<Float>([&](int l) { return off(off(a.lane[l] * b.lane[l], -1) + c.lane[l], -1); });
  }
  static Float scaled_rsqrt(float factor, Float x) {
    stage = Stage::units, multiplications = 0;
    return each<Float>([&](int l) { return off(factor / std::sqrt(x.lane[l]), 1, scaled_rsqrt_error); });
  }
  static Float min(Float a, Float b) {
    return each<Float>([&](int l) { return a.lane[l] < b.lane[l] ? a.lane[l] : b.lane[l]; });
  }
  static Float max(Float a, Float b) {
    return each<Float>([&](int l) { return a.lane[l] > b.lane[l] ? a.lane[l] : b.lane[l]; });
  }
  static Mask less(Float a, Float b) {
    return each<Mask>([&](int l) { return a.lane[l] < b.lane[l] ? ~0u : 0u; });
  }
  static Int truncate(Float a) {
    return each<Int>([&](int l) { return static_cast<uint32_t>(static_cast<int32_t>(a.lane[l])); });
  }

 private:
  // helps: 1 where a larger result makes the moved channel's t larger, else -1.
  static double off(double exact, int helps, double allowed = rounding) {
    double sign = way.sign;
    if (way.kind == Way::channel) sign *= helps;
    if (way.kind == Way::hash) {
      uint64_t bits;
      std::memcpy(&bits, &exact, sizeof bits);
      sign = (bits * 0x9e3779b97f4a7c15u) >> 63 ? 1 : -1;
    }
    return exact * (1 + sign * strength * allowed);
  }

  enum class Stage { columns, products, units };
  static inline Stage stage = Stage::columns;
  static inline int channel = 0;          // of the products: whose turn it is; later their number
  static inline int multiplications = 0;  // of this block, by its scale
};

constexpr InstructionSet perturbed = instruction_set<Perturbed>("perturbed");

struct Image {
  int32_t header[4];  // width, height, channels, alpha
  std::vector<uint8_t> samples, expected;
};

std::vector<Image> read_images() {
  std::vector<Image> images;
  for (Image image; std::fread(image.header, sizeof image.header, 1, stdin) == 1;) {
    const size_t bytes = static_cast<size_t>(image.header[0]) * image.header[1] * image.header[2];
    image.samples.resize(bytes), image.expected.resize(bytes);
    if (std::fread(image.samples.data(), 1, bytes, stdin) != bytes ||
        std::fread(image.expected.data(), 1, bytes, stdin) != bytes)
      std::exit(3);
    images.push_back(image);
  }
  return images;
}

int64_t count_differing(const Image& image) {
  const auto [width, height, channels, alpha] = image.header;
  std::vector<uint8_t> output(image.samples.size());
  const ptrdiff_t row_bytes = static_cast<ptrdiff_t>(width) * channels;
  const Region region{{1, 1}, {width - 1, height - 1}, {0, 0}, {width - 1, height - 1}};
  const Strip strip{image.samples.data(),     row_bytes, output.data() + row_bytes, row_bytes, channels, region,
                    static_cast<Alpha>(alpha)};
  compute(strip, 1, perturbed, nullptr);
  int64_t differing = 0;
  for (size_t at = 0; at < output.size(); at++) differing += output[at] != image.expected[at];
  return differing;
}

}  // namespace

}  // namespace neighbor_product

int main(int count, char** args) {
  using namespace neighbor_product;
  const std::vector<Image> images = read_images();
  for (int at = 1; at < count; at++) {
    strength = std::atof(args[at]);
    for (const Way& each : ways) {
      way = each;
      int64_t bytes = 0, differing = 0;
      for (const Image& image : images) {
        const auto [width, height, channels, alpha] = image.header;
        // Only samples that are computed from products.
        bytes += static_cast<int64_t>(width - 2) * (height - 2) * (alpha == 1 ? 4 : 3);
        differing += count_differing(image);
      }
      std::printf("%s %s %lld %lld\n", args[at], way.name, static_cast<long long>(bytes),
                  static_cast<long long>(differing));
    }
  }
  return 0;
}
