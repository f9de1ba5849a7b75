// Poisson numbers of one counter. All arithmetic is portable, so the integers are equal on every
// target. Callers: any thread.
//
// Means below 10: inversion by the one uniform number of attempt 0. Else transformed rejection
// (W. Hoermann 1993, "The transformed rejection method for generating Poisson random variables",
// PTRS): try t takes its uniform numbers from the attempts 2t and 2t + 1; a try fails with
// probability below 0.3, and after 32 failures (below 1e-16) the integer nearest to the mean is
// returned. Probabilities are evaluated by the deviance form of C. Loader 2000, "Fast and accurate
// computation of binomial probabilities", which loses no digits to cancellation.
#ifndef SG_POISSON_H
#define SG_POISSON_H

#include "portable_math.h"
#include "uniform.h"

#define SG_REJECTION_TRIES 32u
#define SG_INVERSION_MEAN 10.0  // below: inversion; the rejections need at least this
#define SG_INVERSION_MEANF 10.0f
#define SG_NEGLIGIBLE 1e-20  // inversion stops where single probabilities fall below
#define SG_NEGLIGIBLEF 1e-12f

// log k! - log(sqrt(2 pi k) (k / e)^k) for whole k >= 1.
SG_FN double sg_stirling_error(double k) {
  if (k > 15.0) {
    double inverse = 1.0 / k;
    double z = inverse * inverse;
    return inverse * SG_POLY4(z, 0.08333333333333333, -0.002777777777777778,
                              0.0007936507936507937, -0.0005952380952380953);
  }
  double factorial = 1.0;
  for (double factor = 2.0; factor <= k; factor += 1.0) factorial *= factor;
  return sg_log(factorial) - ((k + 0.5) * sg_log(k) - k + 0.9189385332046728);
}
SG_FN float sg_stirling_errorf(float k) {
  float inverse = 1.0f / k;
  float z = inverse * inverse;
  // the series is off by 3e-4 at k = 1 and 4e-8 at k = 3; means are 10 or more where it is used
  return inverse * SG_POLY4(z, 0.083333336f, -0.0027777778f, 0.0007936508f, -0.00059523808f);
}

// x log(x / mean) + mean - x for x >= 0.
SG_FN double sg_deviance(double x, double mean) {
  double d = (x - mean) / mean;
  return x == 0.0 ? mean : mean * ((1.0 + d) * sg_log1p(d) - d);
}
SG_FN float sg_deviancef(float x, float mean) {
  float d = (x - mean) / mean;
  return x == 0.0f ? mean : mean * ((1.0f + d) * sg_log1pf(d) - d);
}

SG_FN double sg_poisson_log_probability(double k, double mean) {
  if (k < 1.0) return -mean;
  return -0.5 * sg_log(6.283185307179586 * k) - sg_stirling_error(k) - sg_deviance(k, mean);
}
SG_FN float sg_poisson_log_probabilityf(float k, float mean) {
  if (k < 1.0f) return -mean;
  return -0.5f * sg_logf(6.2831855f * k) - sg_stirling_errorf(k) - sg_deviancef(k, mean);
}

// The smallest k whose summed probability exceeds u.
SG_FN double sg_poisson_inversion(double u, double mean, double probability_of_0) {
  double probability = probability_of_0;
  double k = 0.0;
  while (u >= probability && probability >= SG_NEGLIGIBLE) {
    u -= probability;
    k += 1.0;
    probability *= mean / k;
  }
  return k;
}
SG_FN float sg_poisson_inversionf(float u, float mean, float probability_of_0) {
  float probability = probability_of_0;
  float k = 0.0f;
  while (u >= probability && probability >= SG_NEGLIGIBLEF) {
    u -= probability;
    k += 1.0f;
    probability *= mean / k;
  }
  return k;
}

SG_FN double sg_poisson_rejection(uint64_t key, sg_counter counter, double mean) {
  double b = 0.931 + 2.53 * sg_sqrt(mean);
  double a = -0.059 + 0.02483 * b;
  double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  double sure = 0.9277 - 3.6224 / (b - 2.0);
  for (uint32_t attempt = 0; attempt < 2u * SG_REJECTION_TRIES; attempt += 2u) {
    double u = sg_draw_rand_attempt(key, counter, attempt) - 0.5;
    double v = sg_draw_rand_attempt(key, counter, attempt + 1u);
    double us = 0.5 - sg_abs(u);
    double k = sg_floor((2.0 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= sure) return k;
    if (k < 0.0 || (us < 0.013 && v > us)) continue;
    double share = v * inverse_alpha / (a / (us * us) + b);
    if (sg_log(share) <= sg_poisson_log_probability(k, mean)) return k;
  }
  return sg_floor(mean + 0.5);
}
SG_FN float sg_poisson_rejectionf(uint64_t key, sg_counter counter, float mean) {
  float b = 0.931f + 2.53f * sg_sqrtf(mean);
  float a = -0.059f + 0.02483f * b;
  float inverse_alpha = 1.1239f + 1.1328f / (b - 3.4f);
  float sure = 0.9277f - 3.6224f / (b - 2.0f);
  for (uint32_t attempt = 0; attempt < 2u * SG_REJECTION_TRIES; attempt += 2u) {
    float u = sg_draw_rand_attemptf(key, counter, attempt) - 0.5f;
    float v = sg_draw_rand_attemptf(key, counter, attempt + 1u);
    float us = 0.5f - sg_absf(u);
    float k = sg_floorf((2.0f * a / us + b) * u + mean + 0.43f);
    if (us >= 0.07f && v <= sure) return k;
    if (k < 0.0f || (us < 0.013f && v > us)) continue;
    float share = v * inverse_alpha / (a / (us * us) + b);
    if (sg_logf(share) <= sg_poisson_log_probabilityf(k, mean)) return k;
  }
  return sg_floorf(mean + 0.5f);
}

// Poisson with the given mean; 0 where it is not positive, the largest number from 9e18 on.
SG_FN int64_t sg_draw_poisson(uint64_t key, sg_counter counter, double mean) {
  if (!(mean > 0.0)) return 0;
  if (mean >= 9e18) return sg_int(SG_INFINITY);
  if (mean < SG_INVERSION_MEAN)
    return sg_int(sg_poisson_inversion(sg_draw_rand(key, counter), mean, sg_exp(-mean)));
  return sg_int(sg_poisson_rejection(key, counter, mean));
}
SG_FN int64_t sg_draw_poissonf(uint64_t key, sg_counter counter, float mean) {
  if (!(mean > 0.0f)) return 0;
  if (mean >= 9e18) return sg_intf(SG_INFINITYF);
  if (mean < SG_INVERSION_MEANF)
    return sg_intf(sg_poisson_inversionf(sg_draw_randf(key, counter), mean, sg_expf(-mean)));
  return sg_intf(sg_poisson_rejectionf(key, counter, mean));
}

#endif
