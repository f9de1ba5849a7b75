// Time that kernels take, for runs that ask for it.
//
// Callers: the first thread reads the clock before and after a call and adds the difference to the
// counter of the kernel.
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

#endif
