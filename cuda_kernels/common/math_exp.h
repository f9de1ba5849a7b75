// exp, expm1 and exprel from + - * / and integer operations. See math_base.h for the rules.
//
// Method: k = round(x / ln 2), r = x - k ln 2 in two parts (Cody and Waite 1980), a minimax
// polynomial for (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, and a scale by 2^k in two exact factors, so
// that results below the smallest normal number are rounded once.
//
// Largest errors seen in 10^6 arguments, in units in the last place, float64 / float32; then ns per
// value in an omp simd loop on one Zen 4 core, float64 with AVX-512 / AVX2, float32 likewise:
//   exp     0.91 / 0.86    1.2 / 2.3   0.5 / 0.9
//   expm1   1.08 / 1.26    1.5 / 2.6   0.6 / 1.1
//   exprel  1.85 / 1.67    1.7 / 2.7   0.6 / 1.2
#ifndef SG_MATH_EXP_H
#define SG_MATH_EXP_H

#include "math_base.h"

#define SG_LOG2_E 1.4426950408889634
#define SG_LN2_HIGH 0.6931471805601177  // 40 bits: k * SG_LN2_HIGH is exact
#define SG_LN2_LOW -1.7239444525614835e-13
#define SG_LOG2_EF 1.442695f
#define SG_LN2_HIGHF 0.69317627f  // 14 bits
#define SG_LN2_LOWF -2.9088971e-05f

// (e^r - 1 - r) / r^2 for |r| <= 0.347; even and odd terms apart for a shorter chain.
SG_FN double sg_exp_poly(double r) {
  double z = r * r;
  double even = SG_POLY5(z, 0.5000000000000011, 0.041666666666528955, 0.0013888888944018642,
                         2.4801492635230588e-05, 2.763043245930663e-07);
  double odd = SG_POLY5(z, 0.16666666666666397, 0.008333333333505003, 0.00019841269482463397,
                        2.7557608941583907e-06, 2.4992619569063685e-08);
  return even + r * odd;
}
SG_FN float sg_exp_polyf(float r) {
  float z = r * r;
  float even = SG_POLY3(z, 4.9999994e-01f, 4.1668452e-02f, 1.381025e-03f);
  float odd = SG_POLY2(z, 1.666652e-01f, 8.368821e-03f);
  return even + r * odd;
}

// 2^k1 * 2^k2 * y for k = k1 + k2, where biased = k + 2048 (k + 256) and |k| < 2046 (254). The
// exponent field of a factor is 1023 + (its half of biased) - 1024.
SG_FN double sg_scale(double y, uint64_t biased) {
  uint64_t half = biased >> 1;
  double first = sg_from_bits((half - 1) << 52);
  double second = sg_from_bits(((biased - half) - 1) << 52);
  return y * first * second;
}
SG_FN float sg_scalef(float y, uint32_t biased) {
  uint32_t half = biased >> 1;
  float first = sg_from_bitsf((half - 1) << 23);
  float second = sg_from_bitsf(((biased - half) - 1) << 23);
  return y * first * second;
}

// e^(x + tail), |tail| <= a few ulps of x.
SG_FN double sg_exp_with_tail(double x, double tail) {
  double bounded = x < -746.0 ? -746.0 : x;  // a NaN passes both
  bounded = bounded > 710.0 ? 710.0 : bounded;
  double rounded = bounded * SG_LOG2_E + SG_ROUND;
  double k = rounded - SG_ROUND;
  double high = bounded - k * SG_LN2_HIGH;
  double low = k * SG_LN2_LOW - tail;
  double r = high - low;
  double lost = (high - r) - low;
  double y = 1.0 + (r + (lost + r * r * sg_exp_poly(r)));
  return sg_scale(y, sg_bits(rounded) - (SG_ROUND_BITS - 2048));
}
SG_FN float sg_exp_with_tailf(float x, float tail) {
  float bounded = x < -104.0f ? -104.0f : x;
  bounded = bounded > 89.0f ? 89.0f : bounded;
  float rounded = bounded * SG_LOG2_EF + SG_ROUNDF;
  float k = rounded - SG_ROUNDF;
  float high = bounded - k * SG_LN2_HIGHF;
  float low = k * SG_LN2_LOWF - tail;
  float r = high - low;
  float lost = (high - r) - low;
  float y = 1.0f + (r + (lost + r * r * sg_exp_polyf(r)));
  return sg_scalef(y, sg_bitsf(rounded) - (SG_ROUND_BITSF - 256));
}

SG_FN double sg_exp(double x) { return sg_exp_with_tail(x, 0.0); }
SG_FN float sg_expf(float x) { return sg_exp_with_tailf(x, 0.0f); }

// (e^x - 1) * 2^-12 (2^-9) as a sum of the value and *low, for |x| above 2^-54 (2^-25) and
// x < 717 (94); the scale keeps e^x inside the range where (e^x - 1) / x is. From -40 (-18) down
// e^x - 1 is -1.
SG_FN double sg_expm1_scaled(double x, double *low) {
  double bounded = x < -40.0 ? -40.0 : x;
  bounded = bounded > 717.0 ? 717.0 : bounded;
  double rounded = bounded * SG_LOG2_E + SG_ROUND;
  double k = rounded - SG_ROUND;
  double high = bounded - k * SG_LN2_HIGH;
  double k_low = k * SG_LN2_LOW;
  double r = high - k_low;
  double lost = (high - r) - k_low;
  double scale = sg_from_bits((sg_bits(rounded) - SG_ROUND_BITS + (1023 - 12)) << 52);
  double whole = scale - 0.000244140625;
  double part = scale * r;
  double sum = whole + part;
  *low = sg_sum_error(whole, part, sum) + scale * (lost + r * r * sg_exp_poly(r));
  return sum;
}
SG_FN float sg_expm1_scaledf(float x, float *low) {
  float bounded = x < -18.0f ? -18.0f : x;
  bounded = bounded > 94.0f ? 94.0f : bounded;
  float rounded = bounded * SG_LOG2_EF + SG_ROUNDF;
  float k = rounded - SG_ROUNDF;
  float high = bounded - k * SG_LN2_HIGHF;
  float k_low = k * SG_LN2_LOWF;
  float r = high - k_low;
  float lost = (high - r) - k_low;
  float scale = sg_from_bitsf((sg_bitsf(rounded) - SG_ROUND_BITSF + (127 - 9)) << 23);
  float whole = scale - 0.001953125f;
  float part = scale * r;
  float sum = whole + part;
  *low = sg_sum_errorf(whole, part, sum) + scale * (lost + r * r * sg_exp_polyf(r));
  return sum;
}

SG_FN double sg_expm1(double x) {
  double low;
  double sum = sg_expm1_scaled(x, &low);
  return sg_abs(x) < 5.551115123125783e-17 ? x : 4096.0 * (sum + low);
}
SG_FN float sg_expm1f(float x) {
  float low;
  float sum = sg_expm1_scaledf(x, &low);
  return sg_absf(x) < 2.9802322e-08f ? x : 512.0f * (sum + low);
}

// (e^x - 1) / x, 1 at 0, finite wherever the quotient is (up to x = 716.3; 93.2 in float32).
SG_FN double sg_exprel(double x) {
  double low;
  double sum = sg_expm1_scaled(x, &low);
  double bounded = x > 717.0 ? 717.0 : x;
  return sg_abs(x) < 5.551115123125783e-17 ? 1.0 : 4096.0 * ((sum + low) / bounded);
}
SG_FN float sg_exprelf(float x) {
  float low;
  float sum = sg_expm1_scaledf(x, &low);
  float bounded = x > 94.0f ? 94.0f : x;
  return sg_absf(x) < 2.9802322e-08f ? 1.0f : 512.0f * ((sum + low) / bounded);
}

#endif
