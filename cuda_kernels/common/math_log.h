// log, log1p, log2 and log10 from + - * / and integer operations. See math_base.h for the rules.
//
// Method: x = 2^k m with m in [sqrt(1/2), sqrt(2)), s = (m-1) / (m+1) and
// log m = 2 atanh(s), summed as f - (f^2/2 - s (f^2/2 + R(s^2))) with f = m - 1, which keeps the
// error of the large terms out (the arrangement is that of P. Tang 1990, ACM TOMS 16:378).
//
// Largest errors seen in 10^6 arguments, in units in the last place, float64 / float32; then ns per
// value in an omp simd loop on one Zen 4 core, float64 with AVX-512 / AVX2, float32 likewise:
//   log     0.85 / 0.81    1.5 / 2.6   0.6 / 1.1
//   log1p   0.79 / 0.77    2.1 / 3.8   0.9 / 1.5
//   log2    0.51 / 0.51    4.7 / 8.2   1.9 / 3.7
//   log10   0.51 / 0.51    4.8 / 7.2   2.1 / 3.7
#ifndef SG_MATH_LOG_H
#define SG_MATH_LOG_H

#include "math_base.h"
#include "math_exp.h"

// k and m of a positive finite x, subnormal numbers included; *k as a floating point number.
SG_FN double sg_split_exponent(double x, double *k) {
  int tiny = x < 2.2250738585072014e-308;
  double normal = tiny ? x * 18014398509481984.0 : x;
  uint64_t bits = sg_bits(normal);
  uint64_t biased = (bits + 0x3ff0000000000000ull - 0x3fe6a09e667f3bcdull) >> 52;
  double offset = tiny ? 4503599627370496.0 + (1023.0 + 54.0) : 4503599627370496.0 + 1023.0;
  *k = sg_from_bits(0x4330000000000000ull | biased) - offset;
  return sg_from_bits(bits - ((biased - 1023) << 52));
}
SG_FN float sg_split_exponentf(float x, float *k) {
  int tiny = x < 1.1754944e-38f;
  float normal = tiny ? x * 33554432.0f : x;
  uint32_t bits = sg_bitsf(normal);
  uint32_t biased = (bits + 0x3f800000u - 0x3f3504f3u) >> 23;
  float offset = tiny ? 8388608.0f + (127.0f + 25.0f) : 8388608.0f + 127.0f;
  *k = sg_from_bitsf(0x4b000000u | biased) - offset;
  return sg_from_bitsf(bits - ((biased - 127) << 23));
}

// k ln 2 + log(1 + f) + tail for f in [sqrt(1/2) - 1, sqrt(2) - 1).
SG_FN double sg_log_sum(double k, double f, double tail) {
  double s = f / (2.0 + f);
  double z = s * s;
  double square = z * z;
  double even = SG_POLY4(square, 0.6666666666666735, 0.2857142874276374, 0.181835666643296,
                         0.1479662425948789);
  double odd = SG_POLY3(square, 0.39999999999413144, 0.22222198531285986, 0.15313986841148744);
  double rest = z * (even + z * odd);
  double half = 0.5 * f * f;
  double low = s * (half + rest) + (k * SG_LN2_LOW + tail);
  return k * SG_LN2_HIGH - ((half - low) - f);
}
SG_FN float sg_log_sumf(float k, float f, float tail) {
  float s = f / (2.0f + f);
  float z = s * s;
  float rest = z * SG_POLY3(z, 6.6666776e-01f, 3.997752e-01f, 2.987231e-01f);
  float half = 0.5f * f * f;
  float low = s * (half + rest) + (k * SG_LN2_LOWF + tail);
  return k * SG_LN2_HIGHF - ((half - low) - f);
}

// `y` for positive finite x; the limits of a logarithm at 0, below 0, at infinity and NaN.
SG_FN double sg_log_limits(double x, double y) {
  double finite = x < SG_INFINITY ? y : x;
  double positive = x == 0.0 ? -SG_INFINITY : finite;
  return x < 0.0 ? SG_NAN : positive;
}
SG_FN float sg_log_limitsf(float x, float y) {
  float finite = x < SG_INFINITYF ? y : x;
  float positive = x == 0.0f ? -SG_INFINITYF : finite;
  return x < 0.0f ? SG_NANF : positive;
}

// log x for positive finite x.
SG_FN double sg_log_positive(double x) {
  double k;
  double m = sg_split_exponent(x, &k);
  return sg_log_sum(k, m - 1.0, 0.0);
}
SG_FN float sg_log_positivef(float x) {
  float k;
  float m = sg_split_exponentf(x, &k);
  return sg_log_sumf(k, m - 1.0f, 0.0f);
}

SG_FN double sg_log(double x) { return sg_log_limits(x, sg_log_positive(x)); }
SG_FN float sg_logf(float x) { return sg_log_limitsf(x, sg_log_positivef(x)); }

SG_FN double sg_log1p(double x) {
  double sum = 1.0 + x;
  double lost = sg_sum_error(1.0, x, sum);
  double k;
  double m = sg_split_exponent(sum, &k);
  double part = m - 1.0;
  double rest = lost * (m / sum);  // lost * 2^-k
  double f = part + rest;          // x itself while k is 0
  double tail = (rest - (f - part)) / (1.0 + f);
  double y = sg_log_limits(sum, sg_log_sum(k, f, tail));
  return sg_abs(x) < 5.551115123125783e-17 ? x : y;
}
SG_FN float sg_log1pf(float x) {
  float sum = 1.0f + x;
  float lost = sg_sum_errorf(1.0f, x, sum);
  float k;
  float m = sg_split_exponentf(sum, &k);
  float part = m - 1.0f;
  float rest = lost * (m / sum);
  float f = part + rest;
  float tail = (rest - (f - part)) / (1.0f + f);
  float y = sg_log_limitsf(sum, sg_log_sumf(k, f, tail));
  return sg_absf(x) < 2.9802322e-08f ? x : y;
}

// log(1 + f) as a sum of the value and *low, to about 2^-65 (2^-40) of itself:
// 2 s (1 + z (1/3 + z Q(z))), z = s^2, everything but Q carried in two parts.
SG_FN double sg_log_two_parts(double f, double *low) {
  double d = 2.0 + f;
  double d_low = sg_sum_error(2.0, f, d);
  double s = f / d;
  double p = s * d;
  double s_low = (((f - p) - sg_product_error(s, d, p)) - s * d_low) / d;
  double z = s * s;
  double z_low = sg_product_error(s, s, z) + 2.0 * s * s_low;
  double q = z * SG_POLY7(z, 0.2000000000000113, 0.1428571428504828, 0.11111111260241091,
                          0.09090892158244125, 0.07693379868755088, 0.06628380045401185,
                          0.06598439041627013);
  double t = 0.3333333333333333 + q;
  double t_low = ((0.3333333333333333 - t) + q) + 1.850371707708594e-17;
  double w = z * t;
  double w_low = sg_product_error(z, t, w) + (z * t_low + z_low * t);
  double a = 2.0 * s;
  double a_low = 2.0 * s_low;
  double v = a * w;
  double v_low = sg_product_error(a, w, v) + (a * w_low + a_low * w);
  double sum = a + v;
  *low = ((a - sum) + v) + (v_low + a_low);
  return sum;
}
SG_FN float sg_log_two_partsf(float f, float *low) {
  float d = 2.0f + f;
  float d_low = sg_sum_errorf(2.0f, f, d);
  float s = f / d;
  float p = s * d;
  float s_low = (((f - p) - sg_product_errorf(s, d, p)) - s * d_low) / d;
  float z = s * s;
  float z_low = sg_product_errorf(s, s, z) + 2.0f * s * s_low;
  float q = z * SG_POLY4(z, 1.9999999e-01f, 1.4285937e-01f, 1.1092491e-01f, 9.7342044e-02f);
  float t = 0.33333334f + q;
  float t_low = ((0.33333334f - t) + q) + -9.934108e-09f;
  float w = z * t;
  float w_low = sg_product_errorf(z, t, w) + (z * t_low + z_low * t);
  float a = 2.0f * s;
  float a_low = 2.0f * s_low;
  float v = a * w;
  float v_low = sg_product_errorf(a, w, v) + (a * w_low + a_low * w);
  float sum = a + v;
  *low = ((a - sum) + v) + (v_low + a_low);
  return sum;
}

// log x as a sum of the value and *low, for positive finite x.
SG_FN double sg_log_extended(double x, double *low) {
  double k;
  double m = sg_split_exponent(x, &k);
  double part_low;
  double part = sg_log_two_parts(m - 1.0, &part_low);
  double base = k * SG_LN2_HIGH;
  double sum = base + part;
  double rest = sg_sum_error(base, part, sum) + (part_low + k * SG_LN2_LOW);
  double y = sum + rest;
  *low = rest - (y - sum);
  return y;
}
SG_FN float sg_log_extendedf(float x, float *low) {
  float k;
  float m = sg_split_exponentf(x, &k);
  float part_low;
  float part = sg_log_two_partsf(m - 1.0f, &part_low);
  float base = k * SG_LN2_HIGHF;
  float sum = base + part;
  float rest = sg_sum_errorf(base, part, sum) + (part_low + k * SG_LN2_LOWF);
  float y = sum + rest;
  *low = rest - (y - sum);
  return y;
}

SG_FN double sg_log10(double x) {
  double low;
  double high = sg_log_extended(x, &low);
  double p = high * 0.4342944819032518;
  double rest = sg_product_error(high, 0.4342944819032518, p) +
                (high * 1.098319650216765e-17 + low * 0.4342944819032518);
  return sg_log_limits(x, p + rest);
}
SG_FN float sg_log10f(float x) {
  float low;
  float high = sg_log_extendedf(x, &low);
  float p = high * 0.4342945f;
  float rest = sg_product_errorf(high, 0.4342945f, p) +
               (high * -1.010305e-08f + low * 0.4342945f);
  return sg_log_limitsf(x, p + rest);
}

SG_FN double sg_log2(double x) {
  double k;
  double m = sg_split_exponent(x, &k);
  double low;
  double high = sg_log_two_parts(m - 1.0, &low);
  double p = high * 1.4426950408889634;
  double rest = sg_product_error(high, 1.4426950408889634, p) +
                (high * 2.0355273740931033e-17 + low * 1.4426950408889634);
  double sum = k + p;
  return sg_log_limits(x, sum + (sg_sum_error(k, p, sum) + rest));
}
SG_FN float sg_log2f(float x) {
  float k;
  float m = sg_split_exponentf(x, &k);
  float low;
  float high = sg_log_two_partsf(m - 1.0f, &low);
  float p = high * 1.442695f;
  float rest = sg_product_errorf(high, 1.442695f, p) +
               (high * 1.925963e-08f + low * 1.442695f);
  float sum = k + p;
  return sg_log_limitsf(x, sum + (sg_sum_errorf(k, p, sum) + rest));
}

#endif
