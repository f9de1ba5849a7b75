// Tiles of elements on the host: masks of events to indices, booleans to wide numbers and back.
//
// Callers: the thread that owns the part that is worked on.
#ifndef SG_CPU_TILE_H
#define SG_CPU_TILE_H

#include "../common/types.h"

// Copies the booleans of a tile into numbers, and back.
template <class Wide>
SG_FN void sg_widen(Wide *wide, const uint8_t *narrow, int64_t count) {
  for (int64_t k = 0; k < count; ++k) wide[k] = narrow[k];
}
template <class Wide>
SG_FN void sg_narrow(uint8_t *narrow, const Wide *wide, int64_t count) {
  for (int64_t k = 0; k < count; ++k) narrow[k] = wide[k] != 0;
}

// Appends first + k for every k < count with mask[k] != 0, ascending; `used` entries are there
// already. Returns the new number of entries. The mask has the width of the program's reals: with
// bytes the loop that makes it is unrolled eightfold (measured: 1.5 s to compile instead of 0.3 s for
// a loop with six exponentials, no faster). Events are rare: callers come here only for tiles that
// have some, which the loop that makes the mask finds out on its way.
template <class Mask>
static __attribute__((noinline)) int64_t sg_compact(const Mask *mask, int64_t count, int64_t first,
                                                    uint32_t *ids, int64_t used) {
  for (int64_t begin = 0; begin < count; begin += 64) {
    const int64_t end = begin + 64 < count ? begin + 64 : count;
    uint64_t fired = 0;
    for (int64_t k = begin; k < end; ++k) fired |= (uint64_t)(mask[k] != 0) << (k - begin);
    for (; fired != 0; fired &= fired - 1) {
      ids[used++] = (uint32_t)(first + begin + __builtin_ctzll(fired));
    }
  }
  return used;
}

#endif
