// Rows that several objects share: the values of one object are put to where its part of each row is.
//
// simgen/targets/cuda/connect.py compiles this text as a module of its own; every argument is one
// value of 64 bits. A warp takes a row at a time. As cuda_kernels/cpu/pieces.h. Callers: any grid,
// blocks of whole warps.
#include "cuda/row_warps.cuh"

// Copies the row r of an object to begin[r] and after it; without `values` all are `same`.
template <class Value>
static __device__ void sg_splice(uint64_t n_rows, const uint64_t *row_start, const Value *values,
                                 Value same, const uint64_t *begin, Value *out) {
  const uint64_t lane = threadIdx.x % SG_WARP;
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    const uint64_t first = row_start[row], size = row_start[row + 1] - first;
    for (uint64_t k = lane; k < size; k += SG_WARP) {
      out[begin[row] + k] = values == nullptr ? same : values[first + k];
    }
  }
}

// The names say the bits of a value.
extern "C" __global__ void sg_splice_8(uint64_t n_rows, const uint64_t *row_start,
                                       const uint8_t *values, uint64_t same, const uint64_t *begin,
                                       uint8_t *out) {
  sg_splice(n_rows, row_start, values, (uint8_t)same, begin, out);
}
extern "C" __global__ void sg_splice_32(uint64_t n_rows, const uint64_t *row_start,
                                        const uint32_t *values, uint64_t same,
                                        const uint64_t *begin, uint32_t *out) {
  sg_splice(n_rows, row_start, values, (uint32_t)same, begin, out);
}
extern "C" __global__ void sg_splice_64(uint64_t n_rows, const uint64_t *row_start,
                                        const uint64_t *values, uint64_t same,
                                        const uint64_t *begin, uint64_t *out) {
  sg_splice(n_rows, row_start, values, same, begin, out);
}
