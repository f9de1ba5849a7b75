// exp, expm1, exprel and its reciprocal from + - * / and integer operations. See math_base.h for
// the rules.
//
// Method: k = round(x / ln 2), r = x - k ln 2 in two parts (Cody and Waite 1980), a minimax
// polynomial for (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, and a scale by 2^k. Loops over neurons call
// many of these functions side by side; processors hold about a hundred operations that wait for
// their arguments, so what counts is the number of operations times the length of the longest chain
// of them. Hence Estrin's scheme for the polynomial (fewer steps than Horner's rule), and limits
// that are tested on the argument and applied to the result, beside the chain.
//
// Largest errors seen in 10^6 arguments, in units in the last place, float64 / float32; then ns per
// value in an omp simd loop on one Zen 5 core, float64 with AVX-512 / AVX2, float32 likewise:
//   exp            0.93 / 0.88    0.5 / 0.9   0.2 / 0.4
//   expm1          1.18 / 1.28    0.5 / 1.1   0.2 / 0.4
//   exprel         1.85 / 1.82    0.5 / 1.2   0.2 / 0.5
//   recip_exprel   1.74 / 1.76    0.5 / 1.0   0.2 / 0.4
#ifndef SG_MATH_EXP_H
#define SG_MATH_EXP_H

#include "math_base.h"

#define SG_LOG2_E 1.4426950408889634
#define SG_LN2_HIGH 0.6931471805601177  // 40 bits: k * SG_LN2_HIGH is exact
#define SG_LN2_LOW -1.7239444525614835e-13
#define SG_LOG2_EF 1.442695f
#define SG_LN2_HIGHF 0.69317627f  // 14 bits
#define SG_LN2_LOWF -2.9088971e-05f

// (e^r - 1 - r) / r^2 for |r| <= 0.347, z = r^2.
SG_FN double sg_exp_poly(double r, double z) {
  double w = z * z;
  double low = (0.5000000000000011 + r * 0.16666666666666397) +
               z * (0.041666666666528955 + r * 0.008333333333505003);
  double middle = (0.0013888888944018642 + r * 0.00019841269482463397) +
                  z * (2.4801492635230588e-05 + r * 2.7557608941583907e-06);
  double high = 2.763043245930663e-07 + r * 2.4992619569063685e-08;
  return low + w * (middle + w * high);
}
SG_FN float sg_exp_polyf(float r, float z) {
  float low = 4.9999994e-01f + r * 1.666652e-01f;
  float middle = 4.1668452e-02f + r * 8.368821e-03f;
  return low + z * (middle + z * 1.381025e-03f);
}

// e^(x + tail), |tail| <= a few ulps of x. The scale is 2^(k - 64) 2^64, or 2^(k + 64) 2^-64 where x
// is negative: the first product is exact, so that a result below the smallest normal number is
// rounded once (float32: 32 instead of 64).
SG_FN double sg_exp_with_tail(double x, double tail) {
  double rounded = x * SG_LOG2_E + SG_ROUND;
  double k = rounded - SG_ROUND;
  double high = x - k * SG_LN2_HIGH;
  double low = k * SG_LN2_LOW - tail;
  double r = high - low;
  double z = r * r;
  double y = 1.0 + (high + (z * sg_exp_poly(r, z) - low));
  uint64_t twice = (sg_bits(x) >> 63) << 59;  // 2 * 64 in the exponent
  double first = sg_from_bits((sg_bits(rounded) << 52) + (twice + ((uint64_t)(1023 - 64) << 52)));
  double second = sg_from_bits(((uint64_t)(1023 + 64) << 52) - twice);
  y = y * first * second;
  y = x > 710.0 ? SG_INFINITY : y;  // a NaN passes both
  return x < -746.0 ? 0.0 : y;
}
SG_FN float sg_exp_with_tailf(float x, float tail) {
  float rounded = x * SG_LOG2_EF + SG_ROUNDF;
  float k = rounded - SG_ROUNDF;
  float high = x - k * SG_LN2_HIGHF;
  float low = k * SG_LN2_LOWF - tail;
  float r = high - low;
  float z = r * r;
  float y = 1.0f + (high + (z * sg_exp_polyf(r, z) - low));
  uint32_t twice = (sg_bitsf(x) >> 31) << 29;  // 2 * 32 in the exponent
  float first = sg_from_bitsf((sg_bitsf(rounded) << 23) + (twice + ((uint32_t)(127 - 32) << 23)));
  float second = sg_from_bitsf(((uint32_t)(127 + 32) << 23) - twice);
  y = y * first * second;
  y = x > 89.0f ? SG_INFINITYF : y;
  return x < -104.0f ? 0.0f : y;
}

SG_FN double sg_exp(double x) { return sg_exp_with_tail(x, 0.0); }
SG_FN float sg_expf(float x) { return sg_exp_with_tailf(x, 0.0f); }

// (e^x - 1) * 2^-12 (2^-9) as a sum of the value and *low, for |x| above 2^-54 (2^-25) and
// -700 < x < 717 (-80 < x < 94; other results mean nothing); the scale keeps e^x inside the range
// where (e^x - 1) / x is. In 2^k - 1 + 2^k high the first two are never smaller than the last, or 0,
// so that the error of the sum is found in two steps (Dekker).
SG_FN double sg_expm1_scaled(double x, double *low) {
  double rounded = x * SG_LOG2_E + SG_ROUND;
  double k = rounded - SG_ROUND;
  double high = x - k * SG_LN2_HIGH;
  double k_low = k * SG_LN2_LOW;
  double r = high - k_low;
  double z = r * r;
  double scale = sg_from_bits((sg_bits(rounded) << 52) + ((uint64_t)(1023 - 12) << 52));
  double whole = scale - 0.000244140625;
  double part = scale * high;
  double sum = whole + part;
  *low = (part - (sum - whole)) + scale * (z * sg_exp_poly(r, z) - k_low);
  return sum;
}
SG_FN float sg_expm1_scaledf(float x, float *low) {
  float rounded = x * SG_LOG2_EF + SG_ROUNDF;
  float k = rounded - SG_ROUNDF;
  float high = x - k * SG_LN2_HIGHF;
  float k_low = k * SG_LN2_LOWF;
  float r = high - k_low;
  float z = r * r;
  float scale = sg_from_bitsf((sg_bitsf(rounded) << 23) + ((uint32_t)(127 - 9) << 23));
  float whole = scale - 0.001953125f;
  float part = scale * high;
  float sum = whole + part;
  *low = (part - (sum - whole)) + scale * (z * sg_exp_polyf(r, z) - k_low);
  return sum;
}

// (e^x - 1) * 2^-12 (2^-9) for x < 717 (94): -1 from -40 (-18) down.
SG_FN double sg_expm1_shifted(double x) {
  double low;
  double sum = sg_expm1_scaled(x, &low);
  return x < -40.0 ? -0.000244140625 : sum + low;
}
SG_FN float sg_expm1_shiftedf(float x) {
  float low;
  float sum = sg_expm1_scaledf(x, &low);
  return x < -18.0f ? -0.001953125f : sum + low;
}

SG_FN double sg_expm1(double x) {
  double y = 4096.0 * sg_expm1_shifted(x);
  y = x > 717.0 ? SG_INFINITY : y;
  return sg_abs(x) < 5.551115123125783e-17 ? x : y;
}
SG_FN float sg_expm1f(float x) {
  float y = 512.0f * sg_expm1_shiftedf(x);
  y = x > 94.0f ? SG_INFINITYF : y;
  return sg_absf(x) < 2.9802322e-08f ? x : y;
}

// (e^x - 1) / x, finite wherever the quotient is (up to x = 716.3; 93.2 in float32). Next to 0 both
// sides of the division round alike, so that it gives 1 until they vanish.
SG_FN double sg_exprel(double x) {
  double scaled = x * 0.000244140625;
  double y = sg_expm1_shifted(x) / scaled;
  y = x > 717.0 ? SG_INFINITY : y;
  return scaled == 0.0 ? 1.0 : y;
}
SG_FN float sg_exprelf(float x) {
  float scaled = x * 0.001953125f;
  float y = sg_expm1_shiftedf(x) / scaled;
  y = x > 94.0f ? SG_INFINITYF : y;
  return scaled == 0.0f ? 1.0f : y;
}

// x / (e^x - 1): the reciprocal of exprel, with one division instead of two.
SG_FN double sg_recip_exprel(double x) {
  double scaled = x * 0.000244140625;
  double y = scaled / sg_expm1_shifted(x);
  y = x > 717.0 ? 0.0 : y;
  return scaled == 0.0 ? 1.0 : y;
}
SG_FN float sg_recip_exprelf(float x) {
  float scaled = x * 0.001953125f;
  float y = scaled / sg_expm1_shiftedf(x);
  y = x > 94.0f ? 0.0f : y;
  return scaled == 0.0f ? 1.0f : y;
}

#endif
