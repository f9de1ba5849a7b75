// sin, cos and tan from + - * / and integer operations. See math_base.h for the rules.
//
// Reduction: the multiple of pi/2 nearest to x is taken off in two steps, first the part of the
// quotient above 2^26 (2^11), then the rest of it; pi/2 stands in four parts of 26 bits (11), so
// that the large products and differences are exact (after Cody and Waite 1980), and the remainder
// is carried in two parts. This holds for |x| < 2^51 (2^22), that is until neighbouring numbers are
// half a radian apart. From there on an argument has no phase worth the name, and that of
// x * 2^-n in [2^50, 2^51) ([2^21, 2^22)) is taken: defined, between -1 and 1, equal on all
// targets, but not the sine of x.
//
// Largest errors seen in 10^6 arguments, in units in the last place, float64 / float32; then ns per
// value in an omp simd loop on one Zen 4 core, float64 with AVX-512 / AVX2, float32 likewise:
//   sin     0.76 / 0.77    2.8 / 5.0   1.1 / 2.2
//   cos     0.80 / 0.77    2.8 / 5.0   1.1 / 2.2
//   tan     2.18 / 2.07    2.8 / 5.4   1.2 / 2.2
// for |x| below 2^51 (float32: 10^5; from there to 2^22 results below 10^-5 are off by up to 5e-13
// instead).
#ifndef SG_MATH_TRIG_H
#define SG_MATH_TRIG_H

#include "math_base.h"

// The remainder of x after multiples of pi/2 (plus *low), at most pi/4 in size; the two lowest bits
// of *quadrant hold the number of multiples modulo 4.
SG_FN double sg_reduce_angle(double x, double *low, uint64_t *quadrant) {
  uint64_t bits = sg_bits(x);
  double folded = sg_from_bits((bits & 0x800fffffffffffffull) | 0x4310000000000000ull);
  double angle = sg_abs(x) >= 2251799813685248.0 ? folded : x;
  double q_high = (angle * 0.6366197723675814 + 453347182355485940514816.0) -
                  453347182355485940514816.0;  // 1.5 * 2^78
  double third = -(q_high * 6.123233932053594e-17);
  double r = angle - q_high * 1.5707963407039642;
  r = r - q_high * -1.3909067675399456e-08;
  double rounded = (r + third) * 0.6366197723675814 + SG_ROUND;
  double q_low = rounded - SG_ROUND;
  r = r - q_low * 1.5707963407039642;
  r = r - q_low * -1.3909067675399456e-08;
  double sum = r + third;
  double lost = sg_sum_error(r, third, sum);
  double fourth = -(q_low * 6.123233932053594e-17);
  double total = sum + fourth;
  double rest = (lost + sg_sum_error(sum, fourth, total)) -
                (q_high + q_low) * 6.36831716351095e-25;
  double y = total + rest;
  *low = (total - y) + rest;
  *quadrant = sg_bits(rounded);
  return y;
}
SG_FN float sg_reduce_anglef(float x, float *low, uint32_t *quadrant) {
  uint32_t bits = sg_bitsf(x);
  float folded = sg_from_bitsf((bits & 0x807fffffu) | 0x4a000000u);
  float angle = sg_absf(x) >= 4194304.0f ? folded : x;
  float q_high = (angle * 0.63661975f + 25769803776.0f) - 25769803776.0f;  // 1.5 * 2^34
  float third = -(q_high * 7.5495336e-08f);
  float r = angle - q_high * 1.5703125f;
  r = r - q_high * 0.0004837513f;
  float rounded = (r + third) * 0.63661975f + SG_ROUNDF;
  float q_low = rounded - SG_ROUNDF;
  r = r - q_low * 1.5703125f;
  r = r - q_low * 0.0004837513f;
  float sum = r + third;
  float lost = sg_sum_errorf(r, third, sum);
  float fourth = -(q_low * 7.5495336e-08f);
  float total = sum + fourth;
  float rest = (lost + sg_sum_errorf(sum, fourth, total)) -
               (q_high + q_low) * 2.563344e-12f;
  float y = total + rest;
  *low = (total - y) + rest;
  *quadrant = sg_bitsf(rounded);
  return y;
}

// sin(r + low) for |r| <= pi/4.
SG_FN double sg_sin_poly(double r, double low) {
  double z = r * r;
  double p = SG_POLY6(z, -0.16666666666666632, 0.008333333333322366, -0.00019841269829768652,
                      2.7557313677764396e-06, -2.505075581576397e-08, 1.5896657808077625e-10);
  return r + (r * z * p + low * (1.0 - 0.5 * z));
}
SG_FN float sg_sin_polyf(float r, float low) {
  float z = r * r;
  float p = SG_POLY3(z, -1.6666655e-01f, 8.332176e-03f, -1.951696e-04f);
  return r + (r * z * p + low * (1.0f - 0.5f * z));
}

// cos(r + low) for |r| <= pi/4.
SG_FN double sg_cos_poly(double r, double low) {
  double z = r * r;
  double p = SG_POLY6(z, 0.0416666666666666, -0.0013888888888874062, 2.480158728944096e-05,
                      -2.755731433989962e-07, 2.0875721516310094e-09, -1.1359553564143972e-11);
  double half = 0.5 * z;
  double whole = 1.0 - half;
  return whole + (((1.0 - whole) - half) + (z * z * p - r * low));
}
SG_FN float sg_cos_polyf(float r, float low) {
  float z = r * r;
  float p = SG_POLY3(z, 4.1666646e-02f, -1.3887364e-03f, 2.4438072e-05f);
  float half = 0.5f * z;
  float whole = 1.0f - half;
  return whole + (((1.0f - whole) - half) + (z * z * p - r * low));
}

// The sine of quadrant * pi/2 + (an angle of the given sine and cosine).
SG_FN double sg_in_quadrant(double sine, double cosine, uint64_t quadrant) {
  double value = (quadrant & 1u) ? cosine : sine;
  return sg_from_bits(sg_bits(value) ^ ((quadrant & 2u) << 62));
}
SG_FN float sg_in_quadrantf(float sine, float cosine, uint32_t quadrant) {
  float value = (quadrant & 1u) ? cosine : sine;
  return sg_from_bitsf(sg_bitsf(value) ^ ((quadrant & 2u) << 30));
}

SG_FN double sg_sin(double x) {
  double low;
  uint64_t quadrant;
  double r = sg_reduce_angle(x, &low, &quadrant);
  double y = sg_in_quadrant(sg_sin_poly(r, low), sg_cos_poly(r, low), quadrant);
  y = sg_abs(x) < 3.725290298461914e-09 ? x : y;  // keeps -0
  return sg_abs(x) < SG_INFINITY ? y : SG_NAN;
}
SG_FN float sg_sinf(float x) {
  float low;
  uint32_t quadrant;
  float r = sg_reduce_anglef(x, &low, &quadrant);
  float y = sg_in_quadrantf(sg_sin_polyf(r, low), sg_cos_polyf(r, low), quadrant);
  y = sg_absf(x) < 6.1035156e-05f ? x : y;  // keeps -0
  return sg_absf(x) < SG_INFINITYF ? y : SG_NANF;
}

SG_FN double sg_cos(double x) {
  double low;
  uint64_t quadrant;
  double r = sg_reduce_angle(x, &low, &quadrant);
  double y = sg_in_quadrant(sg_sin_poly(r, low), sg_cos_poly(r, low), quadrant + 1u);
  return sg_abs(x) < SG_INFINITY ? y : SG_NAN;
}
SG_FN float sg_cosf(float x) {
  float low;
  uint32_t quadrant;
  float r = sg_reduce_anglef(x, &low, &quadrant);
  float y = sg_in_quadrantf(sg_sin_polyf(r, low), sg_cos_polyf(r, low), quadrant + 1u);
  return sg_absf(x) < SG_INFINITYF ? y : SG_NANF;
}

SG_FN double sg_tan(double x) {
  double low;
  uint64_t quadrant;
  double r = sg_reduce_angle(x, &low, &quadrant);
  double sine = sg_sin_poly(r, low);
  double cosine = sg_cos_poly(r, low);
  double above = (quadrant & 1u) ? -cosine : sine;
  double below = (quadrant & 1u) ? sine : cosine;
  double y = sg_abs(x) < 3.725290298461914e-09 ? x : above / below;  // keeps -0
  return sg_abs(x) < SG_INFINITY ? y : SG_NAN;
}
SG_FN float sg_tanf(float x) {
  float low;
  uint32_t quadrant;
  float r = sg_reduce_anglef(x, &low, &quadrant);
  float sine = sg_sin_polyf(r, low);
  float cosine = sg_cos_polyf(r, low);
  float above = (quadrant & 1u) ? -cosine : sine;
  float below = (quadrant & 1u) ? sine : cosine;
  float y = sg_absf(x) < 6.1035156e-05f ? x : above / below;  // keeps -0
  return sg_absf(x) < SG_INFINITYF ? y : SG_NANF;
}

// Sine and cosine of 2 pi u for u in [0, 1); the reduction is exact.
SG_FN void sg_sincos_turn(double u, double *sine, double *cosine) {
  double quarters = 4.0 * u;
  double rounded = quarters + SG_ROUND;
  double r = (quarters - (rounded - SG_ROUND)) * 1.5707963267948966;
  uint64_t quadrant = sg_bits(rounded);
  double s = sg_sin_poly(r, 0.0);
  double c = sg_cos_poly(r, 0.0);
  *sine = sg_in_quadrant(s, c, quadrant);
  *cosine = sg_in_quadrant(s, c, quadrant + 1u);
}
SG_FN void sg_sincos_turnf(float u, float *sine, float *cosine) {
  float quarters = 4.0f * u;
  float rounded = quarters + SG_ROUNDF;
  float r = (quarters - (rounded - SG_ROUNDF)) * 1.5707964f;
  uint32_t quadrant = sg_bitsf(rounded);
  float s = sg_sin_polyf(r, 0.0f);
  float c = sg_cos_polyf(r, 0.0f);
  *sine = sg_in_quadrantf(s, c, quadrant);
  *cosine = sg_in_quadrantf(s, c, quadrant + 1u);
}

#endif
