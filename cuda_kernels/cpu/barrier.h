// A barrier for threads that meet many times in a millisecond.
//
// Callers: every one of the n_threads threads of a run, equally often; `sg_barrier` is shared by
// them and starts as zeros. All writes before a wait are seen by all threads after it.
#ifndef SG_CPU_BARRIER_H
#define SG_CPU_BARRIER_H

#include "../common/types.h"

extern "C" int sched_yield(void);
#if defined(_OPENMP)
extern "C" int omp_get_thread_num(void);
extern "C" int omp_get_num_threads(void);
#endif

// `go` is written by the first thread before a wait and read by all after it; two entries are used
// in turns, so that it can be written again while slow threads still read the other.
typedef struct {
  alignas(64) int64_t arrived;
  alignas(64) int64_t round;
  alignas(64) int64_t go[2];
} sg_barrier;

// The ticks, of those wanted, that a recorder with this free room and need per tick has room for.
static inline int64_t sg_within_room(int64_t wanted, int64_t pending, int64_t room, int64_t need) {
  if (need * (wanted + pending) <= room) return wanted;
  const int64_t ticks = room / need - pending;
  return ticks > 0 ? ticks : 0;
}

// Spins for some microseconds, then offers the processor to others: with more threads than
// processors a thread that only spins would hold back the one it waits for.
static inline void sg_wait(sg_barrier *barrier, int64_t n_threads) {
  if (n_threads == 1) return;
  const int64_t round = __atomic_load_n(&barrier->round, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == n_threads) {
    __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&barrier->round, round + 1, __ATOMIC_RELEASE);
    return;
  }
  for (int64_t tries = 0; __atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE) == round; ++tries) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
    if (tries > 300) sched_yield();
  }
}

#endif
