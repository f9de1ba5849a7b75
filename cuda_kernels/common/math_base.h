// What the portable functions share: polynomials, exact sums and products, roundings, signs.
//
// Callers: any thread. Only + - * / sqrt, integer operations, comparisons and selects are used, so
// results are bit-equal on every target, provided that a compiler neither contracts a*b+c
// (host: -ffp-contract=off, NVRTC: --fmad=false) nor reorders sums (no -ffast-math).
// No branches: each function vectorises inside an omp simd loop, on AVX2 too (which lacks 64-bit
// conversions and arithmetic shifts, hence the roundings through SG_ROUND and biased exponents).
#ifndef SG_MATH_BASE_H
#define SG_MATH_BASE_H

#include "types.h"

// Adding 1.5*2^52 (2^23) rounds to an integer, which then stands in the low bits.
#define SG_ROUND 6755399441055744.0
#define SG_ROUND_BITS 0x4338000000000000ull
#define SG_ROUNDF 12582912.0f
#define SG_ROUND_BITSF 0x4b400000u

#define SG_INFINITY sg_from_bits(0x7ff0000000000000ull)
#define SG_INFINITYF sg_from_bitsf(0x7f800000u)
#define SG_NAN sg_from_bits(0x7ff8000000000000ull)
#define SG_NANF sg_from_bitsf(0x7fc00000u)

// Horner's rule, coefficients from the lowest on.
#define SG_POLY1(z, a) (a)
#define SG_POLY2(z, a, ...) ((a) + (z) * SG_POLY1(z, __VA_ARGS__))
#define SG_POLY3(z, a, ...) ((a) + (z) * SG_POLY2(z, __VA_ARGS__))
#define SG_POLY4(z, a, ...) ((a) + (z) * SG_POLY3(z, __VA_ARGS__))
#define SG_POLY5(z, a, ...) ((a) + (z) * SG_POLY4(z, __VA_ARGS__))
#define SG_POLY6(z, a, ...) ((a) + (z) * SG_POLY5(z, __VA_ARGS__))
#define SG_POLY7(z, a, ...) ((a) + (z) * SG_POLY6(z, __VA_ARGS__))

SG_FN double sg_abs(double x) { return sg_from_bits(sg_bits(x) & 0x7fffffffffffffffull); }
SG_FN float sg_absf(float x) { return sg_from_bitsf(sg_bitsf(x) & 0x7fffffffu); }

// |magnitude| with the sign of `sign`.
SG_FN double sg_copysign(double magnitude, double sign) {
  return sg_from_bits((sg_bits(magnitude) & 0x7fffffffffffffffull) |
                      (sg_bits(sign) & 0x8000000000000000ull));
}
SG_FN float sg_copysignf(float magnitude, float sign) {
  return sg_from_bitsf((sg_bitsf(magnitude) & 0x7fffffffu) | (sg_bitsf(sign) & 0x80000000u));
}

SG_FN double sg_sqrt(double x) {
#if defined(__CUDACC__)
  return __dsqrt_rn(x);
#else
  return __builtin_sqrt(x);
#endif
}
SG_FN float sg_sqrtf(float x) {
#if defined(__CUDACC__)
  return __fsqrt_rn(x);
#else
  return __builtin_sqrtf(x);
#endif
}

// a + b - fl(a + b), exactly, given s = fl(a + b) (Knuth's two-sum).
SG_FN double sg_sum_error(double a, double b, double s) {
  double part = s - a;
  return (a - (s - part)) + (b - part);
}
SG_FN float sg_sum_errorf(float a, float b, float s) {
  float part = s - a;
  return (a - (s - part)) + (b - part);
}

// a * b - fl(a * b), exactly, given p = fl(a * b) (Veltkamp's split, Dekker's product);
// |a|, |b| < 2^996 (2^115), and the product well above the smallest normal number.
SG_FN double sg_product_error(double a, double b, double p) {
  double wide_a = a * 134217729.0;
  double wide_b = b * 134217729.0;
  double high_a = wide_a - (wide_a - a);
  double high_b = wide_b - (wide_b - b);
  double low_a = a - high_a;
  double low_b = b - high_b;
  return low_a * low_b - (((p - high_a * high_b) - low_a * high_b) - high_a * low_b);
}
SG_FN float sg_product_errorf(float a, float b, float p) {
  float wide_a = a * 4097.0f;
  float wide_b = b * 4097.0f;
  float high_a = wide_a - (wide_a - a);
  float high_b = wide_b - (wide_b - b);
  float low_a = a - high_a;
  float low_b = b - high_b;
  return low_a * low_b - (((p - high_a * high_b) - low_a * high_b) - high_a * low_b);
}

#endif
