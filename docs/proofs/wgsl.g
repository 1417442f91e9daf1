# The fast pass of the GPU (shaders/fast_pass.wgsl), from the accuracy table of the WGSL specification alone, whose results
# have no rounding that is known: +, - and * give either neighbour, inverseSqrt is within 2 ULP, in any order, fused or not.
#
# T: the true value, in units; v: the product with the scale; a1 to m1: relative errors of operations, which reassociation
# leaves as many and fusion makes fewer; P, Q: any channels; pair, factor: the product of two rows, as it is and rescaled.
#
# Claim: below_T > none: v is below the definition's value: relative to T, by at least
# Claim: growth < allowed_growth: the definition's value is above v: for each sample, in units, at most
# Claim: spare > none: what the distance has beside that, less what v is above the units and rounding down: at least
# Claim: largest_distance < most_and_one: the comparison that comes first has the largest distance, rounded down
# Claim: factor, double, product, triple, square, sum, scaled > least_normal: the smallest that is not 0, in any order
# Claim: pair, double, product, triple, square, sum, scaled < limit: the largest, in any order
# Claim: inverse, factor_inverse, row_inverse, unscaled > least_normal: the smallest factor of v, in any order
# Claim: inverse, factor_inverse, row_inverse, unscaled < limit: the largest factor of v, in any order
# Claim: scaled > least_sum: the limit of the sum from below changes none that is not 0: the smallest
# Claim: scaled < most_argument: the largest sum
# Claim: alone < one: where the ratio does not surely mean less than 255, the other channels' v is at most
# Claim: others < half_ulp: surely 255: the squares of the other products beside the largest one, in any order
# Claim: gap > half_of_gap: surely below 255: the definition's quotient times 255, before it is rounded, lies below 255 by
# Assumed: the accuracy table of WGSL: either neighbour for +, - and *, 2 ULP for inverseSqrt.
# Paper: The sum of squares has at most three additions on the way of any of them.
# Paper: With v + 2^23 - 1 either neighbour, the units j are 0 or at most v, and v is below j + 2.
#
# Code, shaders/fast_pass.wgsl:
#   const RESCALE_EXPONENT = {rescale_exponent}u;
# Code, shaders/fast_pass.wgsl:
#   const SAMPLE_BITS = {sample_bits}u;
# Code, shaders/fast_pass.wgsl:
#   const NORM_SCALE = {norm_scale};
# Code, shaders/fast_pass.wgsl:
#   const MOST_UNDECIDED_UNITS = {most_units}u;
# Code, shaders/fast_pass.wgsl:
#   const SURELY_255_BELOW = {surely_255_below};
#   const SURELY_BELOW_255_ABOVE = {surely_below_255_above};
# Code, shaders/fast_pass.wgsl:
#   let scale = inverseSqrt(max(squares * NORM_SCALE, vec2f({least_sum})));
# Code, shaders/fast_pass.wgsl:
#   let units = product * scale + vec2f(NO_UNITS - 1.0);
#   return bitcast<vec2u>(clamp(units, vec2f(NO_UNITS), vec2f(MIDDLE_OF_254)));
# Code, shaders/fast_pass.wgsl:
#   return vec4u({fixed}u) + (((samples + vec4u(1u)) * vec4u({numerator}u)) >> vec4u({shift}u));
# Code, shaders/fast_pass.wgsl:
#   let surely_255 = second < largest * SURELY_255_BELOW;
#   let perhaps_255 = !surely_255 && second <= largest * SURELY_BELOW_255_ABOVE;
# Code, docs/numerics.md:
#   differs from T by less than {definition_error} * 2^-53, relative

e = {definition_error} * 1b-53;
sample = 1b{sample_bits};
white = 255 * sample;

# Relative to the exact values.
P = (1 + a1) * (1 + a2);
Q = (1 + b1) * (1 + b2);
S = Q * Q * ((1 + c1) * (1 + c2) * (1 + c3) * (1 + c4) * (1 + c5));
errors = P * ((1 + r) * (1 + m1)) / sqrt(S);
v_of_T = errors / (sqrt({norm_scale}) * white);
below_T = 1 - v_of_T * (1 + d * e);

# A pixel is decided where j < (k + 1) * sample - distance(k), with distance(k) = fixed + (k + 1) * allowed_growth, rounded down.
growth = sample * ((1 + d * e) / v_of_T - 1);
allowed_growth = {numerator} * 1b-{shift};
spare = {fixed} - (1 - 1b-{shift}) - 1;
none = 0;
largest_distance = {fixed} + 255 * allowed_growth;
most_and_one = {most_units} + 1;

pair = above * here * (1 + a1);
factor = pair * 1b-{rescale_exponent};
double = factor * factor * (1 + m1);
product = factor * below * (1 + a2);
triple = factor * product * (1 + m1);
square = product * product * (1 + c1);
sum = 4 * square * ((1 + c2) * (1 + c3) * (1 + c4));
scaled = scale_of_sum * square * ((1 + c2) * (1 + c3) * (1 + c4) * (1 + c5)) * {norm_scale};
inverse = (1 + r) / sqrt(argument);
factor_inverse = factor * inverse * (1 + m1);
row_inverse = below * inverse * (1 + m1);
unscaled = product * inverse * (1 + m1);
least_sum = {least_sum};
most_argument = 1b54;
least_normal = 1b-126;
limit = 1b128;

# The ratio of the second largest product to the largest one: twice two errors in it, and one of the multiplication.
ratio_below = part_below * {surely_255_below} * (1 + m1) * (P / Q) * ((1 + g * e) / (1 + h * e));
others = 3 * ratio_below * ratio_below * ((1 + e1) * (1 + e2) * (1 + e3) / (1 + e4));
half_ulp = 1b-54;
alone = part_below * {surely_below_255_above} * (1 + m1) * (P / Q) * white * v_of_T;
one = 1;
ratio_above = part_above * {surely_below_255_above} * (1 + m1) * (P / Q) * ((1 + g * e) / (1 + h * e));
quotient = (1 + e1) / (sqrt((1 + ratio_above * ratio_above) * ((1 + e2) * (1 + e3) * (1 + e4) * (1 + e5))) * (1 + e6));
gap = 255 - 255 * quotient;
half_of_gap = 1b-46;

{
  above in [1,16581375] /\ here in [1,16581375] /\ below in [1,16581375] /\ argument in [{least_sum},1b54] /\
  scale_of_sum in [1,4] /\
  |a1| <= 1b-23 /\ |a2| <= 1b-23 /\ |b1| <= 1b-23 /\ |b2| <= 1b-23 /\ |c1| <= 1b-23 /\ |c2| <= 1b-23 /\ |c3| <= 1b-23 /\
  |c4| <= 1b-23 /\ |c5| <= 1b-23 /\ |r| <= 1b-22 /\ |m1| <= 1b-23 /\
  d in [-1,1] /\ g in [-1,1] /\ h in [-1,1] /\ part_below in [0,1] /\ part_above in [1,1b24] /\
  |e1| <= 1b-53 /\ |e2| <= 1b-53 /\ |e3| <= 1b-53 /\ |e4| <= 1b-53 /\ |e5| <= 1b-53 /\ |e6| <= 1b-53
->
  below_T in ? /\ growth in ? /\ allowed_growth in ? /\ spare in ? /\ none in ? /\
  largest_distance in ? /\ most_and_one in ? /\ pair in ? /\ factor in ? /\ double in ? /\ product in ? /\ triple in ? /\
  square in ? /\ sum in ? /\ scaled in ? /\ inverse in ? /\ factor_inverse in ? /\ row_inverse in ? /\ unscaled in ? /\
  least_sum in ? /\ most_argument in ? /\ least_normal in ? /\ limit in ? /\ alone in ? /\ one in ? /\
  others in ? /\ half_ulp in ? /\ gap in ? /\ half_of_gap in ?
}
