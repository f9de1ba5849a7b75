// What the checks of loads and stores are told by the rest of the emulator; nothing without them.
#ifndef SG_EMULATE_CHECK_H
#define SG_EMULATE_CHECK_H

#include "block.h"

SG_EMU_OWN static inline void sg_emu_check_launch(int32_t) {}
SG_EMU_OWN static inline void sg_emu_check_block(int64_t) {}
SG_EMU_OWN static inline void sg_emu_check_barrier() {}
SG_EMU_OWN static inline void sg_emu_check_warp(int32_t, uint32_t) {}
SG_EMU_OWN static inline void sg_emu_check_atomic(const void *, uint32_t, void *) {}

#endif
