// The passes of one instruction set, as a table of functions.
#pragma once

#include "redo.h"
#include "rgb.h"
#include "settle.h"

namespace neighbor_product {

template <class V, Alpha alpha>
constexpr Variant::Kernel kernel() {
  return {widen<V>, multiply<V, alpha>, settle<V, alpha>, redo<V, alpha>, narrow<V>};
}

template <class V>
constexpr Variant variant(const char* name) {
  return {name, {kernel<V, Alpha::opaque>(), kernel<V, Alpha::channel>(), kernel<V, Alpha::keep>()}};
}

}  // namespace neighbor_product
