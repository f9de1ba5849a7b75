// A row that takes each target with one probability: geometric skips.
//
// Callers: host only; the support library while a network is built, programs where rows are made
// again for each spike. Counter of every draw: (row, block, purpose, 0); the key belongs to one
// connect() call.
#ifndef SG_CPU_SKIP_ROW_H
#define SG_CPU_SKIP_ROW_H

#include "../common/skips.h"

// Geometric skips from the N blocks that start at `block`, as doubles: they may be too large for
// integers.
template <int N>
static inline void sg_draw_skips(uint64_t key, double scale, uint32_t row, uint32_t block,
                                 double *skips) {
  SG_SIMD for (int lane = 0; lane < N; ++lane) {
    sg_block words = sg_skip_block(key, row, block + (uint32_t)lane);
    skips[lane] = sg_skip_of(words, 0u, scale);
    skips[N + lane] = sg_skip_of(words, 1u, scale);
  }
}

// Calls take(target) for the targets below n of a row, ascending, until it returns false. `scale` is
// 1 / log(1 - p), negative; `number` is that of the row in its population.
template <class Take>
static inline __attribute__((always_inline)) void sg_each_skip(uint64_t key, double scale,
                                                               uint32_t number, uint64_t n,
                                                               Take take) {
  enum { WIDE = 16, NARROW = 1 };
  double skips[2 * WIDE];
  uint32_t block = 0;
  uint64_t next = 0;  // the smallest target not yet decided
  double mean_skip = -scale + 1.0;
  for (;;) {
    double left = (double)(n - next);
    int n_blocks = left > 8.0 * mean_skip ? WIDE : NARROW;  // no wide batch for the last draws
    if (n_blocks == WIDE) {
      sg_draw_skips<WIDE>(key, scale, number, block, skips);
    } else {
      sg_draw_skips<NARROW>(key, scale, number, block, skips);
    }
    block += (uint32_t)n_blocks;
    for (int k = 0; k < 2 * n_blocks; ++k) {
      double skip = skips[(k & 1) * n_blocks + (k >> 1)];
      if (!(skip < (double)(n - next))) return;  // not-a-number ends the row too
      next += (uint64_t)skip;
      if (!take(next)) return;
      ++next;
    }
  }
}

#endif
