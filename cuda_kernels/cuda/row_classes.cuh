// A stable counting sort of one row by one warp: entries of a row have classes, which are counted,
// turned into where each class begins, and then walked in order.
//
// Callers: all lanes of a warp together, with the same arguments. `classes[k]` is the class of the
// entry k, below n_classes; `count` has room for all classes, of shared or of global memory.
#ifndef SG_CUDA_ROW_CLASSES_CUH
#define SG_CUDA_ROW_CLASSES_CUH

#include "cuda/row_warps.cuh"

// Visits the entries from `begin` to `end`, a warp of them at a time: those of one class are peers,
// and each of their lanes is told so, each(k, class, active, peers), with the lanes that have entries.
template <class Classes, class Each>
static __device__ void sg_each_with_peers(const Classes &classes, uint64_t begin, uint64_t end,
                                          const Each &each) {
  const uint32_t lane = threadIdx.x % SG_WARP;
  for (uint64_t k = begin; k < end; k += SG_WARP) {
    const bool here = k + lane < end;
    const uint32_t active = __ballot_sync(SG_ALL_LANES, here);
    if (here) {
      const uint32_t own = classes[k + lane];
      each(k + lane, own, active, __match_any_sync(active, own));
    }
    __syncwarp();
  }
}

// Adds the entries from `begin` to `end` to the counts of their classes.
template <class Classes>
static __device__ void sg_add_classes(const Classes &classes, uint64_t begin, uint64_t end,
                                      uint32_t *count) {
  const int lane = (int)(threadIdx.x % SG_WARP);
  sg_each_with_peers(classes, begin, end, [&](uint64_t, uint32_t own, uint32_t, uint32_t peers) {
    if (__ffs((int)peers) - 1 == lane) count[own] += __popc(peers);  // one lane a class
  });
}

// Counts the classes of a row: count[c] for each of n_classes.
template <class Classes>
static __device__ void sg_count_classes(const Classes &classes, uint64_t begin, uint64_t end,
                                        uint64_t n_classes, uint32_t *count) {
  for (uint64_t c = threadIdx.x % SG_WARP; c < n_classes; c += SG_WARP) count[c] = 0u;
  __syncwarp();
  sg_add_classes(classes, begin, end, count);
}

// The sum of the values of all lanes up to the own one.
static __device__ uint32_t sg_sum_of_lanes(uint32_t sum) {
  const uint32_t lane = threadIdx.x % SG_WARP;
  for (uint32_t distance = 1; distance < SG_WARP; distance *= 2) {
    const uint32_t other = __shfl_up_sync(SG_ALL_LANES, sum, distance);
    if (lane >= distance) sum += other;
  }
  return sum;
}

// Turns counts into where each class begins. Each lane is told so: each(c, begin, size), also of
// classes beyond the last, of size 0.
template <class Each>
static __device__ void sg_begin_each_class(uint64_t n_classes, uint32_t *count, const Each &each) {
  const uint32_t lane = threadIdx.x % SG_WARP;
  uint32_t before = 0;
  for (uint64_t c = lane; c - lane < n_classes; c += SG_WARP) {
    const uint32_t own = c < n_classes ? count[c] : 0u;
    const uint32_t sum = sg_sum_of_lanes(own);
    const uint32_t begin = before + sum - own;
    if (c < n_classes) count[c] = begin;
    each(c, begin, own);
    before += __shfl_sync(SG_ALL_LANES, sum, SG_WARP - 1);
  }
  __syncwarp();
}

// Finds the place of each entry, which count up from those in `next`: put(place, k).
template <class Classes, class Put>
static __device__ void sg_place_each(const Classes &classes, uint64_t begin, uint64_t end,
                                     uint32_t *next, const Put &put) {
  const int lane = (int)(threadIdx.x % SG_WARP);
  sg_each_with_peers(
      classes, begin, end, [&](uint64_t k, uint32_t own, uint32_t active, uint32_t peers) {
        const int leader = __ffs((int)peers) - 1;
        uint32_t before = 0;
        if (leader == lane) {  // one lane a class
          before = next[own];
          next[own] = before + __popc(peers);
        }
        before = __shfl_sync(active, before, leader) + __popc(peers & ((1u << lane) - 1u));
        put(before, k);
      });
}

#endif
