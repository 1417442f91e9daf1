// The instruction sets the kernel is compiled for, each in a file of its own with its own compiler flags.
#pragma once

#include "tile.h"

namespace neighbor_product {

#if defined(__x86_64__) && defined(__GNUC__)  // GCC and clang
#define NEIGHBOR_PRODUCT_X64 1
extern const Variant avx512_variant;
extern const Variant avx2_variant;
#endif
extern const Variant portable_variant;

}  // namespace neighbor_product
