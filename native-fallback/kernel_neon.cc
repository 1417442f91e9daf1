// Every 64-bit Arm CPU has NEON, so this needs no flags of its own.
#include "kernel.h"
#include "simd_neon.h"
#include "variants.h"

namespace neighbor_product {
const Variant neon_variant = variant<Neon>("neon");
}
