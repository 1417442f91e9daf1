# Where one channel dominates, r decides between 255 and 254 (native-fallback/fast_pass.h): the second largest product
# divided by the norm. Below surely_255_below the definition gives exactly 255, above surely_below_255_above it gives less.
#
# part_below, part_above: of a threshold, what the computed r is; k, l: of the largest shortfall of fast-pass.g; g, h: errors
# of binary64's products, in 2^-53; e1 to e6: of its roundings.
#
# Claim: others < half_ulp: surely 255: the squares of the other products beside the largest one, in any order
# Claim: other_sample < one: surely 255: T of the other channels is at most
# Claim: largest_t > middle_of_254: surely 255: the computed t of the dominating channel, cut off there, is at least
# Claim: gap > half_of_gap: surely below 255: the definition's quotient times 255, before it is rounded, lies below 255 by
# Paper: Surely 255, the sum rounds to the largest square, its root is that product, the quotient 1 and the sample 255.
# Paper: Surely below 255, the sample is 254 where t is 254 or more, since the definition's value is too: see fast-pass.g.
#
# Code, native-fallback/fast_pass.h:
#   constexpr float sample_unit = {sample_unit}f;
# Code, native-fallback/fast_pass.h:
#   constexpr int error_bound = {error_bound};
# Code, native-fallback/fast_pass.h:
#   constexpr float full_scale = {white}f * sample_unit - error_bound;
#   constexpr float surely_255_below = full_scale * {surely_255_below}f;
#   constexpr float surely_below_255_above = full_scale * {surely_below_255_above}f;
#   constexpr float middle_of_254 = {middle_of_254}f * sample_unit;
# Code, native-fallback/fast_pass.h:
#   const auto second = V::mul(second_largest<V>(product[v]), scale[v]);
#   surely_255[v] = V::less(second, V::all(surely_255_below));
#   perhaps_255[v] = V::and_not(V::less(second, V::all(surely_below_255_above)), surely_255[v]);
# Code, native-fallback/fast_pass.h:
#   V::low_half_at_least(closest, 65536 - {bounds} * error_bound)
# Code, docs/numerics.md:
#   differs from T by less than {definition_error} * 2^-53, relative

full = {white} * {sample_unit};
full_scale = full - {error_bound};
most_shortfall = {bounds} * {error_bound};
e = {definition_error} * 1b-53;

# Surely 255: there are up to three other channels, none with more than r.
r_below = part_below * full_scale * {surely_255_below} / (full - k * most_shortfall);
largest = sqrt(1 - 3 * r_below * r_below);
ratio_below = r_below / largest * ((1 + g * e) / (1 + h * e));
others = 3 * ratio_below * ratio_below * ((1 + e1) * (1 + e2) * (1 + e3) / (1 + e4));
half_ulp = 1b-54;
other_sample = {white} * r_below;
one = 1;
largest_t = largest * (full - l * most_shortfall);
middle_of_254 = {middle_of_254} * {sample_unit};

# Surely below 255: the largest square, the second, up to three additions, root and quotient.
r_above = part_above * full_scale * {surely_below_255_above} / (full - k * most_shortfall);
ratio_above = r_above * ((1 + g * e) / (1 + h * e));
quotient = (1 + e1) / (sqrt((1 + ratio_above * ratio_above) * ((1 + e2) * (1 + e3) * (1 + e4) * (1 + e5))) * (1 + e6));
gap = {white} - {white} * quotient;
half_of_gap = 1b-46;

{
  part_below in [0,1] /\ part_above in [1,1b25] /\ k in [0,1] /\ l in [0,1] /\ g in [-1,1] /\ h in [-1,1] /\
  |e1| <= 1b-53 /\ |e2| <= 1b-53 /\ |e3| <= 1b-53 /\ |e4| <= 1b-53 /\ |e5| <= 1b-53 /\ |e6| <= 1b-53
->
  others in ? /\ half_ulp in ? /\ other_sample in ? /\ one in ? /\ largest_t in ? /\ middle_of_254 in ? /\
  gap in ? /\ half_of_gap in ?
}
