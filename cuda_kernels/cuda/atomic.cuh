// Updates of memory that several threads may hit at once, whose order does not matter.
//
// The old value is used for integer variables only, to see whether the new one fits. Sums are reductions, which nothing waits for: written as such, since
// the assembler keeps the slower operation with a result in kernels that have a fence, as those do
// that end with their last block. Callers: any thread; the place lies in global memory.
#ifndef SG_CUDA_ATOMIC_H
#define SG_CUDA_ATOMIC_H

#include "common/types.h"
#include "common/whole_numbers.h"

#if defined(SG_EMULATE_CUDA_H)
#define SG_REDUCE(kind, letter, place, value) atomicAdd(place, value)
#else
#define SG_REDUCE(kind, letter, place, value)                            \
  asm volatile("red.global.add." kind " [%0], %1;"                       \
               :                                                         \
               : "l"(__cvta_generic_to_global(place)), letter(value)     \
               : "memory")
#endif

static __device__ __forceinline__ void sg_atomic_add(double *place, double value) {
  SG_REDUCE("f64", "d", place, value);
}
static __device__ __forceinline__ void sg_atomic_add(float *place, float value) {
  SG_REDUCE("f32", "f", place, value);
}
static __device__ __forceinline__ void sg_atomic_add(int32_t *place, int32_t value) {
  SG_REDUCE("u32", "r", place, value);
}
static __device__ __forceinline__ void sg_atomic_add(int64_t *place, int64_t value) {
  SG_REDUCE("u64", "l", (unsigned long long *)place, (unsigned long long)value);
}

static __device__ __forceinline__ void sg_atomic_whole_sum(int32_t *target, int64_t value,
                                                           int64_t place, int64_t *beyond) {
  const int32_t kept = sg_whole(value, place, beyond);
  sg_whole_sum(atomicAdd(target, kept), kept, place, beyond);
}
static __device__ __forceinline__ void sg_atomic_whole_product(int32_t *target, int64_t value,
                                                               int64_t place, int64_t *beyond) {
  unsigned int *const word = (unsigned int *)target;
  unsigned int seen = *(volatile unsigned int *)word, expected;
  int32_t product;
  do {
    expected = seen;
    product = sg_whole_product((int32_t)expected, value, place, beyond);
    seen = atomicCAS(word, expected, (unsigned int)product);
  } while (seen != expected);
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

// The smaller or larger of both; NaN beats all numbers, as in sg_min and sg_max.
#define SG_ATOMIC_EXTREME(name, beats, kind, word_kind, from_bits, bits)             \
  static __device__ __forceinline__ void name(kind *place, kind value) {              \
    word_kind *const word = (word_kind *)place;                                       \
    word_kind seen = *(volatile word_kind *)word, expected;                           \
    do {                                                                              \
      expected = seen;                                                                \
      if (!((value beats from_bits(expected)) | (value != value))) return;            \
      seen = atomicCAS(word, expected, (word_kind)bits(value));                       \
    } while (seen != expected);                                                       \
  }
SG_ATOMIC_EXTREME(sg_atomic_min, <, double, unsigned long long, sg_from_bits, sg_bits)
SG_ATOMIC_EXTREME(sg_atomic_max, >, double, unsigned long long, sg_from_bits, sg_bits)
SG_ATOMIC_EXTREME(sg_atomic_min, <, float, unsigned int, sg_from_bitsf, sg_bitsf)
SG_ATOMIC_EXTREME(sg_atomic_max, >, float, unsigned int, sg_from_bitsf, sg_bitsf)
SG_ATOMIC_EXTREME(sg_atomic_min, <, int64_t, unsigned long long, (int64_t), )
SG_ATOMIC_EXTREME(sg_atomic_max, >, int64_t, unsigned long long, (int64_t), )
#undef SG_ATOMIC_EXTREME

#endif
