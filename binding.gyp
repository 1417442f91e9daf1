{
  "variables": {
    # Every rounding counts: no fused multiply-add, no reordering. -O3 turns the loops over lanes into vectors, and
    # without errno those over square roots too.
    "kernel_cflags": [
      "-std=gnu++17", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-Wall", "-Wextra",
    ],
    # A file of simd/ compiles to nothing on a CPU that it is not for, and sets the flags of its instruction set itself.
    "addon_sources": [
      "native-fallback/addon.cc",
      "native-fallback/attributes.cc",
      "native-fallback/deflate.cc",
      "native-fallback/filter.cc",
      "native-fallback/png.cc",
      "native-fallback/strip.cc",
      "native-fallback/threads.cc",
      "native-fallback/unfilter.cc",
      "native-fallback/instruction_sets.cc",
      "native-fallback/simd/avx512.cc",
      "native-fallback/simd/avx2.cc",
      "native-fallback/simd/sse2.cc",
      "native-fallback/simd/neon.cc",
      "native-fallback/simd/portable.cc",
    ],
    # 1 also builds the addon without OpenMP, for the tests.
    "with_serial_addon%": "0",
  },
  "target_defaults": {
    "default_configuration": "Release",
    # Relative to this file, and not `include`, whose quotes break where a path has a space.
    "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
    # A worker thread that is being terminated cannot be told of a result, nor of the exception that this raises.
    "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
    "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-O3"],
    # GCC 12 takes arrays that a loop fills for uninitialised, in its own AVX-512 header as well.
    "cflags_cc": ["<@(kernel_cflags)", "-fexceptions", "-Wno-maybe-uninitialized"],
    "xcode_settings": {
      "OTHER_CPLUSPLUSFLAGS": ["<@(kernel_cflags)"],
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "11.0",
    },
    "msvs_settings": {
      "VCCLCompilerTool": {"AdditionalOptions": ["/std:c++17", "/fp:precise"], "ExceptionHandling": 1},
    },
    # A worker thread's exit would unload the addon under OpenMP's own threads.
    "conditions": [["OS=='linux'", {"ldflags": ["-Wl,-z,nodelete"]}]],
  },
  "targets": [
    {
      "target_name": "neighbor_product",
      "sources": ["<@(addon_sources)"],
      "conditions": [
        # A prebuilt addon finds the libgomp.so.1 beside it, one built here the system's.
        ["OS=='linux'", {"cflags_cc": ["-fopenmp"], "ldflags": ["-fopenmp", "-Wl,-rpath,'$$ORIGIN'"]}],
        ["OS=='win'", {"msvs_settings": {"VCCLCompilerTool": {"AdditionalOptions": ["/openmp"]}}}],
      ],
    },
  ],
  "conditions": [
    [
      "with_serial_addon==1",
      {"targets": [{"target_name": "neighbor_product_serial", "sources": ["<@(addon_sources)"]}]},
    ],
  ],
}
