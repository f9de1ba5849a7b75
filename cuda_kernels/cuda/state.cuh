// What a kernel on the device works on, and how its threads share the work.
//
// Callers: every thread of a launch with one-dimensional grid and blocks of whole warps. The tables
// lie in device memory, so that no launch depends on a value of the host; the layout of `control` is
// known to simgen/targets/cuda/backend.py.
#ifndef SG_CUDA_STATE_H
#define SG_CUDA_STATE_H

#include "common/types.h"

#define SG_ALL_LANES 0xffffffffu

// All arrays lie in global memory; a compiler that is told so needs no generic loads and atomics.
#if defined(SG_EMULATE_CUDA_H)
#define SG_ASSUME_GLOBAL(pointer)
#else
#define SG_ASSUME_GLOBAL(pointer) __builtin_assume(__isGlobal(pointer))
#endif
struct sg_arrays {
  void *const *table;
  SG_METHOD void *operator[](int32_t position) const {
    void *const array = table[position];
    SG_ASSUME_GLOBAL(array);
    return array;
  }
};

typedef struct {
  sg_arrays arrays;
  const double *reals;
  const int64_t *ints;
} sg_state;

// The words of `control`.
enum { SG_GO = 0, SG_TICK = 1, SG_END = 2 };

// The blocks of a launch that work on one kernel: this one's number, and how many there are.
typedef struct {
  int64_t block, n_blocks;
} sg_grid;

// Whether this block is one of the next `n_blocks` of the launch; if not, it is counted on from them.
static __device__ __forceinline__ bool sg_take(sg_grid *grid, int64_t n_blocks) {
  if (grid->block < n_blocks) {
    grid->n_blocks = n_blocks;
    return true;
  }
  grid->block -= n_blocks;
  return false;
}

// The number of that one of `n` kernels whose block this is, or -1, and then it is counted on from
// them. `ends` are the numbers of their blocks, each with those of all before it.
static __device__ __forceinline__ int64_t sg_take_one(sg_grid *grid, const int64_t *ends, int64_t n) {
  if (grid->block >= ends[n - 1]) {
    grid->block -= ends[n - 1];
    return -1;
  }
  int64_t low = 0, high = n - 1;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (grid->block < ends[middle]) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const int64_t first = low == 0 ? 0 : ends[low - 1];
  grid->block -= first;
  grid->n_blocks = ends[low] - first;
  return low;
}

// Indices base + lane for base = first, first + width, ... below last.
typedef struct {
  int64_t first, last, lane, width;
} sg_range;

// One index a thread, the whole grid side by side.
static __device__ __forceinline__ sg_range sg_grid_range(const sg_grid &grid, int64_t start,
                                                               int64_t stop) {
  sg_range range = {start + grid.block * blockDim.x, stop, (int64_t)threadIdx.x,
                    grid.n_blocks * blockDim.x};
  return range;
}

static __device__ __forceinline__ int64_t sg_warp(const sg_grid &grid) {
  return grid.block * (blockDim.x >> 5) + (threadIdx.x >> 5);
}
static __device__ __forceinline__ int64_t sg_n_warps(const sg_grid &grid) {
  return grid.n_blocks * (blockDim.x >> 5);
}

// A contiguous piece for each warp: what is found in ascending pieces is ascending when joined.
static __device__ __forceinline__ sg_range sg_warp_range(const sg_grid &grid, int64_t start,
                                                               int64_t stop) {
  const int64_t n_warps = sg_n_warps(grid);
  const int64_t piece = ((stop - start + 31) / 32 + n_warps - 1) / n_warps * 32;
  const int64_t first = start + sg_warp(grid) * piece;
  const int64_t last = first + piece < stop ? first + piece : stop;
  sg_range range = {first, last, (int64_t)(threadIdx.x & 31u), 32};
  return range;
}

// Everything, in order, for the one thread that may not share its work.
static __device__ __forceinline__ sg_range sg_serial_range(const sg_grid &, int64_t start,
                                                                 int64_t stop) {
  sg_range range = {start, stop, 0, 1};
  return range;
}
static __device__ __forceinline__ bool sg_is_first_thread(const sg_grid &grid) {
  return grid.block == 0 && threadIdx.x == 0;
}

// What a lane of the warp holds; all lanes call it.
static __device__ __forceinline__ int64_t sg_from_lane(int64_t value, int lane) {
  return __shfl_sync(SG_ALL_LANES, (long long)value, lane);
}

// The sum over the lanes of a warp up to the calling one; all lanes call it.
static __device__ __forceinline__ int64_t sg_warp_sum(int64_t value) {
  const uint32_t lane = threadIdx.x & 31u;
  for (uint32_t step = 1; step < 32; step *= 2) {
    const int64_t other = __shfl_up_sync(SG_ALL_LANES, (long long)value, step);
    if (lane >= step) value += other;
  }
  return value;
}

// True in the last block of a grid that comes here, which then sees what all others wrote. All
// threads of all its blocks call it once; `ticket` is zero before and after.
static __device__ __forceinline__ bool sg_is_last_block(const sg_grid &grid,
                                                              uint32_t *ticket) {
  __shared__ uint32_t arrived;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    arrived = atomicAdd(ticket, 1u);
    if (arrived == grid.n_blocks - 1) *ticket = 0u;
  }
  __syncthreads();
  __threadfence();
  return arrived == grid.n_blocks - 1;
}

// The first place in ascending values[begin, end) whose value is not below `least`.
template <class Values, class Place>
static __device__ __forceinline__ Place sg_lower_bound(const Values &values, Place begin, Place end,
                                                       int64_t least) {
  while (begin < end) {
    const Place middle = begin + (end - begin) / 2;
    if ((int64_t)values[middle] < least) begin = middle + 1;
    else end = middle;
  }
  return begin;
}

// The first of `count` whole numbers, each above the one before it, that is not below `least`; or
// `count`. All lanes of a warp look for one value together, each at a place of its own. A number
// differs from the first and from the last by at least the places in between, so that a list of
// neighbours need not be searched.
template <class Values>
static __device__ __forceinline__ int64_t sg_warp_bound(const Values &values, int64_t count,
                                                        int64_t least) {
  if (count == 0) return 0;
  int64_t begin = least - (int64_t)values[count - 1] + count - 1;
  int64_t end = least - (int64_t)values[0];
  begin = begin < 0 ? 0 : begin < count ? begin : count;
  end = end < 0 ? 0 : end < count ? end : count;
  while (begin < end) {
    const int64_t step = (end - begin + 31) / 32;
    const int64_t mine = begin + (int64_t)(threadIdx.x & 31u) * step;
    const bool below = mine < end && (int64_t)values[mine] < least;
    const int64_t n_below = __popc(__ballot_sync(SG_ALL_LANES, below));  // the first lanes
    if (n_below == 0) return begin;
    if (begin + n_below * step < end) end = begin + n_below * step;
    begin += (n_below - 1) * step + 1;
  }
  return begin;
}

#endif
