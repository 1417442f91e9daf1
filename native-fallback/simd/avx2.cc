// Vectors of eight pixels with AVX2 and FMA. What each function promises: portable.cc.
#include "../instruction_sets.h"

#ifdef NEIGHBOR_PRODUCT_AVX

// What other code includes as well comes before the pragma: a function that both emit must run on any CPU.
#include <immintrin.h>

#include <cmath>
#include <cstring>

#include "../strip.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC target("avx2,fma,bmi")
#endif

#include "../kernel.h"

namespace neighbor_product {

namespace {

struct Avx2 {
  static constexpr int lanes = 8, side_by_side = 4;
  static constexpr bool normalizes_rows = false;
  using Float = __m256;
  using Int = __m256i;
  using Mask = __m256;

  static Float load(const float* from) { return _mm256_loadu_ps(from); }
  static void store(float* to, Float a) { _mm256_store_ps(to, a); }
  static void store(uint32_t* to, Int a) { _mm256_storeu_si256(reinterpret_cast<Int*>(to), a); }
  static Float all(float a) { return _mm256_set1_ps(a); }
  static Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static Float mul_add(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static Float min(Float a, Float b) { return _mm256_min_ps(a, b); }
  static Float max(Float a, Float b) { return _mm256_max_ps(a, b); }
  static Mask less(Float a, Float b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static Mask and_not(Mask a, Mask b) { return _mm256_andnot_ps(b, a); }
  static Mask either(Mask a, Mask b) { return _mm256_or_ps(a, b); }
  static Int truncate(Float a) { return _mm256_cvttps_epi32(a); }
  static Int max_u16(Int a, Int b) { return _mm256_max_epu16(a, b); }
  static Mask low_half_at_least(Int a, int least) {
    const Int low = _mm256_and_si256(a, _mm256_set1_epi32(0xffff));
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(low, _mm256_set1_epi32(least - 1)));
  }
  static uint32_t mask_of(Mask a) { return static_cast<uint32_t>(_mm256_movemask_ps(a)); }

  // The processor's estimate (error below 1.5 * 2^-12) and one Newton step, y (1.5 - 0.5 x y^2), which squares it.
  static Float scaled_rsqrt(float factor, Float x) {
    const Float y = _mm256_rsqrt_ps(x);
    const Float half = mul(x, all(0.5f * factor));
    return mul(y, _mm256_fnmadd_ps(half, mul(y, y), all(1.5f * factor)));
  }

  static Int load(const uint32_t* from) { return _mm256_loadu_si256(reinterpret_cast<const Int*>(from)); }
  static Float sample(Int words, int channel) {
    return _mm256_cvtepi32_ps(channel < 3 ? _mm256_and_si256(words, _mm256_set1_epi32(255 << 8 * channel))
                                          : _mm256_srli_epi32(words, 24));
  }
  static void widen_16(const uint8_t* samples, uint32_t* pixels) { widen_by_shuffles<Avx2>(samples, pixels); }
  static void narrow_16(const uint32_t* pixels, uint8_t* samples) { narrow_by_shuffles<Avx2>(pixels, samples); }

  template <Alpha alpha, int channels>
  static Int pack(const Int (&units)[channels], Mask surely_255, const uint32_t* here) {
    const Int red_blue = _mm256_blend_epi16(_mm256_srli_epi32(units[0], 16), units[2], 0xaa);
    Int alpha_green = _mm256_srli_epi32(units[1], 16);
    if (alpha == Alpha::channel) alpha_green = _mm256_blend_epi16(alpha_green, units[channels - 1], 0xaa);
    Int word = _mm256_or_si256(red_blue, _mm256_slli_epi32(alpha_green, 8));
    word = _mm256_or_si256(word, _mm256_and_si256(_mm256_srli_epi32(word, 1), _mm256_castps_si256(surely_255)));
    const Int opaque = _mm256_set1_epi32(static_cast<int>(0xff000000));
    if (alpha == Alpha::opaque) return _mm256_or_si256(word, opaque);
    if (alpha == Alpha::channel) return word;
    return _mm256_or_si256(word, _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const Int*>(here)), opaque));
  }
};

}  // namespace

constexpr InstructionSet avx2 = instruction_set<Avx2>("avx2");

}  // namespace neighbor_product

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif
