// The rows of connection rules, made in the device's memory: counted, then filled.
//
// simgen/targets/cuda/connect.py compiles this text as a module of its own; every argument is one
// value of 64 bits, a real number its bits. A warp takes a row at a time. Rows are those of
// simgen/connect/rules.py, bit by bit. Callers: any grid, blocks of whole warps.
#include "common/skips.h"
#include "cuda/row_warps.cuh"

// Takes the targets below n of a row with one probability; returns how many there are, and writes
// them to `out`, plus `first`, unless that is null. As sg_each_skip, by 64 skips at a time: where
// those before a skip lead follows from their sum.
static __device__ uint64_t sg_skip_row(uint64_t key, double scale, uint64_t row, uint64_t n,
                                       int64_t skip_self, uint64_t first, uint32_t *out) {
  const uint32_t lane = threadIdx.x % SG_WARP;
  const uint32_t below = (1u << lane) - 1u;
  uint64_t next = 0, found = 0;  // the smallest target not yet decided
  for (uint32_t block = 0;; block += SG_WARP) {
    const sg_block words = sg_skip_block(key, (uint32_t)row, block + lane);
    const double skips[2] = {sg_skip_of(words, 0u, scale), sg_skip_of(words, 1u, scale)};
    uint64_t steps[2];
    for (int k = 0; k < 2; ++k) {  // what leaves any row, not-a-number too, does so as 2^32
      steps[k] = skips[k] < 4294967296.0 ? (uint64_t)skips[k] + 1u : 4294967297ull;
    }
    uint64_t sum = steps[0] + steps[1];
    for (uint32_t distance = 1; distance < SG_WARP; distance *= 2) {
      const uint64_t other = __shfl_up_sync(SG_ALL_LANES, sum, distance);
      if (lane >= distance) sum += other;
    }
    const uint64_t second = next + sum - 1u, before = second - steps[1];
    const bool takes[2] = {before < n && !(skip_self != 0 && before == row),
                           second < n && !(skip_self != 0 && second == row)};
    const uint32_t have[2] = {__ballot_sync(SG_ALL_LANES, takes[0]),
                              __ballot_sync(SG_ALL_LANES, takes[1])};
    if (out != nullptr) {
      const uint64_t place = found + __popc(have[0] & below) + __popc(have[1] & below);
      if (takes[0]) out[place] = (uint32_t)(before + first);
      if (takes[1]) out[place + takes[0]] = (uint32_t)(second + first);
    }
    found += __popc(have[0]) + __popc(have[1]);
    next += __shfl_sync(SG_ALL_LANES, sum, SG_WARP - 1);
    if (next >= n) return found;
  }
}

// Rows are numbered from first_row on, both as draws and as `skip_self` count them.
extern "C" __global__ void sg_count_skips(uint64_t key, uint64_t scale, uint64_t first_row,
                                          uint64_t n_rows, uint64_t n, int64_t skip_self,
                                          uint64_t *sizes) {
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    const uint64_t found =
        sg_skip_row(key, sg_from_bits(scale), first_row + row, n, skip_self, 0u, nullptr);
    if (threadIdx.x % SG_WARP == 0) sizes[row] = found;
  }
}

extern "C" __global__ void sg_fill_skips(uint64_t key, uint64_t scale, uint64_t first_row,
                                         uint64_t n_rows, uint64_t n, int64_t skip_self,
                                         uint64_t first, const uint64_t *row_start,
                                         uint32_t *targets) {
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    sg_skip_row(key, sg_from_bits(scale), first_row + row, n, skip_self, first,
                targets + row_start[row]);
  }
}

// Every target in order, without that of the row's own number if skip_self.
extern "C" __global__ void sg_fill_every(uint64_t n_rows, int64_t skip_self, uint64_t first,
                                         const uint64_t *row_start, uint32_t *targets) {
  const uint64_t lane = threadIdx.x % SG_WARP;
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    const uint64_t begin = row_start[row], size = row_start[row + 1] - begin;
    for (uint64_t k = lane; k < size; k += SG_WARP) {
      targets[begin + k] = (uint32_t)(first + k + (skip_self != 0 && k >= row ? 1u : 0u));
    }
  }
}

// ---- those of rows that are chosen ------------------------------------------------------------

extern "C" __global__ void sg_count_chosen(uint64_t n_rows, const uint64_t *row_start,
                                           const uint8_t *chosen, uint64_t *sizes) {
  const uint64_t lane = threadIdx.x % SG_WARP;
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    uint64_t found = 0;
    for (uint64_t k = row_start[row]; k < row_start[row + 1]; k += SG_WARP) {
      const bool takes = k + lane < row_start[row + 1] && chosen[k + lane] != 0;
      found += __popc(__ballot_sync(SG_ALL_LANES, takes));
    }
    if (lane == 0) sizes[row] = found;
  }
}

extern "C" __global__ void sg_fill_chosen(uint64_t n_rows, const uint64_t *row_start,
                                          const uint32_t *given, const uint8_t *chosen,
                                          const uint64_t *new_start, uint32_t *targets) {
  const uint32_t lane = threadIdx.x % SG_WARP;
  for (uint64_t row = sg_first_row(); row < n_rows; row += sg_row_stride()) {
    uint64_t place = new_start[row];
    for (uint64_t k = row_start[row]; k < row_start[row + 1]; k += SG_WARP) {
      const bool takes = k + lane < row_start[row + 1] && chosen[k + lane] != 0;
      const uint32_t have = __ballot_sync(SG_ALL_LANES, takes);
      if (takes) targets[place + __popc(have & ((1u << lane) - 1u))] = given[k + lane];
      place += __popc(have);
    }
  }
}
