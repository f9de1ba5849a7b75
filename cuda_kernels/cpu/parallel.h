// Threads, scratch memory and index widths for the support library (host only).
#ifndef SG_CPU_PARALLEL_H
#define SG_CPU_PARALLEL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SG_OK = 0, SG_NO_MEMORY = -1 };

// Calls body(t) for t in [0, n_threads), side by side where OpenMP is there. The bodies must write
// to disjoint places, so that the result does not depend on the number of threads.
template <class Body>
static void sg_parallel(int64_t n_threads, const Body &body) {
#ifdef _OPENMP
  if (n_threads > 1) {
#pragma omp parallel for schedule(static, 1) num_threads((int)n_threads)
    for (int64_t thread = 0; thread < n_threads; ++thread) body(thread);
    return;
  }
#endif
  for (int64_t thread = 0; thread < n_threads; ++thread) body(thread);
}

// The first of the `n` items that belong to `thread`; equal shares, in order.
static inline uint64_t sg_share(uint64_t n, int64_t thread, int64_t n_threads) {
  return (uint64_t)(((unsigned __int128)n * (uint64_t)thread) / (uint64_t)n_threads);
}

// The first row of a thread, such that threads get equal numbers of synapses.
static inline uint64_t sg_row_share(const uint64_t *row_start, uint64_t n_rows, int64_t thread,
                                    int64_t n_threads) {
  if (thread == n_threads) return n_rows;
  uint64_t wanted = row_start[0] + sg_share(row_start[n_rows] - row_start[0], thread, n_threads);
  uint64_t low = 0;
  uint64_t high = n_rows;
  while (low < high) {  // the first row that starts at or after the wanted position
    uint64_t middle = low + (high - low) / 2;
    if (row_start[middle] < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Memory freed when its scope ends.
template <class T>
struct sg_scratch {
  T *data;
  explicit sg_scratch(uint64_t n) : data((T *)malloc((size_t)(n ? n : 1) * sizeof(T))) {}
  ~sg_scratch() { free(data); }
  sg_scratch(const sg_scratch &) = delete;
  sg_scratch &operator=(const sg_scratch &) = delete;
};

// An array of 1, 2, 4 or 8-byte unsigned integers; a null pointer reads as zeros.
struct sg_uints {
  void *data;
  int64_t width;
  uint64_t get(uint64_t index) const {
    switch (width) {
      case 1: return ((const uint8_t *)data)[index];
      case 2: return ((const uint16_t *)data)[index];
      case 4: return ((const uint32_t *)data)[index];
      case 8: return ((const uint64_t *)data)[index];
      default: return 0;
    }
  }
  void set(uint64_t index, uint64_t value) const {
    switch (width) {
      case 1: ((uint8_t *)data)[index] = (uint8_t)value; break;
      case 2: ((uint16_t *)data)[index] = (uint16_t)value; break;
      case 4: ((uint32_t *)data)[index] = (uint32_t)value; break;
      case 8: ((uint64_t *)data)[index] = value; break;
      default: break;
    }
  }
};

#endif
