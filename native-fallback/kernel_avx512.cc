// Compiled with AVX-512 F, BW, DQ and VL on: runs only where variants.cc found them.
#include "kernel.h"
#include "simd_avx512.h"
#include "variants.h"

namespace neighbor_product {
const Variant avx512_variant = variant<Avx512>("avx512");
}
