#include "kernel.h"
#include "simd_portable.h"
#include "variants.h"

namespace neighbor_product {
const Variant portable_variant = variant<Portable>("portable");
}
