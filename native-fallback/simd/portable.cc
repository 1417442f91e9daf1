// Vectors in plain C++, for any CPU: loops over lanes, which a compiler turns into SSE2 or NEON where it can.
//
// What every vector type offers (the other files here do the same with their instructions):
//   side_by_side      vectors that the fast pass computes at a time; `block` is a multiple of all their lanes
//   normalizes_rows   whether the fast pass computes t of a whole row in a loop of its own: a processor looks ahead by
//                     a few hundred instructions, which where a root takes long should be the same step of many pixels
//   load              from any address; store, of numbers, to that of a whole vector
//   sample            of RGBA words, one channel: times 2^8 for green, times 2^16 for blue (see column_scale)
//   mul_add           fused or not: the error bound holds for both
//   scaled_rsqrt      factor / sqrt(x), error below 7 * 2^-24 of it, for x from 0x1p-100 to 0x1p99
//   truncate          towards 0, to a whole or an even number below 2^24; bits 24 to 31 are unspecified
//   max_u16           the greater low halves; the high halves are unspecified
//   mask_of           a bit for each lane
//   widen_16, narrow_16   sixteen pixels of RGB as words, and back
//   pack              bits 16 to 23 of each channel as an RGBA word, where surely_255 with 254 become 255; alpha from
//                     `here`, or 255, or a channel like the others
#include <cmath>

#include "../instruction_sets.h"
#include "../kernel.h"

namespace neighbor_product {

namespace {

struct Portable {
  static constexpr int lanes = 8, side_by_side = 4;
  static constexpr bool normalizes_rows = false;
  struct Float {
    float lane[lanes];
  };
  struct Int {
    uint32_t lane[lanes];
  };
  using Mask = Int;

  template <typename Result, typename F>
  static Result each(F f) {
    Result result;
    for (int l = 0; l < lanes; l++) result.lane[l] = f(l);
    return result;
  }
  static Float load(const float* from) {
    return each<Float>([&](int l) { return from[l]; });
  }
  static void store(float* to, Float a) {
    for (int l = 0; l < lanes; l++) to[l] = a.lane[l];
  }
  static void store(uint32_t* to, Int a) {
    for (int l = 0; l < lanes; l++) to[l] = a.lane[l];
  }
  static Float all(float a) {
    return each<Float>([&](int) { return a; });
  }
  static Float mul(Float a, Float b) {
    return each<Float>([&](int l) { return a.lane[l] * b.lane[l]; });
  }
  static Float mul_add(Float a, Float b, Float c) {
    return each<Float>([&](int l) { return a.lane[l] * b.lane[l] + c.lane[l]; });
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
  static Mask and_not(Mask a, Mask b) {
    return each<Mask>([&](int l) { return a.lane[l] & ~b.lane[l]; });
  }
  static Mask either(Mask a, Mask b) {
    return each<Mask>([&](int l) { return a.lane[l] | b.lane[l]; });
  }
  static Float scaled_rsqrt(float factor, Float x) {
    return each<Float>([&](int l) { return factor / std::sqrt(x.lane[l]); });
  }
  static Int truncate(Float a) {
    return each<Int>([&](int l) { return static_cast<uint32_t>(static_cast<int32_t>(a.lane[l])); });
  }
  static Int max_u16(Int a, Int b) {
    return each<Int>([&](int l) {
      const uint32_t low_a = a.lane[l] & 0xffff, low_b = b.lane[l] & 0xffff;
      return low_a > low_b ? low_a : low_b;
    });
  }
  static Mask low_half_at_least(Int a, uint32_t least) {
    return each<Mask>([&](int l) { return (a.lane[l] & 0xffff) >= least ? ~0u : 0u; });
  }
  static uint32_t mask_of(Mask a) {
    uint32_t mask = 0;
    for (int l = 0; l < lanes; l++) mask |= (a.lane[l] & 1u) << l;
    return mask;
  }

  static Int load(const uint32_t* from) {
    return each<Int>([&](int l) { return from[l]; });
  }
  static Float sample(Int words, int channel) {
    return each<Float>([&](int l) {
      const uint32_t lane = channel < 3 ? words.lane[l] & 255u << 8 * channel : words.lane[l] >> 24;
      return static_cast<float>(static_cast<int32_t>(lane));
    });
  }
  static void widen_16(const uint8_t* samples, uint32_t* pixels) { widen_by_words<Portable>(samples, pixels); }
  static void narrow_16(const uint32_t* pixels, uint8_t* samples) { narrow_by_words<Portable>(pixels, samples); }

  template <Alpha alpha, int channels>
  static Int pack(const Int (&units)[channels], Mask surely_255, const uint32_t* here) {
    return each<Int>([&](int l) {
      uint32_t colour = (units[0].lane[l] >> 16) | (units[1].lane[l] >> 8 & 0xff00u) | (units[2].lane[l] & 0xff0000u);
      if (alpha == Alpha::channel) colour |= units[channels - 1].lane[l] << 8 & 0xff000000u;
      colour |= colour >> 1 & surely_255.lane[l];
      if (alpha == Alpha::opaque) return colour | 0xff000000u;
      if (alpha == Alpha::keep) return colour | (here[l] & 0xff000000u);
      return colour;
    });
  }
};

}  // namespace

constexpr InstructionSet portable = instruction_set<Portable>("portable");

}  // namespace neighbor_product
