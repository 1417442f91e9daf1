# The fast pass of the CPU (native-fallback/fast_pass.h): t = 255 * 2^16 P / |P| in units of 2^-16 of a sample, from the
# products of columns, which are whole numbers of `unit`, and from what scaled_rsqrt promises (simd/portable.cc).
#
# p: the product of a channel; p1 to p4: those of all channels, any of them 0. A capital letter is the same without
# rounding. fused: mul_add rounds once; apart: it rounds twice.
#
# Claim: apart_shortfall, fused_shortfall <= allowed: the real t exceeds the computed one by at most (units at 255)
# Claim: apart_shortfall, fused_shortfall >= definition_error: the real t exceeds the computed one by at least (units at 255)
# Claim: apart, fused, addend >= least_sum: scaled_rsqrt gets a sum of at least
# Claim: apart, fused <= most_sum: scaled_rsqrt gets a sum of at most
# Claim: p, left_here, square, apart_t, fused_t > least_normal: the smallest number that is not 0
# Claim: p, left_here, square, apart, fused, apart_t, fused_t < limit: the largest number
# Claim: least_square >= least_S: the smallest square that is not 0, so the smallest S, is at least
# Claim: truncated < limit_of_integer: the largest number that is converted to an integer
# Paper: A product of 0 gives t = 0 exactly, and the sample 0, as the definition has it.
# Paper: Where a pixel is decided, t and the definition's value lie within one sample: see numerics.md.
#
# Code, native-fallback/tile.h:
#   constexpr float column_scale[4] = {{unit}f,
# Code, native-fallback/fast_pass.h:
#   constexpr float sample_unit = {sample_unit}f;
# Code, native-fallback/fast_pass.h:
#   constexpr int error_bound = {error_bound};
# Code, native-fallback/fast_pass.h:
#   constexpr float full_scale = {white}f * sample_unit - error_bound;
# Code, native-fallback/fast_pass.h:
#   constexpr float middle_of_254 = {middle_of_254}f * sample_unit;
# Code, native-fallback/fast_pass.h:
#   typename V::Float squares = V::all({addend}f);
#   for (int c = 0; c < channels; c++) {
#     const float* const column = columns.planes[c] + x;
#     product[c] = V::mul(V::mul(V::load(column), V::load(column + 1)), V::load(column + 2));
#     squares = V::mul_add(product[c], product[c], squares);
#   }
#   return V::scaled_rsqrt(full_scale, squares);
# Code, native-fallback/fast_pass.h:
#   units[v][c] = V::truncate(V::min(V::mul(product[v][c], scale[v]), V::all(middle_of_254)));
# Code, native-fallback/fast_pass.h:
#   V::low_half_at_least(closest, {low_half} - {bounds} * error_bound)
# Code, native-fallback/simd/portable.cc:
#   factor / sqrt(x), error below {rsqrt_error} * 2^-24 of it, for x from {least_sum} to {most_sum}
# Code, docs/numerics.md:
#   differs from T by less than {definition_error} * 2^-53, relative

@rnd = float<ieee_32, ne>;

full = {white} * {sample_unit};
full_scale = {white} * {sample_unit} - {error_bound};

left_here rnd= {unit} * left * ({unit} * here);
p rnd= left_here * ({unit} * right);
p1 rnd= {unit} * l1 * ({unit} * h1) * ({unit} * r1);
p2 rnd= {unit} * l2 * ({unit} * h2) * ({unit} * r2);
p3 rnd= {unit} * l3 * ({unit} * h3) * ({unit} * r3);
p4 rnd= {unit} * l4 * ({unit} * h4) * ({unit} * r4);
square rnd= p * p;
apart rnd= p4 * p4 + (p3 * p3 + (p2 * p2 + (p1 * p1 + {addend})));
fused = rnd(p4 * p4 + rnd(p3 * p3 + rnd(p2 * p2 + rnd(p1 * p1 + {addend}))));
apart_t rnd= p * apart_scale;
fused_t rnd= p * fused_scale;
truncated = {middle_of_254} * {sample_unit};

P = {unit} * left * ({unit} * here) * ({unit} * right);
P1 = {unit} * l1 * ({unit} * h1) * ({unit} * r1);
P2 = {unit} * l2 * ({unit} * h2) * ({unit} * r2);
P3 = {unit} * l3 * ({unit} * h3) * ({unit} * r3);
P4 = {unit} * l4 * ({unit} * h4) * ({unit} * r4);
with_addend = P4 * P4 + (P3 * P3 + (P2 * P2 + (P1 * P1 + {addend})));
S = P4 * P4 + P3 * P3 + P2 * P2 + P1 * P1;
T = P * (full / sqrt(S));

apart_shortfall = (0 - (apart_t - T) / T) * full;
fused_shortfall = (0 - (fused_t - T) / T) * full;
definition_error = {definition_error} * 1b-53 * full;
# A decided t' has a low half below low_half - bounds * error_bound, so after cutting its fraction off it is less than
# bounds * error_bound below the next sample; that is enough if t and then the definition's value exceed it by less.
allowed = {sample_unit} - ({low_half} - {bounds} * {error_bound}) - definition_error;
addend = {addend} * 1;
least_square = {unit} * {unit} * {unit} * ({unit} * {unit} * {unit});
least_S = 1b-48;
least_sum = {least_sum};
most_sum = {most_sum};
least_normal = 1b-126;
limit = 1b128;
limit_of_integer = 1b24;

{
  left in [1,16581375] /\ here in [1,16581375] /\ right in [1,16581375] /\ @FIX(left, 0) /\ @FIX(here, 0) /\ @FIX(right, 0) /\
  l1 in [0,16581375] /\ h1 in [0,16581375] /\ r1 in [0,16581375] /\ @FIX(l1, 0) /\ @FIX(h1, 0) /\ @FIX(r1, 0) /\
  l2 in [0,16581375] /\ h2 in [0,16581375] /\ r2 in [0,16581375] /\ @FIX(l2, 0) /\ @FIX(h2, 0) /\ @FIX(r2, 0) /\
  l3 in [0,16581375] /\ h3 in [0,16581375] /\ r3 in [0,16581375] /\ @FIX(l3, 0) /\ @FIX(h3, 0) /\ @FIX(r3, 0) /\
  l4 in [0,16581375] /\ h4 in [0,16581375] /\ r4 in [0,16581375] /\ @FIX(l4, 0) /\ @FIX(h4, 0) /\ @FIX(r4, 0) /\
  S in [1b-48,1b120] /\
  apart_scale -/ (full_scale / sqrt(apart)) in [-{rsqrt_error}b-24,{rsqrt_error}b-24] /\
  fused_scale -/ (full_scale / sqrt(fused)) in [-{rsqrt_error}b-24,{rsqrt_error}b-24]
->
  apart_shortfall in ? /\ fused_shortfall in ? /\ allowed in ? /\ definition_error in ? /\
  apart in ? /\ fused in ? /\ addend in ? /\ least_square in ? /\ least_S in ? /\ least_sum in ? /\ most_sum in ? /\
  p in ? /\ left_here in ? /\ square in ? /\ apart_t in ? /\ fused_t in ? /\ truncated in ? /\
  least_normal in ? /\ limit in ? /\ limit_of_integer in ?
}

(with_addend - S) / S -> {addend} / S { S <> 0 };
