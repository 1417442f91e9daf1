// Which instruction sets this CPU has. Compiled for the oldest CPU, as everything but kernel_avx*.cc.
#include "variants.h"

#include "neighbor_product.h"

namespace neighbor_product {

const char* name_of(const Variant& variant) { return variant.name; }

const Variant* const* variants() {
  static const Variant* found[5] = {};
  static const bool searched = [] {
    int count = 0;
#ifdef NEIGHBOR_PRODUCT_AVX
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (avx512) found[count++] = &avx512_variant;
    if (avx2) found[count++] = &avx2_variant;
#endif
#ifdef NEIGHBOR_PRODUCT_SSE2
    found[count++] = &sse2_variant;
#endif
#ifdef NEIGHBOR_PRODUCT_NEON
    found[count++] = &neon_variant;
#endif
    found[count] = &portable_variant;
    return true;
  }();
  static_cast<void>(searched);
  return found;
}

}  // namespace neighbor_product
