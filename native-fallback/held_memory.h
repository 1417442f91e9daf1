// Memory of an ArrayBuffer that stays while a thread works on it, even if a program transfers the buffer meanwhile.
#pragma once

#include <node_api.h>

#include <memory>

#ifndef _WIN32
#include <dlfcn.h>
#endif

namespace neighbor_product {

// Node-API can keep an ArrayBuffer, but not its memory, which goes with a transfer to whoever receives it, and is freed
// with that. V8 counts its users by a std::shared_ptr, which it gives out through a function of its C++ interface. This
// is found by its name at run time, so that the addon needs no headers of one version of V8; whether the running
// version has the same interface (a value of Node-API being the address of V8's handle) is the caller's to know. Null
// where the function is not found, and for shared memory, which cannot be transferred.
inline std::shared_ptr<void> hold_memory(napi_env env, napi_value array_buffer) {
#ifdef _WIN32
  static_cast<void>(env);
  static_cast<void>(array_buffer);
  return nullptr;
#else
  // std::shared_ptr<v8::BackingStore> v8::ArrayBuffer::GetBackingStore(); a member is called as a function of `this`.
  // Only if Node was compiled with the same standard library: another one lays out a shared_ptr's count differently.
  // The name of v8::ArrayBuffer::New(Isolate*, std::shared_ptr<BackingStore>) tells.
#ifdef _LIBCPP_VERSION
  const char* const new_name = "_ZN2v811ArrayBuffer3NewEPNS_7IsolateENSt3__110shared_ptrINS_12BackingStoreEEE";
#else
  const char* const new_name = "_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE";
#endif
  using GetBackingStore = std::shared_ptr<void> (*)(napi_value);
  static const auto get_backing_store =
      dlsym(RTLD_DEFAULT, new_name)
          ? reinterpret_cast<GetBackingStore>(dlsym(RTLD_DEFAULT, "_ZN2v811ArrayBuffer15GetBackingStoreEv"))
          : nullptr;
  bool is_array_buffer = false;
  napi_is_arraybuffer(env, array_buffer, &is_array_buffer);
  return get_backing_store && is_array_buffer ? get_backing_store(array_buffer) : nullptr;
#endif
}

}  // namespace neighbor_product
