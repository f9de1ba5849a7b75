// Binomial numbers of one counter. All arithmetic is portable, so the integers are equal on every
// target. Callers: any thread.
//
// Probabilities above 1/2 are mirrored. Means below 10: inversion by the one uniform number of
// attempt 0. Else transformed rejection (W. Hoermann 1993, "The generation of binomial random
// variates", BTRS), with tries, attempts and probabilities as in poisson.h. In float32, n counts as
// its nearest float32 number.
#ifndef SG_BINOMIAL_H
#define SG_BINOMIAL_H

#include "poisson.h"

// k of count at probability q <= 1/2.
SG_FN double sg_binomial_log_probability(double k, double count, double q) {
  double left = count - k;
  if (k < 1.0) return count * sg_log1p(-q);
  if (left < 1.0) return count * sg_log(q);
  return sg_stirling_error(count) - sg_stirling_error(k) - sg_stirling_error(left) -
         sg_deviance(k, count * q) - sg_deviance(left, count * (1.0 - q)) +
         0.5 * sg_log(count / k / (6.283185307179586 * left));
}
SG_FN float sg_binomial_log_probabilityf(float k, float count, float q) {
  float left = count - k;
  if (k < 1.0f) return count * sg_log1pf(-q);
  if (left < 1.0f) return count * sg_logf(q);
  return sg_stirling_errorf(count) - sg_stirling_errorf(k) - sg_stirling_errorf(left) -
         sg_deviancef(k, count * q) - sg_deviancef(left, count * (1.0f - q)) +
         0.5f * sg_logf(count / k / (6.2831855f * left));
}

// The smallest k whose summed probability exceeds u; count * q is below 10.
SG_FN double sg_binomial_inversion(double u, double count, double q, double probability_of_0) {
  double odds = q / (1.0 - q);
  double probability = probability_of_0;
  double k = 0.0;
  while (u >= probability && probability >= SG_NEGLIGIBLE) {
    u -= probability;
    k += 1.0;
    probability *= (count - k + 1.0) / k * odds;
  }
  return k;
}
SG_FN float sg_binomial_inversionf(float u, float count, float q, float probability_of_0) {
  float odds = q / (1.0f - q);
  float probability = probability_of_0;
  float k = 0.0f;
  while (u >= probability && probability >= SG_NEGLIGIBLEF) {
    u -= probability;
    k += 1.0f;
    probability *= (count - k + 1.0f) / k * odds;
  }
  return k;
}

SG_FN double sg_binomial_rejection(uint64_t key, sg_counter counter, double count, double q) {
  double deviation = sg_sqrt(count * q * (1.0 - q));
  double b = 1.15 + 2.53 * deviation;
  double a = -0.0873 + 0.0248 * b + 0.01 * q;
  double center = count * q + 0.5;
  double sure = 0.92 - 4.2 / b;
  double alpha = (2.83 + 5.1 / b) * deviation;
  double peak = sg_binomial_log_probability(sg_floor((count + 1.0) * q), count, q);
  for (uint32_t attempt = 0; attempt < 2u * SG_REJECTION_TRIES; attempt += 2u) {
    double u = sg_draw_rand_attempt(key, counter, attempt) - 0.5;
    double v = sg_draw_rand_attempt(key, counter, attempt + 1u);
    double us = 0.5 - sg_abs(u);
    double k = sg_floor((2.0 * a / us + b) * u + center);
    if (us >= 0.07 && v <= sure) return k;
    if (k < 0.0 || k > count) continue;
    double share = v * alpha / (a / (us * us) + b);
    if (sg_log(share) <= sg_binomial_log_probability(k, count, q) - peak) return k;
  }
  return sg_floor(center);
}
SG_FN float sg_binomial_rejectionf(uint64_t key, sg_counter counter, float count, float q) {
  float deviation = sg_sqrtf(count * q * (1.0f - q));
  float b = 1.15f + 2.53f * deviation;
  float a = -0.0873f + 0.0248f * b + 0.01f * q;
  float center = count * q + 0.5f;
  float sure = 0.92f - 4.2f / b;
  float alpha = (2.83f + 5.1f / b) * deviation;
  float peak = sg_binomial_log_probabilityf(sg_floorf((count + 1.0f) * q), count, q);
  for (uint32_t attempt = 0; attempt < 2u * SG_REJECTION_TRIES; attempt += 2u) {
    float u = sg_draw_rand_attemptf(key, counter, attempt) - 0.5f;
    float v = sg_draw_rand_attemptf(key, counter, attempt + 1u);
    float us = 0.5f - sg_absf(u);
    float k = sg_floorf((2.0f * a / us + b) * u + center);
    if (us >= 0.07f && v <= sure) return k;
    if (k < 0.0f || k > count) continue;
    float share = v * alpha / (a / (us * us) + b);
    if (sg_logf(share) <= sg_binomial_log_probabilityf(k, count, q) - peak) return k;
  }
  return sg_floorf(center);
}

// Binomial: successes of n trials at probability p (taken as 0 below 0 and for NaN, as 1 above 1).
SG_FN int64_t sg_draw_binomial(uint64_t key, sg_counter counter, int64_t n, double p) {
  if (n <= 0 || !(p > 0.0)) return 0;
  if (p >= 1.0) return n;
  double count = (double)n;
  double q = p > 0.5 ? 1.0 - p : p;
  double k = count * q < SG_INVERSION_MEAN
                 ? sg_binomial_inversion(sg_draw_rand(key, counter), count, q,
                                         sg_exp(count * sg_log1p(-q)))
                 : sg_binomial_rejection(key, counter, count, q);
  return p > 0.5 ? n - sg_int(k) : sg_int(k);
}
SG_FN int64_t sg_draw_binomialf(uint64_t key, sg_counter counter, int64_t n, float p) {
  if (n <= 0 || !(p > 0.0f)) return 0;
  if (p >= 1.0f) return n;
  float count = (float)n;
  float q = p > 0.5f ? 1.0f - p : p;
  float k = count * q < SG_INVERSION_MEANF
                 ? sg_binomial_inversionf(sg_draw_randf(key, counter), count, q,
                                         sg_expf(count * sg_log1pf(-q)))
                 : sg_binomial_rejectionf(key, counter, count, q);
  return p > 0.5f ? n - sg_intf(k) : sg_intf(k);
}

#endif
