// Memory that the threads of a block share: variables of thread-local storage, which a library has
// for nothing else.
//
// `__shared__` inside a function needs a storage class that is static there and may follow `extern`;
// thread_local is the only one.
#ifndef SG_EMULATE_SHARED_H
#define SG_EMULATE_SHARED_H

#include <link.h>
#include <string.h>

#include "block.h"

#define SG_EMU_MOST_SHARED 232448  // bytes: what a block of the largest devices may have

// The memory of `extern __shared__` arrays, all of which begin at one address, as on a device.
__asm__(
    ".section .tbss.sg_emu_dynamic,\"awT\",@nobits\n"
    ".balign 128\n"
    ".globl sg_emu_dynamic\n"
    ".hidden sg_emu_dynamic\n"
    ".type sg_emu_dynamic,@tls_object\n"
    "sg_emu_dynamic:\n"
    "  .zero 232448\n"
    ".size sg_emu_dynamic, 232448\n"
    ".previous\n");
extern "C" SG_EMU_HIDDEN __thread char sg_emu_dynamic[SG_EMU_MOST_SHARED];

// Declares a name of such an array.
#define SG_EMU_DYNAMIC(name)                                                                    \
  __asm__(".globl " #name "\n.hidden " #name "\n.type " #name ",@tls_object\n.set " #name \
          ", sg_emu_dynamic\n");

struct sg_emu_shared_memory {
  char *begin, *end;  // the whole of the library's thread-local storage
  char *dynamic;
  uint64_t base, size;  // of all that the library's file takes in memory
};
SG_EMU_HIDDEN sg_emu_shared_memory sg_emu_shared;

SG_EMU_OWN static int sg_emu_find_shared(struct dl_phdr_info *info, size_t, void *) {
  const uintptr_t here = (uintptr_t)&sg_emu;
  sg_emu_shared_memory found = {};
  int ours = 0;
  for (int k = 0; k < info->dlpi_phnum; ++k) {
    const ElfW(Phdr) &part = info->dlpi_phdr[k];
    const uintptr_t begin = info->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD) {
      ours |= here >= begin && here < begin + part.p_memsz;
      found.size = begin + part.p_memsz - info->dlpi_addr;
    }
    if (part.p_type == PT_TLS) {
      found.begin = (char *)info->dlpi_tls_data;
      found.end = found.begin + part.p_memsz;
    }
  }
  found.base = info->dlpi_addr;
  if (ours) sg_emu_shared = found;
  return ours;
}

// Looks the memory up again when another thread of the system launches: each has its own.
SG_EMU_OWN static void sg_emu_locate_shared() {
  char *volatile dynamic = sg_emu_dynamic;
  if (dynamic == sg_emu_shared.dynamic) return;
  *dynamic = 0;
  dl_iterate_phdr(sg_emu_find_shared, nullptr);
  sg_emu_shared.dynamic = dynamic;
}

// Fills memory with the pattern of what was never written: not a number as float and as double, a
// large number with its sign as integers. The same as in simgen/targets/cuda/emulate/memory.py.
SG_EMU_OWN static void sg_emu_spoil(char *begin, char *end) {
  const uint32_t pattern = 0xfff4a5a5u;
  for (; begin + sizeof pattern <= end; begin += sizeof pattern) {
    memcpy(begin, &pattern, sizeof pattern);
  }
  memset(begin, 0xcc, (size_t)(end - begin));
}

SG_EMU_OWN static void sg_emu_spoil_shared(uint32_t dynamic_bytes) {
  char *const dynamic = sg_emu_dynamic;
  sg_emu_spoil(sg_emu_shared.begin, dynamic);
  sg_emu_spoil(dynamic, dynamic + dynamic_bytes);
  sg_emu_spoil(dynamic + SG_EMU_MOST_SHARED, sg_emu_shared.end);
}

#endif
