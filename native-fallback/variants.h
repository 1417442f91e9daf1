// The instruction sets the kernel is compiled for, each in a file of its own.
#pragma once

#include "tile.h"

namespace neighbor_product {

#if defined(__x86_64__) && defined(__GNUC__)  // GCC and clang
#define NEIGHBOR_PRODUCT_AVX 1
extern const Variant avx512_variant;
extern const Variant avx2_variant;
#endif
#if defined(__x86_64__) || defined(_M_X64)
#define NEIGHBOR_PRODUCT_SSE2 1
extern const Variant sse2_variant;
#endif
#if defined(__aarch64__) || defined(_M_ARM64)
#define NEIGHBOR_PRODUCT_NEON 1
extern const Variant neon_variant;
#endif
extern const Variant portable_variant;

}  // namespace neighbor_product
