// Finds the instruction sets of this CPU.
#include "instruction_sets.h"

#include "kernel.h"

#if defined(NEIGHBOR_PRODUCT_AVX) && defined(_MSC_VER)
#include <immintrin.h>
#include <intrin.h>
#endif

namespace neighbor_product {

namespace {

#ifdef NEIGHBOR_PRODUCT_AVX

struct Avx {
  bool has_avx2, has_avx512;
};

#ifdef _MSC_VER

// Bits of CPUID and XCR0: Intel's Software Developer's Manual, volume 1, sections 14.3 and 15.2, and volume 2A, CPUID.
Avx find_avx() {
  const auto has = [](unsigned word, unsigned bits) { return (word & bits) == bits; };
  int leaf[4];  // EAX, EBX, ECX, EDX
  __cpuid(leaf, 0);
  if (leaf[0] < 7) return {false, false};
  __cpuidex(leaf, 1, 0);
  const unsigned features = leaf[2];
  __cpuidex(leaf, 7, 0);
  const unsigned extensions = leaf[1];
  // FMA, AVX, and XGETBV, which says whose registers the system saves: XMM and YMM; for AVX-512 opmask and ZMM as well.
  if (!has(features, 1u << 12 | 1u << 28 | 1u << 27)) return {false, false};
  const unsigned saved = static_cast<unsigned>(_xgetbv(0));
  const bool avx2 = has(saved, 0x06) && has(extensions, 1u << 5 | 1u << 3);  // AVX2, BMI1
  // F, DQ, BW, VL
  const bool avx512 = has(saved, 0xe6) && has(extensions, 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31);
  return {avx2, avx2 && avx512};
}

#else

Avx find_avx() {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return {avx2, avx2 && avx512};
}

#endif

#endif

}  // namespace

const char* name_of(const InstructionSet& instruction_set) { return instruction_set.name; }

const InstructionSet* const* instruction_sets() {
  static const InstructionSet* found[5] = {};
  static const bool searched = [] {
    int count = 0;
#ifdef NEIGHBOR_PRODUCT_AVX
    const Avx avx = find_avx();
    if (avx.has_avx512) found[count++] = &avx512;
    if (avx.has_avx2) found[count++] = &avx2;
#endif
#ifdef NEIGHBOR_PRODUCT_SSE2
    found[count++] = &sse2;
#endif
#ifdef NEIGHBOR_PRODUCT_NEON
    found[count++] = &neon;
#endif
    found[count] = &portable;
    return true;
  }();
  static_cast<void>(searched);
  return found;
}

}  // namespace neighbor_product
