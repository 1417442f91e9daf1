// Vectors of four pixels with NEON, which every 64-bit Arm CPU has. What each function promises: portable.cc.
#include "../instruction_sets.h"

#ifdef NEIGHBOR_PRODUCT_NEON

#include <arm_neon.h>

#include "../kernel.h"

namespace neighbor_product {

namespace {

struct Neon {
  static constexpr int lanes = 4, side_by_side = 8;
  static constexpr bool normalizes_rows = false;
  using Float = float32x4_t;
  using Int = uint32x4_t;
  using Mask = uint32x4_t;

  static Float load(const float* from) { return vld1q_f32(from); }
  static Int load(const uint32_t* from) { return vld1q_u32(from); }
  static void store(float* to, Float a) { vst1q_f32(to, a); }
  static void store(uint32_t* to, Int a) { vst1q_u32(to, a); }
  static Float all(float a) { return vdupq_n_f32(a); }
  static Float mul(Float a, Float b) { return vmulq_f32(a, b); }
  static Float mul_add(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
  static Float min(Float a, Float b) { return vminq_f32(a, b); }
  static Float max(Float a, Float b) { return vmaxq_f32(a, b); }
  static Mask less(Float a, Float b) { return vcltq_f32(a, b); }
  static Mask and_not(Mask a, Mask b) { return vbicq_u32(a, b); }
  static Mask either(Mask a, Mask b) { return vorrq_u32(a, b); }
  static Int truncate(Float a) { return vcvtq_u32_f32(a); }
  static Int max_u16(Int a, Int b) {
    return vreinterpretq_u32_u16(vmaxq_u16(vreinterpretq_u16_u32(a), vreinterpretq_u16_u32(b)));
  }
  static Mask low_half_at_least(Int a, uint32_t least) {
    return vcgeq_u32(vandq_u32(a, vdupq_n_u32(0xffff)), vdupq_n_u32(least));
  }
  static uint32_t mask_of(Mask a) {
    static constexpr uint32_t bits[lanes] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(a, vld1q_u32(bits)));
  }

  // The processor's estimate (error below 2^-8) and two Newton steps, each y (3 - x y^2) / 2, which square it.
  static Float scaled_rsqrt(float factor, Float x) {
    Float y = vrsqrteq_f32(x);
    for (int step = 0; step < 2; step++) y = mul(y, vrsqrtsq_f32(mul(x, y), y));
    return mul(y, all(factor));
  }

  static Float sample(Int words, int channel) {
    return vcvtq_f32_u32(channel < 3 ? vandq_u32(words, vdupq_n_u32(255u << 8 * channel)) : vshrq_n_u32(words, 24));
  }
  static void widen_16(const uint8_t* samples, uint32_t* pixels) {
    const uint8x16x3_t rgb = vld3q_u8(samples);
    vst4q_u8(reinterpret_cast<uint8_t*>(pixels), {{rgb.val[0], rgb.val[1], rgb.val[2], vdupq_n_u8(0)}});
  }
  static void narrow_16(const uint32_t* pixels, uint8_t* samples) {
    const uint8x16x4_t rgba = vld4q_u8(reinterpret_cast<const uint8_t*>(pixels));
    vst3q_u8(samples, {{rgba.val[0], rgba.val[1], rgba.val[2]}});
  }

  template <Alpha alpha, int channels>
  static Int pack(const Int (&units)[channels], Mask surely_255, const uint32_t* here) {
    const Int green = vandq_u32(vshrq_n_u32(units[1], 8), vdupq_n_u32(0xff00));
    const Int blue = vandq_u32(units[2], vdupq_n_u32(0xff0000));
    Int word = vorrq_u32(vorrq_u32(vshrq_n_u32(units[0], 16), green), blue);
    const Int opaque = vdupq_n_u32(0xff000000);
    if (alpha == Alpha::channel) word = vorrq_u32(word, vandq_u32(vshlq_n_u32(units[channels - 1], 8), opaque));
    word = vorrq_u32(word, vandq_u32(vshrq_n_u32(word, 1), surely_255));
    if (alpha == Alpha::opaque) return vorrq_u32(word, opaque);
    if (alpha == Alpha::keep) return vorrq_u32(word, vandq_u32(load(here), opaque));
    return word;
  }
};

}  // namespace

constexpr InstructionSet neon = instruction_set<Neon>("neon");

}  // namespace neighbor_product

#endif
