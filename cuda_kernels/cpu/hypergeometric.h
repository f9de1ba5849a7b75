// Hypergeometric numbers of one counter: how many of `good` members are in a random sample of a
// population. All arithmetic is portable, so the integers are equal on every machine.
//
// Callers: host only. Samples and members above one half are mirrored, so that what remains is at
// most half of the population. Means below 10: inversion by the first uniform number of attempt 0.
// Else the ratio of uniforms under a table mountain hat (E. Stadlober 1990, "The ratio of uniforms
// approach for generating discrete random variates"): try t takes the two numbers of attempt t; a
// try fails with probability below 0.4, and after 64 failures (below 1e-25) the integer below the
// mean is returned. Probabilities are products of binomial ones (C. Loader 2000), which lose no
// digits to cancellation, however large the population is.
#ifndef SG_CPU_HYPERGEOMETRIC_H
#define SG_CPU_HYPERGEOMETRIC_H

#include "../common/binomial.h"

enum { SG_HYPERGEOMETRIC_TRIES = 64 };

// Up to a constant: k of the good and sample - k of the bad, each taken at the rate q <= 1/2.
static inline double sg_hypergeometric_log_weight(double k, double good, double bad, double sample,
                                                  double q) {
  return sg_binomial_log_probability(k, good, q) +
         sg_binomial_log_probability(sample - k, bad, q);
}

// The smallest k whose summed probability exceeds u.
static inline double sg_hypergeometric_inversion(double u, double good, double bad, double sample,
                                                 double probability_of_0) {
  double probability = probability_of_0;
  double k = 0.0;
  while (u >= probability && probability >= SG_NEGLIGIBLE) {
    u -= probability;
    k += 1.0;
    probability *= (good - k + 1.0) / k * ((sample - k + 1.0) / (bad - sample + k));
  }
  return k;
}

static inline double sg_hypergeometric_rejection(uint64_t key, sg_counter counter, double good,
                                                 double bad, double sample) {
  double count = good + bad;
  double q = sample / count;
  double mean = good * q;
  double variance = mean * (bad / count) * ((count - sample) / (count - 1.0));
  double center = mean + 0.5;
  double width = 1.7155277699214135 * sg_sqrt(variance + 0.5) + 0.8989161620588986;
  double mode = sg_floor((sample + 1.0) * ((good + 1.0) / (count + 2.0)));
  double most = good < sample ? good : sample;
  double peak = sg_hypergeometric_log_weight(mode, good, bad, sample, q);
  for (uint32_t attempt = 0; attempt < SG_HYPERGEOMETRIC_TRIES; ++attempt) {
    sg_block words = sg_counter_block(key, counter, attempt);
    double u = sg_unit(sg_block_word64(words, 0u));
    double v = sg_unit(sg_block_word64(words, 1u)) - 0.5;
    double k = sg_floor(center + width * (v / u));
    if (!(k >= 0.0 && k <= most)) continue;  // u = 0 as well
    if (2.0 * sg_log(u) <= sg_hypergeometric_log_weight(k, good, bad, sample, q) - peak) return k;
  }
  return sg_floor(mean);
}

// How many of `good` members are in a sample of `sample` out of `population`. The counter's lane is
// 0: its blocks belong to this draw alone.
static inline int64_t sg_draw_hypergeometric(uint64_t key, sg_counter counter, uint64_t population,
                                             uint64_t good, uint64_t sample) {
  uint64_t rest = population - sample;
  uint64_t bad = population - good;
  double few = (double)(sample > rest ? rest : sample);
  double rare = (double)(good > bad ? bad : good);
  double common = (double)(good > bad ? good : bad);
  double drawn = 0.0;
  if (few > 0.0 && rare > 0.0) {
    double count = rare + common;
    double q = few / count;
    if (rare * q < SG_INVERSION_MEAN) {
      double nothing = sg_hypergeometric_log_weight(0.0, rare, common, few, q) -
                       sg_binomial_log_probability(few, count, q);
      drawn = sg_hypergeometric_inversion(sg_draw_rand(key, counter), rare, common, few,
                                          sg_exp(nothing));
    } else {
      drawn = sg_hypergeometric_rejection(key, counter, rare, common, few);
    }
  }
  int64_t found = sg_int(drawn);
  if (good > bad) found = (int64_t)(sample > rest ? rest : sample) - found;
  if (sample > rest) found = (int64_t)good - found;
  // Inversion may end one above the largest, once in 1e16 draws.
  int64_t least = sample > bad ? (int64_t)(sample - bad) : 0;
  int64_t largest = (int64_t)(good < sample ? good : sample);
  return found < least ? least : found > largest ? largest : found;
}

#endif
