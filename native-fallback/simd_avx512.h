// Vectors of sixteen pixels with AVX-512 (F, BW, DQ, VL). What each function promises: simd_portable.h.
#pragma once

#include <immintrin.h>

#include "neighbor_product.h"

namespace neighbor_product {

struct Avx512 {
  static constexpr int lanes = 16;
  using Float = __m512;
  using Int = __m512i;
  using Mask = __mmask16;

  static Float load(const float* from) { return _mm512_load_ps(from); }
  static void store(float* to, Float a) { _mm512_store_ps(to, a); }
  static void store(uint32_t* to, Int a) { _mm512_storeu_si512(to, a); }
  static Float all(float a) { return _mm512_set1_ps(a); }
  static Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float mul_add(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static Float mul_sub(Float a, Float b, Float c) { return _mm512_fmsub_ps(a, b, c); }
  static Float min(Float a, Float b) { return _mm512_min_ps(a, b); }
  static Float max(Float a, Float b) { return _mm512_max_ps(a, b); }
  static Float min_of_abs(Float a, Float b) {
    constexpr int lesser_magnitude = 2, clear_sign = 2;
    return _mm512_range_ps(a, b, clear_sign << 2 | lesser_magnitude);
  }
  static Mask less(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Mask and_not(Mask a, Mask b) { return static_cast<Mask>(a & ~b); }
  static Mask either(Mask a, Mask b) { return a | b; }
  static Float select(Mask mask, Float a, Float b) { return _mm512_mask_blend_ps(mask, b, a); }
  static Int truncate(Float a) { return _mm512_cvttps_epi32(a); }
  static Int max_u16(Int a, Int b) { return _mm512_max_epu16(a, b); }
  static Mask low_half_at_least(Int a, int least) {
    return _mm512_cmpge_epu32_mask(_mm512_slli_epi32(a, 16), _mm512_set1_epi32(least << 16));
  }
  static uint32_t mask_of(Mask a) { return a; }
  static int lowest_bit(uint32_t mask) { return static_cast<int>(_tzcnt_u32(mask)); }

  // The processor's estimate (error below 2^-14) and one Newton step, y (1.5 - 0.5 x y^2), which squares it.
  static Float scaled_rsqrt(float factor, Float x) {
    const Float y = _mm512_rsqrt14_ps(x);
    const Float half = mul(x, all(0.5f * factor));
    return mul(y, _mm512_fnmadd_ps(half, mul(y, y), all(1.5f * factor)));
  }

  // In 16-bit lanes red and blue share a word, as do green and alpha: s0 * s1 fits 16 bits, times s2 needs both halves.
  template <int channels>
  static void triple_products(const uint32_t* words, Float (&product)[channels]) {
    const Int low_bytes = _mm512_set1_epi32(0x00ff00ff);
    Int even[3], odd[3];
    for (int k = 0; k < 3; k++) {
      const Int pixels = _mm512_loadu_si512(words + k);
      even[k] = _mm512_and_si512(pixels, low_bytes);
      odd[k] = _mm512_srli_epi16(pixels, 8);
    }
    widen(even, product[0], product[2]);
    Float unused;
    widen(odd, product[1], channels == 4 ? product[channels - 1] : unused);
  }
  template <Alpha alpha, int channels>
  static Int pack(const Int (&units)[channels], const uint32_t* own) {
    const Int red_blue = join(_mm512_srli_epi32(units[0], 16), units[2]);
    Int alpha_green = _mm512_srli_epi32(units[1], 16);
    if (alpha == Alpha::opaque) alpha_green = _mm512_or_si512(alpha_green, _mm512_set1_epi32(0x00ff0000));
    if (alpha == Alpha::channel) alpha_green = join(alpha_green, units[channels - 1]);
    if (alpha == Alpha::keep) alpha_green = join(alpha_green, _mm512_srli_epi16(_mm512_loadu_si512(own), 8));
    return _mm512_or_si512(red_blue, _mm512_slli_epi32(alpha_green, 8));
  }

 private:
  // The low halves of one and the high halves of the other.
  static Int join(Int low_halves, Int high_halves) {
    constexpr int second_where_mask = 0xca;  // truth table of mask ? b : c
    return _mm512_ternarylogic_epi32(_mm512_set1_epi32(0xffff), low_halves, high_halves, second_where_mask);
  }
  static void widen(const Int (&s)[3], Float& low_channel, Float& high_channel) {
    const Int two = _mm512_mullo_epi16(s[0], s[1]);
    const Int low = _mm512_mullo_epi16(two, s[2]);
    const Int high = _mm512_mulhi_epu16(two, s[2]);
    low_channel = _mm512_cvtepi32_ps(join(low, _mm512_slli_epi32(high, 16)));
    high_channel = _mm512_cvtepi32_ps(join(_mm512_srli_epi32(low, 16), high));
  }
};

}  // namespace neighbor_product
