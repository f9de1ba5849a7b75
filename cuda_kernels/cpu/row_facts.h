// What rows are like: sorted, with repeats (host only).
#ifndef SG_CPU_ROW_FACTS_H
#define SG_CPU_ROW_FACTS_H

#include "draw_rows.h"

// Whether each row is sorted (bit 0) and whether some row has a target twice (bit 1).
static int64_t sg_row_properties(const uint64_t *row_start, uint64_t n_rows,
                                 const uint32_t *targets, uint64_t longest) {
  sg_scratch<uint32_t> copy(longest);
  sg_scratch<uint32_t> spare(longest);
  if (!copy.data || !spare.data) return SG_NO_MEMORY;
  int64_t sorted = 1;
  int64_t repeated = 0;
  for (uint64_t row = 0; row < n_rows; ++row) {
    uint64_t n = row_start[row + 1] - row_start[row];
    const uint32_t *values = targets + row_start[row];
    int ascending = 1;
    for (uint64_t k = 1; k < n; ++k) ascending &= values[k - 1] <= values[k];
    sorted &= ascending;
    if (repeated) continue;
    if (!ascending) {
      memcpy(copy.data, values, n * sizeof(uint32_t));
      sg_sort_values(copy.data, spare.data, n, 32);
      values = copy.data;
    }
    for (uint64_t k = 1; k < n; ++k) repeated |= values[k - 1] == values[k];
  }
  return sorted | (repeated << 1);
}

#endif
