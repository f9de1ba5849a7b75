// Sorts one row by (bucket, target), stably, into a permutation (host only).
//
// A sorter belongs to one thread. Rows that are already sorted by target need only a stable
// counting sort by bucket, O(row); short rows with many buckets, and unsorted rows, sort keys.
#ifndef SG_CPU_ROW_SORT_H
#define SG_CPU_ROW_SORT_H

#include "parallel.h"

static inline uint32_t sg_bit_width(uint64_t value) {
  return value ? 64u - (uint32_t)__builtin_clzll(value) : 0u;
}

struct sg_row_sorter {
  uint64_t n_buckets;
  sg_scratch<uint32_t> count;   // n_buckets + 1
  sg_scratch<uint32_t> bucket;  // of each synapse of the row; the caller fills it
  sg_scratch<uint32_t> order;   // the result: order[k] is the index in the row of the k-th synapse
  sg_scratch<uint32_t> spare;
  sg_scratch<uint64_t> key;
  sg_scratch<uint64_t> spare_key;

  sg_row_sorter(uint64_t longest_row, uint64_t buckets)
      : n_buckets(buckets), count(buckets + 1), bucket(longest_row), order(longest_row),
        spare(longest_row), key(longest_row), spare_key(longest_row) {}

  bool allocated() const {
    return count.data && bucket.data && order.data && spare.data && key.data && spare_key.data;
  }

  // Sorts by key.data[0..n), given that all keys are below 2^bits.
  void sort_keys(uint32_t n, uint32_t bits) {
    uint32_t *from = order.data;
    uint32_t *to = spare.data;
    uint64_t *key_from = key.data;
    uint64_t *key_to = spare_key.data;
    for (uint32_t k = 0; k < n; ++k) from[k] = k;
    if (n <= 48) {  // insertion sort; each radix pass costs 256 steps, however short the row
      for (uint32_t k = 1; k < n; ++k) {
        uint64_t moving = key_from[k];
        uint32_t index = from[k];
        uint32_t place = k;
        for (; place > 0 && key_from[place - 1] > moving; --place) {
          key_from[place] = key_from[place - 1];
          from[place] = from[place - 1];
        }
        key_from[place] = moving;
        from[place] = index;
      }
      return;
    }
    for (uint32_t shift = 0; shift < bits; shift += 8) {
      uint32_t start[257] = {0};
      for (uint32_t k = 0; k < n; ++k) ++start[((key_from[k] >> shift) & 255u) + 1];
      for (uint32_t digit = 0; digit < 256; ++digit) start[digit + 1] += start[digit];
      for (uint32_t k = 0; k < n; ++k) {
        uint32_t place = start[(key_from[k] >> shift) & 255u]++;
        key_to[place] = key_from[k];
        to[place] = from[k];
      }
      uint64_t *other_key = key_from;
      key_from = key_to;
      key_to = other_key;
      uint32_t *other = from;
      from = to;
      to = other;
    }
    if (from != order.data) memcpy(order.data, from, n * sizeof(uint32_t));
  }

  // Fills order from bucket (unless there is one bucket) and, if the row is not sorted, targets.
  template <class Target>
  void sort(const Target *targets, uint32_t n, bool sorted, uint32_t target_bits) {
    if (sorted && n_buckets <= 1) {
      for (uint32_t k = 0; k < n; ++k) order.data[k] = k;
    } else if (sorted && n_buckets <= 4 * (uint64_t)n + 64) {
      uint32_t *start = count.data;
      memset(start, 0, (n_buckets + 1) * sizeof(uint32_t));
      for (uint32_t k = 0; k < n; ++k) ++start[bucket.data[k] + 1];
      for (uint64_t b = 0; b < n_buckets; ++b) start[b + 1] += start[b];
      for (uint32_t k = 0; k < n; ++k) order.data[start[bucket.data[k]]++] = k;
    } else {
      uint32_t shift = sorted ? 0 : target_bits;
      for (uint32_t k = 0; k < n; ++k) {
        uint64_t high = n_buckets > 1 ? bucket.data[k] : 0;
        key.data[k] = sorted ? high : (high << shift) | (uint64_t)targets[k];
      }
      sort_keys(n, shift + sg_bit_width(n_buckets > 1 ? n_buckets - 1 : 0));
    }
  }
};

#endif
