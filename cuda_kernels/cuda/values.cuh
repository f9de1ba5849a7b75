// Values that a device has computed for an array: looked through, and put in their places.
//
// simgen/targets/cuda/values.py compiles this text as a module of its own; every argument is one
// value of 64 bits. Callers: any grid and block.
#include "common/types.h"

// `found` becomes 1 if a value lies outside [-below, high], and stays as it is otherwise.
extern "C" __global__ void sg_find_outside(const int64_t *values, int64_t n, int64_t below,
                                           int64_t high, unsigned long long *found) {
  const int64_t stride = gridDim.x * (int64_t)blockDim.x;
  bool bad = false;
  for (int64_t k = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; k < n; k += stride) {
    bad = bad || values[k] < -below || values[k] > high;
  }
  if (bad) {
    atomicExch(found, 1ull);
  }
}

// Copies values to the same places of `target`, only those that are chosen if `some` is not 0.
template <class kept, class given>
static __device__ void sg_store_values(kept *target, const given *values, const uint8_t *chosen,
                                       int64_t some, int64_t start, int64_t stop) {
  const int64_t stride = gridDim.x * (int64_t)blockDim.x;
  int64_t k = start + blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
  for (; k < stop; k += stride) {
    if (some == 0 || chosen[k] != 0) target[k] = (kept)values[k];
  }
}

// The names say the bits that are kept; 32 of 64 are those of an integer.
extern "C" __global__ void sg_store_8(uint8_t *target, const uint8_t *values,
    const uint8_t *chosen, int64_t some, int64_t start, int64_t stop) {
  sg_store_values(target, values, chosen, some, start, stop);
}
extern "C" __global__ void sg_store_32(uint32_t *target, const uint32_t *values,
    const uint8_t *chosen, int64_t some, int64_t start, int64_t stop) {
  sg_store_values(target, values, chosen, some, start, stop);
}
extern "C" __global__ void sg_store_64(uint64_t *target, const uint64_t *values,
    const uint8_t *chosen, int64_t some, int64_t start, int64_t stop) {
  sg_store_values(target, values, chosen, some, start, stop);
}
extern "C" __global__ void sg_store_32_of_64(int32_t *target, const int64_t *values,
    const uint8_t *chosen, int64_t some, int64_t start, int64_t stop) {
  sg_store_values(target, values, chosen, some, start, stop);
}
