# scaled_rsqrt as factor / sqrt(x), both correctly rounded, which needs no estimate.
#
# Claim: |error| < promised: a correctly rounded root and quotient differ from factor / sqrt(x) by at most (in 2^-24 of it)
# Claim: root, result > least_normal: the smallest of root and quotient
# Claim: root, result < limit: the largest of root and quotient
#
# Code, native-fallback/simd/portable.cc:
#   [&](int l) { return a.lane[l] * b.lane[l] + c.lane[l]; }
# Code, native-fallback/simd/portable.cc:
#   return factor / std::sqrt(x.lane[l]);
# Code, native-fallback/simd/wasm128.cc:
#   static Float mul_add(Float a, Float b, Float c) { return wasm_f32x4_add(wasm_f32x4_mul(a, b), c); }
# Code, native-fallback/simd/wasm128.cc:
#   static Float scaled_rsqrt(float factor, Float x) { return wasm_f32x4_div(all(factor), wasm_f32x4_sqrt(x)); }
# Code, native-fallback/fast_pass.h:
#   constexpr float sample_unit = {sample_unit}f;
# Code, native-fallback/fast_pass.h:
#   constexpr int error_bound = {error_bound};
# Code, native-fallback/fast_pass.h:
#   constexpr float full_scale = {white}f * sample_unit - error_bound;
# Code, native-fallback/simd/portable.cc:
#   factor / sqrt(x), error below {promised} * 2^-24 of it, for x from {least_x} to {most_x}

@rnd = float<ieee_32, ne>;
factor = {white} * {sample_unit} - {error_bound};
root rnd= sqrt(x);
result rnd= factor / root;
exact = factor / sqrt(x);
error = (result - exact) / exact / 1b-24;
promised = {promised};
least_normal = 1b-126;
limit = 1b128;

{
  x in [{least_x},{most_x}]
->
  error in ? /\ promised in ? /\ root in ? /\ result in ? /\ least_normal in ? /\ limit in ?
}
