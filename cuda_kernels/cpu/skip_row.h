// A row that takes each target with one probability: geometric skips.
//
// Callers: host only; the support library while a network is built, programs where rows are made
// again for each spike. Counter of every draw: (row, block, purpose, 0); the key belongs to one
// connect() call.
#ifndef SG_CPU_SKIP_ROW_H
#define SG_CPU_SKIP_ROW_H

#include "../common/philox_blocks.h"
#include "../common/skips.h"

// A skip as a whole number: the fraction is cut off. What leads out of any row, not-a-number too, is
// 2^32. Conversions that not every processor has many of at a time are left to sums with 2^52.
SG_FN uint64_t sg_whole_skip(double skip) {
  const double kept = skip < 4294967296.0 ? skip : 4294967296.0;
  const double sum = kept + 4503599627370496.0;
  const uint64_t nearest = sg_bits(sum) - sg_bits(4503599627370496.0);
  return nearest - (sum - 4503599627370496.0 > kept ? 1u : 0u);
}

// The skips of the N blocks, 1 or a multiple of 8, that start at `block`: the first ones of all
// blocks, then the second ones.
template <int N>
static inline void sg_draw_skips(uint64_t key, double scale, uint32_t row, uint32_t block,
                                 uint64_t *skips) {
  sg_philox_blocks<N, 1>(row, block, SG_PURPOSE_SKIPS, 0u, key, skips, skips + N);
  SG_SIMD for (int k = 0; k < 2 * N; ++k) {
    skips[k] = sg_whole_skip(sg_log_positive(sg_unit_above_zero(skips[k])) * scale);
  }
}
template <>
inline void sg_draw_skips<1>(uint64_t key, double scale, uint32_t row, uint32_t block,
                             uint64_t *skips) {
  const sg_block words = sg_skip_block(key, row, block);
  for (uint32_t k = 0; k < 2; ++k) skips[k] = sg_whole_skip(sg_skip_of(words, k, scale));
}

// Calls take(target) for the targets below n of a row, ascending, until it returns false. `scale` is
// 1 / log(1 - p), negative; `number` is that of the row in its population.
template <class Take>
static inline __attribute__((always_inline)) void sg_each_skip(uint64_t key, double scale,
                                                               uint32_t number, uint64_t n,
                                                               Take take) {
  enum { WIDE = 32, MIDDLE = 8, NARROW = 1 };
  uint64_t skips[2 * WIDE];
  uint32_t block = 0;
  uint64_t next = 0;  // the smallest target not yet decided
  const double mean_skip = -scale + 1.0;
  for (;;) {
    const double left = (double)(int64_t)(n - next);
    int n_blocks = NARROW;  // no wide batch for the last draws
    if (left > 24.0 * mean_skip) {
      n_blocks = WIDE;
      sg_draw_skips<WIDE>(key, scale, number, block, skips);
    } else if (left > 3.0 * mean_skip) {
      n_blocks = MIDDLE;
      sg_draw_skips<MIDDLE>(key, scale, number, block, skips);
    } else {
      sg_draw_skips<NARROW>(key, scale, number, block, skips);
    }
    block += (uint32_t)n_blocks;
    for (int k = 0; k < 2 * n_blocks; ++k) {
      next += skips[(k & 1) * n_blocks + (k >> 1)];
      if (next >= n || !take(next)) return;
      ++next;
    }
  }
}

#endif
