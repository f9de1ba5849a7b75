"""CUDA texts that the emulator's tests run, and that NVRTC compiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.targets.cuda.emulate import EmulatedDevice

ORDERS = [("forward", 0), ("reverse", 0), ("shuffled", 1), ("shuffled", 2)]
BLOCKS = [32, 64, 128, 256, 512, 1024]

SOURCE = """\
#include "common/types.h"

#define HERE (blockIdx.x * (int64_t)blockDim.x + threadIdx.x)

// A list of the elements above a threshold: one atomic operation a warp.
extern "C" __global__ void compact(const double *__restrict__ v, uint32_t *__restrict__ ids,
                                   int64_t *used, double threshold, int64_t n) {
  const int64_t stride = (int64_t)gridDim.x * blockDim.x;
  for (int64_t base = (int64_t)blockIdx.x * blockDim.x; base < n; base += stride) {
    const int64_t i = base + threadIdx.x;
    const bool above = i < n && v[i] > threshold;
    const unsigned int lane = threadIdx.x & 31u, mask = __ballot_sync(0xffffffffu, above);
    unsigned long long first = 0;
    if (lane == 0 && mask != 0) first = atomicAdd((unsigned long long *)used, __popc(mask));
    first = __shfl_sync(0xffffffffu, first, 0);
    if (above) ids[first + __popc(mask & ((1u << lane) - 1u))] = (uint32_t)i;
  }
}

// Sums within a block, by barriers.
extern "C" __global__ void __launch_bounds__(1024) scan_block(const int *in, int *out) {
  __shared__ int part[1024];
  const int t = threadIdx.x;
  part[t] = in[HERE];
  __syncthreads();
  for (int distance = 1; distance < blockDim.x; distance *= 2) {
    const int before = t >= distance ? part[t - distance] : 0;
    __syncthreads();
    part[t] += before;
    __syncthreads();
  }
  out[HERE] = part[t];
}

static __device__ __forceinline__ int scan_warp(int x) {
  const int lane = threadIdx.x & 31;
  for (int distance = 1; distance < 32; distance *= 2) {
    const int before = __shfl_up_sync(0xffffffffu, x, distance);
    if (lane >= distance) x += before;
  }
  return x;
}

// The same by shuffles, with one barrier between the two levels.
extern "C" __global__ void scan_shuffle(const int *in, int *out) {
  __shared__ int totals[32];
  const int warp = threadIdx.x / 32, n_warps = blockDim.x / 32;
  const int x = scan_warp(in[HERE]);
  if (threadIdx.x % 32 == 31) totals[warp] = x;
  __syncthreads();
  if (warp == 0) {
    const int total = threadIdx.x < n_warps ? totals[threadIdx.x] : 0;
    const int sum = scan_warp(total);
    if (threadIdx.x < n_warps) totals[threadIdx.x] = sum - total;
  }
  __syncthreads();
  out[HERE] = x + totals[warp];
}

// Each block back to front, through memory whose size the launch gives.
extern "C" __global__ void reverse_block(const float *in, float *out) {
  extern __shared__ float copy[];
  copy[threadIdx.x] = in[HERE];
  __syncthreads();
  out[HERE] = copy[blockDim.x - 1 - threadIdx.x];
}

// Sums of half warps: each half is a group of its own, with a mask and a width of 16.
extern "C" __global__ void sum_halves(const double *in, double *out) {
  const unsigned half = threadIdx.x & 16 ? 0xffff0000u : 0x0000ffffu;
  double sum = in[HERE];
  for (int distance = 8; distance > 0; distance /= 2) {
    sum += __shfl_down_sync(half, sum, distance, 16);
  }
  sum = __shfl_sync(half, sum, 0, 16);
  __syncwarp(half);
  out[HERE] = sum;
}

// A histogram of weights, in any order of additions.
extern "C" __global__ void add_weights(const uint32_t *targets, const float *weights, float *sums,
                                       int64_t n) {
  const int64_t stride = (int64_t)gridDim.x * blockDim.x;
  for (int64_t k = HERE; k < n; k += stride) atomicAdd(&sums[targets[k]], weights[k]);
}

// The largest value of all blocks; the block that finishes last hands out the result.
extern "C" __global__ void largest(const int64_t *in, int64_t *parts, int64_t *out,
                                   unsigned *n_done) {
  __shared__ long long best;
  __shared__ bool last;
  if (threadIdx.x == 0) best = -9223372036854775807ll;
  __syncthreads();
  atomicMax(&best, in[HERE]);
  __syncthreads();
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = best;
    __threadfence();
    last = atomicAdd(n_done, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last || threadIdx.x != 0) return;
  __threadfence();
  int64_t result = parts[0];
  for (unsigned k = 1; k < gridDim.x; ++k) result = max(result, parts[k]);
  *out = result;
}

// The sum of all, by the block that finishes last; what its threads read every thread wrote.
extern "C" __global__ void sum_all(const int64_t *in, int64_t *copy, int64_t *out,
                                   unsigned *n_done) {
  __shared__ unsigned place;
  copy[HERE] = in[HERE];
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    place = atomicAdd(n_done, 1u);
  }
  __syncthreads();
  if (place != gridDim.x - 1) return;
  long long sum = 0;
  for (unsigned k = threadIdx.x; k < gridDim.x * blockDim.x; k += blockDim.x) sum += copy[k];
  atomicAdd((unsigned long long *)out, (unsigned long long)sum);
}

// The same where each thread fences for itself, and the last block resets the count.
extern "C" __global__ void sum_all_fenced(const int64_t *in, int64_t *copy, int64_t *out,
                                          unsigned *n_done) {
  __shared__ unsigned place;
  copy[HERE] = in[HERE];
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    place = atomicAdd(n_done, 1u);
    if (place == gridDim.x - 1) *n_done = 0;
  }
  __syncthreads();
  __threadfence();
  if (place != gridDim.x - 1) return;
  long long sum = 0;
  for (unsigned k = threadIdx.x; k < gridDim.x * blockDim.x; k += blockDim.x) sum += copy[k];
  atomicAdd((unsigned long long *)out, (unsigned long long)sum);
}

// A product, by comparing and swapping what a volatile read found.
extern "C" __global__ void multiply_all(const int *in, unsigned *product, volatile int *n_seen) {
  unsigned seen = *(volatile unsigned *)product, expected;
  do {
    expected = seen;
    seen = atomicCAS(product, expected, expected * (unsigned)in[HERE]);
  } while (seen != expected);
  *n_seen = 1;  // all store the same, and none can see half of it
}

// Bytes of one word by many threads, and then words again.
extern "C" __global__ void bytes_and_words(unsigned char *bytes, unsigned long long *sums) {
  bytes[HERE] = (unsigned char)(bytes[HERE] + 1);
  __syncthreads();
  if (threadIdx.x % 8 == 0) sums[HERE / 8] = ((const unsigned long long *)bytes)[HERE / 8];
}

// One thread claims each of eight places.
extern "C" __global__ void claim(int *owners, int *won) {
  won[HERE] = atomicCAS(&owners[HERE % 8], -1, (int)HERE) == -1;
}

// Atomic operations whose results do not depend on the order.
extern "C" __global__ void reduce(const int *in, int *out, unsigned *counts, unsigned *places,
                                  unsigned long long *wide, double *sum) {
  const int x = in[HERE];
  atomicMin(&out[0], x);
  atomicMax(&out[1], x);
  atomicAnd(&out[2], x);
  atomicOr(&out[3], x);
  atomicXor(&out[4], x);
  atomicSub(&out[5], x);
  atomicAdd(&out[6], x);
  atomicMin(&wide[0], (unsigned long long)(long long)x);
  atomicMax((long long *)&wide[1], (long long)x);
  places[atomicInc(&counts[0], gridDim.x * blockDim.x - 1)] = 1;  // ends where it began
  atomicDec(&counts[1], 9u);
  atomicAdd(sum, (double)x);
  if (HERE == 5) out[7] = atomicExch(&out[8], 3);
}

// Each warp, and then each half of it, back to front through shared memory.
extern "C" __global__ void reverse_warps(const int *in, int *out) {
  __shared__ int copy[1024];
  const int warp = threadIdx.x & ~31, half = threadIdx.x & ~15, lane = threadIdx.x & 31;
  copy[threadIdx.x] = in[HERE];
  __syncwarp();
  const int other = copy[warp + 31 - lane];
  __syncwarp();
  copy[threadIdx.x] = other;
  __syncwarp(lane & 16 ? 0xffff0000u : 0x0000ffffu);
  out[HERE] = copy[half + 15 - (lane & 15)];
}

// All shuffles by one operand and width.
extern "C" __global__ void shuffle(const int64_t *in, int64_t *out, int operand, int width) {
  const int64_t x = in[HERE];
  int64_t *const mine = out + 5 * HERE;
  mine[0] = __shfl_sync(0xffffffffu, x, operand, width);
  mine[1] = __shfl_up_sync(0xffffffffu, x, (unsigned)operand, width);
  mine[2] = __shfl_down_sync(0xffffffffu, x, (unsigned)operand, width);
  mine[3] = __shfl_xor_sync(0xffffffffu, x, operand, width);
  mine[4] = __match_any_sync(0xffffffffu, x % 3);
}

// How many threads of the block, and of the warp, have a bit; whether any and whether all have it.
extern "C" __global__ void vote(const int *in, int *out) {
  const int x = in[HERE];
  int *const mine = out + 8 * HERE;
  mine[0] = __syncthreads_count(x & 1);
  mine[1] = __syncthreads_or(x == 7);
  mine[2] = __syncthreads_and(x < 8);
  mine[3] = __popc(__ballot_sync(0xffffffffu, x & 1));
  mine[4] = __any_sync(0xffffffffu, x == 7);
  mine[5] = __all_sync(0xffffffffu, x < 7);
  mine[6] = __shfl_xor_sync(0xffffffffu, x, 5);
  mine[7] = __shfl_sync(0xffffffffu, x, threadIdx.x + 1);
}
"""


def to_device(device: EmulatedDevice, values: NDArray[Any], name: str = "") -> Any:
    buffer = device.allocate(values.nbytes, name)
    device.upload(buffer, values)
    return buffer


def to_host(device: EmulatedDevice, buffer: Any, dtype: Any) -> NDArray[Any]:
    values = np.empty(buffer.n_bytes // np.dtype(dtype).itemsize, dtype)
    device.download(buffer, values)
    return values
