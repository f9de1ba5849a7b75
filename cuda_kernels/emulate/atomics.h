// Atomic operations, for exactly the types that the CUDA language has them for. They need no locks:
// threads take turns, and none loses its turn inside one.
#ifndef SG_EMULATE_ATOMICS_H
#define SG_EMULATE_ATOMICS_H

#include "check.h"

#define SG_EMU_ATOMIC(name, T, new_value)                                      \
  SG_EMU_OWN SG_EMU_ACCESSING static T name(T *address, T operand) {  \
    sg_emu_check_atomic(address, sizeof(T), __builtin_return_address(0));      \
    const T old = *address;                                                    \
    *address = (T)(new_value);                                                 \
    return old;                                                                \
  }
#define SG_EMU_INTEGER_ATOMICS(T)                             \
  SG_EMU_ATOMIC(atomicMin, T, old < operand ? old : operand)  \
  SG_EMU_ATOMIC(atomicMax, T, old > operand ? old : operand)  \
  SG_EMU_ATOMIC(atomicAnd, T, old & operand)                  \
  SG_EMU_ATOMIC(atomicOr, T, old | operand)                   \
  SG_EMU_ATOMIC(atomicXor, T, old ^ operand)
#define SG_EMU_COMPARE_AND_SWAP(T)                                                          \
  SG_EMU_OWN SG_EMU_ACCESSING static T atomicCAS(T *address, T compared, T operand) {    \
    sg_emu_check_atomic(address, sizeof(T), __builtin_return_address(0));                   \
    const T old = *address;                                                                 \
    if (old == compared) *address = operand;                                                \
    return old;                                                                             \
  }

SG_EMU_INTEGER_ATOMICS(int)
SG_EMU_INTEGER_ATOMICS(unsigned)
SG_EMU_INTEGER_ATOMICS(long long)
SG_EMU_INTEGER_ATOMICS(unsigned long long)
SG_EMU_ATOMIC(atomicAdd, int, (unsigned)old + (unsigned)operand)
SG_EMU_ATOMIC(atomicAdd, unsigned, old + operand)
SG_EMU_ATOMIC(atomicAdd, unsigned long long, old + operand)
SG_EMU_ATOMIC(atomicAdd, float, old + operand)
SG_EMU_ATOMIC(atomicAdd, double, old + operand)
SG_EMU_ATOMIC(atomicSub, int, (unsigned)old - (unsigned)operand)
SG_EMU_ATOMIC(atomicSub, unsigned, old - operand)
SG_EMU_ATOMIC(atomicExch, int, operand)
SG_EMU_ATOMIC(atomicExch, unsigned, operand)
SG_EMU_ATOMIC(atomicExch, unsigned long long, operand)
SG_EMU_ATOMIC(atomicExch, float, operand)
SG_EMU_ATOMIC(atomicInc, unsigned, old >= operand ? 0u : old + 1u)
SG_EMU_ATOMIC(atomicDec, unsigned, old == 0u || old > operand ? operand : old - 1u)
SG_EMU_COMPARE_AND_SWAP(int)
SG_EMU_COMPARE_AND_SWAP(unsigned)
SG_EMU_COMPARE_AND_SWAP(unsigned long long)
SG_EMU_COMPARE_AND_SWAP(unsigned short)

#endif
