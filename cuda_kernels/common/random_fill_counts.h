// Poisson and binomial numbers of neighbouring elements with one mean for all (host only): out[k]
// equals the single draw at sg_at_element(first + k, step, draw). Small means share one set-up and
// take their uniform numbers from the vectorised fill.
//
// Callers: one thread for its own piece of `out`. On one Zen 4 core with AVX-512, single draws take
// 30 (poisson) and 56 ns (binomial).
#ifndef SG_RANDOM_FILL_COUNTS_H
#define SG_RANDOM_FILL_COUNTS_H

#include "binomial.h"
#include "random_fill.h"

#if defined(__CUDACC__)
#define SG_SIMD_SUM
#else
#define SG_SIMD_SUM _Pragma("omp simd reduction(+ : more)")
#endif

#define SG_COUNTS_CHUNK 256

// Inversion of many uniform numbers at once: each goes on as long as it exceeds what is left of
// it, as in sg_poisson_inversion; the loop ends with the last of them. `next` makes the probability
// of k from that of k - 1. Measured on one Zen 5 core: a PoissonInput of mean 1.3 takes 1.5 ns a
// neuron and step with the update of the neuron.
template <class Real, class Next>
static inline void sg_invert_many(int64_t *out, Real *u, int64_t count, Real probability,
                                  Real negligible, Next next) {
  for (int64_t e = 0; e < count; e++) out[e] = 0;
  Real k = 0;
  while (probability >= negligible) {
    int64_t more = 0;  // how many go on
    SG_SIMD_SUM
    for (int64_t e = 0; e < count; e++) {
      const bool goes_on = (out[e] == (int64_t)k) & (u[e] >= probability);
      u[e] = goes_on ? u[e] - probability : u[e];
      out[e] += goes_on;
      more += goes_on;
    }
    if (more == 0) return;
    k += 1;
    probability = next(k, probability);
  }
}

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
    sg_invert_many(out + done, uniform, chunk, probability_of_0, SG_NEGLIGIBLE,
                   [=](double k, double before) { return before * (mean / k); });
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
  double trials = (double)n;
  double odds = q / (1.0 - q);
  double probability_of_0 = sg_exp(trials * sg_log1p(-q));
  for (int64_t done = 0; done < count; done += SG_COUNTS_CHUNK) {
    int64_t chunk = count - done < SG_COUNTS_CHUNK ? count - done : SG_COUNTS_CHUNK;
    sg_fill_rand(uniform, first + done, chunk, key, step, draw);
    sg_invert_many(out + done, uniform, chunk, probability_of_0, SG_NEGLIGIBLE,
                   [=](double k, double before) {
                     return before * ((trials - k + 1.0) / k * odds);
                   });
    for (int64_t k = 0; k < chunk && p > 0.5; k++) out[done + k] = n - out[done + k];
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
    sg_invert_many(out + done, uniform, chunk, probability_of_0, SG_NEGLIGIBLEF,
                   [=](float k, float before) { return before * (mean / k); });
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
  float trials = (float)n;
  float odds = q / (1.0f - q);
  float probability_of_0 = sg_expf(trials * sg_log1pf(-q));
  for (int64_t done = 0; done < count; done += SG_COUNTS_CHUNK) {
    int64_t chunk = count - done < SG_COUNTS_CHUNK ? count - done : SG_COUNTS_CHUNK;
    sg_fill_randf(uniform, first + done, chunk, key, step, draw);
    sg_invert_many(out + done, uniform, chunk, probability_of_0, SG_NEGLIGIBLEF,
                   [=](float k, float before) {
                     return before * ((trials - k + 1.0f) / k * odds);
                   });
    for (int64_t k = 0; k < chunk && p > 0.5f; k++) out[done + k] = n - out[done + k];
  }
}

#endif
