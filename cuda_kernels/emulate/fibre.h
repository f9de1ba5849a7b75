// Stackful coroutines: a stack of its own for each thread that waits, and the switch between two.
//
// Callers: one operating system thread per loaded library. A fibre is left only by sg_emu_switch.
#ifndef SG_EMULATE_FIBRE_H
#define SG_EMULATE_FIBRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(SG_EMU_PORTABLE)
#define SG_EMU_OWN_SWITCH
#else
#include <ucontext.h>
#endif

#define SG_EMU_STACK (64 * 1024)  // bytes of a fibre's stack, below which lies a page without access

// Functions of the emulator itself: left alone by the checks of loads and stores.
#define SG_EMU_OWN __attribute__((no_sanitize_thread, no_sanitize_undefined))

typedef struct {
  char *stack;  // the lowest usable byte
  int prepared;
#if defined(SG_EMU_OWN_SWITCH)
  void *top;  // the stack pointer while it waits
#else
  ucontext_t context;
#endif
} sg_emu_fibre;

#if defined(SG_EMU_OWN_SWITCH)
// What a call must preserve goes to the stack: six registers and the rounding modes. Ten times as
// fast as swapcontext, which asks the kernel for the signal mask twice.
extern "C" __attribute__((visibility("hidden"))) void sg_emu_swap(void **from, void *to);
__asm__(
    ".text\n"
    ".globl sg_emu_swap\n"
    ".hidden sg_emu_swap\n"
    ".type sg_emu_swap,@function\n"
    "sg_emu_swap:\n"
    "  pushq %rbp\n"
    "  pushq %rbx\n"
    "  pushq %r12\n"
    "  pushq %r13\n"
    "  pushq %r14\n"
    "  pushq %r15\n"
    "  subq $8, %rsp\n"
    "  stmxcsr (%rsp)\n"
    "  fnstcw 4(%rsp)\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "  ldmxcsr (%rsp)\n"
    "  fldcw 4(%rsp)\n"
    "  addq $8, %rsp\n"
    "  popq %r15\n"
    "  popq %r14\n"
    "  popq %r13\n"
    "  popq %r12\n"
    "  popq %rbx\n"
    "  popq %rbp\n"
    "  ret\n"
    ".size sg_emu_swap,.-sg_emu_swap\n");
#endif

SG_EMU_OWN static inline void sg_emu_switch(sg_emu_fibre *from, sg_emu_fibre *to) {
#if defined(SG_EMU_OWN_SWITCH)
  sg_emu_swap(&from->top, to->top);
#else
  swapcontext(&from->context, &to->context);
#endif
}

// A new stack, by its lowest usable byte; null where memory is exhausted.
SG_EMU_OWN static inline char *sg_emu_new_stack() {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  void *const memory = mmap(nullptr, SG_EMU_STACK + page, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  mprotect(memory, page, PROT_NONE);
  return (char *)memory + page;
}

// The next switch to the fibre calls `body`, which never returns.
SG_EMU_OWN static inline void sg_emu_fibre_prepare(sg_emu_fibre *fibre, void (*body)()) {
  fibre->prepared = 1;
#if defined(SG_EMU_OWN_SWITCH)
  uint64_t *top = (uint64_t *)(fibre->stack + SG_EMU_STACK);
  *--top = 0;  // where the return address of `body` would be; keeps the stack aligned as by a call
  *--top = (uint64_t)body;
  for (int saved = 0; saved < 6; ++saved) *--top = 0;
  uint32_t modes[2] = {0, 0};
  __asm__ volatile("stmxcsr %0" : "=m"(modes[0]));
  __asm__ volatile("fnstcw %0" : "=m"(modes[1]));
  *--top = (uint64_t)modes[0] | (uint64_t)modes[1] << 32;
  fibre->top = top;
#else
  getcontext(&fibre->context);
  fibre->context.uc_stack.ss_sp = fibre->stack;
  fibre->context.uc_stack.ss_size = SG_EMU_STACK;
  fibre->context.uc_link = nullptr;
  makecontext(&fibre->context, body, 0);
#endif
}

#endif
