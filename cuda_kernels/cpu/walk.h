// Walks of host programs: ranges, and the delivery of spikes along the segments that are due.
//
// Callers: any thread, for parts that no other thread works on meanwhile.
#ifndef SG_CPU_WALK_H
#define SG_CPU_WALK_H

#include "../common/segments.h"
#include "state.h"

// 12 KB. With 128 the first segments of four times as many lists come without a prefetch: a run
// of 5,000 neurons x 1,000 synapses takes 6 % longer by two threads, 1 % by one (Zen 4, the best of
// eighteen and of six).
#define SG_SEGMENTS_LISTED 512
#define SG_SEGMENTS_AHEAD 32    // segments between a prefetch and its use
#define SG_COLUMN_AHEAD 16      // synapses between a prefetch and its use in a column

SG_FN int64_t sg_later(int64_t a, int64_t b) { return a > b ? a : b; }
SG_FN int64_t sg_earlier(int64_t a, int64_t b) { return a < b ? a : b; }

// The first of `count` ascending steps that is not below `step`.
static inline int64_t sg_first_due(const int64_t *steps, int64_t count, int64_t step) {
  int64_t low = 0, high = count;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The synapses at positions [begin, end), all of the neuron `source` and one delay; in a delivery,
// `slot` is where its spike is in the lists.
typedef struct {
  uint64_t begin, end;
  uint32_t source, slot;
} sg_segment;

// Asks for the first, a middle and the last cache line of a segment of `array`: all that a short one
// has, and enough for the processor to go on by itself in a long one.
template <class T>
static inline void sg_prefetch_segment(const T *array, const sg_segment &segment) {
  __builtin_prefetch(array + segment.begin);
  __builtin_prefetch(array + (segment.begin + segment.end) / 2);
  __builtin_prefetch(array + segment.end - 1);
}

// Visits the synapses of some segments, in their order.
typedef void sg_deliver(const sg_state *S, const sg_segment *work, int64_t n_work, int64_t step);

// One delivery: the parts of the store to serve, those whose spikes are served, the spikes of the
// last `depth` steps, and the rows of the store.
typedef struct {
  const sg_state *S;
  sg_deliver *deliver;
  int64_t first_part, last_part, first_from, last_from, n_parts, step;
  const uint32_t *delays;  // steps of each delay class, ascending
  int64_t n_classes;
  const uint32_t *ids;  // [depth][length], each part from its own bound on
  const int64_t *counts;  // [depth][n_parts]
  const int64_t *bounds;
  int64_t depth, length, n_rows, source_start;
  int64_t born;  // spikes of earlier steps are not delivered; not negative
} sg_fan_out;

// Delivers what is due: delays from the largest down, sources ascending, parts ascending. The
// segments are listed first and then visited, so that the visit can prefetch those to come. Not
// inlined: a network of many pathways compiles it once per format.
template <class Find>
static __attribute__((noinline)) void sg_walk_fan_out(const sg_fan_out &walk, const Find find) {
  sg_segment work[SG_SEGMENTS_LISTED];
  int64_t n_work = 0;
  const int64_t now = walk.step % walk.depth;
  for (int64_t cls = walk.n_classes - 1; cls >= 0; --cls) {
    const int64_t delay = walk.delays[cls];
    if (walk.step - delay < walk.born) continue;
    const int64_t slot = now - delay + (delay > now ? walk.depth : 0);
    for (int64_t from = walk.first_from; from < walk.last_from; ++from) {
      const uint32_t *const fired = walk.ids + slot * walk.length + walk.bounds[from];
      const int64_t n_fired = walk.counts[slot * walk.n_parts + from];
      for (int64_t e = 0; e < n_fired; ++e) {
        const int64_t source = fired[e], place = source - walk.source_start;
        if (place < 0 || place >= walk.n_rows) continue;
        for (int64_t part = walk.first_part; part < walk.last_part; ++part) {
          sg_segment next = {0, 0, (uint32_t)source, (uint32_t)slot};
          find((uint64_t)(part * walk.n_rows + place), (uint32_t)cls, &next.begin, &next.end);
          if (next.begin >= next.end) continue;
          work[n_work++] = next;
          if (n_work < SG_SEGMENTS_LISTED) continue;
          walk.deliver(walk.S, work, n_work, walk.step);
          n_work = 0;
        }
      }
    }
  }
  if (n_work > 0) walk.deliver(walk.S, work, n_work, walk.step);
}

// Lists what the parts hold of a row, class by class: the order of a store of one part.
template <class Find>
static inline int64_t sg_list_row(const sg_fan_out &walk, const Find &find, int64_t n_classes,
                                  int64_t place, int64_t slot, sg_segment *work,
                                  int64_t n_work) {
  for (int64_t cls = 0; cls < n_classes; ++cls) {
    for (int64_t part = walk.first_part; part < walk.last_part; ++part) {
      sg_segment next = {0, 0, (uint32_t)(walk.source_start + place), (uint32_t)slot};
      find((uint64_t)(part * walk.n_rows + place), (uint32_t)cls, &next.begin, &next.end);
      if (next.begin >= next.end) continue;
      work[n_work++] = next;
      if (n_work < SG_SEGMENTS_LISTED) continue;
      walk.deliver(walk.S, work, n_work, walk.step);
      n_work = 0;
    }
  }
  return n_work;
}

// Visits all synapses of the sources that belong to the parts whose spikes are served: sources
// ascending, then classes, then parts.
template <class Find>
static __attribute__((noinline)) void sg_walk_rows(const sg_fan_out &walk, const Find find,
                                                   int64_t n_classes) {
  sg_segment work[SG_SEGMENTS_LISTED];
  int64_t n_work = 0;
  const int64_t first = sg_later(0, walk.bounds[walk.first_from] - walk.source_start);
  const int64_t last =
      sg_earlier(walk.n_rows, walk.bounds[walk.last_from] - walk.source_start);
  for (int64_t place = first; place < last; ++place) {
    n_work = sg_list_row(walk, find, n_classes, place, 0, work, n_work);
  }
  if (n_work > 0) walk.deliver(walk.S, work, n_work, walk.step);
}

// Delivers the spikes of one delay to whole rows.
template <class Find>
static __attribute__((noinline)) void sg_walk_fan_out_rows(const sg_fan_out &walk, const Find find,
                                                           int64_t n_classes) {
  const int64_t delay = walk.delays[0];
  if (walk.step - delay < walk.born) return;
  sg_segment work[SG_SEGMENTS_LISTED];
  int64_t n_work = 0;
  const int64_t slot = (walk.step - delay) % walk.depth;
  for (int64_t from = walk.first_from; from < walk.last_from; ++from) {
    const uint32_t *const fired = walk.ids + slot * walk.length + walk.bounds[from];
    const int64_t n_fired = walk.counts[slot * walk.n_parts + from];
    for (int64_t e = 0; e < n_fired; ++e) {
      const int64_t place = (int64_t)fired[e] - walk.source_start;
      if (place < 0 || place >= walk.n_rows) continue;
      n_work = sg_list_row(walk, find, n_classes, place, slot, work, n_work);
    }
  }
  if (n_work > 0) walk.deliver(walk.S, work, n_work, walk.step);
}

// The places of a list that has the positions of each (row, class) in the order of their visits.
struct sg_find_listed {
  const uint64_t *start;
  uint64_t n_classes;
  inline void operator()(uint64_t row, uint32_t cls, uint64_t *begin, uint64_t *end) const {
    *begin = start[row * n_classes + cls];
    *end = start[row * n_classes + cls + 1];
  }
};

// Delivers what is due along a list, which has the synapses of all parts. Callers: one thread.
static inline void sg_walk_listed(sg_fan_out walk, const uint64_t *start) {
  walk.first_part = 0;
  walk.last_part = 1;
  sg_walk_fan_out(walk, sg_find_listed{start, (uint64_t)walk.n_classes});
}

#endif
