// Vectors of sixteen pixels with AVX-512 (F, BW, DQ, VL). What each function promises: portable.cc.
#include "../instruction_sets.h"

#ifdef NEIGHBOR_PRODUCT_AVX

// What other code includes as well comes before the pragma: a function that both emit must run on any CPU.
#include <immintrin.h>

#include <cmath>
#include <cstring>

#include "../strip.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,bmi"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,bmi")
#endif

#include "../kernel.h"

namespace neighbor_product {

namespace {

struct Avx512 {
  static constexpr int lanes = 16, side_by_side = 2;
  static constexpr bool normalizes_rows = false;
  using Float = __m512;
  using Int = __m512i;
  using Mask = __mmask16;

  static Float load(const float* from) { return _mm512_loadu_ps(from); }
  static void store(float* to, Float a) { _mm512_store_ps(to, a); }
  static void store(uint32_t* to, Int a) { _mm512_storeu_si512(to, a); }
  static Float all(float a) { return _mm512_set1_ps(a); }
  static Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float mul_add(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static Float min(Float a, Float b) { return _mm512_min_ps(a, b); }
  static Float max(Float a, Float b) { return _mm512_max_ps(a, b); }
  static Mask less(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Mask and_not(Mask a, Mask b) { return static_cast<Mask>(a & ~b); }
  static Mask either(Mask a, Mask b) { return a | b; }
  static Int truncate(Float a) { return _mm512_cvttps_epi32(a); }
  static Int max_u16(Int a, Int b) { return _mm512_max_epu16(a, b); }
  static Mask low_half_at_least(Int a, int least) {
    return _mm512_cmpge_epu32_mask(_mm512_slli_epi32(a, 16), _mm512_set1_epi32(least << 16));
  }
  static uint32_t mask_of(Mask a) { return a; }

  // The processor's estimate (error below 2^-14) and one Newton step, y (1.5 - 0.5 x y^2), which squares it.
  static Float scaled_rsqrt(float factor, Float x) {
    const Float y = _mm512_rsqrt14_ps(x);
    const Float half = mul(x, all(0.5f * factor));
    return mul(y, _mm512_fnmadd_ps(half, mul(y, y), all(1.5f * factor)));
  }

  static Int load(const uint32_t* from) { return _mm512_loadu_si512(from); }
  static Float sample(Int words, int channel) {
    return _mm512_cvtepi32_ps(channel < 3 ? _mm512_and_si512(words, _mm512_set1_epi32(255 << 8 * channel))
                                          : _mm512_srli_epi32(words, 24));
  }
  static void widen_16(const uint8_t* samples, uint32_t* pixels) { widen_by_shuffles<Avx512>(samples, pixels); }
  static void narrow_16(const uint32_t* pixels, uint8_t* samples) { narrow_by_shuffles<Avx512>(pixels, samples); }

  template <Alpha alpha, int channels>
  static Int pack(const Int (&units)[channels], Mask surely_255, const uint32_t* here) {
    const Int red_blue = join(_mm512_srli_epi32(units[0], 16), units[2]);
    Int alpha_green = _mm512_srli_epi32(units[1], 16);
    if (alpha == Alpha::channel) alpha_green = join(alpha_green, units[channels - 1]);
    Int word = _mm512_or_si512(red_blue, _mm512_slli_epi32(alpha_green, 8));
    word = _mm512_mask_or_epi32(word, surely_255, word, _mm512_srli_epi32(word, 1));
    const Int opaque = _mm512_set1_epi32(static_cast<int>(0xff000000));
    if (alpha == Alpha::opaque) return _mm512_or_si512(word, opaque);
    if (alpha == Alpha::channel) return word;
    return _mm512_or_si512(word, _mm512_and_si512(_mm512_loadu_si512(here), opaque));
  }

 private:
  // The low halves of one and the high halves of the other.
  static Int join(Int low_halves, Int high_halves) {
    constexpr int second_where_mask = 0xca;  // truth table of mask ? b : c
    return _mm512_ternarylogic_epi32(_mm512_set1_epi32(0xffff), low_halves, high_halves, second_where_mask);
  }
};

}  // namespace

constexpr InstructionSet avx512 = instruction_set<Avx512>("avx512");

}  // namespace neighbor_product

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif
