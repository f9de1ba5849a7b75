// What the parts of the support library have in common.
#ifndef SG_CPU_EXPORTED_H
#define SG_CPU_EXPORTED_H

#include "parallel.h"

#define SG_EXPORT extern "C" __attribute__((visibility("default")))

// Calls with the targets of a store as what they are: two bytes each where all numbers fit.
template <class Call>
static int64_t sg_with_targets(sg_uints targets, const Call &call) {
  return targets.width == 2 ? call((uint16_t *)targets.data) : call((uint32_t *)targets.data);
}

#endif
