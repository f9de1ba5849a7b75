// A given number of synapses over rows: multinomial sizes by halving the rows again and again.
//
// Callers: host only. The rows form a binary tree; each node sends a binomial share of its synapses
// to its first half. Counter of a node: (number, number >> 32, purpose, 0), where the root is node
// 1 and the halves of node k are 2 k and 2 k + 1.
#ifndef SG_CPU_SPLIT_TOTAL_H
#define SG_CPU_SPLIT_TOTAL_H

#include "../common/binomial.h"
#include "draw_rows.h"

// Writes the sizes of rows [low, high) to sizes[low ...]; the depth is that of 2^32 rows at most.
static void sg_split_rows(uint64_t low, uint64_t high, int64_t total, uint64_t node, uint64_t key,
                          uint64_t *sizes) {
  if (total == 0) {
    memset(sizes + low, 0, (high - low) * sizeof(uint64_t));
    return;
  }
  if (high - low == 1) {
    sizes[low] = (uint64_t)total;
    return;
  }
  uint64_t middle = low + (high - low) / 2;
  double share = (double)(middle - low) / (double)(high - low);
  sg_counter counter = {(uint32_t)node, (uint32_t)(node >> 32), SG_PURPOSE_SPLIT, 0u, 0u};
  int64_t first = sg_draw_binomial(key, counter, total, share);
  first = first > total ? total : first;  // inversion may end one above, once in 1e16 draws
  sg_split_rows(low, middle, first, 2 * node, key, sizes);
  sg_split_rows(middle, high, total - first, 2 * node + 1, key, sizes);
}

#endif
