// Fixed-width integers, the function prefix and bit casts, for host C++ and for CUDA.
//
// Callers: any thread; nothing here is shared. Every function of the common headers starts with
// SG_FN (SG_CALLED where it is long), is free of side effects on global state, and compiles
// unchanged with a host compiler and with NVRTC, which has no system headers (hence the typedefs).
#ifndef SG_TYPES_H
#define SG_TYPES_H

#if defined(__CUDACC_RTC__)
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#else
#include <stdint.h>
#endif

#if defined(__CUDACC__)
#define SG_FN static __device__ __forceinline__
#define SG_METHOD __device__ __forceinline__
#define SG_CALLED static __device__ __noinline__
#define SG_SIMD
#else
#define SG_FN static inline __attribute__((always_inline))
#define SG_METHOD inline __attribute__((always_inline))
#define SG_CALLED static __attribute__((noinline, unused))
#define SG_SIMD _Pragma("omp simd")
#endif

SG_FN uint64_t sg_bits(double x) {
#if defined(__CUDACC__)
  return (uint64_t)__double_as_longlong(x);
#else
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
#endif
}

SG_FN double sg_from_bits(uint64_t bits) {
#if defined(__CUDACC__)
  return __longlong_as_double((long long)bits);
#else
  double x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
#endif
}

SG_FN uint32_t sg_bitsf(float x) {
#if defined(__CUDACC__)
  return __float_as_uint(x);
#else
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
#endif
}

SG_FN float sg_from_bitsf(uint32_t bits) {
#if defined(__CUDACC__)
  return __uint_as_float(bits);
#else
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
#endif
}

#endif
