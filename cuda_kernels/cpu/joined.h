// Deliveries that need only the targets of their synapses: short segments are joined, so that one
// long loop visits their targets.
//
// Callers: any thread, for parts that no other thread works on meanwhile.
#ifndef SG_CPU_JOINED_H
#define SG_CPU_JOINED_H

#include <stdlib.h>

#include "walk.h"

#define SG_JOINED_FULL 512  // targets that are enough for a visit, and the longest piece copied
#define SG_JOINED (2 * SG_JOINED_FULL + 32)  // the last copy overshoots by less than a line
#define SG_AHEAD_STEPS 8      // steps whose targets are gathered at once, at most
#define SG_AHEAD_BYTES 32768  // for the targets of each of them: together a quarter of an L2 cache
#define SG_AHEAD_ROWS 16      // rows between a prefetch and its use; a power of two
#define SG_AHEAD_REST 64      // attempts left out after one that found too many targets

// Visits targets, in their order.
template <class Target>
using sg_visit = void(const sg_state *S, const Target *posts, int64_t n_posts, int64_t step);

// The targets that sg_gather copies at once: a cache line.
template <class Target>
struct sg_piece {
  static const int64_t length = 64 / sizeof(Target);
};

// Asks for the whole pieces that sg_gather copies. Together with the lines beyond the first it
// takes a third off the delivery by two threads (segments of 11 targets, 20 MB of them, Zen 3), and
// a tenth off the whole run by one.
template <class Target>
static inline void sg_prefetch_pieces(const Target *targets, const sg_segment &segment) {
  const uint64_t length = sg_piece<Target>::length;
  const uint64_t n_pieces = (segment.end - segment.begin + length - 1) / length;
  const uint64_t end = segment.begin + n_pieces * length;
  sg_prefetch_segment(targets, sg_segment{segment.begin, end, segment.source, segment.slot});
}

// Copies targets[begin, end) to `out`, a cache line at a time where the array of n_targets reaches
// that far, so that hardly a branch depends on the length of a short piece. What is copied beyond
// the end is overwritten by the next piece.
template <class Target>
static inline void sg_gather(Target *out, const Target *targets, uint64_t begin, uint64_t end,
                             int64_t n_targets) {
  const uint64_t length = sg_piece<Target>::length;
  uint64_t k = 0;
  if (end + length <= (uint64_t)n_targets) {
    for (; k < end - begin; k += length) {
      __builtin_memcpy(out + k, targets + begin + k, length * sizeof(Target));
      __asm__("" : "+r"(k));  // a call of memcpy for the whole loop would cost more than it copies
    }
    return;
  }
  for (; k < end - begin; ++k) out[k] = targets[begin + k];
}

// Visits the targets of some segments, joined to at least SG_JOINED_FULL but for the last.
template <class Target>
static inline void sg_visit_joined(const sg_state *S, sg_visit<Target> *visit,
                                   const Target *targets, int64_t n_targets,
                                   const sg_segment *work, int64_t n_work, int64_t step) {
  Target posts[SG_JOINED];
  int64_t n_posts = 0;
  for (int64_t e = -SG_SEGMENTS_AHEAD; e < n_work; ++e) {
    sg_prefetch_pieces(targets, work[sg_earlier(e + SG_SEGMENTS_AHEAD, n_work - 1)]);
    if (e < 0) continue;
    for (uint64_t begin = work[e].begin; begin < work[e].end; begin += SG_JOINED_FULL) {
      const uint64_t end = sg_earlier(work[e].end, begin + SG_JOINED_FULL);
      sg_gather(posts + n_posts, targets, begin, end, n_targets);
      n_posts += end - begin;
      if (n_posts < SG_JOINED_FULL && (end < work[e].end || e + 1 < n_work)) continue;
      visit(S, posts, n_posts, step);
      n_posts = 0;
    }
  }
}

// The targets of one thread's next steps, gathered while each row is at hand once: where threads
// make several steps before they meet, all spikes that will arrive in these are known, and a row
// has its next delay classes side by side. The half rows of two threads make segments so short that
// finding them one by one costs as much as visiting them: the run of 5,000 neurons x 1,000 synapses
// by two threads takes 8 % less (Zen 4, the best of ten in turn), by one it would gain nothing.
template <class Target>
struct sg_ahead {
  static const int64_t room = SG_AHEAD_BYTES / sizeof(Target);
  Target *posts = nullptr;  // [SG_AHEAD_STEPS][room + a piece], not there before it is used
  int64_t n_posts[SG_AHEAD_STEPS];
  int64_t first = 0, n_steps = 0;  // the steps gathered
  int64_t rest = 0;                // attempts to leave out
  sg_ahead() = default;
  sg_ahead(const sg_ahead &) = delete;
  ~sg_ahead() { free(posts); }
  Target *of(int64_t k) const { return posts + k * (room + sg_piece<Target>::length); }
  bool has(int64_t step) const { return step >= first && step < first + n_steps; }
};

// A row and those of its delay classes that are due in the steps gathered: spikes of `born`.
typedef struct {
  uint64_t row;
  int64_t born, first_class, last_class;
} sg_row_due;

// Appends a row's targets to those of each step; false if there is no room for them.
template <class Start, class Target>
static inline bool sg_gather_row(sg_ahead<Target> &ahead, const sg_row_due &due,
                                 const sg_find_dense<Start> &find, const sg_fan_out &walk,
                                 const Target *targets, int64_t n_targets) {
  for (int64_t cls = due.first_class; cls < due.last_class; ++cls) {
    uint64_t begin, end;
    find(due.row, (uint32_t)cls, &begin, &end);
    const int64_t k = due.born + walk.delays[cls] - ahead.first;
    const int64_t n_posts = ahead.n_posts[k];
    if (n_posts + (int64_t)(end - begin) > ahead.room) return false;
    sg_gather(ahead.of(k) + n_posts, targets, begin, end, n_targets);
    ahead.n_posts[k] = n_posts + (int64_t)(end - begin);
  }
  return true;
}

// Asks for the first four lines of a row's targets that are due.
template <class Start, class Target>
static inline void sg_prefetch_due(const sg_row_due &due, const sg_find_dense<Start> &find,
                                   const Target *targets) {
  uint64_t begin, end, unused;
  find(due.row, (uint32_t)due.first_class, &begin, &unused);
  find(due.row, (uint32_t)due.last_class - 1, &unused, &end);
  for (int line = 0; line < 4; ++line) {
    const uint64_t at = begin + line * sg_piece<Target>::length;
    __builtin_prefetch(targets + sg_earlier(at, end));
  }
}

// Gathers the targets of n_steps steps from walk.step on, each in the order of sg_walk_fan_out:
// earlier spikes have longer delays. No delay may be shorter than n_steps. False, with nothing to
// be used, if they are more than there is room for.
template <class Start, class Target>
static bool sg_gather_steps(sg_ahead<Target> &ahead, const sg_fan_out walk,
                            const sg_find_dense<Start> find, const Target *targets,
                            int64_t n_targets, int64_t n_steps) {
  const int64_t last = walk.step + n_steps;
  sg_row_due due[SG_AHEAD_ROWS];
  int64_t n_due = 0;
  ahead.first = walk.step;
  for (int64_t k = 0; k < n_steps; ++k) ahead.n_posts[k] = 0;
  int64_t low = walk.n_classes, high = walk.n_classes;
  int64_t born = sg_later(walk.born, walk.step - (int64_t)walk.delays[walk.n_classes - 1]);
  for (; born < last - (int64_t)walk.delays[0]; ++born) {
    while (high > 0 && born + walk.delays[high - 1] >= last) --high;
    while (low > 0 && born + walk.delays[low - 1] >= walk.step) --low;
    if (low >= high) continue;
    const int64_t slot = born % walk.depth;
    for (int64_t from = walk.first_from; from < walk.last_from; ++from) {
      const uint32_t *const fired = walk.ids + slot * walk.length + walk.bounds[from];
      const int64_t n_fired = walk.counts[slot * walk.n_parts + from];
      for (int64_t e = 0; e < n_fired; ++e) {
        const int64_t place = (int64_t)fired[e] - walk.source_start;
        if (place < 0 || place >= walk.n_rows) continue;
        for (int64_t part = walk.first_part; part < walk.last_part; ++part) {
          sg_row_due &row = due[n_due++ % SG_AHEAD_ROWS];
          if (n_due > SG_AHEAD_ROWS && !sg_gather_row(ahead, row, find, walk, targets, n_targets)) {
            return false;
          }
          row = {(uint64_t)(part * walk.n_rows + place), born, low, high};
          sg_prefetch_due(row, find, targets);
        }
      }
    }
  }
  for (int64_t k = sg_later(0, n_due - SG_AHEAD_ROWS); k < n_due; ++k) {
    const sg_row_due &row = due[k % SG_AHEAD_ROWS];
    if (!sg_gather_row(ahead, row, find, walk, targets, n_targets)) return false;
  }
  ahead.n_steps = n_steps;
  return true;
}

// Gathers ahead where it pays: there is more than the present step before the threads meet.
template <class Start, class Target>
static __attribute__((noinline)) void sg_look_ahead(sg_ahead<Target> &ahead, const sg_fan_out &walk,
                                                    const sg_find_dense<Start> &find,
                                                    const Target *targets, int64_t n_targets,
                                                    int64_t left) {
  ahead.n_steps = 0;
  if (left < 2 || ahead.rest-- > 0) return;
  ahead.rest = 0;
  if (ahead.posts == nullptr) {
    const int64_t length = ahead.room + sg_piece<Target>::length;
    ahead.posts = (Target *)malloc((size_t)(SG_AHEAD_STEPS * length) * sizeof(Target));
  }
  const int64_t n_steps = sg_earlier(left, SG_AHEAD_STEPS);
  if (ahead.posts == nullptr ||
      !sg_gather_steps(ahead, walk, find, targets, n_targets, n_steps)) {
    ahead.rest = SG_AHEAD_REST;
  }
}

// Visits the targets of what is due in this step. `left` steps, this one included, are made before
// the threads meet again.
template <class Find, class Target>
static inline void sg_walk_joined(const sg_fan_out &walk, const Find &find, sg_ahead<Target> &,
                                  int64_t, sg_visit<Target> *, const Target *, int64_t) {
  sg_walk_fan_out(walk, find);
}
template <class Start, class Target>
static inline void sg_walk_joined(const sg_fan_out &walk, const sg_find_dense<Start> &find,
                                  sg_ahead<Target> &ahead, int64_t left, sg_visit<Target> *visit,
                                  const Target *targets, int64_t n_targets) {
  if (!ahead.has(walk.step)) sg_look_ahead(ahead, walk, find, targets, n_targets, left);
  if (!ahead.has(walk.step)) {
    sg_walk_fan_out(walk, find);
    return;
  }
  const int64_t k = walk.step - ahead.first;
  if (ahead.n_posts[k] > 0) visit(walk.S, ahead.of(k), ahead.n_posts[k], walk.step);
}

#endif
