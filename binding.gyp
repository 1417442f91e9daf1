{
  "variables": {
    # Every rounding counts: no fused multiply-add, no reordering. -O3 turns the loops over lanes into vectors, and
    # without errno those over square roots too.
    "kernel_cflags": [
      "-std=gnu++17", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-Wall", "-Wextra",
    ],
    "addon_sources": [
      "native-fallback/addon.cc",
      "native-fallback/neighbor_product.cc",
      "native-fallback/variants.cc",
      "native-fallback/kernel_portable.cc",
    ],
    "conditions": [
      ["target_arch=='x64'", {"addon_sources": ["native-fallback/kernel_sse2.cc"]}],
      ["target_arch=='arm64'", {"addon_sources": ["native-fallback/kernel_neon.cc"]}],
    ],
    # 1 also builds the addon without OpenMP, for the tests.
    "with_serial_addon%": "0",
  },
  "target_defaults": {
    "default_configuration": "Release",
    "include_dirs": ["<!@(node -p \"require('node-addon-api').include\")"],
    # A worker thread that is being terminated cannot be told of a result, nor of the exception that this raises.
    "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
    "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-O3"],
    "cflags_cc": ["<@(kernel_cflags)", "-fexceptions"],
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
        ["target_arch=='x64' and OS!='win'", {"dependencies": ["kernel_avx2", "kernel_avx512"]}],
        # A prebuilt addon finds the libgomp.so.1 beside it, one built here the system's.
        ["OS=='linux'", {"cflags_cc": ["-fopenmp"], "ldflags": ["-fopenmp", "-Wl,-rpath,'$$ORIGIN'"]}],
        ["OS=='win'", {"msvs_settings": {"VCCLCompilerTool": {"AdditionalOptions": ["/openmp"]}}}],
      ],
    },
  ],
  "conditions": [
    [
      "target_arch=='x64' and OS!='win'",
      {
        # One library an instruction set, because its compiler flags must not touch the code that runs on any CPU.
        "targets": [
          {
            "target_name": "kernel_avx2",
            "type": "static_library",
            "sources": ["native-fallback/kernel_avx2.cc"],
            "variables": {"flags": ["-mavx2", "-mfma", "-mbmi"]},
            "cflags_cc": ["<@(flags)"],
            "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["<@(flags)"]},
          },
          {
            "target_name": "kernel_avx512",
            "type": "static_library",
            "sources": ["native-fallback/kernel_avx512.cc"],
            # GCC 12 warns of its own header: _mm512_undefined_epi32 is meant to be uninitialised.
            "variables": {
              "flags": [
                "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mbmi", "-Wno-maybe-uninitialized",
              ],
            },
            "cflags_cc": ["<@(flags)"],
            "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["<@(flags)"]},
          },
        ],
      },
    ],
    [
      "with_serial_addon==1",
      {
        "targets": [
          {
            "target_name": "neighbor_product_serial",
            "sources": ["<@(addon_sources)"],
            "conditions": [["target_arch=='x64' and OS!='win'", {"dependencies": ["kernel_avx2", "kernel_avx512"]}]],
          },
        ],
      },
    ],
  ],
}
