# scaled_rsqrt with AVX2 (native-fallback/simd/avx2.cc): the processor's estimate y and one Newton step,
# y (1.5 - 0.5 x y^2), with `factor` in it. The difference has one rounding.
#
# estimate_error: of y, relative; e1 to e4: of the roundings, relative, since no result is subnormal.
#
# Claim: |error| < promised: scaled_rsqrt with AVX2 differs from factor / sqrt(x) by at most (in 2^-24 of it)
# Claim: |half_error, three_halves_error| = zero: the Newton step's constants differ from the exact ones by
# Claim: half, y, square, product, difference, result > least_normal: the smallest number of the Newton step
# Claim: half, y, square, product, difference, result < limit: the largest number of the Newton step
# Assumed: rsqrtps is within 1.5 * 2^-12 of 1 / sqrt(x), relative (Intel SDM and AMD APM, VRSQRTPS).
#
# Code, native-fallback/simd/avx2.cc:
#   static Float mul_add(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
# Code, native-fallback/simd/avx2.cc:
#   const Float y = _mm256_rsqrt_ps(x);
#   const Float half = mul(x, all({one_half}f * factor));
#   return mul(y, _mm256_fnmadd_ps(half, mul(y, y), all({three_halves}f * factor)));
# Code, native-fallback/fast_pass.h:
#   constexpr float sample_unit = {sample_unit}f;
# Code, native-fallback/fast_pass.h:
#   constexpr int error_bound = {error_bound};
# Code, native-fallback/fast_pass.h:
#   constexpr float full_scale = {white}f * sample_unit - error_bound;
# Code, native-fallback/simd/portable.cc:
#   factor / sqrt(x), error below {promised} * 2^-24 of it, for x from {least_x} to {most_x}

factor = {white} * {sample_unit} - {error_bound};
root = 1 / sqrt(x);
half_factor = {one_half} * factor;
three_halves = {three_halves} * factor;

# In units of the exact values: y, half * y * y, and the result.
Y = 1 + estimate_error;
Z = Y * Y * ((1 + e1) * (1 + e2));
N = Y * (({three_halves} - {one_half} * Z) * (1 + e3)) * (1 + e4);
error = (N - 1) / 1b-24;
promised = {promised};

half = x * half_factor * (1 + e1);
y = root * Y;
square = y * y * (1 + e2);
product = half_factor * Z;
difference = factor * (({three_halves} - {one_half} * Z) * (1 + e3));
result = factor * root * N;

half_error = float<ieee_32, ne>(half_factor) - half_factor;
three_halves_error = float<ieee_32, ne>(three_halves) - three_halves;
zero = 0;
least_normal = 1b-126;
limit = 1b128;

{
  x in [{least_x},{most_x}] /\ |estimate_error| <= 0x1.8p-12 /\
  |e1| <= 1b-24 /\ |e2| <= 1b-24 /\ |e3| <= 1b-24 /\ |e4| <= 1b-24
->
  error in ? /\ promised in ? /\ half_error in ? /\ three_halves_error in ? /\ zero in ? /\
  half in ? /\ y in ? /\ square in ? /\ product in ? /\ difference in ? /\ result in ? /\ least_normal in ? /\ limit in ?
}

# The step squares the estimate's error.
N -> (1 - 1.5 * estimate_error * estimate_error - 0.5 * estimate_error * estimate_error * estimate_error -
      0.5 * Y * Y * Y * ((1 + e1) * (1 + e2) - 1)) * (1 + e3) * (1 + e4);
