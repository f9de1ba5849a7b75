"""CUDA text to a loaded library of the host: the text, unchanged, and a table of its kernels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from simgen.errors import CompileError
from simgen.targets.cpu.compile import compile_shared, interface

CDEF = """
typedef struct { const char *call, *file; int32_t line, state; uint32_t mask; } sg_emu_site;
typedef struct { int32_t kind, thread; int64_t block; sg_emu_site site; } sg_emu_fault;
typedef struct {
  int32_t kernel, order; uint32_t grid[3], block[3]; uint32_t shared_bytes, unused;
  uint64_t seed; void **args;
} sg_emu_launch;
typedef struct {
  const char *name, *letters; const int32_t *sizes; void (*call)(void **);
} sg_emu_kernel;
const sg_emu_kernel *sg_emu_table(void);
int32_t sg_emu_run(const sg_emu_launch *launch);
const sg_emu_fault *sg_emu_last_fault(void);
const sg_emu_site *sg_emu_site_of(int32_t thread);
int64_t sg_emu_replay(int32_t (*const *run)(const sg_emu_launch *),
                      const sg_emu_launch *const *launches, int64_t n, int64_t times);
"""
# Pointers of other types than the memory's own are as common in CUDA as in C; a library must not
# find another one's functions when both define the same kernel.
FLAGS = (
    *("-include", "emulate/cuda.h", "-fno-strict-aliasing", "-fno-exceptions", "-fno-rtti"),
    *("-fvisibility=hidden", "-Wl,-Bsymbolic"),
)
OPTIMIZE = "-O1"

emulator: Any = interface(CDEF)  # cffi carries no types

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"", re.S)
_KERNEL = re.compile(
    r"__global__\s+(?:__launch_bounds__\s*\([^()]*\)\s*)?void\s+"
    r"(?:__launch_bounds__\s*\([^()]*\)\s*)?([A-Za-z_]\w*)\s*\("
)
_DYNAMIC = re.compile(r"extern\s+__shared__\s+[^;\[]*?([A-Za-z_]\w*)\s*\[\s*\]")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A kernel parameter: pointer, bool, float, int, uint or struct, and how many bytes."""

    kind: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class LoadedText:
    """A loaded library, and its kernels' names and parameters; ``lib`` is of cffi (untyped)."""

    source: str
    lib: Any
    kernels: dict[str, tuple[int, tuple[Parameter, ...]]]


_KINDS = {"p": "pointer", "b": "bool", "f": "float", "i": "int", "u": "uint", "s": "struct"}


def complete(source: str) -> str:
    """Return ``source``, its lines where they were, and then what makes its kernels callable."""
    code = _COMMENT.sub(" ", source)
    kernels = list(dict.fromkeys(_KERNEL.findall(code)))
    if not kernels:
        raise CompileError("the CUDA text defines no kernel")
    dynamic = dict.fromkeys(_DYNAMIC.findall(code))
    lines = [f"SG_EMU_DYNAMIC({name})" for name in dynamic]
    table = " ".join(f"SG_EMU_KERNEL({name})" for name in kernels)
    return "\n".join((source.rstrip("\n"), *lines, f"SG_EMU_MODULE({table})", ""))


def load_text(source: str) -> LoadedText:
    """Return the kernels of a CUDA text, compiled if need be.

    Raises :class:`CompileError` with the line of ``source`` that the compiler refuses.
    """
    library = compile_shared(complete(source), optimize=OPTIMIZE, extra=FLAGS)
    lib = library.load(CDEF)
    table = lib.sg_emu_table()
    kernels = {}
    number = 0
    while table[number].name:
        entry = table[number]
        letters = text_of(entry.letters)
        parameters = tuple(
            Parameter(_KINDS[letter], int(entry.sizes[k])) for k, letter in enumerate(letters)
        )
        kernels[text_of(entry.name)] = (number, parameters)
        number += 1
    return LoadedText(source, lib, kernels)


def text_of(pointer: Any) -> str:
    """Return what a C string says."""
    return bytes(emulator.string(pointer)).decode()
