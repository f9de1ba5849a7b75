// arctan, arcsin and arccos from + - * / and sqrt. See math_base.h for the rules.
//
// Largest errors seen in 10^6 arguments, in units in the last place, float64 / float32; then ns per
// value in an omp simd loop on one Zen 4 core, float64 with AVX-512 / AVX2, float32 likewise:
//   arctan  1.70 / 1.79    1.4 / 2.3   0.5 / 0.8
//   arcsin  0.73 / 0.61    2.3 / 3.7   1.7 / 3.1
//   arccos  0.72 / 0.61    2.3 / 3.8   2.3 / 3.6
#ifndef SG_MATH_INVERSE_H
#define SG_MATH_INVERSE_H

#include "math_base.h"

// arctan a = c + arctan t with (c, t) = (0, a), (pi/4, (a-1)/(a+1)) or (pi/2, -1/a), so that
// |t| <= tan(pi/8).
SG_FN double sg_arctan(double x) {
  double a = sg_abs(x);
  int small = a <= 0.41421356237309503;
  int large = a > 2.414213562373095;
  double above = small ? a : (large ? -1.0 : a - 1.0);
  double below = small ? 1.0 : (large ? a : a + 1.0);
  double base = small ? 0.0 : (large ? 1.5707963267948966 : 0.7853981633974483);
  double base_low = small ? 0.0 : (large ? 6.123233995736766e-17 : 3.061616997868383e-17);
  double t = above / below;
  double z = t * t;
  double square = z * z;
  double even = SG_POLY6(square, -0.333333333333332, -0.14285714280215758, -0.0909089778524281,
                         -0.06663109352810176, -0.05039464981832344, -0.017911232303927174);
  double odd = SG_POLY5(square, 0.19999999999953774, 0.11111110784424534, 0.07692060695119876,
                        0.05847926481182152, 0.03806843672270747);
  double y = base + (t + (base_low + t * z * (even + z * odd)));
  return sg_copysign(y, x);
}
SG_FN float sg_arctanf(float x) {
  float a = sg_absf(x);
  int small = a <= 0.41421357f;
  int large = a > 2.4142135f;
  float above = small ? a : (large ? -1.0f : a - 1.0f);
  float below = small ? 1.0f : (large ? a : a + 1.0f);
  float base = small ? 0.0f : (large ? 1.5707964f : 0.7853982f);
  float base_low = small ? 0.0f : (large ? -4.371139e-08f : -2.1855694e-08f);
  float t = above / below;
  float z = t * t;
  float p = SG_POLY5(z, -3.3333316e-01f, 1.9998485e-01f, -1.4243767e-01f, 1.0595363e-01f,
                     -6.08175e-02f);
  float y = base + (t + (base_low + t * z * p));
  return sg_copysignf(y, x);
}

// (arcsin(s) / s - 1) / z with z = s^2 <= 1/4.
SG_FN double sg_arcsin_poly(double z) {
  double square = z * z;
  double even = SG_POLY6(square, 0.16666666666665383, 0.04464285682348952, 0.022371753534688177,
                         0.013884600435676698, 0.006510909034037195, -0.01629384812905753);
  double odd = SG_POLY6(square, 0.0750000000034304, 0.030381959330854445, 0.01735977091723274,
                        0.012173266271802926, 0.01957375758711492, 0.031958816937297976);
  return even + z * odd;
}
SG_FN float sg_arcsin_polyf(float z) {
  return SG_POLY6(z, 1.666666e-01f, 7.500511e-02f, 4.4515718e-02f, 3.181763e-02f, 1.44025395e-02f,
                  3.7565287e-02f);
}

// arcsin(s) + *low for s = |x| up to 1/2, else for s = sqrt((1 - |x|) / 2).
SG_FN double sg_arcsin_part(double size, double *low) {
  int small = size <= 0.5;
  double z = small ? size * size : 0.5 * (1.0 - size);
  double root = sg_sqrt(z);
  double s = small ? size : root;
  double p = root * root;
  double rest = ((z - p) - sg_product_error(root, root, p)) / (2.0 * root);
  double root_low = (small | (root == 0.0)) ? 0.0 : rest;
  *low = root_low + s * z * sg_arcsin_poly(z);
  return s;
}
SG_FN float sg_arcsin_partf(float size, float *low) {
  int small = size <= 0.5f;
  float z = small ? size * size : 0.5f * (1.0f - size);
  float root = sg_sqrtf(z);
  float s = small ? size : root;
  float p = root * root;
  float rest = ((z - p) - sg_product_errorf(root, root, p)) / (2.0f * root);
  float root_low = (small | (root == 0.0f)) ? 0.0f : rest;
  *low = root_low + s * z * sg_arcsin_polyf(z);
  return s;
}

SG_FN double sg_arcsin(double x) {
  double size = sg_abs(x);
  double low;
  double s = sg_arcsin_part(size, &low);
  double base = 1.5707963267948966 - 2.0 * s;
  double lost = (1.5707963267948966 - base) - 2.0 * s;
  double y = base + (lost + (6.123233995736766e-17 - 2.0 * low));
  return sg_copysign(size <= 0.5 ? s + low : y, x);
}
SG_FN float sg_arcsinf(float x) {
  float size = sg_absf(x);
  float low;
  float s = sg_arcsin_partf(size, &low);
  float base = 1.5707964f - 2.0f * s;
  float lost = (1.5707964f - base) - 2.0f * s;
  float y = base + (lost + (-4.371139e-08f - 2.0f * low));
  return sg_copysignf(size <= 0.5f ? s + low : y, x);
}

// pi/2 - arcsin x; 2 arcsin(s) above 1/2 and pi minus that below -1/2.
SG_FN double sg_arccos(double x) {
  double size = sg_abs(x);
  double low;
  double s = sg_arcsin_part(size, &low);
  int small = size <= 0.5;
  double factor = small ? sg_copysign(1.0, x) : (x < 0.0 ? 2.0 : -2.0);
  double whole = small ? 1.5707963267948966 : (x < 0.0 ? 3.141592653589793 : 0.0);
  double whole_low = small ? 6.123233995736766e-17 : (x < 0.0 ? 1.2246467991473532e-16 : 0.0);
  double part = factor * s;
  double base = whole - part;
  double lost = (whole - base) - part;
  return base + (lost + (whole_low - factor * low));
}
SG_FN float sg_arccosf(float x) {
  float size = sg_absf(x);
  float low;
  float s = sg_arcsin_partf(size, &low);
  int small = size <= 0.5f;
  float factor = small ? sg_copysignf(1.0f, x) : (x < 0.0f ? 2.0f : -2.0f);
  float whole = small ? 1.5707964f : (x < 0.0f ? 3.1415927f : 0.0f);
  float whole_low = small ? -4.371139e-08f : (x < 0.0f ? -8.742278e-08f : 0.0f);
  float part = factor * s;
  float base = whole - part;
  float lost = (whole - base) - part;
  return base + (lost + (whole_low - factor * low));
}

#endif
