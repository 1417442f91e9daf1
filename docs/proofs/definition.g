# The definition (src/reference.ts) computes T = 255 P / |P| in binary64: how far its value is from the real one.
#
# a, b, c, d: products of four channels, a1 to a9 the samples of the first; x: the product of any one of them. A capital
# letter is the same without rounding. T does not depend on the samples being divided by 255.
#
# Claim: |error, product_error| < error_stated: the definition's value and products differ from the real ones by at most (in 2^-53)
# Claim: x, square, sum, norm, quotient, value >= least_normal: the smallest number of the definition that is not 0
# Claim: x, square, sum, norm, quotient, value < limit: the largest number of the definition
# Claim: addend < half_ulp: what the exact pass adds under the root, beside the smallest sum that is not 0
# Paper: A product that is 0 adds exactly nothing to the sum, so a pixel that has one has fewer roundings.
# Paper: x + y rounds to x where 0 <= y < 2^-54 x in binary64: that is less than half a unit in the last place of x.
# Paper: The exact pass needs no limit of 1: rounding is monotone, so the norm is at least sqrt(x * x) for every product x.
#
# Code, src/reference.ts:
#   (_, sample) => sample / {white});
# Code, src/reference.ts:
#   squares += product[c] * product[c];
# Code, src/reference.ts:
#   return norm === 0 ? 0 : Math.trunc(Math.min(product / norm, 1) * {white});
# Code, native-fallback/exact_pass.h:
#   double squares = product.of[0][i] * product.of[0][i];
#   for (int c = 1; c < channels; c++) squares += product.of[c][i] * product.of[c][i];
# Code, native-fallback/exact_pass.h:
#   norm[i] = std::sqrt(squares + {addend});
# Code, native-fallback/exact_pass.h:
#   static_cast<int32_t>(product.of[c][i] / norm[i] * {white});
# Code, docs/numerics.md:
#   differs from T by less than {error_stated} * 2^-53, relative

@rnd = float<ieee_64, ne>;
white = {white};

a rnd= a1 / white * (a2 / white) * (a3 / white) * (a4 / white) * (a5 / white) *
       (a6 / white) * (a7 / white) * (a8 / white) * (a9 / white);
b rnd= b1 / white * (b2 / white) * (b3 / white) * (b4 / white) * (b5 / white) *
       (b6 / white) * (b7 / white) * (b8 / white) * (b9 / white);
c rnd= c1 / white * (c2 / white) * (c3 / white) * (c4 / white) * (c5 / white) *
       (c6 / white) * (c7 / white) * (c8 / white) * (c9 / white);
d rnd= d1 / white * (d2 / white) * (d3 / white) * (d4 / white) * (d5 / white) *
       (d6 / white) * (d7 / white) * (d8 / white) * (d9 / white);
x rnd= x1 / white * (x2 / white) * (x3 / white) * (x4 / white) * (x5 / white) *
       (x6 / white) * (x7 / white) * (x8 / white) * (x9 / white);
square rnd= a * a;
sum rnd= a * a + b * b + c * c + d * d;
norm rnd= sqrt(sum);
quotient rnd= x / norm;
value rnd= quotient * white;

A = a1 / white * (a2 / white) * (a3 / white) * (a4 / white) * (a5 / white) *
    (a6 / white) * (a7 / white) * (a8 / white) * (a9 / white);
B = b1 / white * (b2 / white) * (b3 / white) * (b4 / white) * (b5 / white) *
    (b6 / white) * (b7 / white) * (b8 / white) * (b9 / white);
C = c1 / white * (c2 / white) * (c3 / white) * (c4 / white) * (c5 / white) *
    (c6 / white) * (c7 / white) * (c8 / white) * (c9 / white);
D = d1 / white * (d2 / white) * (d3 / white) * (d4 / white) * (d5 / white) *
    (d6 / white) * (d7 / white) * (d8 / white) * (d9 / white);
X = x1 / white * (x2 / white) * (x3 / white) * (x4 / white) * (x5 / white) *
    (x6 / white) * (x7 / white) * (x8 / white) * (x9 / white);
T = X / sqrt(A * A + B * B + C * C + D * D) * white;

error = (value - T) / T / 1b-53;
product_error = (x - X) / X / 1b-53;
error_stated = {error_stated};
addend = {addend} / square;
half_ulp = 1b-54;
least_normal = 1b-1022;
limit = 1b1024;

{
  a1 in [1,255] /\ a2 in [1,255] /\ a3 in [1,255] /\ a4 in [1,255] /\ a5 in [1,255] /\
  a6 in [1,255] /\ a7 in [1,255] /\ a8 in [1,255] /\ a9 in [1,255] /\
  b1 in [1,255] /\ b2 in [1,255] /\ b3 in [1,255] /\ b4 in [1,255] /\ b5 in [1,255] /\
  b6 in [1,255] /\ b7 in [1,255] /\ b8 in [1,255] /\ b9 in [1,255] /\
  c1 in [1,255] /\ c2 in [1,255] /\ c3 in [1,255] /\ c4 in [1,255] /\ c5 in [1,255] /\
  c6 in [1,255] /\ c7 in [1,255] /\ c8 in [1,255] /\ c9 in [1,255] /\
  d1 in [1,255] /\ d2 in [1,255] /\ d3 in [1,255] /\ d4 in [1,255] /\ d5 in [1,255] /\
  d6 in [1,255] /\ d7 in [1,255] /\ d8 in [1,255] /\ d9 in [1,255] /\
  x1 in [1,255] /\ x2 in [1,255] /\ x3 in [1,255] /\ x4 in [1,255] /\ x5 in [1,255] /\
  x6 in [1,255] /\ x7 in [1,255] /\ x8 in [1,255] /\ x9 in [1,255]
->
  error in ? /\ product_error in ? /\ error_stated in ? /\ addend in ? /\ half_ulp in ? /\ least_normal in ? /\ limit in ? /\
  x in ? /\ square in ? /\ sum in ? /\ norm in ? /\ quotient in ? /\ value in ?
}
