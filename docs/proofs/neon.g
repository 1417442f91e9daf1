# scaled_rsqrt with NEON (native-fallback/simd/neon.cc): the processor's estimate and two Newton steps, each
# y (3 - (x y) y) / 2, where frsqrts computes (3 - a b) / 2 with one rounding; multiplied by `factor` in the end.
#
# estimate_error: of y, relative; e1 to e7: of the roundings, relative, since no result is subnormal.
#
# Claim: |error| < promised: scaled_rsqrt with NEON differs from factor / sqrt(x) by at most (in 2^-24 of it)
# Claim: y, product_1, ratio_1, y_1, product_2, ratio_2, y_2, result > least_normal: the smallest number of the Newton steps
# Claim: y, product_1, ratio_1, y_1, product_2, ratio_2, y_2, result < limit: the largest number of the Newton steps
# Assumed: frsqrte is within 2^-8 of 1 / sqrt(x), relative, and frsqrts rounds once (Arm ARM, RecipSqrtEstimate and FPRSqrtStepFused).
#
# Code, native-fallback/simd/neon.cc:
#   static Float mul_add(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
# Code, native-fallback/simd/neon.cc:
#   Float y = vrsqrteq_f32(x);
#   for (int step = 0; step < 2; step++) y = mul(y, vrsqrtsq_f32(mul(x, y), y));
#   return mul(y, all(factor));
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

# In units of the exact values: y of 1 / sqrt(x), before the first step, after it and after the second.
Y = 1 + estimate_error;
Y1 = Y * ((1.5 - 0.5 * (Y * Y * (1 + e1))) * (1 + e2)) * (1 + e3);
error_1 = Y1 - 1;
Y2 = Y1 * ((1.5 - 0.5 * (Y1 * Y1 * (1 + e4))) * (1 + e5)) * (1 + e6);
N = Y2 * (1 + e7);
error = (N - 1) / 1b-24;
promised = {promised};

y = root * Y;
product_1 = sqrt(x) * (Y * (1 + e1));
ratio_1 = (1.5 - 0.5 * (Y * Y * (1 + e1))) * (1 + e2);
y_1 = root * Y1;
product_2 = sqrt(x) * (Y1 * (1 + e4));
ratio_2 = (1.5 - 0.5 * (Y1 * Y1 * (1 + e4))) * (1 + e5);
y_2 = root * Y2;
result = factor * root * N;
least_normal = 1b-126;
limit = 1b128;

{
  x in [{least_x},{most_x}] /\ |estimate_error| <= 1b-8 /\
  |e1| <= 1b-24 /\ |e2| <= 1b-24 /\ |e3| <= 1b-24 /\ |e4| <= 1b-24 /\ |e5| <= 1b-24 /\ |e6| <= 1b-24 /\ |e7| <= 1b-24
->
  error in ? /\ promised in ? /\ y in ? /\ product_1 in ? /\ ratio_1 in ? /\ y_1 in ? /\
  product_2 in ? /\ ratio_2 in ? /\ y_2 in ? /\ result in ? /\ least_normal in ? /\ limit in ?
}

# Each step squares the error before it.
Y1 -> (1 - 1.5 * estimate_error * estimate_error - 0.5 * estimate_error * estimate_error * estimate_error -
       0.5 * Y * Y * Y * e1) * (1 + e2) * (1 + e3);
Y2 -> (1 - 1.5 * error_1 * error_1 - 0.5 * error_1 * error_1 * error_1 - 0.5 * Y1 * Y1 * Y1 * e4) * (1 + e5) * (1 + e6);
