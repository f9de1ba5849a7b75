// Rows to a store sorted by (partition, row, delay class, target); host only.
//
// A store holds its partitions one after the other. row_start is [n_parts][n_rows + 1] with
// absolute positions; segment bounds are written in the formats of common/segments.h. Work is split
// by rows.
#ifndef SG_CPU_STORE_H
#define SG_CPU_STORE_H

#include "row_sort.h"

enum { SG_SEGMENTS_NONE = 0, SG_SEGMENTS_DENSE = 1, SG_SEGMENTS_COMPACT = 2 };

// Where segment bounds go; the pointers are those of one partition, except the pairs themselves.
struct sg_segment_sink {
  int64_t format;
  uint64_t n_classes;
  sg_uints starts;  // dense: [n_rows][n_classes + 1]
  const uint64_t *pair_start;
  sg_uints pair_class;
  sg_uints pair_begin;

  // Writes the bounds of a row whose n sorted synapses have classes class_of(0), class_of(1), ...
  template <class ClassOf>
  void write(uint64_t row, uint32_t n, const ClassOf &class_of) const {
    if (format == SG_SEGMENTS_DENSE) {
      uint64_t base = row * (n_classes + 1);
      uint64_t next = 0;
      for (uint32_t k = 0; k < n; ++k) {
        for (uint64_t cls = class_of(k); next <= cls; ++next) starts.set(base + next, k);
      }
      for (; next <= n_classes; ++next) starts.set(base + next, n);
    } else if (format == SG_SEGMENTS_COMPACT) {
      uint64_t pair = pair_start[row];
      for (uint32_t k = 0; k < n; ++k) {
        if (k == 0 || class_of(k) != class_of(k - 1)) {
          pair_class.set(pair, class_of(k));
          pair_begin.set(pair++, k);
        }
      }
    }
  }
};

struct sg_store_job {
  const uint64_t *row_start;  // of the rows
  const uint32_t *targets;
  uint64_t n_rows;
  const uint32_t *bounds;  // n_parts + 1 ascending targets
  uint64_t n_parts;
  sg_uints cls;
  uint64_t n_classes;
  int64_t sorted;
  uint32_t target_bits;
  uint64_t longest_row;
  int64_t n_threads;

  uint64_t part_of(uint32_t target) const {
    uint64_t low = 0;
    uint64_t size = n_parts;
    while (size > 1) {  // the last partition that starts at or before the target
      uint64_t half = size / 2;
      if (bounds[low + half] <= target) {
        low += half;
        size -= half;
      } else {
        size = half;
      }
    }
    return low;
  }

  template <class Class>
  void copy_classes(uint64_t begin, uint32_t n, uint32_t *bucket) const {
    const Class *values = (const Class *)cls.data + begin;
    for (uint32_t k = 0; k < n; ++k) bucket[k] = (uint32_t)values[k];
  }

  void fill_buckets(uint64_t begin, uint32_t n, uint32_t *bucket) const {
    if (n_parts == 1) {
      switch (cls.width) {  // outside the loops, which then vectorise
        case 1: copy_classes<uint8_t>(begin, n, bucket); break;
        case 2: copy_classes<uint16_t>(begin, n, bucket); break;
        case 4: copy_classes<uint32_t>(begin, n, bucket); break;
        default: memset(bucket, 0, n * sizeof(uint32_t));
      }
      return;
    }
    uint64_t part = 0;
    for (uint32_t k = 0; k < n; ++k) {
      uint32_t target = targets[begin + k];
      if (target < bounds[part] || target >= bounds[part + 1]) part = part_of(target);
      bucket[k] = (uint32_t)(part * n_classes + cls.get(begin + k));
    }
  }
};

// Counts synapses and (row, class) pairs: sizes and pairs are [n_parts][n_rows]; pairs may be null.
static inline int64_t sg_store_count_rows(const sg_store_job &job, uint64_t *sizes, uint64_t *pairs) {
  int64_t status = SG_OK;
  uint64_t n_buckets = job.n_parts * job.n_classes;
  sg_parallel(job.n_threads, [&](int64_t thread) {
    sg_scratch<uint32_t> bucket(job.longest_row);
    sg_scratch<uint64_t> seen(n_buckets);  // the last row that had the bucket, plus one
    if (!bucket.data || !seen.data) {
      __atomic_store_n(&status, (int64_t)SG_NO_MEMORY, __ATOMIC_RELAXED);
      return;
    }
    memset(seen.data, 0, n_buckets * sizeof(uint64_t));
    uint64_t last = sg_row_share(job.row_start, job.n_rows, thread + 1, job.n_threads);
    uint64_t row = sg_row_share(job.row_start, job.n_rows, thread, job.n_threads);
    for (; row < last; ++row) {
      uint64_t begin = job.row_start[row];
      uint32_t n = (uint32_t)(job.row_start[row + 1] - begin);
      for (uint64_t part = 0; part < job.n_parts; ++part) {
        sizes[part * job.n_rows + row] = 0;
        if (pairs) pairs[part * job.n_rows + row] = 0;
      }
      job.fill_buckets(begin, n, bucket.data);
      for (uint32_t k = 0; k < n; ++k) {
        uint64_t part = job.n_parts == 1 ? 0 : bucket.data[k] / job.n_classes;
        ++sizes[part * job.n_rows + row];
        if (pairs && seen.data[bucket.data[k]] != row + 1) {
          seen.data[bucket.data[k]] = row + 1;
          ++pairs[part * job.n_rows + row];
        }
      }
    }
  });
  return status;
}

struct sg_store_out {
  const uint64_t *row_start;  // [n_parts][n_rows + 1]
  sg_uints targets;   // two or four bytes each
  sg_uints order;     // width 0: not wanted
  sg_uints creation;  // of row order; width 0: row order is creation order
  sg_segment_sink sink;
};

template <class Target>
static int64_t sg_store_fill_rows(const sg_store_job &job, const sg_store_out &out,
                                  Target *targets) {
  int64_t status = SG_OK;
  sg_parallel(job.n_threads, [&](int64_t thread) {
    sg_row_sorter sorter(job.longest_row, job.n_parts * job.n_classes);
    if (!sorter.allocated()) {
      __atomic_store_n(&status, (int64_t)SG_NO_MEMORY, __ATOMIC_RELAXED);
      return;
    }
    const uint32_t *order = sorter.order.data;
    const uint32_t *bucket = sorter.bucket.data;
    uint64_t last = sg_row_share(job.row_start, job.n_rows, thread + 1, job.n_threads);
    uint64_t row = sg_row_share(job.row_start, job.n_rows, thread, job.n_threads);
    for (; row < last; ++row) {
      uint64_t begin = job.row_start[row];
      uint32_t n = (uint32_t)(job.row_start[row + 1] - begin);
      job.fill_buckets(begin, n, sorter.bucket.data);
      sorter.sort(job.targets + begin, n, job.sorted != 0, job.target_bits);
      uint32_t done = 0;
      for (uint64_t part = 0; part < job.n_parts; ++part) {
        const uint64_t *starts = out.row_start + part * (job.n_rows + 1);
        uint64_t base = starts[row];
        uint32_t size = (uint32_t)(starts[row + 1] - base);
        for (uint32_t k = 0; k < size; ++k) {
          targets[base + k] = (Target)job.targets[begin + order[done + k]];
        }
        if (out.order.width) {
          for (uint32_t k = 0; k < size; ++k) {
            uint64_t index = begin + order[done + k];
            out.order.set(base + k, out.creation.width ? out.creation.get(index) : index);
          }
        }
        sg_segment_sink sink = out.sink;
        if (sink.format == SG_SEGMENTS_DENSE) {
          uint64_t skipped = part * job.n_rows * (job.n_classes + 1);
          sink.starts.data = (char *)sink.starts.data + skipped * (uint64_t)sink.starts.width;
        }
        if (sink.pair_start) sink.pair_start += part * (job.n_rows + 1);
        uint64_t first_bucket = part * job.n_classes;
        sink.write(row, size, [&](uint32_t k) { return bucket[order[done + k]] - first_bucket; });
        done += size;
      }
    }
  });
  return status;
}

#endif
