// What the rest of the emulator tells the checks of loads and stores; nothing without them.
#ifndef SG_EMULATE_CHECK_H
#define SG_EMULATE_CHECK_H

#include "block.h"

#if defined(SG_EMU_CHECKED)
#include "instrument.h"
#define SG_EMU_ACCESSING __attribute__((noinline))  // so that its caller's place can be told
#else
#define SG_EMU_ACCESSING inline

SG_EMU_OWN static inline void sg_emu_check_launch(sg_emu_memory *, uint32_t) {}
SG_EMU_OWN static inline void sg_emu_check_block() {}
SG_EMU_OWN static inline void sg_emu_check_end() {}
SG_EMU_OWN static inline void sg_emu_check_barrier() {}
SG_EMU_OWN static inline void sg_emu_check_warp(int32_t, uint32_t) {}
SG_EMU_OWN static inline void sg_emu_check_fence() {}
SG_EMU_OWN static inline void sg_emu_check_atomic(const void *, uint32_t, void *) {}
#endif

#endif
