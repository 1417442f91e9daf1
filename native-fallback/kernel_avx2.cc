// Compiled with AVX2, FMA and BMI on: runs only where variants.cc found them.
#include "kernel.h"
#include "simd_avx2.h"
#include "variants.h"

namespace neighbor_product {
const Variant avx2_variant = variant<Avx2>("avx2");
}
