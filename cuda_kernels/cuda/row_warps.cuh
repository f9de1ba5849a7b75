// Which rows a warp takes, where each takes a row at a time, and what is in them.
//
// Callers: any grid, blocks of whole warps.
#ifndef SG_CUDA_ROW_WARPS_CUH
#define SG_CUDA_ROW_WARPS_CUH

#include "common/types.h"

enum { SG_WARP = 32 };
#define SG_ALL_LANES 0xffffffffu

static __device__ uint64_t sg_first_row() {
  return (blockIdx.x * (uint64_t)blockDim.x + threadIdx.x) / SG_WARP;
}
static __device__ uint64_t sg_row_stride() { return gridDim.x * (uint64_t)blockDim.x / SG_WARP; }

// Targets of 16 bits if `narrow`, else of 32.
struct sg_targets {
  const void *values;
  int64_t narrow;
  SG_METHOD uint32_t operator[](uint64_t k) const {
    return narrow != 0 ? ((const uint16_t *)values)[k] : ((const uint32_t *)values)[k];
  }
};

#endif
