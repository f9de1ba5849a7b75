"""CUDA texts with one fault each; NVRTC compiles them too."""

FAULTY = """\
#include "common/types.h"
#define HERE (blockIdx.x * blockDim.x + threadIdx.x)

extern "C" __global__ void reverse_without_barrier(const int *in, int *out) {
  __shared__ int copy[256];
  copy[threadIdx.x] = in[HERE];
  out[HERE] = copy[blockDim.x - 1 - threadIdx.x];
}

extern "C" __global__ void scan_without_second_barrier(int *values) {
  __shared__ int part[256];
  const int t = threadIdx.x;
  part[t] = values[HERE];
  __syncthreads();
  for (int distance = 1; distance < blockDim.x; distance *= 2) {
    const int before = t >= distance ? part[t - distance] : 0;
    part[t] += before;
    __syncthreads();
  }
  values[HERE] = part[t];
}

extern "C" __global__ void blocks_write_one_list(int *list) {
  list[threadIdx.x] = blockIdx.x;
}

extern "C" __global__ void blocks_read_neighbours(double *v) {
  if (threadIdx.x == 0) v[blockIdx.x] = v[(blockIdx.x + 1) % gridDim.x];
}

extern "C" __global__ void count_without_atomic(int *n_spikes, const double *v) {
  if (v[HERE] > 0.0) n_spikes[0] += 1;
}

extern "C" __global__ void count_mixed(int *n_spikes) {
  if (threadIdx.x == 0) n_spikes[0] = 0;
  atomicAdd(n_spikes, 1);
}

extern "C" __global__ void shuffle_is_no_barrier(int *out) {
  __shared__ int first;
  if (threadIdx.x == 5) first = 7;
  const int got = __shfl_sync(0xffffffffu, 1, 5);
  out[threadIdx.x] = first + got;
}

extern "C" __global__ void last_block_without_fence(const int *in, int *parts, unsigned *n_done,
                                                    int *out) {
  if (threadIdx.x != 0) return;
  parts[blockIdx.x] = in[blockIdx.x];
  if (atomicAdd(n_done, 1u) != gridDim.x - 1) return;
  int sum = 0;
  for (unsigned k = 0; k < gridDim.x; ++k) sum += parts[k];
  *out = sum;
}

extern "C" __global__ void last_block_fenced_by_one(const int *in, int *parts, unsigned *n_done,
                                                    int *out) {
  __shared__ unsigned place;
  parts[HERE] = in[HERE];
  if (threadIdx.x == 0) __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) place = atomicAdd(n_done, 1u);
  __syncthreads();
  if (place == gridDim.x - 1 && threadIdx.x == 0) {
    for (unsigned k = 0; k < gridDim.x * blockDim.x; ++k) *out = parts[k];
  }
}

extern "C" __global__ void third_reader(int *value, int *out) {
  out[HERE] = *value;
  if (threadIdx.x >= 32) return;
  __syncwarp();
  if (threadIdx.x == 0) *value = 2;  // after its own warp, but not after the other one
}

extern "C" __global__ void byte_within_a_word(unsigned char *bytes) {
  if (threadIdx.x == 0) *(unsigned long long *)bytes = 0;
  if (threadIdx.x == 1) bytes[3] = 1;
}

extern "C" __global__ void left_by_a_block_before(int *out) {
  __shared__ int total;
  if (blockIdx.x == 0) total = 1;
  out[blockIdx.x] = total;
}

extern "C" __global__ void volatile_beside_plain(int *flag, int *out) {
  if (threadIdx.x == 0) *flag = 1;
  out[HERE] = *(volatile int *)flag;
}

static __device__ __forceinline__ double next_of(const double *v, int i) {
  return v[i + 1];
}
extern "C" __global__ void one_past_the_end(const double *v, double *out) {
  out[HERE] = next_of(v, HERE);
}

extern "C" __global__ void index_of_shared_array(const int *where, int *out) {
  __shared__ int table[16];
  table[where[HERE]] = 1;
  out[HERE] = 0;
}

extern "C" __global__ void beyond_dynamic_shared(int *out) {
  extern __shared__ int room[];
  room[threadIdx.x] = 1;
  out[HERE] = room[threadIdx.x];
}

extern "C" __global__ void reads_before_writing(const int *never, int *out) {
  out[HERE] = never[HERE];
}

extern "C" __global__ void half_an_element(const char *bytes, double *out) {
  out[HERE] = *(const double *)(bytes + 4);
}

extern "C" __global__ void divides(const int *by, int *out) {
  out[HERE] = 6 / by[HERE] + (1 << by[HERE]);
}

extern "C" __global__ void waits_for_a_later_block(volatile int *done) {
  if (threadIdx.x != 0) return;
  while (blockIdx.x == 0 && done[1] == 0) continue;
  done[blockIdx.x] = 1;
  while (blockIdx.x == 1 && done[0] == 0) continue;
}

extern "C" __global__ void some_miss_the_barrier(int *out) {
  if (threadIdx.x < 40) __syncthreads();
  out[HERE] = 1;
}

extern "C" __global__ void ended_before_the_barrier(int *out) {
  if (HERE >= 100) return;
  out[HERE] = 1;
  __syncthreads();
}

extern "C" __global__ void two_barriers(int *out) {
  if (threadIdx.x % 2) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[HERE] = 1;
}

extern "C" __global__ void some_lanes_vote(unsigned *out) {
  if (threadIdx.x % 32 < 8) out[HERE] = __ballot_sync(0xffffffffu, 1);
}

extern "C" __global__ void lane_outside_its_mask(int *out) {
  out[HERE] = __any_sync(0x0000ffffu, 1);
}

extern "C" __global__ void odd_width(int *out) {
  out[HERE] = __shfl_sync(0xffffffffu, 1, 0, 12);
}

extern "C" __global__ void traps(const int *in) {
  if (in[HERE] < 0) __trap();
}
"""
