// Integer variables: 32 bits, into which not every whole number fits.
//
// What does not fit is kept modulo 2^32, and noted in `beyond`: 1 + the highest place where it
// happened, which is the same in whatever order threads note it. Callers: any thread; the first to
// note a place pays for an atomic operation, all others for a comparison.
#ifndef SG_WHOLE_NUMBERS_H
#define SG_WHOLE_NUMBERS_H

#include "common/types.h"

SG_CALLED void sg_note_beyond(int64_t place, int64_t *beyond) {
#if defined(__CUDACC__)
  atomicMax((long long *)beyond, (long long)(place + 1));
#else
  int64_t seen = __atomic_load_n(beyond, __ATOMIC_RELAXED);
  while (seen <= place && !__atomic_compare_exchange_n(beyond, &seen, place + 1, true,
                                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
#endif
}

SG_FN int32_t sg_low_bits(int64_t value) { return (int32_t)(uint32_t)(uint64_t)value; }

// The value of an integer variable.
SG_FN int32_t sg_whole(int64_t value, int64_t place, int64_t *beyond) {
  int32_t kept = sg_low_bits(value);
  if (kept != value) sg_note_beyond(place, beyond);
  return kept;
}

// What an integer variable is after an addition or a multiplication. The operands are checked one
// by one, so nothing is wrong beyond 64 bits either.
SG_FN int32_t sg_whole_sum(int32_t old, int64_t value, int64_t place, int64_t *beyond) {
  return sg_whole((int64_t)old + sg_whole(value, place, beyond), place, beyond);
}
SG_FN int32_t sg_whole_product(int32_t old, int64_t value, int64_t place, int64_t *beyond) {
  return old == 0 ? 0 : sg_whole((int64_t)old * sg_whole(value, place, beyond), place, beyond);
}

#endif
