// Whether an array holds NaN or an infinity, found without bringing it to the host.
//
// simgen/targets/cuda/finite.py compiles this text as a module of its own; every argument is one
// value of 64 bits. `found` becomes 1 if there is any such value, and stays as it is otherwise.
// Callers: any grid and block.
#include "common/types.h"

template <class real>
static __device__ void sg_look_through(const real *values, int64_t n, unsigned long long *found) {
  const int64_t stride = gridDim.x * (int64_t)blockDim.x;
  bool bad = false;
  for (int64_t k = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; k < n; k += stride) {
    bad = bad || !(values[k] - values[k] == 0);  // NaN for both NaN and infinities
  }
  if (bad) {
    atomicExch(found, 1ull);
  }
}

extern "C" __global__ void sg_find_nonfinite(const double *values, int64_t n,
                                             unsigned long long *found) {
  sg_look_through(values, n, found);
}
extern "C" __global__ void sg_find_nonfinitef(const float *values, int64_t n,
                                              unsigned long long *found) {
  sg_look_through(values, n, found);
}
