// Values between creation order and storage order, and what a store implies for each position.
//
// Callers: host only.
#ifndef SG_CPU_PERMUTE_H
#define SG_CPU_PERMUTE_H

#include "row_sort.h"
#include "store.h"

// out[k] = values[order[k]] if `gather`, else out[order[k]] = values[k]; order is a permutation.
template <class Value, class Index>
static void sg_move_values(Value *out, const Value *values, const Index *order, uint64_t n,
                           int64_t gather, int64_t n_threads) {
  sg_parallel(n_threads, [&](int64_t thread) {
    uint64_t last = sg_share(n, thread + 1, n_threads);
    uint64_t k = sg_share(n, thread, n_threads);
    if (gather) {
      for (; k < last; ++k) out[k] = values[order[k]];
    } else {
      for (; k < last; ++k) out[order[k]] = values[k];
    }
  });
}

static inline void sg_move_bytes(char *out, const char *values, sg_uints order, uint64_t n, uint64_t size,
                          int64_t gather, int64_t n_threads) {
  sg_parallel(n_threads, [&](int64_t thread) {
    uint64_t last = sg_share(n, thread + 1, n_threads);
    for (uint64_t k = sg_share(n, thread, n_threads); k < last; ++k) {
      uint64_t other = order.get(k);
      memcpy(out + (gather ? k : other) * size, values + (gather ? other : k) * size, size);
    }
  });
}

// The creation index of each position of a store made in the order (row, target) without repeats,
// or with one class (then the stable sort has kept the order of repeats).
template <class Target>
static int64_t sg_recompute_order(const uint64_t *row_start, const Target *targets,
                                  uint64_t n_rows, uint64_t n_parts, uint64_t n_target,
                                  int64_t one_class, uint64_t longest, sg_uints order,
                                  int64_t n_threads) {
  int64_t status = SG_OK;
  uint64_t n_words = n_target / 64 + 1;
  sg_parallel(n_threads, [&](int64_t thread) {
    sg_row_sorter sorter(longest, 1);
    uint64_t *mark = (uint64_t *)calloc(n_words, sizeof(uint64_t));
    sg_scratch<uint32_t> before(n_words);  // how many targets lie below each word
    if (!sorter.allocated() || !mark || !before.data) {
      free(mark);
      __atomic_store_n(&status, (int64_t)SG_NO_MEMORY, __ATOMIC_RELAXED);
      return;
    }
    uint64_t last = sg_share(n_rows, thread + 1, n_threads);
    for (uint64_t row = sg_share(n_rows, thread, n_threads); row < last; ++row) {
      uint64_t base = 0;
      uint32_t size = 0;
      for (uint64_t part = 0; part < n_parts; ++part) {
        const uint64_t *starts = row_start + part * (n_rows + 1);
        base += starts[row] - starts[0];
        size += (uint32_t)(starts[row + 1] - starts[row]);
      }
      int dense = !one_class && (uint64_t)size * 8 >= n_words;
      uint32_t n = 0;
      for (uint64_t part = 0; part < n_parts && !one_class; ++part) {
        const uint64_t *starts = row_start + part * (n_rows + 1);
        for (uint64_t k = starts[row]; k < starts[row + 1]; ++k) {
          if (dense) {
            mark[targets[k] >> 6] |= 1ull << (targets[k] & 63u);
          } else {
            sorter.key.data[n++] = targets[k];
          }
        }
      }
      uint32_t *rank = sorter.bucket.data;
      if (dense) {
        uint32_t total = 0;
        for (uint64_t w = 0; w < n_words; ++w) {
          before.data[w] = total;
          total += (uint32_t)__builtin_popcountll(mark[w]);
        }
      } else if (!one_class) {
        sorter.sort_keys(n, sg_bit_width(n_target));
        for (uint32_t k = 0; k < n; ++k) rank[sorter.order.data[k]] = k;
      }
      n = 0;
      for (uint64_t part = 0; part < n_parts; ++part) {
        const uint64_t *starts = row_start + part * (n_rows + 1);
        for (uint64_t k = starts[row]; k < starts[row + 1]; ++k, ++n) {
          uint64_t place = one_class ? n : rank[n];
          if (dense) {
            uint64_t below = mark[targets[k] >> 6] & ((1ull << (targets[k] & 63u)) - 1);
            place = before.data[targets[k] >> 6] + (uint64_t)__builtin_popcountll(below);
          }
          order.set(k, base + place);
        }
      }
      if (dense) memset(mark, 0, n_words * sizeof(uint64_t));
    }
    free(mark);
  });
  return status;
}

// One partition's row number and delay class of each position; an output of width 0 is not written.
static inline void sg_expand_store(const uint64_t *row_start, uint64_t n_rows,
                            const sg_segment_sink &bounds, sg_uints sources, sg_uints classes,
                            int64_t n_threads) {
  sg_parallel(n_threads, [&](int64_t thread) {
    uint64_t last = sg_row_share(row_start, n_rows, thread + 1, n_threads);
    for (uint64_t row = sg_row_share(row_start, n_rows, thread, n_threads); row < last; ++row) {
      uint64_t begin = row_start[row];
      uint64_t end = row_start[row + 1];
      if (sources.width) {
        for (uint64_t k = begin; k < end; ++k) sources.set(k, row);
      }
      if (!classes.width) continue;
      if (bounds.format == SG_SEGMENTS_DENSE) {
        uint64_t base = row * (bounds.n_classes + 1);
        for (uint64_t cls = 0; cls < bounds.n_classes; ++cls) {
          uint64_t k = begin + bounds.starts.get(base + cls);
          uint64_t stop = begin + bounds.starts.get(base + cls + 1);
          for (; k < stop; ++k) classes.set(k, cls);
        }
      } else if (bounds.format == SG_SEGMENTS_COMPACT) {
        uint64_t last_pair = bounds.pair_start[row + 1];
        for (uint64_t pair = bounds.pair_start[row]; pair < last_pair; ++pair) {
          uint64_t cls = bounds.pair_class.get(pair);
          uint64_t k = begin + bounds.pair_begin.get(pair);
          uint64_t stop = pair + 1 < last_pair ? begin + bounds.pair_begin.get(pair + 1) : end;
          for (; k < stop; ++k) classes.set(k, cls);
        }
      } else {
        for (uint64_t k = begin; k < end; ++k) classes.set(k, 0);
      }
    }
  });
}

#endif
