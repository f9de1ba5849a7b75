// Rows sorted by delay class: a stable counting sort inside each row, by one warp.
//
// simgen/targets/cuda/connect.py compiles this text as a module of its own; every argument is one
// value of 64 bits, a real number its bits. Delays are in seconds, one for each synapse; the class of
// each is looked up by its delay in steps, counted from the shortest. Callers: any grid, blocks of
// whole warps.
#include "cuda/row_classes.cuh"

enum { SG_PRESENT_WORDS = 1024 };

// ---- delay classes ----------------------------------------------------------------------------

// Delays in steps, halves rounded up; as simgen.connect.delays.
SG_FN int64_t sg_steps_of(double seconds, double dt) { return (int64_t)(seconds / dt + 0.5); }

// The bits of the smallest and of the largest delay, for limits that begin at ~0 and 0. Those of
// negative numbers are larger than those of all others.
extern "C" __global__ void sg_delay_limits(const double *delays, uint64_t n,
                                           unsigned long long *limits) {
  unsigned long long low = ~0ull, high = 0ull;
  const uint64_t stride = gridDim.x * (uint64_t)blockDim.x;
  for (uint64_t k = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; k < n; k += stride) {
    const unsigned long long bits = sg_bits(delays[k] + 0.0);  // no negative zero
    low = bits < low ? bits : low;
    high = bits > high ? bits : high;
  }
  atomicMin(limits, low);
  atomicMax(limits + 1, high);
}

// Sets the bits, counted from `low`, of the delays in steps that occur; as many as SG_PRESENT_WORDS
// hold.
extern "C" __global__ void sg_delays_present(const double *delays, uint64_t n, uint64_t dt,
                                             int64_t low, unsigned *present) {
  __shared__ unsigned own[SG_PRESENT_WORDS];
  for (uint32_t word = threadIdx.x; word < SG_PRESENT_WORDS; word += blockDim.x) own[word] = 0u;
  __syncthreads();
  const uint64_t stride = gridDim.x * (uint64_t)blockDim.x;
  for (uint64_t k = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; k < n; k += stride) {
    const int64_t step = sg_steps_of(delays[k], sg_from_bits(dt)) - low;
    atomicOr(own + step / 32, 1u << (step % 32));
  }
  __syncthreads();
  for (uint32_t word = threadIdx.x; word < SG_PRESENT_WORDS; word += blockDim.x) {
    if (own[word] != 0u) atomicOr(present + word, own[word]);
  }
}

// What the kernels below are given of the delays.
struct sg_delays {
  const double *seconds;
  double dt;
  int64_t low;
  const uint32_t *classes;  // of each delay in steps, counted from low
  SG_METHOD uint32_t operator[](uint64_t k) const {
    return classes[sg_steps_of(seconds[k], dt) - low];
  }
};

// The number of different classes of each row. `counts` has n_classes entries for each warp.
extern "C" __global__ void sg_count_pairs(uint64_t n_rows, const uint64_t *row_start,
                                          const double *seconds, uint64_t dt, int64_t low,
                                          const uint32_t *classes, uint64_t n_classes,
                                          uint32_t *counts, uint64_t *pairs) {
  const sg_delays delays = {seconds, sg_from_bits(dt), low, classes};
  const uint32_t lane = threadIdx.x % SG_WARP;
  uint32_t *const count = counts + sg_first_row() * n_classes;
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    sg_count_classes(delays, row_start[row], row_start[row + 1], n_classes, count);
    uint64_t found = 0;
    for (uint64_t c = 0; c < n_classes; c += SG_WARP) {
      const bool has = c + lane < n_classes && count[c + lane] != 0u;
      found += __popc(__ballot_sync(SG_ALL_LANES, has));
    }
    if (lane == 0) pairs[row] = found;
    __syncwarp();
  }
}

// Where segment bounds go, as common/segments.h has them: dense ones, of 16 bits if `narrow`, else
// pairs.
struct sg_bounds {
  void *starts;  // null: pairs
  int64_t narrow;
  const uint64_t *pair_start;
  uint32_t *pair_class, *pair_begin;
  SG_METHOD void set(uint64_t place, uint32_t begin) const {
    if (narrow != 0) ((uint16_t *)starts)[place] = (uint16_t)begin;
    else ((uint32_t *)starts)[place] = begin;
  }
};

// Turns the counts of a row of `size` into where each class begins, and writes the bounds.
static __device__ void sg_begin_classes(const sg_bounds &bounds, uint64_t row, uint32_t size,
                                        uint64_t n_classes, uint32_t *count) {
  const uint32_t lane = threadIdx.x % SG_WARP;
  const bool dense = bounds.starts != nullptr;
  uint64_t pair = dense ? 0u : bounds.pair_start[row];
  sg_begin_each_class(n_classes, count, [&](uint64_t c, uint32_t begin, uint32_t own) {
    if (dense) {
      if (c < n_classes) bounds.set(row * (n_classes + 1) + c, begin);
      return;
    }
    const uint32_t have = __ballot_sync(SG_ALL_LANES, own != 0u);
    if (own != 0u) {
      const uint64_t place = pair + __popc(have & ((1u << lane) - 1u));
      bounds.pair_class[place] = (uint32_t)c;
      bounds.pair_begin[place] = begin;
    }
    pair += __popc(have);
  });
  if (lane == 0 && dense) bounds.set(row * (n_classes + 1) + n_classes, size);
}

// Sorts each row by class; synapses of one class keep their order. Targets come out with 16 bits if
// `narrow_targets`; order[k] is where the synapse at k was before.
extern "C" __global__ void sg_sort_rows(
    uint64_t n_rows, const uint64_t *row_start, const double *seconds, uint64_t dt, int64_t low,
    const uint32_t *classes, uint64_t n_classes, uint32_t *counts, void *starts, int64_t narrow,
    const uint64_t *pair_start, uint32_t *pair_class, uint32_t *pair_begin, const uint32_t *targets,
    void *sorted, int64_t narrow_targets, uint32_t *order) {
  const sg_delays delays = {seconds, sg_from_bits(dt), low, classes};
  const sg_bounds bounds = {starts, narrow, pair_start, pair_class, pair_begin};
  uint32_t *const next = counts + sg_first_row() * n_classes;
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    const uint64_t begin = row_start[row], end = row_start[row + 1];
    sg_count_classes(delays, begin, end, n_classes, next);
    sg_begin_classes(bounds, row, (uint32_t)(end - begin), n_classes, next);
    sg_place_each(delays, begin, end, next, [&](uint32_t place, uint64_t k) {
      if (narrow_targets != 0) ((uint16_t *)sorted)[begin + place] = (uint16_t)targets[k];
      else ((uint32_t *)sorted)[begin + place] = targets[k];
      order[begin + place] = (uint32_t)k;
    });
  }
}

// ---- what follows the rows --------------------------------------------------------------------

// Targets as a store of one class has them, where all fit into 16 bits.
extern "C" __global__ void sg_narrow(const uint32_t *targets, uint64_t n, uint16_t *narrow) {
  const uint64_t stride = gridDim.x * (uint64_t)blockDim.x;
  for (uint64_t k = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; k < n; k += stride) {
    narrow[k] = (uint16_t)targets[k];
  }
}

template <class Value>
static __device__ void sg_gather(const Value *values, const uint32_t *order, uint64_t n,
                                 Value *out) {
  const uint64_t stride = gridDim.x * (uint64_t)blockDim.x;
  for (uint64_t k = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; k < n; k += stride) {
    out[k] = values[order[k]];
  }
}

// Values moved to where they are from now on; the names say their bits.
extern "C" __global__ void sg_gather_8(const uint8_t *values, const uint32_t *order, uint64_t n,
                                       uint8_t *out) {
  sg_gather(values, order, n, out);
}
extern "C" __global__ void sg_gather_32(const uint32_t *values, const uint32_t *order, uint64_t n,
                                        uint32_t *out) {
  sg_gather(values, order, n, out);
}
extern "C" __global__ void sg_gather_64(const uint64_t *values, const uint32_t *order, uint64_t n,
                                        uint64_t *out) {
  sg_gather(values, order, n, out);
}
