// Rows that several objects share: one object's piece of each row is put in, and found again.
//
// A row of the store holds the pieces of all objects whose sources include the row's neuron; their
// ranges of targets do not overlap. Callers: host only.
#ifndef SG_CPU_PIECES_H
#define SG_CPU_PIECES_H

#include "permute.h"

// Copies each row of an object to where the shared row has room: cursor[row], which moves on.
static void sg_splice_rows(char *out, const char *values, uint64_t itemsize,
                           const uint64_t *row_start, uint64_t n_rows, uint64_t *cursor) {
  for (uint64_t row = 0; row < n_rows; ++row) {
    uint64_t n = row_start[row + 1] - row_start[row];
    memcpy(out + cursor[row] * itemsize, values + row_start[row] * itemsize, n * itemsize);
    cursor[row] += n;
  }
}

struct sg_piece_job {
  const uint64_t *row_start;  // of the store: [n_parts][n_rows + 1]
  sg_uints targets;  // two or four bytes each
  uint64_t n_rows;
  uint64_t n_parts;
  sg_uints order;  // the row-order index of each position; width 0: rows were sorted, see one_class
  int64_t one_class;
  sg_segment_sink bounds;
  uint64_t first_row;  // the sources and targets of the object
  uint64_t last_row;
  uint64_t first_target;
  uint64_t last_target;
  const uint64_t *own_start;  // of the object's own rows: [last_row - first_row + 1]
  uint64_t longest_row;       // of the shared rows, all partitions together
  int64_t n_threads;

  bool owns(uint32_t target) const { return target >= first_target && target < last_target; }

  // The index in row order of the shared row's first synapse.
  uint64_t row_base(uint64_t row) const {
    uint64_t base = 0;
    for (uint64_t part = 0; part < n_parts; ++part) {
      const uint64_t *starts = row_start + part * (n_rows + 1);
      base += starts[row] - starts[0];
    }
    return base;
  }

  // Calls visit(position) for the synapses of a row in storage order.
  template <class Visit>
  void each(uint64_t row, const Visit &visit) const {
    for (uint64_t part = 0; part < n_parts; ++part) {
      const uint64_t *starts = row_start + part * (n_rows + 1);
      for (uint64_t k = starts[row]; k < starts[row + 1]; ++k) visit(k);
    }
  }
};

// Lists the positions of the object's synapses of one row, in its own order; returns how many.
template <class Target>
static uint32_t sg_list_piece(const sg_piece_job &job, const Target *targets, uint64_t row,
                              sg_row_sorter &sorter, uint64_t *found, uint64_t *listed) {
  uint32_t n = 0;
  if (job.order.width) {
    uint64_t skipped = job.row_base(row);  // and the pieces before this one: those of lower targets
    job.each(row, [&](uint64_t k) { skipped += targets[k] < job.first_target; });
    job.each(row, [&](uint64_t k) {
      if (!job.owns(targets[k])) return;
      listed[job.order.get(k) - skipped] = k;
      ++n;
    });
    return n;
  }
  uint64_t *const place = job.one_class ? listed : found;
  job.each(row, [&](uint64_t k) {
    if (!job.owns(targets[k])) return;
    sorter.key.data[n] = targets[k];
    place[n++] = k;
  });
  if (job.one_class) return n;  // the stable sort by partition has kept the order
  sorter.sort_keys(n, sg_bit_width(job.last_target));
  for (uint32_t k = 0; k < n; ++k) listed[k] = found[sorter.order.data[k]];
  return n;
}

// The class of a position of a row.
static uint64_t sg_class_at(const sg_piece_job &job, uint64_t row, uint64_t position) {
  uint64_t part = 0;
  while (part + 1 < job.n_parts && position >= job.row_start[(part + 1) * (job.n_rows + 1)]) ++part;
  const sg_segment_sink &bounds = job.bounds;
  uint64_t line = part * job.n_rows + row;
  uint64_t offset = position - job.row_start[part * (job.n_rows + 1) + row];
  uint64_t low = 0, high = bounds.n_classes;
  if (bounds.format == SG_SEGMENTS_DENSE) {
    uint64_t base = line * (bounds.n_classes + 1);
    while (high - low > 1) {  // the last class that begins at or before the offset
      uint64_t middle = low + (high - low) / 2;
      if (bounds.starts.get(base + middle) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
  if (bounds.format != SG_SEGMENTS_COMPACT) return 0;
  const uint64_t *pairs = bounds.pair_start + part * (job.n_rows + 1) + row;
  low = pairs[0];
  high = pairs[1];
  while (high - low > 1) {
    uint64_t middle = low + (high - low) / 2;
    if (bounds.pair_begin.get(middle) <= offset) low = middle;
    else high = middle;
  }
  return bounds.pair_class.get(low);
}

// Writes the position, or the delay class, of each of the object's synapses in its own row order;
// an output of width 0 is not written.
template <class Target>
static int64_t sg_find_piece(const sg_piece_job &job, const Target *targets, sg_uints positions,
                             sg_uints classes) {
  int64_t status = SG_OK;
  sg_parallel(job.n_threads, [&](int64_t thread) {
    sg_row_sorter sorter(job.longest_row, 1);
    sg_scratch<uint64_t> found(job.longest_row);
    sg_scratch<uint64_t> listed(job.longest_row);
    if (!sorter.allocated() || !found.data || !listed.data) {
      __atomic_store_n(&status, (int64_t)SG_NO_MEMORY, __ATOMIC_RELAXED);
      return;
    }
    uint64_t n_own = job.last_row - job.first_row;
    uint64_t last = sg_row_share(job.own_start, n_own, thread + 1, job.n_threads);
    for (uint64_t row = sg_row_share(job.own_start, n_own, thread, job.n_threads); row < last;
         ++row) {
      uint64_t begin = job.own_start[row];
      if (begin == job.own_start[row + 1]) continue;
      uint32_t n =
          sg_list_piece(job, targets, job.first_row + row, sorter, found.data, listed.data);
      for (uint32_t k = 0; k < n; ++k) {
        positions.set(begin + k, listed.data[k]);
        if (classes.width) {
          classes.set(begin + k, sg_class_at(job, job.first_row + row, listed.data[k]));
        }
      }
    }
  });
  return status;
}

#endif
