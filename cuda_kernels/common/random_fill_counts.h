// Poisson and binomial numbers of neighbouring elements with one mean for all (host only): out[k]
// equals the single draw at sg_at_element(first + k, step, draw). Small means share one set-up and
// take their uniform numbers from the vectorised fill.
//
// Callers: one thread for its own piece of `out`. On one Zen 4 core with AVX-512, means near 1 take
// 3 ns a number, single draws 30 (poisson) and 56 ns (binomial).
#ifndef SG_RANDOM_FILL_COUNTS_H
#define SG_RANDOM_FILL_COUNTS_H

#include "binomial.h"
#include "random_fill.h"

#define SG_COUNTS_CHUNK 256

static inline void sg_fill_poisson(int64_t *out, int64_t first, int64_t count, uint64_t key,
                                   int64_t step, uint32_t draw, double mean) {
  double uniform[SG_COUNTS_CHUNK];
  if (!(mean > 0.0 && mean < SG_INVERSION_MEAN)) {
    for (int64_t k = 0; k < count; k++)
      out[k] = sg_draw_poisson(key, sg_at_element(first + k, step, draw), mean);
    return;
  }
  double probability_of_0 = sg_exp(-mean);
  for (int64_t done = 0; done < count; done += SG_COUNTS_CHUNK) {
    int64_t chunk = count - done < SG_COUNTS_CHUNK ? count - done : SG_COUNTS_CHUNK;
    sg_fill_rand(uniform, first + done, chunk, key, step, draw);
    for (int64_t k = 0; k < chunk; k++)
      out[done + k] = sg_int(sg_poisson_inversion(uniform[k], mean, probability_of_0));
  }
}

static inline void sg_fill_binomial(int64_t *out, int64_t first, int64_t count, uint64_t key,
                                    int64_t step, uint32_t draw, int64_t n, double p) {
  double uniform[SG_COUNTS_CHUNK];
  double q = p > 0.5 ? 1.0 - p : p;
  if (!(n > 0 && p > 0.0 && p < 1.0 && (double)n * q < SG_INVERSION_MEAN)) {
    for (int64_t k = 0; k < count; k++)
      out[k] = sg_draw_binomial(key, sg_at_element(first + k, step, draw), n, p);
    return;
  }
  double probability_of_0 = sg_exp((double)n * sg_log1p(-q));
  for (int64_t done = 0; done < count; done += SG_COUNTS_CHUNK) {
    int64_t chunk = count - done < SG_COUNTS_CHUNK ? count - done : SG_COUNTS_CHUNK;
    sg_fill_rand(uniform, first + done, chunk, key, step, draw);
    for (int64_t k = 0; k < chunk; k++) {
      int64_t drawn =
          sg_int(sg_binomial_inversion(uniform[k], (double)n, q, probability_of_0));
      out[done + k] = p > 0.5 ? n - drawn : drawn;
    }
  }
}

static inline void sg_fill_poissonf(int64_t *out, int64_t first, int64_t count, uint64_t key,
                                   int64_t step, uint32_t draw, float mean) {
  float uniform[SG_COUNTS_CHUNK];
  if (!(mean > 0.0f && mean < SG_INVERSION_MEANF)) {
    for (int64_t k = 0; k < count; k++)
      out[k] = sg_draw_poissonf(key, sg_at_elementf(first + k, step, draw), mean);
    return;
  }
  float probability_of_0 = sg_expf(-mean);
  for (int64_t done = 0; done < count; done += SG_COUNTS_CHUNK) {
    int64_t chunk = count - done < SG_COUNTS_CHUNK ? count - done : SG_COUNTS_CHUNK;
    sg_fill_randf(uniform, first + done, chunk, key, step, draw);
    for (int64_t k = 0; k < chunk; k++)
      out[done + k] = sg_intf(sg_poisson_inversionf(uniform[k], mean, probability_of_0));
  }
}

static inline void sg_fill_binomialf(int64_t *out, int64_t first, int64_t count, uint64_t key,
                                    int64_t step, uint32_t draw, int64_t n, float p) {
  float uniform[SG_COUNTS_CHUNK];
  float q = p > 0.5f ? 1.0f - p : p;
  if (!(n > 0 && p > 0.0f && p < 1.0f && (float)n * q < SG_INVERSION_MEANF)) {
    for (int64_t k = 0; k < count; k++)
      out[k] = sg_draw_binomialf(key, sg_at_elementf(first + k, step, draw), n, p);
    return;
  }
  float probability_of_0 = sg_expf((float)n * sg_log1pf(-q));
  for (int64_t done = 0; done < count; done += SG_COUNTS_CHUNK) {
    int64_t chunk = count - done < SG_COUNTS_CHUNK ? count - done : SG_COUNTS_CHUNK;
    sg_fill_randf(uniform, first + done, chunk, key, step, draw);
    for (int64_t k = 0; k < chunk; k++) {
      int64_t drawn =
          sg_intf(sg_binomial_inversionf(uniform[k], (float)n, q, probability_of_0));
      out[done + k] = p > 0.5f ? n - drawn : drawn;
    }
  }
}

#endif
