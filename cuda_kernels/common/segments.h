// The synapses of one row (or column) that share one delay class: a half-open range of positions.
//
// Callers: any thread; all arrays are read only. Rows are sorted by delay class, so a (row, class)
// pair is one range. How the bounds are kept is chosen when a store is built
// (simgen/connect/segments.py):
//   none      one class: the row itself;
//   dense16   starts[row][class], n_classes + 1 entries a row, relative to the row's start;
//   dense32   the same, for rows longer than 65,535;
//   compact   a list of (class, start) pairs a row, classes ascending, absent classes left out.
// `row_start` holds absolute positions; starts are relative to the row. All pointers are those of
// one partition, except pair_class and pair_begin, into which pair_start points.
#ifndef SG_SEGMENTS_H
#define SG_SEGMENTS_H

#include "types.h"

SG_FN void sg_segment_none(const uint64_t *row_start, uint64_t row, uint64_t *begin,
                           uint64_t *end) {
  *begin = row_start[row];
  *end = row_start[row + 1];
}

template <class Start>
SG_FN void sg_segment_dense(const uint64_t *row_start, const Start *starts, uint64_t n_classes,
                            uint64_t row, uint32_t cls, uint64_t *begin, uint64_t *end) {
  const Start *bounds = starts + row * (n_classes + 1) + cls;
  uint64_t base = row_start[row];
  *begin = base + bounds[0];
  *end = base + bounds[1];
}

SG_FN void sg_segment_dense16(const uint64_t *row_start, const uint16_t *starts, uint64_t n_classes,
                              uint64_t row, uint32_t cls, uint64_t *begin, uint64_t *end) {
  sg_segment_dense(row_start, starts, n_classes, row, cls, begin, end);
}

SG_FN void sg_segment_dense32(const uint64_t *row_start, const uint32_t *starts, uint64_t n_classes,
                              uint64_t row, uint32_t cls, uint64_t *begin, uint64_t *end) {
  sg_segment_dense(row_start, starts, n_classes, row, cls, begin, end);
}

// The range of pair number `pair` of `row`; pair counts from pair_start[row].
template <class Start>
SG_FN void sg_segment_of_pair(const uint64_t *row_start, const uint64_t *pair_start,
                              const Start *pair_begin, uint64_t row, uint64_t pair, uint64_t *begin,
                              uint64_t *end) {
  uint64_t base = row_start[row];
  *begin = base + pair_begin[pair];
  *end = pair + 1 < pair_start[row + 1] ? base + pair_begin[pair + 1] : row_start[row + 1];
}

// Binary search for the class among the row's pairs; begin == end if the row has none of it.
template <class Class, class Start>
SG_FN void sg_segment_compact(const uint64_t *row_start, const uint64_t *pair_start,
                              const Class *pair_class, const Start *pair_begin, uint64_t row,
                              uint32_t cls, uint64_t *begin, uint64_t *end) {
  uint64_t low = pair_start[row];
  uint64_t last = pair_start[row + 1];
  uint64_t size = last - low;
  while (size > 0) {  // the first pair whose class is not below cls
    uint64_t half = size / 2;
    if (pair_class[low + half] < cls) {
      low += half + 1;
      size -= half + 1;
    } else {
      size = half;
    }
  }
  if (low < last && pair_class[low] == cls) {
    sg_segment_of_pair(row_start, pair_start, pair_begin, row, low, begin, end);
  } else {
    *begin = *end = row_start[row];
  }
}

// How the segment of (row, class) is found in each format.
struct sg_find_none {
  const uint64_t *row_start;
  SG_METHOD void operator()(uint64_t row, uint32_t, uint64_t *begin, uint64_t *end) const {
    sg_segment_none(row_start, row, begin, end);
  }
};
template <class Start>
struct sg_find_dense {
  const uint64_t *row_start;
  const Start *starts;
  uint64_t n_classes;
  SG_METHOD void operator()(uint64_t row, uint32_t cls, uint64_t *begin, uint64_t *end) const {
    sg_segment_dense(row_start, starts, n_classes, row, cls, begin, end);
  }
};
struct sg_find_compact {
  const uint64_t *row_start, *pair_start;
  const uint32_t *pair_class, *pair_begin;
  SG_METHOD void operator()(uint64_t row, uint32_t cls, uint64_t *begin, uint64_t *end) const {
    sg_segment_compact(row_start, pair_start, pair_class, pair_begin, row, cls, begin, end);
  }
};

// The row of the synapse at a position: the last one that begins there or before.
SG_FN int64_t sg_row_of(const uint64_t *row_start, int64_t n_rows, int64_t position) {
  int64_t low = 0, high = n_rows;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    if (row_start[middle] <= (uint64_t)position) low = middle;
    else high = middle;
  }
  return low;
}

#endif
