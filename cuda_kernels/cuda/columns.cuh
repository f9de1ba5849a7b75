// Columns of sorted rows: for each target the positions of its synapses, ascending.
//
// simgen/targets/cuda/connect.py compiles this text as a module of its own; every argument is one
// value of 64 bits. A stable counting sort by target: each warp takes a range of rows, in order, and
// counts in a table of its own, so that nothing depends on which warp is faster. Callers: any grid,
// blocks of whole warps; the counting and the filling of columns are launched alike.
#include "cuda/row_classes.cuh"

// The first row of a warp's range.
static __device__ uint64_t sg_range_of(uint64_t n_rows, uint64_t warp) {
  return n_rows * warp / sg_row_stride();
}

// Counts the synapses of each column in the rows of each warp: counts[warp][column].
extern "C" __global__ void sg_count_columns(uint64_t n_rows, const uint64_t *row_start,
                                            const void *targets, int64_t narrow, uint64_t n_columns,
                                            uint32_t *counts) {
  const sg_targets target = {targets, narrow};
  const uint64_t warp = sg_first_row(), lane = threadIdx.x % SG_WARP;
  uint32_t *const own = counts + warp * n_columns;
  for (uint64_t c = lane; c < n_columns; c += SG_WARP) own[c] = 0u;
  __syncwarp();
  for (uint64_t row = sg_range_of(n_rows, warp); row < sg_range_of(n_rows, warp + 1); ++row) {
    sg_add_classes(target, row_start[row], row_start[row + 1], own);
  }
}

// Turns the counts of all warps into how many come before in the column, and gives its size.
extern "C" __global__ void sg_size_columns(uint64_t n_warps, uint64_t n_columns, uint32_t *counts,
                                           uint64_t *sizes) {
  const uint64_t stride = gridDim.x * (uint64_t)blockDim.x;
  uint64_t column = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x;
  for (; column < n_columns; column += stride) {
    uint32_t before = 0;
    for (uint64_t warp = 0; warp < n_warps; ++warp) {
      const uint32_t own = counts[warp * n_columns + column];
      counts[warp * n_columns + column] = before;
      before += own;
    }
    sizes[column] = before;
  }
}

// Writes the positions, and the sources counted from `first_source`, unless these are null.
extern "C" __global__ void sg_fill_columns(uint64_t n_rows, const uint64_t *row_start,
                                           const void *targets, int64_t narrow, uint64_t n_columns,
                                           uint32_t *counts, const uint64_t *col_start,
                                           uint64_t first_source, uint32_t *positions,
                                           uint32_t *sources) {
  const sg_targets target = {targets, narrow};
  const uint64_t warp = sg_first_row();
  uint32_t *const next = counts + warp * n_columns;
  for (uint64_t row = sg_range_of(n_rows, warp); row < sg_range_of(n_rows, warp + 1); ++row) {
    sg_place_each(target, row_start[row], row_start[row + 1], next, [&](uint32_t nth, uint64_t k) {
      const uint64_t place = col_start[target[k]] + nth;
      if (positions != nullptr) positions[place] = (uint32_t)k;
      if (sources != nullptr) sources[place] = (uint32_t)(first_source + row);
    });
  }
}
