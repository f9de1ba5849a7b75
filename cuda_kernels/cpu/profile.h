// Time that kernels take and work that they do, for runs that ask for it.
//
// Callers: the first thread reads the clock and the count of its work (elements, synapses, events)
// before and after a call and adds the differences to the counters of the kernel.
#ifndef SG_CPU_PROFILE_H
#define SG_CPU_PROFILE_H

#include <time.h>

#include "../common/types.h"

// Nanoseconds of a clock that is never set back.
static inline int64_t sg_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + (int64_t)now.tv_nsec;
}

// What the kernels of this thread have worked on so far.
static thread_local int64_t sg_worked = 0;

#endif
