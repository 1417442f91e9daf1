// The fields of a job, an object that TypeScript made and checked.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>

namespace neighbor_product {

inline uint8_t* bytes_of(const Napi::Object& job, const char* field) {
  return job.Get(field).As<Napi::Uint8Array>().Data();
}

template <typename Number = ptrdiff_t>
Number number_of(const Napi::Object& job, const char* field) {
  return static_cast<Number>(job.Get(field).As<Napi::Number>().Int64Value());
}

}  // namespace neighbor_product
