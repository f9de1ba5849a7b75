// The CUDA language for a C++ compiler of the host: a generated or hand-written CUDA source compiles
// unchanged behind this header, and its kernels run on the processor, thread by thread.
//
// Callers: simgen/targets/cuda/emulate. What NVRTC would refuse is refused here too where it is
// cheap: types of atomics and shuffles are those of CUDA, and int64_t is `long long`.
#ifndef SG_EMULATE_CUDA_H
#define SG_EMULATE_CUDA_H

#include "atomics.h"
#include "intrinsics.h"
#include "launch.h"
#include "warp.h"

#define __CUDACC__ 1
#define __CUDACC_RTC__ 1  // the source brings its own integer types, as it must for NVRTC
#define __CUDA_ARCH__ 750
#define int8_t sg_emu_int8_t
#define int16_t sg_emu_int16_t
#define int32_t sg_emu_int32_t
#define int64_t sg_emu_int64_t
#define uint8_t sg_emu_uint8_t
#define uint16_t sg_emu_uint16_t
#define uint32_t sg_emu_uint32_t
#define uint64_t sg_emu_uint64_t

#define __global__ __attribute__((noinline))
#define __device__
#define __host__
#define __constant__
// "used": or else a compiler may find that nothing but zero is ever stored.
#define __shared__ __attribute__((used)) thread_local
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define warpSize 32

typedef sg_emu_triple dim3;
typedef sg_emu_triple uint3;

#endif
