// The shadow of the memory that kernels share: for each word its last accesses and whether it was
// ever written. Conflicts, words read before they were written, and addresses that belong to nothing
// are noted or end the launch.
//
// A word is as wide as the narrowest access to its memory so far, at most 8 bytes.
#ifndef SG_EMULATE_SHADOW_H
#define SG_EMULATE_SHADOW_H

#include <time.h>

#include "order.h"
#include "shared.h"

enum sg_emu_finding_kind {  // known to simgen/targets/cuda/emulate/findings.py
  SG_EMU_RACE = 1, SG_EMU_OUTSIDE, SG_EMU_UNWRITTEN, SG_EMU_MISALIGNED,
  SG_EMU_INDEX, SG_EMU_DIVISION, SG_EMU_SHIFT, SG_EMU_ENDLESS,
};

#define SG_EMU_WIDEST 8
#define SG_EMU_MOST_FINDINGS 16
#define SG_EMU_ACCESSES_PER_LOOK (1 << 20)  // at the clock
#define SG_EMU_MOST_SHARED_ARRAYS 256

// How memory is accessed: plainly (read, write), by a volatile access (look, set), or by an atomic
// operation (change). Known to simgen/targets/cuda/emulate/findings.py.
enum sg_emu_how { SG_EMU_READ, SG_EMU_WRITE, SG_EMU_LOOK, SG_EMU_CHANGE, SG_EMU_SET };
#define SG_EMU_N_KINDS 4  // a set is remembered as a change

// The last accesses of each kind, by two different threads, if possible of different warps: whoever
// conflicts with any access conflicts with one of these. (Two plain writes that are not ordered are
// a conflict themselves, so that of those one is kept.)
typedef struct {
  sg_emu_access last[SG_EMU_N_KINDS][2];
} sg_emu_cell;

// Bit b of conflicts[a]: whether an access a conflicts with an earlier one b. Volatile accesses and
// atomic operations do not, since none of them can come in the middle of another.
static const uint8_t sg_emu_conflicts[SG_EMU_N_KINDS] = {
    1 << SG_EMU_WRITE | 1 << SG_EMU_CHANGE,
    1 << SG_EMU_READ | 1 << SG_EMU_WRITE | 1 << SG_EMU_LOOK | 1 << SG_EMU_CHANGE,
    1 << SG_EMU_WRITE,
    1 << SG_EMU_READ | 1 << SG_EMU_WRITE,
};

// The shadow of one memory. (A library without checks knows only its name.)
struct sg_emu_region {
  uint64_t begin, n_bytes;
  uint64_t most_bytes;  // n_bytes, or what it may be in another launch
  uint8_t *written;     // one a byte
  sg_emu_cell *words;
  uint64_t width;  // bytes of a word; 0 before the first access
};

// One side of what was found; the place is the address of the instruction in the library's file.
typedef struct {
  int64_t block;
  uint32_t place;
  int32_t thread, how;
} sg_emu_party;

typedef struct {
  int32_t kind, line;
  uint64_t address, n_bytes;
  int64_t value;
  const char *file, *type;
  sg_emu_party now, before;
} sg_emu_finding;

struct sg_emu_shadow_state {
  sg_emu_memory *memory;
  sg_emu_region *last;
  sg_emu_region shared[SG_EMU_MOST_SHARED_ARRAYS];
  uint64_t shared_offset[SG_EMU_MOST_SHARED_ARRAYS];  // within thread-local storage
  int32_t n_shared, dynamic;  // the latter counted from 1
  double deadline;
  int32_t n_accesses, n_findings;
  sg_emu_finding findings[SG_EMU_MOST_FINDINGS];
};
SG_EMU_HIDDEN sg_emu_shadow_state sg_emu_shadow;

SG_EMU_OWN static sg_emu_party sg_emu_party_of(const sg_emu_access &access, int how) {
  const uint64_t block = sg_emu_block_at(access.era - sg_emu_order.first_era);
  return sg_emu_party{(int64_t)block, access.place, access.thread, how};
}

SG_EMU_OWN static sg_emu_finding *sg_emu_find(int32_t kind, const sg_emu_party &now,
                                              const sg_emu_party &before) {
  for (int32_t k = 0; k < sg_emu_shadow.n_findings; ++k) {
    const sg_emu_finding &known = sg_emu_shadow.findings[k];
    if (known.kind != kind) continue;
    if (known.now.place == now.place && known.before.place == before.place) return nullptr;
    if (known.now.place == before.place && known.before.place == now.place) return nullptr;
  }
  if (sg_emu_shadow.n_findings == SG_EMU_MOST_FINDINGS) return nullptr;
  sg_emu_finding *const found = &sg_emu_shadow.findings[sg_emu_shadow.n_findings++];
  *found = sg_emu_finding{};
  found->kind = kind;
  found->now = now;
  found->before = before;
  return found;
}

// Makes the words of a region narrower; each new word inherits what is known of the old one.
SG_EMU_OWN static void sg_emu_narrow(sg_emu_region *region, uint64_t width) {
  const uint64_t n = (region->most_bytes + width - 1) / width;
  sg_emu_cell *const words = (sg_emu_cell *)__builtin_calloc(n, sizeof(sg_emu_cell));
  if (!words) sg_emu_abort(SG_EMU_NO_MEMORY);
  for (uint64_t k = 0; region->words && k < n; ++k) {
    words[k] = region->words[k * width / region->width];
  }
  __builtin_free(region->words);
  region->words = words;
  region->width = width;
}

// Ends the launch before an access that cannot be made.
SG_EMU_OWN __attribute__((noreturn)) static void sg_emu_stop(int32_t kind, uint64_t address,
                                                             uint64_t n_bytes, int how,
                                                             uint32_t place) {
  const sg_emu_party now = sg_emu_party_of(sg_emu_access_now(place), how);
  if (sg_emu_finding *const found = sg_emu_find(kind, now, sg_emu_party{})) {
    found->address = address;
    found->n_bytes = n_bytes;
  }
  sg_emu_abort(SG_EMU_FOUND);
}

SG_EMU_OWN static int sg_emu_contains(const sg_emu_region *region, uint64_t address, uint64_t n) {
  return address >= region->begin && address + n <= region->begin + region->n_bytes;
}

SG_EMU_OWN static sg_emu_region *sg_emu_search(uint64_t address, uint64_t n_bytes) {
  sg_emu_region *const regions = sg_emu_shadow.memory->regions;
  int64_t low = 0, high = sg_emu_shadow.memory->n;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (regions[middle].begin <= address) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && sg_emu_contains(&regions[low - 1], address, n_bytes)) return &regions[low - 1];
  for (int32_t k = 0; k < sg_emu_shadow.n_shared; ++k) {
    if (sg_emu_contains(&sg_emu_shadow.shared[k], address, n_bytes)) return &sg_emu_shadow.shared[k];
  }
  return nullptr;
}

// The memory an access lies in; null for the thread's own stack and for constants.
SG_EMU_OWN static sg_emu_region *sg_emu_region_of(uint64_t address, uint64_t n_bytes, int how,
                                                  uint32_t place) {
  const uint64_t stack = (uint64_t)sg_emu.threads[sg_emu.current].fibre->stack;
  if (address - stack < SG_EMU_STACK) return nullptr;
  if (sg_emu_shadow.last && sg_emu_contains(sg_emu_shadow.last, address, n_bytes)) {
    return sg_emu_shadow.last;
  }
  if (sg_emu_region *const found = sg_emu_search(address, n_bytes)) {
    sg_emu_shadow.last = found;
    return found;
  }
  if (address - sg_emu_shared.base < sg_emu_shared.size) return nullptr;
  sg_emu_stop(SG_EMU_OUTSIDE, address, n_bytes, how, place);
}

SG_EMU_OWN static inline int sg_emu_same_warp(const sg_emu_access &a, const sg_emu_access &b) {
  return a.era == b.era && a.thread / SG_EMU_WARP == b.thread / SG_EMU_WARP;
}

SG_EMU_OWN static inline void sg_emu_keep(sg_emu_access *two, const sg_emu_access &now) {
  if (sg_emu_is_before(two[0])) two[0] = now;
  else if (sg_emu_same_warp(two[0], two[1]) || sg_emu_is_before(two[1])) two[1] = now;
}

SG_EMU_OWN static void sg_emu_touch(sg_emu_cell *cell, uint64_t address, uint64_t n_bytes,
                                    const sg_emu_access &now, int how) {
  const int kind = how == SG_EMU_SET ? SG_EMU_CHANGE : how;
  for (int other = 0; other < SG_EMU_N_KINDS; ++other) {
    if (!(sg_emu_conflicts[kind] >> other & 1)) continue;
    for (const sg_emu_access &before : cell->last[other]) {
      if (__builtin_expect(sg_emu_is_before(before), 1)) continue;
      sg_emu_finding *const found =
          sg_emu_find(SG_EMU_RACE, sg_emu_party_of(now, how), sg_emu_party_of(before, other));
      if (!found) continue;
      found->address = address;
      found->n_bytes = n_bytes;
    }
  }
  if (kind == SG_EMU_WRITE) cell->last[kind][0] = now;
  else sg_emu_keep(cell->last[kind], now);
}

SG_EMU_OWN static double sg_emu_seconds() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Before an access by the present thread.
SG_EMU_OWN static void sg_emu_access_memory(uint64_t address, uint64_t n_bytes, int how,
                                            void *from) {
  const uint32_t place = (uint32_t)((uint64_t)from - sg_emu_shared.base);
  sg_emu_region *const region = sg_emu_region_of(address, n_bytes, how, place);
  if (!region) return;
  if (++sg_emu_shadow.n_accesses == SG_EMU_ACCESSES_PER_LOOK) {
    sg_emu_shadow.n_accesses = 0;
    if (sg_emu_seconds() > sg_emu_shadow.deadline) {
      sg_emu_stop(SG_EMU_ENDLESS, address, n_bytes, how, place);
    }
  }
  const int shared = region >= sg_emu_shadow.shared &&
                     region < sg_emu_shadow.shared + SG_EMU_MOST_SHARED_ARRAYS;
  sg_emu_order.oldest = shared ? sg_emu_order.era : sg_emu_order.first_era;
  sg_emu_order.address = (const void *)address;
  const uint64_t offset = address - region->begin;
  uint64_t width = region->width ? region->width : SG_EMU_WIDEST;
  while (width > 1 && (offset % width || n_bytes % width)) width /= 2;
  if (width != region->width) sg_emu_narrow(region, width);
  const sg_emu_access now = sg_emu_access_now(place);
  uint8_t *const written = region->written + offset;
  const int reads = how != SG_EMU_WRITE && how != SG_EMU_SET;
  if (reads && memchr(written, 0, n_bytes)) {
    const sg_emu_party party = sg_emu_party_of(now, how);
    if (sg_emu_finding *const found = sg_emu_find(SG_EMU_UNWRITTEN, party, sg_emu_party{})) {
      found->address = address;
      found->n_bytes = n_bytes;
    }
  }
  if (how != SG_EMU_READ && how != SG_EMU_LOOK) memset(written, 1, n_bytes);
  for (uint64_t done = 0; done < n_bytes; done += width) {
    sg_emu_touch(region->words + (offset + done) / width, address, n_bytes, now, how);
  }
}

// The same where the type of the access has the alignment of its size.
SG_EMU_OWN static inline void sg_emu_access_aligned(uint64_t address, uint64_t n_bytes, int how,
                                                    void *from) {
  if (address % n_bytes) {
    const uint32_t place = (uint32_t)((uint64_t)from - sg_emu_shared.base);
    sg_emu_stop(SG_EMU_MISALIGNED, address, n_bytes, how, place);
  }
  sg_emu_access_memory(address, n_bytes, how, from);
}

#endif
