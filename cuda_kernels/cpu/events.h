// Event lists on the host: from a mask of a tile to the indices of the elements that fired.
//
// Callers: the thread that owns the part whose list is written; `mask` is its own.
#ifndef SG_CPU_EVENTS_H
#define SG_CPU_EVENTS_H

#include "../common/types.h"

// Appends first + k for every k < count with mask[k] != 0, ascending; `used` entries are there
// already. Returns the new number of entries. The mask has the width of the program's reals: with
// bytes the loop that makes it is unrolled eightfold (measured: 1.5 s to compile instead of 0.3 s for
// a loop with six exponentials, no faster). Events are rare, so the whole tile is tested first.
template <class Mask>
SG_FN int64_t sg_compact(const Mask *mask, int64_t count, int64_t first, uint32_t *ids,
                         int64_t used) {
  Mask any = 0;
  for (int64_t k = 0; k < count; ++k) any |= mask[k];
  if (any == 0) return used;
  for (int64_t k = 0; k < count; ++k) {
    ids[used] = (uint32_t)(first + k);  // stays only if it fired; there is room for all elements
    used += mask[k] != 0;
  }
  return used;
}

#endif
