// Lists of events in ascending order, made by many threads in one launch.
//
// Each warp walks a contiguous piece of the elements and notes what fired in a list of its own; the
// last block of the grid joins the pieces. Callers: all lanes of a warp for sg_note, all threads of
// the block for sg_join_pieces.
#ifndef SG_CUDA_EVENTS_H
#define SG_CUDA_EVENTS_H

#include "cuda/state.cuh"

// Notes `element` where `fired` holds; returns the length of the warp's list, `used` before.
static __device__ __forceinline__ uint32_t sg_note(bool fired, int64_t element, uint32_t *list,
                                                   uint32_t used) {
  const uint32_t mask = __ballot_sync(SG_ALL_LANES, fired);
  const uint32_t before = (1u << (threadIdx.x & 31u)) - 1u;
  if (fired) list[used + __popc(mask & before)] = (uint32_t)element;
  return used + __popc(mask);
}

// Copies the warps' lists one after the other to `ids` and returns the total. Warp w noted
// pieces[w] elements from stage[start + w * piece] on, as sg_warp_range has it.
static __device__ __noinline__ int64_t sg_join_pieces(const sg_grid grid, const uint32_t *stage,
                                                      const uint32_t *pieces, int64_t start,
                                                      int64_t stop, uint32_t *ids) {
  __shared__ uint32_t totals[32];
  const volatile uint32_t *const counts = pieces;  // written by other blocks of this launch
  const volatile uint32_t *const noted = stage;
  const int64_t n_pieces = sg_n_warps(grid), n_warps = blockDim.x >> 5;
  const int64_t piece = ((stop - start + 31) / 32 + n_pieces - 1) / n_pieces * 32;
  const uint32_t lane = threadIdx.x & 31u, warp = threadIdx.x >> 5;
  int64_t joined = 0;
  for (int64_t first = 0; first < n_pieces; first += blockDim.x) {
    const int64_t mine = first + threadIdx.x;
    const uint32_t count = mine < n_pieces ? counts[mine] : 0u;
    if (__syncthreads_or(count != 0u) == 0) continue;
    const int64_t sum = sg_warp_sum(count);
    if (lane == 31u) totals[warp] = (uint32_t)sum;
    __syncthreads();
    int64_t place = joined + sum - count;
    for (uint32_t other = 0; other < n_warps; ++other) {
      if (other < warp) place += totals[other];
      joined += totals[other];
    }
    uint32_t left = __ballot_sync(SG_ALL_LANES, count != 0u);
    while (left != 0u) {  // the lanes copy the list of one piece together
      const int owner = __ffs((int)left) - 1;
      const uint32_t length = __shfl_sync(SG_ALL_LANES, count, owner);
      const int64_t to = sg_from_lane(place, owner);
      const int64_t from = start + (first + warp * 32 + owner) * piece;
      for (uint32_t k = lane; k < length; k += 32u) ids[to + k] = noted[from + k];
      left &= left - 1u;
    }
    __syncthreads();  // totals are written again
  }
  return joined;
}

// Leaves the length of the warp's list for the block that joins them.
static __device__ __forceinline__ void sg_leave_count(const sg_grid &grid, uint32_t used,
                                                            uint32_t *pieces) {
  if ((threadIdx.x & 31u) == 0u) pieces[sg_warp(grid)] = used;
}

#endif
