# How wasm128's truncate cuts off: by adding 2^24 - 1 in single precision, whose numbers from 2^24 to 2^25 are the even
# ones. So a number from 1 on, which fast-pass.g shows to be below 2^24, exceeds its even number by 1 - rounding.
#
# Claim: |rounding| <= one: a number from 1 on: its sum is rounded by at most (units)
# Claim: sum >= least: a number from 1 on has a sum of at least
# Claim: sum < limit: the largest sum
# Claim: small_sum <= least: a number below 1 becomes 0: its sum is at most
# Paper: From 2^24 to 2^25 the word of a number of single precision, doubled, has in its low 24 bits the number less 2^24.
# Paper: An even number is as far below the next sample as a whole number and its fraction would be: see numerics.md.
#
# Code, native-fallback/simd/wasm128.cc:
#   const Float sum = wasm_f32x4_add(a, all({shift}f - 1));
#   return {wasm_i32x4_shl(max(all({least}f), sum), 1)};

@rnd = float<ieee_32, ne>;
sum rnd= a + ({shift} - 1);
rounding = sum - (a + ({shift} - 1));
small_sum rnd= small + ({shift} - 1);
one = {least} - ({shift} - 1);
least = {least} * 1;
limit = 1b25;

{
  a in [1,16777215] /\ small in [0,1]
->
  rounding in ? /\ one in ? /\ sum in ? /\ small_sum in ? /\ least in ? /\ limit in ?
}
