// Which rows a warp takes, where each takes a row at a time.
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

#endif
