// The instruction sets that the kernel is compiled for, each in its file of simd/.
#pragma once

namespace neighbor_product {

struct InstructionSet;

// Those that this CPU can run, the fastest first, ended by a null pointer. The last runs on any CPU.
const InstructionSet* const* instruction_sets();
const char* name_of(const InstructionSet&);

#if defined(__x86_64__) || defined(_M_X64)
#define NEIGHBOR_PRODUCT_SSE2 1
extern const InstructionSet sse2;
// clang-cl, which is neither of the two, declares the intrinsics of AVX only under /arch.
#if defined(__GNUC__) || !defined(__clang__)
#define NEIGHBOR_PRODUCT_AVX 1
extern const InstructionSet avx512, avx2;
#endif
#endif
#if defined(__aarch64__) || defined(_M_ARM64)
#define NEIGHBOR_PRODUCT_NEON 1
extern const InstructionSet neon;
#endif
#if defined(__wasm_simd128__)
#define NEIGHBOR_PRODUCT_WASM128 1
extern const InstructionSet wasm128;
#endif
extern const InstructionSet portable;

}  // namespace neighbor_product
