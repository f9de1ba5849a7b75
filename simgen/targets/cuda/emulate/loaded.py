"""CUDA text to a loaded library of the host: the text, unchanged, and a table of its kernels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simgen.errors import CompileError, UnsupportedFeatureError
from simgen.targets.cpu.compile import compile_shared, find_compiler, interface
from simgen.targets.cuda.emulate.symbols import SharedArray, shared_arrays

CDEF = """
typedef struct {
  uint64_t begin, n_bytes, most_bytes; uint8_t *written; void *words; uint64_t width;
} sg_emu_region;
typedef struct {
  sg_emu_region *regions; int64_t n; uint32_t *era; double patience;
  uint64_t n_launches;
} sg_emu_memory;
typedef struct { const char *call, *file; int32_t line, state; uint32_t mask; } sg_emu_site;
typedef struct { int32_t kind, thread; int64_t block; sg_emu_site site; } sg_emu_fault;
typedef struct { void *owner; char *stack[1024]; } sg_emu_stacks;
typedef struct {
  int32_t kernel, order; uint32_t grid[3], block[3]; uint32_t shared_bytes, unused;
  uint64_t seed; void **args;
  sg_emu_stacks *stacks; sg_emu_memory *memory;
} sg_emu_launch;
typedef struct {
  const char *name, *letters; const int32_t *sizes; void (*call)(void **); int most_threads;
} sg_emu_kernel;
const sg_emu_kernel *sg_emu_table(void);
int32_t sg_emu_run(const sg_emu_launch *launch);
const sg_emu_fault *sg_emu_last_fault(void);
const sg_emu_site *sg_emu_site_of(int32_t thread);
int64_t sg_emu_replay(int32_t (*const *run)(const sg_emu_launch *),
                      const sg_emu_launch *const *launches, int64_t n, int64_t times);
typedef struct { int64_t block; uint32_t place; int32_t thread, how; } sg_emu_party;
typedef struct {
  int32_t kind, line; uint64_t address, n_bytes; int64_t value; const char *file, *type;
  sg_emu_party now, before;
} sg_emu_finding;
int sg_emu_declare_shared(uint64_t offset, uint64_t n_bytes, int dynamic);
const sg_emu_finding *sg_emu_findings(int *n, uint64_t *shared_begin);
"""
# Pointers of other types than the memory's own are as common in CUDA as in C; a library must not
# find another one's functions when both define the same kernel.
FLAGS = (
    *("-include", "emulate/cuda.h", "-fno-strict-aliasing", "-fno-exceptions", "-fno-rtti"),
    *("-fvisibility=hidden", "-Wl,-Bsymbolic"),
)
OPTIMIZE = "-O1"
MOST_THREADS = 1024  # of a block; as in cuda_kernels/emulate/block.h
# Calls for every load and store, and for wrong indices, divisors and shifts, which the headers
# answer: the sanitizers' own libraries, which must be loaded before all others, stay out.
CHECKED_FLAGS = (
    *("-DSG_EMU_CHECKED", "-g1", "-fsanitize=thread,bounds,integer-divide-by-zero,shift-exponent"),
    *("-nodefaultlibs", "-Wl,--no-as-needed", "-lm", "-lc"),
)

# Volatile accesses get calls of their own; g++ 11 and clang 11 are the first that know how.
VOLATILE_FLAGS = {
    "g++": ("--param=tsan-distinguish-volatile=1",),
    "clang": ("-mllvm", "-tsan-distinguish-volatile=1"),
}

emulator: Any = interface(CDEF)  # cffi carries no types

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"", re.S)
_BOUNDS = r"(?:__launch_bounds__\s*\(([^(),]*)[^()]*\)\s*)?"
_KERNEL = re.compile(
    rf"{_BOUNDS}(?P<word>__global__)\s+{_BOUNDS}void\s+{_BOUNDS}(?P<name>[A-Za-z_]\w*)\s*\("
)
_DYNAMIC = re.compile(r"extern\s+__shared__\s+[^;\[]*?([A-Za-z_]\w*)\s*\[\s*\]")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A kernel parameter: pointer, bool, float, int, uint or struct, and how many bytes."""

    kind: str
    n_bytes: int

    def describe(self) -> str:
        """Return "a pointer" or "an int of 8 bytes"."""
        article = "an" if self.kind == "int" else "a"
        return f"{article} {self.kind}" + (
            "" if self.kind == "pointer" else f" of {self.n_bytes} bytes"
        )


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """A kernel's place in its library's table, its parameters, and the most threads of a block."""

    number: int
    parameters: tuple[Parameter, ...]
    most_threads: int


@dataclass(frozen=True, slots=True)
class LoadedText:
    """A loaded library and its kernels by name; ``lib`` is of cffi (untyped).

    ``shared`` are the arrays in shared memory, known where accesses are checked.
    """

    path: Path
    lib: Any
    kernels: dict[str, KernelFacts]
    shared: tuple[SharedArray, ...]
    checked: bool


_KINDS = {"p": "pointer", "b": "bool", "f": "float", "i": "int", "u": "uint", "s": "struct"}


def complete(source: str) -> str:
    """Return ``source``, its lines where they were, and then what makes its kernels callable."""
    code = _COMMENT.sub(lambda match: "\n" * match[0].count("\n") + " ", source)
    found = list(_KERNEL.finditer(code))
    kernels = {match["name"]: match[1] or match[3] or match[4] or "0" for match in found}
    known = {match.start("word") for match in found}
    for match in re.finditer(r"\b__global__\b", code):
        if match.start() not in known:
            raise CompileError(
                f"line {code.count(chr(10), 0, match.start()) + 1} of the CUDA text declares a "
                "kernel in a form that the emulator cannot read: "
                "__global__ void __launch_bounds__(n) name(...)"
            )
    dynamic = dict.fromkeys(_DYNAMIC.findall(code))
    lines = [f"SG_EMU_DYNAMIC({name})" for name in dynamic]
    table = " ".join(f"SG_EMU_KERNEL({name}, ({n}))" for name, n in kernels.items())
    return "\n".join((source.rstrip("\n"), *lines, f"SG_EMU_MODULE({table})", ""))


def load_text(source: str, check: bool) -> LoadedText:
    """Return the kernels of a CUDA text, compiled if need be; ``check`` watches all accesses.

    Raises :class:`CompileError` with the line of ``source`` that the compiler refuses.
    """
    flags = (*FLAGS, *_checked_flags()) if check else FLAGS
    library = compile_shared(complete(source), optimize=OPTIMIZE, extra=flags)
    lib = library.load(CDEF)
    shared = shared_arrays(library.path) if check else ()
    for array in shared:
        if not lib.sg_emu_declare_shared(array.offset, array.n_bytes, array.dynamic):
            raise UnsupportedFeatureError(
                f"the CUDA text has {len(shared)} arrays in shared memory, too many to be checked"
            )
    return LoadedText(library.path, lib, _kernels(lib), shared, check)


def _checked_flags() -> tuple[str, ...]:
    compiler = "clang" if "clang" in find_compiler().version else "g++"
    return (*CHECKED_FLAGS, *VOLATILE_FLAGS[compiler])


def _kernels(lib: Any) -> dict[str, KernelFacts]:
    table = lib.sg_emu_table()
    kernels: dict[str, KernelFacts] = {}
    while table[len(kernels)].name:
        entry = table[len(kernels)]
        parameters = tuple(
            Parameter(_KINDS[letter], int(entry.sizes[k]))
            for k, letter in enumerate(text_of(entry.letters))
        )
        most_threads = int(entry.most_threads) or MOST_THREADS
        kernels[text_of(entry.name)] = KernelFacts(len(kernels), parameters, most_threads)
    return kernels


def text_of(pointer: Any) -> str:
    """Return what a C string says."""
    return bytes(emulator.string(pointer)).decode()
