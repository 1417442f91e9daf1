// Every x86-64 CPU has SSE2, so this needs no flags of its own.
#include "kernel.h"
#include "simd_sse2.h"
#include "variants.h"

namespace neighbor_product {
const Variant sse2_variant = variant<Sse2>("sse2");
}
