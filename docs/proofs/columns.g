# The products of three samples above one another (native-fallback/fast_pass.h, multiply_columns) have no error. The
# samples of green and blue are 2^8 and 2^16 times too large, as they lie in a word; column_scale takes that back.
#
# Claim: red_error, green_error, blue_error = zero: a column's product differs from the exact one by
# Claim: green_unit, blue_unit, alpha_unit = red_unit: a column's product, alpha computed as red is, is a whole number of
# Claim: red_middle, green_middle, blue_middle > least_normal: the smallest product of two samples
#
# Code, native-fallback/tile.h:
#   constexpr float column_scale[4] = {{red}f, {green}f, {blue}f, {alpha}f};
# Code, native-fallback/fast_pass.h:
#   V::mul(V::mul(V::sample(words[row + 1], c), V::all(column_scale[c])), V::sample(words[row + 2], c));
#   V::store(columns[row].planes[c] + x, V::mul(V::sample(words[row], c), middle));
#   V::store(columns[row + 1].planes[c] + x, V::mul(middle, V::sample(words[row + 3], c)));

@rnd = float<ieee_32, ne>;
zero = 0;
least_normal = 1b-126;

red_middle rnd= here * {red} * below;
red_column rnd= above * red_middle;
red_error = red_column - above * (here * {red} * below);
red_unit = {red};

green_middle rnd= (1b8 * here) * {green} * (1b8 * below);
green_column rnd= (1b8 * above) * green_middle;
green_error = green_column - (1b8 * above) * ((1b8 * here) * {green} * (1b8 * below));
green_unit = 1b8 * 1b8 * 1b8 * {green};

blue_middle rnd= (1b16 * here) * {blue} * (1b16 * below);
blue_column rnd= (1b16 * above) * blue_middle;
blue_error = blue_column - (1b16 * above) * ((1b16 * here) * {blue} * (1b16 * below));
blue_unit = 1b16 * 1b16 * 1b16 * {blue};

alpha_unit = {alpha} * 1;

{
  above in [1,255] /\ here in [1,255] /\ below in [1,255] /\ @FIX(above, 0) /\ @FIX(here, 0) /\ @FIX(below, 0)
->
  red_error in ? /\ green_error in ? /\ blue_error in ? /\ zero in ? /\
  red_unit in ? /\ green_unit in ? /\ blue_unit in ? /\ alpha_unit in ? /\
  red_middle in ? /\ green_middle in ? /\ blue_middle in ? /\ least_normal in ?
}
