// Normal numbers confined to an interval, by rejection (C. P. Robert 1995, "Simulation of truncated
// normal variables"). Callers: any thread.
//
// In standard units the interval is [a, b], mirrored where it lies below 0. Around 0: normal
// proposals, or uniform ones where b - a < sqrt(2 pi). Above 0: exponential proposals, or uniform
// ones where b is near. Try t takes normal numbers from attempt t, uniform ones from the attempts
// 2t and 2t + 1. Some two tries suffice on average; after 64 (32) failures, below 1e-9 of all
// draws, the likeliest value is returned. Results are always within [low, high].
#ifndef SG_TRUNCATED_NORMAL_H
#define SG_TRUNCATED_NORMAL_H

#include "portable_math.h"
#include "uniform.h"

#define SG_NORMAL_TRIES 64u
#define SG_PROPOSAL_TRIES 32u
#define SG_FAR 1e9  // from here on the excess over the bound is below rounding
#define SG_FARF 1e5f

// For a < 0 < b.
SG_FN double sg_truncated_center(uint64_t key, sg_counter counter, double a, double b) {
  if (b - a >= 2.5066282746310002) {
    for (uint32_t attempt = 0; attempt < SG_NORMAL_TRIES; attempt++) {
      double z = sg_draw_randn_attempt(key, counter, attempt);
      if (z >= a && z <= b) return z;
    }
    return 0.0;
  }
  for (uint32_t attempt = 0; attempt < 2u * SG_PROPOSAL_TRIES; attempt += 2u) {
    double z = a + (b - a) * sg_draw_rand_attempt(key, counter, attempt);
    double v = sg_draw_rand_attempt(key, counter, attempt + 1u);
    if (v <= sg_exp(-0.5 * z * z)) return z;
  }
  return 0.0;
}
SG_FN float sg_truncated_centerf(uint64_t key, sg_counter counter, float a, float b) {
  if (b - a >= 2.5066283f) {
    for (uint32_t attempt = 0; attempt < SG_NORMAL_TRIES; attempt++) {
      float z = sg_draw_randn_attemptf(key, counter, attempt);
      if (z >= a && z <= b) return z;
    }
    return 0.0f;
  }
  for (uint32_t attempt = 0; attempt < 2u * SG_PROPOSAL_TRIES; attempt += 2u) {
    float z = a + (b - a) * sg_draw_rand_attemptf(key, counter, attempt);
    float v = sg_draw_rand_attemptf(key, counter, attempt + 1u);
    if (v <= sg_expf(-0.5f * z * z)) return z;
  }
  return 0.0f;
}

// For 0 <= a <= b, a below SG_FAR.
SG_FN double sg_truncated_tail(uint64_t key, sg_counter counter, double a, double b) {
  double root = sg_sqrt(a * a + 4.0);
  double rate = 0.5 * (a + root);
  double near_bound = a + sg_exp(0.5 + 0.25 * a * (a - root)) / rate;
  for (uint32_t attempt = 0; attempt < 2u * SG_PROPOSAL_TRIES; attempt += 2u) {
    double u = sg_draw_rand_attempt(key, counter, attempt);
    double v = sg_draw_rand_attempt(key, counter, attempt + 1u);
    double uniform = a + (b - a) * u;
    double exponential = a - sg_log(1.0 - u) / rate;
    double z = b > near_bound ? exponential : uniform;
    double excess = z - rate;
    double share =
        b > near_bound ? sg_exp(-0.5 * excess * excess) : sg_exp(0.5 * (a - z) * (a + z));
    if (z <= b && v <= share) return z;
  }
  return a;
}
SG_FN float sg_truncated_tailf(uint64_t key, sg_counter counter, float a, float b) {
  float root = sg_sqrtf(a * a + 4.0f);
  float rate = 0.5f * (a + root);
  float near_bound = a + sg_expf(0.5f + 0.25f * a * (a - root)) / rate;
  for (uint32_t attempt = 0; attempt < 2u * SG_PROPOSAL_TRIES; attempt += 2u) {
    float u = sg_draw_rand_attemptf(key, counter, attempt);
    float v = sg_draw_rand_attemptf(key, counter, attempt + 1u);
    float uniform = a + (b - a) * u;
    float exponential = a - sg_logf(1.0f - u) / rate;
    float z = b > near_bound ? exponential : uniform;
    float excess = z - rate;
    float share =
        b > near_bound ? sg_expf(-0.5f * excess * excess) : sg_expf(0.5f * (a - z) * (a + z));
    if (z <= b && v <= share) return z;
  }
  return a;
}

// Normal(mean, deviation) given that it lies in [low, high]; mean itself, clipped, at deviation 0;
// NaN for a negative deviation, an empty interval or a NaN.
SG_FN double sg_draw_truncated_normal(uint64_t key, sg_counter counter, double mean,
                                      double deviation, double low, double high) {
  if (!(low <= high) || !(deviation >= 0.0) || mean != mean) return SG_NAN;
  if (deviation == 0.0) return sg_clip(mean, low, high);
  double a = (low - mean) / deviation;
  double b = (high - mean) / deviation;
  int mirrored = b <= 0.0;
  double start = mirrored ? -b : a;
  double end = mirrored ? -a : b;
  if (start > SG_FAR) return mirrored ? high : low;
  double z = start < 0.0 ? sg_truncated_center(key, counter, start, end)
                         : sg_truncated_tail(key, counter, start, end);
  return sg_clip(mean + deviation * (mirrored ? -z : z), low, high);
}
SG_FN float sg_draw_truncated_normalf(uint64_t key, sg_counter counter, float mean,
                                      float deviation, float low, float high) {
  if (!(low <= high) || !(deviation >= 0.0f) || mean != mean) return SG_NANF;
  if (deviation == 0.0f) return sg_clipf(mean, low, high);
  float a = (low - mean) / deviation;
  float b = (high - mean) / deviation;
  int mirrored = b <= 0.0f;
  float start = mirrored ? -b : a;
  float end = mirrored ? -a : b;
  if (start > SG_FARF) return mirrored ? high : low;
  float z = start < 0.0f ? sg_truncated_centerf(key, counter, start, end)
                         : sg_truncated_tailf(key, counter, start, end);
  return sg_clipf(mean + deviation * (mirrored ? -z : z), low, high);
}

#endif
