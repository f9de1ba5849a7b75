// Roundings, Python's floor division and modulo, sign and clip. See math_base.h for the rules.
#ifndef SG_MATH_ROUND_H
#define SG_MATH_ROUND_H

#include "math_base.h"

SG_FN double sg_floor(double x) {
#if defined(__CUDACC__)
  return floor(x);
#else
  return __builtin_floor(x);
#endif
}
SG_FN float sg_floorf(float x) {
#if defined(__CUDACC__)
  return floorf(x);
#else
  return __builtin_floorf(x);
#endif
}
SG_FN double sg_ceil(double x) {
#if defined(__CUDACC__)
  return ceil(x);
#else
  return __builtin_ceil(x);
#endif
}
SG_FN float sg_ceilf(float x) {
#if defined(__CUDACC__)
  return ceilf(x);
#else
  return __builtin_ceilf(x);
#endif
}

// x without its fraction; 0 for NaN, the nearest int64 beyond their range.
SG_FN int64_t sg_int(double x) {
  int inside = (x >= -9223372036854775808.0) & (x < 9223372036854775808.0);
  int64_t whole = (int64_t)(inside ? x : 0.0);
  whole = x >= 9223372036854775808.0 ? (int64_t)0x7fffffffffffffffll : whole;
  return x < -9223372036854775808.0 ? -(int64_t)0x7fffffffffffffffll - 1 : whole;
}
SG_FN int64_t sg_intf(float x) {
  int inside = (x >= -9223372036854775808.0f) & (x < 9223372036854775808.0f);
  int64_t whole = (int64_t)(inside ? x : 0.0f);
  whole = x >= 9223372036854775808.0f ? (int64_t)0x7fffffffffffffffll : whole;
  return x < -9223372036854775808.0f ? -(int64_t)0x7fffffffffffffffll - 1 : whole;
}

// Python's a // b and a % b on integers: the remainder has the sign of b. Where Python raises,
// as numpy: division by 0 gives 0 and 0, the smallest number divided by -1 itself and 0.
SG_FN int32_t sg_floordiv_i32(int32_t a, int32_t b) {
  int64_t divisor = b == 0 ? 1 : b;
  int64_t quotient = a / divisor;
  int64_t remainder = a % divisor;
  quotient -= (remainder != 0) & ((remainder < 0) != (divisor < 0));
  return b == 0 ? 0 : (int32_t)quotient;
}
SG_FN int32_t sg_mod_i32(int32_t a, int32_t b) {
  int64_t divisor = b == 0 ? 1 : b;
  int64_t remainder = a % divisor;
  return (int32_t)(((remainder != 0) & ((remainder < 0) != (divisor < 0))) ? remainder + divisor
                                                                           : remainder);
}
SG_FN int64_t sg_floordiv_i64(int64_t a, int64_t b) {
  int64_t divisor = (b == 0) | (b == -1) ? 1 : b;
  int64_t quotient = a / divisor;
  int64_t remainder = a % divisor;
  quotient -= (remainder != 0) & ((remainder < 0) != (divisor < 0));
  quotient = b == -1 ? (int64_t)(0 - (uint64_t)a) : quotient;
  return b == 0 ? 0 : quotient;
}
SG_FN int64_t sg_mod_i64(int64_t a, int64_t b) {
  int64_t divisor = (b == 0) | (b == -1) ? 1 : b;
  int64_t remainder = a % divisor;
  return ((remainder != 0) & ((remainder < 0) != (divisor < 0))) ? remainder + divisor : remainder;
}

// Python's a // b and a % b on numbers, exact while |a / b| < 2^53 (2^24) and the product does not
// come near the smallest normal number. Beyond that neighbouring quotients are whole numbers
// apart: the remainder counts as 0. a infinite or b = 0: NaN remainder.
SG_FN double sg_mod_f64(double a, double b) {
  double ratio = a / b;
  double quotient = sg_floor(ratio);
  double p = quotient * b;
  double r = (a - p) - sg_product_error(quotient, b, p);
  // rounding of a / b can reach the next whole number, never fall below the right one
  r = ((r < 0.0) & (b > 0.0)) | ((r > 0.0) & (b < 0.0)) ? r + b : r;
  r = sg_abs(ratio) < 9007199254740992.0 ? r : 0.0;
  double unbounded = (a < 0.0) == (b < 0.0) ? a : b;
  r = sg_abs(b) == SG_INFINITY ? unbounded : r;
  r = (r == 0.0) | (a == 0.0) ? sg_copysign(0.0, b) : r;
  int undefined = !(sg_abs(a) < SG_INFINITY) | (b == 0.0) | (b != b);
  return undefined ? SG_NAN : r;
}
SG_FN float sg_mod_f32(float a, float b) {
  float ratio = a / b;
  float quotient = sg_floorf(ratio);
  float p = quotient * b;
  float r = (a - p) - sg_product_errorf(quotient, b, p);
  r = ((r < 0.0f) & (b > 0.0f)) | ((r > 0.0f) & (b < 0.0f)) ? r + b : r;
  r = sg_absf(ratio) < 16777216.0f ? r : 0.0f;
  float unbounded = (a < 0.0f) == (b < 0.0f) ? a : b;
  r = sg_absf(b) == SG_INFINITYF ? unbounded : r;
  r = (r == 0.0f) | (a == 0.0f) ? sg_copysignf(0.0f, b) : r;
  int undefined = !(sg_absf(a) < SG_INFINITYF) | (b == 0.0f) | (b != b);
  return undefined ? SG_NANF : r;
}
SG_FN double sg_floordiv_f64(double a, double b) {
  double ratio = a / b;
  double quotient = sg_floor(ratio);
  double p = quotient * b;
  double r = (a - p) - sg_product_error(quotient, b, p);
  int passed = ((r < 0.0) & (b > 0.0)) | ((r > 0.0) & (b < 0.0));
  int resolved = (sg_abs(ratio) < 9007199254740992.0) & (sg_abs(b) < SG_INFINITY);
  quotient = passed & resolved ? quotient - 1.0 : quotient;
  // -1e-300 // inf: the ratio underflows to -0, the answer is -1
  int below = (sg_abs(b) == SG_INFINITY) & (a != 0.0) & ((a < 0.0) != (b < 0.0));
  quotient = below ? -1.0 : quotient;
  return (sg_abs(a) < SG_INFINITY) | (b == 0.0) ? quotient : SG_NAN;
}
SG_FN float sg_floordiv_f32(float a, float b) {
  float ratio = a / b;
  float quotient = sg_floorf(ratio);
  float p = quotient * b;
  float r = (a - p) - sg_product_errorf(quotient, b, p);
  int passed = ((r < 0.0f) & (b > 0.0f)) | ((r > 0.0f) & (b < 0.0f));
  int resolved = (sg_absf(ratio) < 16777216.0f) & (sg_absf(b) < SG_INFINITYF);
  quotient = passed & resolved ? quotient - 1.0f : quotient;
  int below = (sg_absf(b) == SG_INFINITYF) & (a != 0.0f) & ((a < 0.0f) != (b < 0.0f));
  quotient = below ? -1.0f : quotient;
  return (sg_absf(a) < SG_INFINITYF) | (b == 0.0f) ? quotient : SG_NANF;
}

// -1, 0 or 1; NaN for NaN.
SG_FN double sg_sign(double x) {
  double nonzero = x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : x);
  return x == 0.0 ? 0.0 : nonzero;
}
SG_FN float sg_signf(float x) {
  float nonzero = x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : x);
  return x == 0.0f ? 0.0f : nonzero;
}
SG_FN int64_t sg_sign_i64(int64_t x) { return (int64_t)(x > 0) - (int64_t)(x < 0); }

SG_FN int64_t sg_abs_i64(int64_t x) { return x < 0 ? (int64_t)(0 - (uint64_t)x) : x; }

// NaN if any argument is NaN, the first if they are equal.
SG_FN double sg_min(double a, double b) { return (b < a) | (b != b) ? b : a; }
SG_FN float sg_minf(float a, float b) { return (b < a) | (b != b) ? b : a; }
SG_FN int64_t sg_min_i64(int64_t a, int64_t b) { return b < a ? b : a; }
SG_FN double sg_max(double a, double b) { return (b > a) | (b != b) ? b : a; }
SG_FN float sg_maxf(float a, float b) { return (b > a) | (b != b) ? b : a; }
SG_FN int64_t sg_max_i64(int64_t a, int64_t b) { return b > a ? b : a; }

// min(max(x, low), high); NaN if any argument is NaN.
SG_FN double sg_clip(double x, double low, double high) {
  double raised = (x < low) | (low != low) ? low : x;
  return (raised > high) | (high != high) ? high : raised;
}
SG_FN float sg_clipf(float x, float low, float high) {
  float raised = (x < low) | (low != low) ? low : x;
  return (raised > high) | (high != high) ? high : raised;
}
SG_FN int64_t sg_clip_i64(int64_t x, int64_t low, int64_t high) {
  int64_t raised = x < low ? low : x;
  return raised > high ? high : raised;
}

#endif
