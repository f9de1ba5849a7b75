// Which accesses of a launch come before which, whatever the order in which threads happen to run.
//
// Ordered are: what one thread does; what a block does before and after a barrier; what the lanes of
// a __syncwarp do before and after it (shuffles and votes order no memory); and, between blocks, what
// came before a __threadfence that came before an atomic operation, against what follows a later
// atomic operation on the same address. "Before" goes through barriers: the thread of the operation
// may fence for its block, or each thread for itself. Everything else may happen in any order.
#ifndef SG_EMULATE_ORDER_H
#define SG_EMULATE_ORDER_H

#include <string.h>

#include "block.h"

#define SG_EMU_MOST_MEETINGS 64  // addresses that order blocks, in a launch

// One access. `era` numbers the blocks that a device ever ran, from 1; `epoch` the barriers of the
// block before it; `clock` the __syncwarp and __threadfence of its thread before it, from 1.
typedef struct {
  uint32_t era, epoch, clock, place;
  int32_t thread;
} sg_emu_access;

// What an atomic operation of a block made known: what its thread did up to `clock` and its block
// before `epoch`, what other threads did up to their own fences (from fences[first_fence] on, if that
// is not negative), and, at its own address, itself (`told`).
typedef struct {
  uint32_t era, epoch, clock, told;
  int32_t thread;
  int64_t first_fence;
} sg_emu_news;

// An address that orders blocks: its news, and how many of them each thread of block `era` learnt.
// What a thread learnt in `epoch` the whole block knows after it.
typedef struct {
  const void *address;
  sg_emu_news *news;
  int64_t n, most;
  uint32_t era, epoch;
  int64_t known, learnt_in_epoch;
  int64_t learnt[SG_EMU_MOST_THREADS];
} sg_emu_meeting;

struct sg_emu_order_state {
  uint32_t first_era, era, epoch;
  uint32_t oldest;  // what can conflict with the present access: this launch or, if shared, block
  uint32_t clocks[SG_EMU_MOST_THREADS][SG_EMU_WARP];  // what a thread knows of the lanes of its warp
  uint32_t fence_clock[SG_EMU_MOST_THREADS], fence_epoch[SG_EMU_MOST_THREADS];
  uint32_t first_fence_epoch;  // of the block; 0 before its first fence
  uint32_t *fences;            // what news of this launch refer to
  int64_t n_fences, most_fences;
  const void *address;  // of the present access
  int32_t dirty, n_meetings;
  sg_emu_meeting meetings[SG_EMU_MOST_MEETINGS];
};
SG_EMU_HIDDEN sg_emu_order_state sg_emu_order;

SG_EMU_OWN static void sg_emu_order_block() {
  sg_emu_order.epoch = 1;
  sg_emu_order.first_fence_epoch = 0;
  if (!sg_emu_order.dirty) return;
  memset(sg_emu_order.clocks, 0, sizeof sg_emu_order.clocks);
  memset(sg_emu_order.fence_clock, 0, sizeof sg_emu_order.fence_clock);
  sg_emu_order.dirty = 0;
}

SG_EMU_OWN static inline uint32_t &sg_emu_own_clock(int32_t thread) {
  return sg_emu_order.clocks[thread][thread % SG_EMU_WARP];
}

// The lanes of `mask` know all that one of them knew.
SG_EMU_OWN static void sg_emu_order_warp(int32_t first, uint32_t mask) {
  uint32_t joined[SG_EMU_WARP] = {0};
  for (int32_t lane = 0; lane < SG_EMU_WARP; ++lane) {
    if (!(mask >> lane & 1u)) continue;
    for (int32_t other = 0; other < SG_EMU_WARP; ++other) {
      const uint32_t clock = sg_emu_order.clocks[first + lane][other] + (other == lane);
      if (clock > joined[other]) joined[other] = clock;
    }
  }
  for (int32_t lane = 0; lane < SG_EMU_WARP; ++lane) {
    if (mask >> lane & 1u) memcpy(sg_emu_order.clocks[first + lane], joined, sizeof joined);
  }
  sg_emu_order.dirty = 1;
}

SG_EMU_OWN static void sg_emu_order_fence() {
  const int32_t self = sg_emu.current;
  sg_emu_order.fence_clock[self] = ++sg_emu_own_clock(self);
  sg_emu_order.fence_epoch[self] = sg_emu_order.epoch;
  if (!sg_emu_order.first_fence_epoch) sg_emu_order.first_fence_epoch = sg_emu_order.epoch;
  sg_emu_order.dirty = 1;
}

SG_EMU_OWN static sg_emu_meeting *sg_emu_meeting_at(const void *address) {
  for (int32_t k = 0; k < sg_emu_order.n_meetings; ++k) {
    if (sg_emu_order.meetings[k].address == address) return &sg_emu_order.meetings[k];
  }
  return nullptr;
}

// Memory for one more of `n` elements; what is there may move.
template <class T>
SG_EMU_OWN static void sg_emu_grow(T *&elements, int64_t n, int64_t &most) {
  if (n <= most) return;
  most = n < 64 ? 64 : 2 * n;
  elements = (T *)__builtin_realloc(elements, (size_t)most * sizeof(T));
  if (!elements) sg_emu_abort(SG_EMU_NO_MEMORY);
}

SG_EMU_OWN static void sg_emu_tell(sg_emu_meeting *meeting, const sg_emu_news &news) {
  sg_emu_grow(meeting->news, meeting->n + 1, meeting->most);
  meeting->news[meeting->n++] = news;
}

// The fences of the block's threads that came before its last barrier; -1 where there is none.
SG_EMU_OWN static int64_t sg_emu_note_fences() {
  const uint32_t epoch = sg_emu_order.epoch;
  if (!sg_emu_order.first_fence_epoch || sg_emu_order.first_fence_epoch == epoch) return -1;
  const int64_t first = sg_emu_order.n_fences;
  sg_emu_order.n_fences += sg_emu.n_threads;
  sg_emu_grow(sg_emu_order.fences, sg_emu_order.n_fences, sg_emu_order.most_fences);
  for (int32_t k = 0; k < sg_emu.n_threads; ++k) {
    const int early = sg_emu_order.fence_epoch[k] < epoch;
    sg_emu_order.fences[first + k] = early ? sg_emu_order.fence_clock[k] : 0;
  }
  return first;
}

// How many of the news the present thread knows.
SG_EMU_OWN static int64_t sg_emu_known(sg_emu_meeting *meeting) {
  if (meeting->era != sg_emu_order.era) {
    memset(meeting->learnt, 0, sizeof meeting->learnt);
    meeting->era = sg_emu_order.era;
    meeting->epoch = sg_emu_order.epoch;
    meeting->known = meeting->learnt_in_epoch = 0;
  }
  if (meeting->epoch != sg_emu_order.epoch) {
    meeting->epoch = sg_emu_order.epoch;
    meeting->known = meeting->learnt_in_epoch;
  }
  const int64_t own = meeting->learnt[sg_emu.current];
  return own > meeting->known ? own : meeting->known;
}

// An atomic operation learns what its address knows and, after a fence, tells what came before.
SG_EMU_OWN static void sg_emu_order_atomic(const void *address) {
  const int32_t self = sg_emu.current;
  sg_emu_meeting *meeting = sg_emu_meeting_at(address);
  const uint32_t fenced = sg_emu_order.fence_clock[self];
  const uint32_t first_fence = sg_emu_order.first_fence_epoch;
  const int tells = fenced || (first_fence && first_fence < sg_emu_order.epoch);
  if (!meeting) {
    if (!tells || sg_emu_order.n_meetings == SG_EMU_MOST_MEETINGS) return;
    meeting = &sg_emu_order.meetings[sg_emu_order.n_meetings++];
    meeting->address = address;
    meeting->n = 0;
    meeting->era = 0;
  }
  sg_emu_known(meeting);
  meeting->learnt[self] = meeting->learnt_in_epoch = meeting->n;
  if (!tells) return;
  const uint32_t epoch = fenced ? sg_emu_order.fence_epoch[self] : 0;
  const uint32_t told = ++sg_emu_own_clock(self);  // that of the operation itself
  sg_emu_order.dirty = 1;
  sg_emu_tell(meeting, sg_emu_news{sg_emu_order.era, epoch, fenced, told, self,
                                   sg_emu_note_fences()});
  for (int32_t k = 0; k < sg_emu_order.n_meetings; ++k) {  // and what it learnt elsewhere
    sg_emu_meeting &other = sg_emu_order.meetings[k];
    const int64_t known = &other == meeting ? 0 : sg_emu_known(&other);
    for (int64_t i = 0; i < known; ++i) sg_emu_tell(meeting, other.news[i]);
  }
}

SG_EMU_OWN static int sg_emu_heard(const sg_emu_access &earlier) {
  for (int32_t k = 0; k < sg_emu_order.n_meetings; ++k) {
    const sg_emu_meeting &meeting = sg_emu_order.meetings[k];
    for (int64_t i = sg_emu_known(&sg_emu_order.meetings[k]) - 1; i >= 0; --i) {
      const sg_emu_news &news = meeting.news[i];
      if (news.era != earlier.era) continue;
      if (earlier.epoch < news.epoch) return 1;
      if (news.first_fence >= 0 &&
          earlier.clock <= sg_emu_order.fences[news.first_fence + earlier.thread]) {
        return 1;
      }
      if (earlier.thread != news.thread) continue;
      if (earlier.clock <= news.clock) return 1;
      if (meeting.address == sg_emu_order.address && earlier.clock <= news.told) return 1;
    }
  }
  return 0;
}

// Whether an access comes before what the present thread does now.
SG_EMU_OWN static inline int sg_emu_is_before(const sg_emu_access &earlier) {
  if (earlier.era < sg_emu_order.oldest) return 1;
  if (earlier.era != sg_emu_order.era) return sg_emu_heard(earlier);
  if (earlier.thread == sg_emu.current || earlier.epoch < sg_emu_order.epoch) return 1;
  if (earlier.thread / SG_EMU_WARP != sg_emu.current / SG_EMU_WARP) return 0;
  const uint32_t known = sg_emu_order.clocks[sg_emu.current][earlier.thread % SG_EMU_WARP];
  return earlier.clock <= known;
}

SG_EMU_OWN static inline sg_emu_access sg_emu_access_now(uint32_t place) {
  const int32_t self = sg_emu.current;
  return sg_emu_access{sg_emu_order.era, sg_emu_order.epoch, sg_emu_own_clock(self) + 1, place, self};
}

#endif
