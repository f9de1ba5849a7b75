// Appending to lists that many threads share: one atomic operation per warp that has something.
//
// Callers: whole warps, in one-dimensional blocks of a multiple of 32 threads; every lane takes part
// in every call. The order within a list is that of arrival and differs from run to run.
#ifndef SG_SPIKE_APPEND_CUH
#define SG_SPIKE_APPEND_CUH

#include "common/types.h"

// The place in a list for each lane with `wanted`, counted from the list's begin; `used` grows by the
// number of such lanes. Lanes without `wanted` get -1.
static __device__ __forceinline__ int64_t sg_reserve(bool wanted, int64_t *used) {
  const unsigned int all = 0xffffffffu, lane = threadIdx.x & 31u;
  const unsigned int mask = __ballot_sync(all, wanted);
  unsigned long long first = 0;
  if (lane == 0 && mask != 0) {
    first = atomicAdd((unsigned long long *)used, (unsigned long long)__popc(mask));
  }
  first = __shfl_sync(all, first, 0);
  return wanted ? (int64_t)first + __popc(mask & ((1u << lane) - 1u)) : -1;
}

// Lets `used` grow by the number of lanes with `wanted`, for a list whose places are those of another.
static __device__ __forceinline__ void sg_follow(bool wanted, int64_t *used) {
  const unsigned int mask = __ballot_sync(0xffffffffu, wanted);
  if ((threadIdx.x & 31u) == 0 && mask != 0) {
    atomicAdd((unsigned long long *)used, (unsigned long long)__popc(mask));
  }
}

// Appends `element` to a list of events where `fired` holds.
static __device__ __forceinline__ void sg_append_event(bool fired, int64_t element, uint32_t *ids,
                                                       int64_t *used) {
  const int64_t place = sg_reserve(fired, used);
  if (fired) ids[place] = (uint32_t)element;
}

#endif
