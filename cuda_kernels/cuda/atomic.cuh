// Updates of memory that several threads may hit at once, whose order does not matter.
//
// The old value is never used, so that the compiler makes reductions, which nothing waits for.
// Callers: any thread.
#ifndef SG_CUDA_ATOMIC_H
#define SG_CUDA_ATOMIC_H

#include "common/types.h"

static __device__ __forceinline__ void sg_atomic_add(double *place, double value) {
  atomicAdd(place, value);
}
static __device__ __forceinline__ void sg_atomic_add(float *place, float value) {
  atomicAdd(place, value);
}
static __device__ __forceinline__ void sg_atomic_add(int32_t *place, int32_t value) {
  atomicAdd(place, value);
}
static __device__ __forceinline__ void sg_atomic_add(int64_t *place, int64_t value) {
  atomicAdd((unsigned long long *)place, (unsigned long long)value);
}

static __device__ __forceinline__ void sg_atomic_multiply(double *place, double value) {
  unsigned long long *const word = (unsigned long long *)place;
  unsigned long long seen = *(volatile unsigned long long *)word, expected;
  do {
    expected = seen;
    seen = atomicCAS(word, expected, (unsigned long long)sg_bits(sg_from_bits(expected) * value));
  } while (seen != expected);
}
static __device__ __forceinline__ void sg_atomic_multiply(float *place, float value) {
  unsigned int *const word = (unsigned int *)place;
  unsigned int seen = *(volatile unsigned int *)word, expected;
  do {
    expected = seen;
    seen = atomicCAS(word, expected, (unsigned int)sg_bitsf(sg_from_bitsf(expected) * value));
  } while (seen != expected);
}
static __device__ __forceinline__ void sg_atomic_multiply(int32_t *place, int32_t value) {
  unsigned int *const word = (unsigned int *)place;
  unsigned int seen = *(volatile unsigned int *)word, expected;
  do {
    expected = seen;
    seen = atomicCAS(word, expected, expected * (unsigned int)value);
  } while (seen != expected);
}
static __device__ __forceinline__ void sg_atomic_multiply(int64_t *place, int64_t value) {
  unsigned long long *const word = (unsigned long long *)place;
  unsigned long long seen = *(volatile unsigned long long *)word, expected;
  do {
    expected = seen;
    seen = atomicCAS(word, expected, expected * (unsigned long long)value);
  } while (seen != expected);
}

#endif
