// Vectors of four pixels with WebAssembly's 128-bit SIMD. What each function promises: portable.cc.
//
// Where WebAssembly has two instructions for an operation, the one is taken that is a single instruction of x64 and Arm
// for the values that occur: pmin and pmax instead of min and max, which treat NaN and -0 apart.
#include "../instruction_sets.h"

#ifdef NEIGHBOR_PRODUCT_WASM128

#include <wasm_simd128.h>

#include "../kernel.h"

namespace neighbor_product {

namespace {

struct Wasm128 {
  static constexpr int lanes = 4, side_by_side = 2;  // more would not stay in sixteen registers
  static constexpr bool normalizes_rows = true;
  using Float = v128_t;
  // A type of its own, since functions are chosen by it.
  struct Int {
    v128_t words;
  };
  using Mask = v128_t;

  static Float load(const float* from) { return wasm_v128_load(from); }
  static Int load(const uint32_t* from) { return {wasm_v128_load(from)}; }
  static void store(float* to, Float a) { wasm_v128_store(to, a); }
  static void store(uint32_t* to, Int a) { wasm_v128_store(to, a.words); }
  static Float all(float a) { return wasm_f32x4_splat(a); }
  static Float mul(Float a, Float b) { return wasm_f32x4_mul(a, b); }
  static Float mul_add(Float a, Float b, Float c) { return wasm_f32x4_add(wasm_f32x4_mul(a, b), c); }
  static Float min(Float a, Float b) { return wasm_f32x4_pmin(b, a); }
  static Float max(Float a, Float b) { return wasm_f32x4_pmax(b, a); }
  static Mask less(Float a, Float b) {
    Mask mask = wasm_f32x4_lt(a, b);
    __asm__("" : "+r"(mask));  // else LLVM takes it for four bits, and makes it a mask again with two shifts
    return mask;
  }
  static Mask and_not(Mask a, Mask b) { return wasm_v128_andnot(a, b); }
  static Mask either(Mask a, Mask b) { return wasm_v128_or(a, b); }

  // From 2^24 to 2^25 the numbers of single precision are the even ones, and their words count them: a sum there,
  // doubled, has the even number in its low 24 bits. x64 has a single instruction for none of WebAssembly's conversions
  // to integers.
  static Int truncate(Float a) {
    const Float sum = wasm_f32x4_add(a, all(0x1p24f - 1));
    return {wasm_i32x4_shl(max(all(0x1p24f), sum), 1)};
  }
  static Int max_u16(Int a, Int b) { return {wasm_u16x8_max(a.words, b.words)}; }
  static Mask low_half_at_least(Int a, int least) {
    return wasm_i32x4_gt(wasm_v128_and(a.words, wasm_i32x4_splat(0xffff)), wasm_i32x4_splat(least - 1));
  }
  static uint32_t mask_of(Mask a) { return wasm_i32x4_bitmask(a); }

  // Both correctly rounded: WebAssembly has no estimate of a root.
  static Float scaled_rsqrt(float factor, Float x) { return wasm_f32x4_div(all(factor), wasm_f32x4_sqrt(x)); }

  static Float sample(Int words, int channel) {
    return wasm_f32x4_convert_i32x4(channel < 3 ? wasm_v128_and(words.words, wasm_i32x4_splat(255 << 8 * channel))
                                                : wasm_u32x4_shr(words.words, 24));
  }
  static void widen_16(const uint8_t* samples, uint32_t* pixels) { widen_by_words<Wasm128>(samples, pixels); }
  static void narrow_16(const uint32_t* pixels, uint8_t* samples) { narrow_by_words<Wasm128>(pixels, samples); }

  template <Alpha alpha, int channels>
  static Int pack(const Int (&units)[channels], Mask surely_255, const uint32_t* here) {
    const v128_t red_blue = join(wasm_u32x4_shr(units[0].words, 16), units[2].words);
    v128_t alpha_green = wasm_u32x4_shr(units[1].words, 16);
    if (alpha == Alpha::channel) alpha_green = join(alpha_green, units[channels - 1].words);
    v128_t word = wasm_v128_or(wasm_v128_and(red_blue, wasm_i32x4_splat(0x00ff00ff)), wasm_i16x8_shl(alpha_green, 8));
    word = wasm_v128_or(word, wasm_v128_and(wasm_u32x4_shr(word, 1), surely_255));
    const v128_t opaque = wasm_i32x4_splat(static_cast<int>(0xff000000));
    if (alpha == Alpha::opaque) return {wasm_v128_or(word, opaque)};
    if (alpha == Alpha::channel) return {word};
    return {wasm_v128_or(word, wasm_v128_and(wasm_v128_load(here), opaque))};
  }

 private:
  // The low halves of one and the high halves of the other.
  static v128_t join(v128_t low_halves, v128_t high_halves) {
    return wasm_i16x8_shuffle(low_halves, high_halves, 0, 9, 2, 11, 4, 13, 6, 15);
  }
};

}  // namespace

constexpr InstructionSet wasm128 = instruction_set<Wasm128>("wasm128");

}  // namespace neighbor_product

#endif
