// A given number of synapses over rows, by halving the rows again and again.
//
// Callers: host only. The rows form a binary tree; each node sends a random share of its synapses
// to its first half: binomial where pairs may repeat, so that row sizes are multinomial, else
// hypergeometric, so that uniform subsets of each row make up a uniform subset of all pairs.
// Counter of a node: (number, number >> 32, purpose, 0), where the root is node 1 and the halves of
// node k are 2 k and 2 k + 1.
#ifndef SG_CPU_SPLIT_TOTAL_H
#define SG_CPU_SPLIT_TOTAL_H

#include "draw_rows.h"
#include "hypergeometric.h"

struct sg_split_job {
  uint64_t n_rows;
  uint64_t n_target;
  uint64_t total;  // at most 2^53
  uint64_t key;
  int64_t distinct;
  int64_t skip_self;
};

// The pairs that rows [low, high) may have; they number less than 2^64.
static inline uint64_t sg_pairs(const sg_split_job &job, uint64_t low, uint64_t high) {
  uint64_t pairs = (high - low) * job.n_target;
  if (!job.skip_self) return pairs;
  uint64_t first = low < job.n_target ? low : job.n_target;
  return pairs - ((high < job.n_target ? high : job.n_target) - first);
}

// How many of `total` synapses of the rows [low, high) are in [low, middle).
static inline int64_t sg_first_share(const sg_split_job &job, uint64_t low, uint64_t middle,
                                     uint64_t high, int64_t total, sg_counter counter) {
  if (job.distinct) {
    return sg_draw_hypergeometric(job.key, counter, sg_pairs(job, low, high),
                                  sg_pairs(job, low, middle), (uint64_t)total);
  }
  double share = job.skip_self ? (double)sg_pairs(job, low, middle) / (double)sg_pairs(job, low, high)
                               : (double)(middle - low) / (double)(high - low);
  int64_t first = sg_draw_binomial(job.key, counter, total, share);
  return first > total ? total : first;  // inversion may end one above, once in 1e16 draws
}

// Writes the sizes of rows [low, high) to sizes[low ...]; the depth is that of 2^32 rows at most.
static void sg_split_rows(const sg_split_job &job, uint64_t low, uint64_t high, int64_t total,
                          uint64_t node, uint64_t *sizes) {
  if (total == 0) {
    memset(sizes + low, 0, (high - low) * sizeof(uint64_t));
    return;
  }
  if (high - low == 1) {
    sizes[low] = (uint64_t)total;
    return;
  }
  uint64_t middle = low + (high - low) / 2;
  sg_counter counter = {(uint32_t)node, (uint32_t)(node >> 32), SG_PURPOSE_SPLIT, 0u, 0u};
  int64_t first = sg_first_share(job, low, middle, high, total, counter);
  sg_split_rows(job, low, middle, first, 2 * node, sizes);
  sg_split_rows(job, middle, high, total - first, 2 * node + 1, sizes);
}

#endif
