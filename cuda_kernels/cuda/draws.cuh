// Rows of given numbers of uniform draws, made in the device's memory, and the ranks of pairs that
// repeat.
//
// simgen/targets/cuda/connect.py compiles this text as a module of its own; every argument is one
// value of 64 bits. A warp takes a row at a time. Rows are those of cuda_kernels/cpu/draw_rows.h, bit
// by bit: the same counters, (row, block, purpose, 0), two draws a block. Callers: any grid, blocks
// of SG_ROWS_OF_BLOCK warps.
#include "common/skips.h"
#include "cuda/row_classes.cuh"

enum { SG_ROWS_OF_BLOCK = 8, SG_DIGIT_BITS = 8, SG_DIGITS = 1 << SG_DIGIT_BITS };

// ---- ascending rows ---------------------------------------------------------------------------

struct sg_digits {
  const uint32_t *values;
  uint32_t shift;
  SG_METHOD uint32_t operator[](uint64_t k) const {
    return (values[k] >> shift) % (uint32_t)SG_DIGITS;
  }
};

// Sorts values by `passes` digits, to and fro: into `values` if the passes are even and the values
// are there, or odd and they are in `spare`.
static __device__ void sg_sort_row(uint32_t *values, uint32_t *spare, uint64_t size,
                                   uint64_t passes, uint32_t *count) {
  for (uint64_t pass = 0; pass < passes; ++pass) {
    const bool here = (passes - pass) % 2 == 0;
    const uint32_t *const from = here ? values : spare;
    uint32_t *const to = here ? spare : values;
    const sg_digits digits = {from, (uint32_t)(SG_DIGIT_BITS * pass)};
    sg_count_classes(digits, 0u, size, SG_DIGITS, count);
    sg_begin_each_class(SG_DIGITS, count, [](uint64_t, uint32_t, uint32_t) {});
    sg_place_each(digits, 0u, size, count, [&](uint32_t place, uint64_t k) { to[place] = from[k]; });
  }
}

// ---- draws ------------------------------------------------------------------------------------

// floor(word * n / 2^64): uniform in [0, n).
static __device__ uint32_t sg_draw_below(uint64_t key, uint64_t row, uint64_t draw, uint64_t n) {
  const sg_block words =
      sg_philox_block((uint32_t)row, (uint32_t)(draw / 2), SG_PURPOSE_UNIFORM, 0u, key);
  return (uint32_t)__umul64hi(sg_block_word64(words, (uint32_t)(draw % 2)), n);
}

// Marks the first `wanted` different draws of a row, one bit each, and lists them unless `out` is
// null. A draw counts if no draw before it was the same: those of one turn go by their lanes.
static __device__ void sg_mark_draws(uint64_t key, uint64_t row, uint64_t n, uint64_t wanted,
                                     uint32_t *mark, uint32_t *out) {
  const uint32_t lane = threadIdx.x % SG_WARP;
  uint64_t found = 0;
  for (uint64_t draw = lane; found < wanted; draw += SG_WARP) {
    const uint32_t value = sg_draw_below(key, row, draw, n);
    const uint32_t bit = 1u << (value % 32u);
    const bool known = (mark[value / 32u] & bit) != 0u;
    const uint32_t peers = __match_any_sync(SG_ALL_LANES, value);
    const bool fresh = !known && __ffs((int)peers) - 1 == (int)lane;
    const uint32_t have = __ballot_sync(SG_ALL_LANES, fresh);
    const uint64_t place = found + __popc(have & ((1u << lane) - 1u));
    __syncwarp();  // all have looked
    if (fresh && place < wanted) {
      atomicOr(mark + value / 32u, bit);
      if (out != nullptr) out[place] = value;
    }
    found += __popc(have);
    __syncwarp();
  }
}

// Writes the values below n that are not marked, ascending, and clears all marks.
static __device__ void sg_write_unmarked(uint64_t n, uint32_t *mark, uint32_t *out) {
  const uint32_t lane = threadIdx.x % SG_WARP;
  uint64_t place = 0;
  for (uint64_t first = 0; first < n; first += 32u * SG_WARP) {
    const uint64_t value = first + 32u * lane;
    uint32_t left = 0u;
    if (value < n) {
      left = ~mark[value / 32u];
      if (n - value < 32u) left &= (1u << (n - value)) - 1u;
      mark[value / 32u] = 0u;
    }
    const uint32_t own = __popc(left), sum = sg_sum_of_lanes(own);
    for (uint64_t at = place + sum - own; left != 0u; left &= left - 1u) {
      out[at++] = (uint32_t)(value + __ffs((int)left) - 1);
    }
    place += __shfl_sync(SG_ALL_LANES, sum, SG_WARP - 1);
  }
  __syncwarp();
}

// A uniform subset of as many as `size` of n; beyond one half, the values left out are drawn.
// Returns whether it is in `values`, ascending, else it is listed in `out`. `mark` has n bits, all
// zero before and after.
static __device__ bool sg_draw_distinct(uint64_t key, uint64_t row, uint64_t n, uint64_t size,
                                        uint32_t *mark, uint32_t *values, uint32_t *out) {
  if (size > n / 2) {
    sg_mark_draws(key, row, n, n - size, mark, nullptr);
    sg_write_unmarked(n, mark, values);
    return true;
  }
  sg_mark_draws(key, row, n, size, mark, out);
  for (uint64_t k = threadIdx.x % SG_WARP; k < size; k += SG_WARP) {
    atomicExch(mark + out[k] / 32u, 0u);  // several of a word
  }
  __syncwarp();
  return false;
}

// Fills each row with as many draws from n_target as it has room for, and adds `first`; without the
// row's own number if skip_self. They ascend after `passes` of sorting, which need `spare`; with none
// they stay as drawn. No target is drawn twice where `marks` has n_words for each warp, else null.
extern "C" __global__ void sg_draw_rows(uint64_t n_rows, const uint64_t *row_start, uint64_t key,
                                        uint64_t n_target, int64_t skip_self, uint64_t first,
                                        uint64_t passes, uint32_t *marks, uint64_t n_words,
                                        uint32_t *spare, uint32_t *targets) {
  __shared__ uint32_t counts[SG_ROWS_OF_BLOCK * SG_DIGITS];
  uint32_t *const count = counts + threadIdx.x / SG_WARP * SG_DIGITS;
  const uint64_t lane = threadIdx.x % SG_WARP;
  uint32_t *const mark = marks == nullptr ? nullptr : marks + sg_first_row() * n_words;
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    const uint64_t begin = row_start[row], size = row_start[row + 1] - begin;
    if (size == 0) continue;
    const bool skips = skip_self != 0 && row < n_target;
    const uint64_t n = n_target - (skips ? 1u : 0u);
    uint32_t *const values = targets + begin;
    uint32_t *const other = spare == nullptr ? nullptr : spare + begin;
    uint32_t *const out = passes % 2 == 0 ? values : other;
    bool sorted = false;
    if (mark != nullptr) {
      sorted = sg_draw_distinct(key, row, n, size, mark, values, out);
    } else {
      for (uint64_t k = lane; k < size; k += SG_WARP) out[k] = sg_draw_below(key, row, k, n);
      __syncwarp();
    }
    if (!sorted) sg_sort_row(values, other, size, passes, count);
    for (uint64_t k = lane; k < size; k += SG_WARP) {
      values[k] += (uint32_t)(first + (skips && values[k] >= row ? 1u : 0u));
    }
    __syncwarp();
  }
}

// ---- repeated pairs ---------------------------------------------------------------------------

// How many equal ones come before each target of a row, which ascends, and the largest of these
// numbers. `ranks` may be null.
extern "C" __global__ void sg_rank_rows(uint64_t n_rows, const uint64_t *row_start,
                                        const void *targets, int64_t narrow, uint32_t *ranks,
                                        unsigned long long *highest) {
  const sg_targets target = {targets, narrow};
  const uint32_t lane = threadIdx.x % SG_WARP;
  const uint32_t up_to_own = 0xffffffffu >> (SG_WARP - 1 - lane);
  uint64_t most = 0;
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    const uint64_t begin = row_start[row], end = row_start[row + 1];
    uint64_t run = begin;  // where the equals of the last target begin
    for (uint64_t k = begin; k < end; k += SG_WARP) {
      const uint64_t place = k + lane;
      const bool here = place < end;
      const bool starts = here && (place == begin || target[place - 1] != target[place]);
      const uint32_t have = __ballot_sync(SG_ALL_LANES, starts);
      const uint32_t before = have & up_to_own;
      const uint64_t own = before != 0u ? k + 31 - __clz((int)before) : run;
      if (here && ranks != nullptr) ranks[place] = (uint32_t)(place - own);
      if (here && place - own > most) most = place - own;
      if (have != 0u) run = k + 31 - __clz((int)have);
    }
  }
  if (most != 0u) atomicMax(highest, (unsigned long long)most);
}

// Targets as they were before rows were sorted; order[k] says where that at k was.
extern "C" __global__ void sg_put_back(const void *targets, int64_t narrow, const uint32_t *order,
                                       uint64_t n, uint32_t *out) {
  const sg_targets target = {targets, narrow};
  const uint64_t stride = gridDim.x * (uint64_t)blockDim.x;
  for (uint64_t k = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; k < n; k += stride) {
    out[order[k]] = target[k];
  }
}
