// The layout of the random counters: which Philox block, and which word of it, a draw owns.
//
//   word  element draws                      synaptic draws
//   c0    element >> 1 (>> 2 in float32)     i, the source's index
//   c1    0                                  j, the target's index
//   c2    step, low 32 bits                  step, low 32 bits
//   c3    bits 0-7    draw number within the code block
//         bits 8-13   attempt of a rejection loop
//         bits 14-23  rank among synapses of equal (i, j), 0 for elements
//         bits 24-31  step, bits 32-39
//   lane  element & 1 (& 3 in float32)       0
//
// A float64 lane is two neighbouring words (2 lane the low, 2 lane + 1 the high one), a float32
// lane one word. randn uses a whole block for two float64 lanes and half a block for two float32
// lanes. Ranks from 1024 on reach into the bits of steps above 2^32. The mirror is
// simgen.numerics.philox. Callers: any thread.
#ifndef SG_COUNTER_H
#define SG_COUNTER_H

#include "philox.h"

typedef struct {
  uint32_t c0, c1, c2, c3, lane;
} sg_counter;

SG_FN uint32_t sg_draw_field(int64_t step, uint32_t draw, uint32_t rank) {
  return (draw & 0xffu) | ((rank << 14) ^ ((uint32_t)((uint64_t)step >> 32) << 24));
}

SG_FN sg_counter sg_at_element(int64_t element, int64_t step, uint32_t draw) {
  sg_counter counter = {(uint32_t)((uint64_t)element >> 1), 0u, (uint32_t)step,
                        sg_draw_field(step, draw, 0u), (uint32_t)element & 1u};
  return counter;
}

SG_FN sg_counter sg_at_elementf(int64_t element, int64_t step, uint32_t draw) {
  sg_counter counter = {(uint32_t)((uint64_t)element >> 2), 0u, (uint32_t)step,
                        sg_draw_field(step, draw, 0u), (uint32_t)element & 3u};
  return counter;
}

// For both precisions.
SG_FN sg_counter sg_at_synapse(uint32_t i, uint32_t j, uint32_t rank, int64_t step,
                               uint32_t draw) {
  sg_counter counter = {i, j, (uint32_t)step, sg_draw_field(step, draw, rank), 0u};
  return counter;
}

// The block of a counter; attempt is 0 to 63.
SG_FN sg_block sg_counter_block(uint64_t key, sg_counter counter, uint32_t attempt) {
  return sg_philox_block(counter.c0, counter.c1, counter.c2, counter.c3 | (attempt << 8), key);
}

#endif
