// Vectors of four pixels with SSE2, which every x86-64 CPU has. What each function promises: portable.cc.
#include "../instruction_sets.h"

#ifdef NEIGHBOR_PRODUCT_SSE2

#include <emmintrin.h>

#include "../kernel.h"

namespace neighbor_product {

namespace {

struct Sse2 {
  static constexpr int lanes = 4, side_by_side = 8;
  static constexpr bool normalizes_rows = false;
  using Float = __m128;
  using Int = __m128i;
  using Mask = __m128;

  static Float load(const float* from) { return _mm_loadu_ps(from); }
  static Int load(const uint32_t* from) { return _mm_loadu_si128(reinterpret_cast<const Int*>(from)); }
  static void store(float* to, Float a) { _mm_store_ps(to, a); }
  static void store(uint32_t* to, Int a) { _mm_store_si128(reinterpret_cast<Int*>(to), a); }
  static Float all(float a) { return _mm_set1_ps(a); }
  static Float mul(Float a, Float b) { return _mm_mul_ps(a, b); }
  static Float mul_add(Float a, Float b, Float c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
  static Float min(Float a, Float b) { return _mm_min_ps(a, b); }
  static Float max(Float a, Float b) { return _mm_max_ps(a, b); }
  static Mask less(Float a, Float b) { return _mm_cmplt_ps(a, b); }
  static Mask and_not(Mask a, Mask b) { return _mm_andnot_ps(b, a); }
  static Mask either(Mask a, Mask b) { return _mm_or_ps(a, b); }
  static Int truncate(Float a) { return _mm_cvttps_epi32(a); }
  static Int max_u16(Int a, Int b) { return _mm_add_epi16(_mm_subs_epu16(a, b), b); }
  static Mask low_half_at_least(Int a, int least) {
    const Int low = _mm_and_si128(a, _mm_set1_epi32(0xffff));
    return _mm_castsi128_ps(_mm_cmpgt_epi32(low, _mm_set1_epi32(least - 1)));
  }
  static uint32_t mask_of(Mask a) { return static_cast<uint32_t>(_mm_movemask_ps(a)); }

  // The processor's estimate (error below 1.5 * 2^-12) and one Newton step, y (1.5 - 0.5 x y^2), which squares it.
  static Float scaled_rsqrt(float factor, Float x) {
    const Float y = _mm_rsqrt_ps(x);
    const Float half = mul(x, all(0.5f * factor));
    return mul(y, _mm_sub_ps(all(1.5f * factor), mul(half, mul(y, y))));
  }

  static Float sample(Int words, int channel) {
    return _mm_cvtepi32_ps(channel < 3 ? _mm_and_si128(words, _mm_set1_epi32(255 << 8 * channel))
                                       : _mm_srli_epi32(words, 24));
  }
  static void widen_16(const uint8_t* samples, uint32_t* pixels) { widen_by_words<Sse2>(samples, pixels); }
  static void narrow_16(const uint32_t* pixels, uint8_t* samples) { narrow_by_words<Sse2>(pixels, samples); }

  template <Alpha alpha, int channels>
  static Int pack(const Int (&units)[channels], Mask surely_255, const uint32_t* here) {
    const Int red = _mm_srli_epi32(units[0], 16);
    const Int green = _mm_and_si128(_mm_srli_epi32(units[1], 8), _mm_set1_epi32(0xff00));
    const Int blue = _mm_and_si128(units[2], _mm_set1_epi32(0xff0000));
    Int word = _mm_or_si128(_mm_or_si128(red, green), blue);
    const Int opaque = _mm_set1_epi32(static_cast<int>(0xff000000));
    if (alpha == Alpha::channel)
      word = _mm_or_si128(word, _mm_and_si128(_mm_slli_epi32(units[channels - 1], 8), opaque));
    word = _mm_or_si128(word, _mm_and_si128(_mm_srli_epi32(word, 1), _mm_castps_si128(surely_255)));
    if (alpha == Alpha::opaque) return _mm_or_si128(word, opaque);
    if (alpha == Alpha::channel) return word;
    return _mm_or_si128(word, _mm_and_si128(load(here), opaque));
  }
};

}  // namespace

constexpr InstructionSet sse2 = instruction_set<Sse2>("sse2");

}  // namespace neighbor_product

#endif
