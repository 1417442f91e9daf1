// The functions for rows of PNG files that the addon exports beside the transform.
#pragma once

#include <napi.h>

namespace neighbor_product {

void export_png(Napi::Env env, Napi::Object exports);

}  // namespace neighbor_product
