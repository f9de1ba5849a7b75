// Geometric skips along a row whose targets are taken with one probability, drawn one by one.
//
// Callers: any thread. Counter of every draw: (row, block, purpose, 0), two skips a block; the key
// belongs to one connect() call. The mirror is simgen/connect/oracle.py.
#ifndef SG_SKIPS_H
#define SG_SKIPS_H

#include "uniform.h"

enum { SG_PURPOSE_SKIPS = 1, SG_PURPOSE_UNIFORM = 2, SG_PURPOSE_SPLIT = 3 };

// Uniform in (0, 1], so that its logarithm is finite.
SG_FN double sg_unit_above_zero(uint64_t word) { return sg_unit(word) + 1.1102230246251565e-16; }

// The block that holds the skips 2 block and 2 block + 1 of a row; `row` is its number in its
// population.
SG_FN sg_block sg_skip_block(uint64_t key, uint32_t row, uint32_t block) {
  return sg_philox_block(row, block, SG_PURPOSE_SKIPS, 0u, key);
}

// One of the two skips of a block, as a double: it may be too large for an integer. `scale` is
// 1 / log(1 - p), negative; the fraction is cut off where the skip is used.
SG_FN double sg_skip_of(sg_block words, uint32_t which, double scale) {
  return sg_log_positive(sg_unit_above_zero(sg_block_word64(words, which))) * scale;
}

#endif
