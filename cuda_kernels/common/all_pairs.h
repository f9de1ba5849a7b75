// Dense rows: a source reaches every target of a range, so that a synapse's target follows from its
// position.
//
// Callers: any thread; all arrays are read only. Part p holds of each row the targets that it owns,
// in order, its rows one after the other.
#ifndef SG_ALL_PAIRS_H
#define SG_ALL_PAIRS_H

#include "segments.h"

struct sg_all_pairs {
  const uint64_t *row_start;  // [n_parts * n_rows + 1]
  const int64_t *bounds;      // the first target that each part owns
  int64_t n_parts, n_rows, first_target;

  // The first target of the rows of a part.
  SG_METHOD int64_t low(int64_t part) const {
    return bounds[part] > first_target ? bounds[part] : first_target;
  }
  // What is added to the positions of the row that begins at `begin`, and is not empty, to get the
  // targets.
  SG_METHOD int64_t shift(uint64_t begin) const {
    int64_t part = 0;
    while (part + 1 < n_parts && row_start[(part + 1) * n_rows] <= begin) ++part;
    return low(part) - (int64_t)begin;
  }
  // The target of the synapse at a position.
  SG_METHOD int64_t operator[](uint64_t position) const {
    const int64_t row = sg_row_of(row_start, n_parts * n_rows, (int64_t)position);
    return (int64_t)position + shift(row_start[row]);
  }
};

// One column: the positions of the synapses of a target, by entries that count from `begin` on.
struct sg_dense_column {
  uint64_t origin, width;  // of the entry 0, which may lie before the column, and a row's
  SG_METHOD uint64_t operator[](uint64_t entry) const { return origin + entry * width; }
};
SG_FN sg_dense_column sg_column_of(const sg_all_pairs &pairs, int64_t target, uint64_t begin) {
  int64_t part = 0;
  while (part + 1 < pairs.n_parts && pairs.bounds[part + 1] <= target) ++part;
  const uint64_t *const starts = pairs.row_start + part * pairs.n_rows;
  const uint64_t width = starts[1] - starts[0], place = (uint64_t)(target - pairs.low(part));
  const sg_dense_column column = {starts[0] + place - begin * width, width};
  return column;
}

// One row, as a walk of segments sees what a segment bounds: [] is the target at a position.
struct sg_dense_row {
  int64_t shift;
  SG_METHOD uint64_t position(uint64_t entry) const { return entry; }
  SG_METHOD uint32_t operator[](uint64_t entry) const { return (uint32_t)((int64_t)entry + shift); }
};

#endif
