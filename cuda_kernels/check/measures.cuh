// What the speed of a step depends on, measured on a device before whole networks are.
//
// simgen/commands/check/first_day.py launches them and checks what they leave behind. Every argument
// is one value of 64 bits; blocks are of whole warps.
#include "cuda/atomic.cuh"
#include "cuda/state.cuh"

#define HERE (blockIdx.x * (int64_t)blockDim.x + threadIdx.x)

// As good as nothing: the time between two of them is that of a launch.
extern "C" __global__ void measure_nothing(int64_t *count) {
  if (HERE == 0) *count += 1;
}

// Barriers of all blocks, which must run at the same time: `arrived` counts up and is never reset.
// Gives up, and says so, when others stay away; all threads of a block leave together.
extern "C" __global__ void measure_barrier(uint32_t *arrived, int64_t rounds, int64_t *done) {
  __shared__ bool together;
  for (int64_t round = 1; round <= rounds; ++round) {
    __syncthreads();
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(arrived, 1u);
      together = false;
      for (int64_t tries = 0; tries < 1000000 && !together; ++tries) {
        together = *(volatile uint32_t *)arrived >= round * gridDim.x;
      }
      __threadfence();
    }
    __syncthreads();
    if (!together) return;
  }
  if (HERE == 0) *done = rounds;
}

static __device__ __forceinline__ uint32_t sg_mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

// Atomic additions of one to places that look random, n of them.
extern "C" __global__ void measure_scatter(float *sums, int64_t size, int64_t n) {
  for (int64_t k = HERE; k < n; k += gridDim.x * (int64_t)blockDim.x) {
    const uint64_t place = ((uint64_t)sg_mix((uint32_t)k) * (uint64_t)size) >> 32;
    sg_atomic_add(&sums[place], 1.0f);
  }
}

// A delivery step as simgen makes it. A row has `length` synapses, sorted by class; `starts` has
// n_classes + 1 bounds a row. Spike s of class c comes from row rows[c * n_spikes + s]. A group of
// `width` lanes takes one (class, spike) at a time.
template <int width>
static __device__ __forceinline__ void sg_deliver(
    const uint32_t *targets, const float *weights, const uint16_t *starts, const int64_t *rows,
    int64_t length, int64_t n_classes, int64_t n_spikes, float *input) {
  const int64_t unit = HERE / width, n_units = gridDim.x * (int64_t)blockDim.x / width;
  const int64_t lane = threadIdx.x % width;
  for (int64_t item = unit; item < n_classes * n_spikes; item += n_units) {
    const int64_t row = rows[item], cls = item / n_spikes;
    const uint16_t *const bounds = starts + row * (n_classes + 1) + cls;
    const int64_t base = row * length;
    for (int64_t k = base + bounds[0] + lane; k < base + bounds[1]; k += width) {
      sg_atomic_add(&input[targets[k]], weights[k]);
    }
  }
}
extern "C" __global__ void measure_segments_32(const uint32_t *targets, const float *weights,
                                               const uint16_t *starts, const int64_t *rows,
                                               int64_t length, int64_t n_classes, int64_t n_spikes,
                                               float *input) {
  sg_deliver<32>(targets, weights, starts, rows, length, n_classes, n_spikes, input);
}
extern "C" __global__ void measure_segments_8(const uint32_t *targets, const float *weights,
                                              const uint16_t *starts, const int64_t *rows,
                                              int64_t length, int64_t n_classes, int64_t n_spikes,
                                              float *input) {
  sg_deliver<8>(targets, weights, starts, rows, length, n_classes, n_spikes, input);
}

// The same work as a ring has it: whole rows when a spike leaves, each synapse into the slot of its
// class. A block takes as many synapses of a row as it has threads.
extern "C" __global__ void measure_ring(const uint32_t *targets, const float *weights,
                                        const uint8_t *classes, const int64_t *rows,
                                        int64_t length, int64_t n_spikes, int64_t n_targets,
                                        float *ring) {
  const int64_t pieces = (length + blockDim.x - 1) / blockDim.x;
  for (int64_t item = blockIdx.x; item < n_spikes * pieces; item += gridDim.x) {
    const int64_t within = item % pieces * blockDim.x + threadIdx.x;
    const int64_t k = rows[item / pieces] * length + within;
    if (within < length) sg_atomic_add(&ring[classes[k] * n_targets + targets[k]], weights[k]);
  }
}
