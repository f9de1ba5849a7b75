// The columns of a partition: for each target the positions of its synapses, ascending (host only).
#ifndef SG_CPU_COLUMNS_H
#define SG_CPU_COLUMNS_H

#include "row_sort.h"
#include "store.h"

// Stable counting transposition. Each thread owns a range of columns and reads all targets: reading
// is sequential and cheap beside the scattered writes. col_start is (n_cols + 1,); either output
// may be null. The values written are absolute positions and row numbers.
template <class Position, class Target>
static int64_t sg_transpose_rows(const uint64_t *row_start, uint64_t n_rows,
                                 const Target *targets, uint32_t first, uint64_t n_cols,
                                 uint64_t *col_start, Position *positions, uint32_t *sources,
                                 int64_t n_threads) {
  uint64_t begin = row_start[0];
  uint64_t end = row_start[n_rows];
  memset(col_start, 0, (n_cols + 1) * sizeof(uint64_t));
  sg_parallel(n_threads, [&](int64_t thread) {
    uint64_t low = sg_share(n_cols, thread, n_threads);
    uint64_t span = sg_share(n_cols, thread + 1, n_threads) - low;
    for (uint64_t k = begin; k < end; ++k) {
      uint64_t column = (uint64_t)(targets[k] - first) - low;  // wraps far above span if below low
      if (column < span) ++col_start[low + column + 1];
    }
  });
  for (uint64_t c = 0; c < n_cols; ++c) col_start[c + 1] += col_start[c];
  if (!positions && !sources) return SG_OK;
  sg_scratch<uint64_t> cursor(n_cols);
  if (!cursor.data) return SG_NO_MEMORY;
  memcpy(cursor.data, col_start, n_cols * sizeof(uint64_t));
  sg_parallel(n_threads, [&](int64_t thread) {
    uint64_t low = sg_share(n_cols, thread, n_threads);
    uint64_t span = sg_share(n_cols, thread + 1, n_threads) - low;
    for (uint64_t row = 0; row < n_rows; ++row) {
      for (uint64_t k = row_start[row]; k < row_start[row + 1]; ++k) {
        uint64_t column = (uint64_t)(targets[k] - first) - low;
        if (column >= span) continue;
        uint64_t place = cursor.data[low + column]++;
        if (positions) positions[place] = (Position)k;
        if (sources) sources[place] = (uint32_t)row;
      }
    }
  });
  return SG_OK;
}

struct sg_column_job {
  const uint64_t *col_start;
  uint64_t n_cols;
  sg_uints cls;  // of each position
  uint64_t n_classes;
  uint64_t longest;
  int64_t n_threads;
};

// The number of distinct classes in each column.
template <class Position>
static int64_t sg_column_pairs(const sg_column_job &job, const Position *positions,
                               uint64_t *pairs) {
  int64_t status = SG_OK;
  sg_parallel(job.n_threads, [&](int64_t thread) {
    sg_scratch<uint64_t> seen(job.n_classes);
    if (!seen.data) {
      __atomic_store_n(&status, (int64_t)SG_NO_MEMORY, __ATOMIC_RELAXED);
      return;
    }
    memset(seen.data, 0, job.n_classes * sizeof(uint64_t));
    uint64_t last = sg_row_share(job.col_start, job.n_cols, thread + 1, job.n_threads);
    uint64_t column = sg_row_share(job.col_start, job.n_cols, thread, job.n_threads);
    for (; column < last; ++column) {
      uint64_t n_pairs = 0;
      for (uint64_t k = job.col_start[column]; k < job.col_start[column + 1]; ++k) {
        uint64_t cls = job.cls.get(positions[k]);
        n_pairs += seen.data[cls] != column + 1;
        seen.data[cls] = column + 1;
      }
      pairs[column] = n_pairs;
    }
  });
  return status;
}

// Sorts each column by (class, position) in place, sources with it, and writes the segment bounds.
template <class Position>
static int64_t sg_sort_columns(const sg_column_job &job, Position *positions, uint32_t *sources,
                               const sg_segment_sink &sink) {
  int64_t status = SG_OK;
  sg_parallel(job.n_threads, [&](int64_t thread) {
    sg_row_sorter sorter(job.longest, job.n_classes);
    sg_scratch<Position> copy(job.longest);
    if (!sorter.allocated() || !copy.data) {
      __atomic_store_n(&status, (int64_t)SG_NO_MEMORY, __ATOMIC_RELAXED);
      return;
    }
    const uint32_t *order = sorter.order.data;
    uint32_t *bucket = sorter.bucket.data;
    uint64_t last = sg_row_share(job.col_start, job.n_cols, thread + 1, job.n_threads);
    uint64_t column = sg_row_share(job.col_start, job.n_cols, thread, job.n_threads);
    for (; column < last; ++column) {
      uint64_t begin = job.col_start[column];
      uint32_t n = (uint32_t)(job.col_start[column + 1] - begin);
      for (uint32_t k = 0; k < n; ++k) bucket[k] = (uint32_t)job.cls.get(positions[begin + k]);
      sorter.sort(positions + begin, n, true, 0);
      for (uint32_t k = 0; k < n; ++k) copy.data[k] = positions[begin + order[k]];
      memcpy(positions + begin, copy.data, n * sizeof(Position));
      if (sources) {
        uint32_t *moved = sorter.spare.data;  // free once the row is sorted
        for (uint32_t k = 0; k < n; ++k) moved[k] = sources[begin + order[k]];
        memcpy(sources + begin, moved, n * sizeof(uint32_t));
      }
      sink.write(column, n, [&](uint32_t k) { return (uint64_t)bucket[order[k]]; });
    }
  });
  return status;
}

#endif
