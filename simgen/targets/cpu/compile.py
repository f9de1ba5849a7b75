"""C++ source to a loaded library, through the system compiler, cffi and the cache.

The only module that imports cffi, and only when something is compiled.
Calls are made in ABI mode; cffi releases the interpreter lock.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import CompileError, InternalError
from simgen.resources import cuda_kernel_dir
from simgen.runtime import cache
from simgen.runtime.cache import CacheInfo, cache_info, clear_cache
from simgen.targets.cpu.toolchain import (
    FIXED_FLAGS,
    OPENMP_FLAG,
    Compiler,
    cpu_identity,
    find_compiler,
    run_compiler,
    written,
)
from simgen.targets.shared import Places

__all__ = [
    "CacheInfo",
    "CompiledLibrary",
    "Compiler",
    "Program",
    "ProgramState",
    "cache_info",
    "clear_cache",
    "compile_shared",
    "compiler_calls",
    "find_compiler",
    "headers_digest",
    "interface",
    "load_program",
]

ABI_TAG = "simgen-program-2"  # to be raised whenever sg_state or simgen_run change
PROGRAM_CDEF = """
typedef struct sg_state {
  void **arrays; double *reals; int64_t *ints; int64_t n_threads; volatile int64_t *stop;
  const struct sg_state *views;
} sg_state;
int64_t simgen_run(sg_state *state, int64_t n_steps);
"""

_USER_TEXT = re.compile(r"//\s*\[(?P<owner>[^:\]]+):\s*(?P<text>.*)\]\s*$")
_COMPLAINT = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:\d+:)? *(?:fatal )?error: (?P<text>.*)$", re.M
)
_calls = {"compiler": 0}
_calls_lock = threading.Lock()
_openmp_stays = False


_loaded: dict[tuple[str, str], Any] = {}  # by path, which tells all of what was compiled


@functools.lru_cache(maxsize=16)
def interface(cdef: str) -> Any:
    """Return the cffi object (untyped) that knows the declarations ``cdef``; one for equal text."""
    import cffi  # find_compiler() has refused before where it is missing

    declared = cffi.FFI()
    declared.cdef(cdef)
    return declared


@dataclass(frozen=True, slots=True)
class CompiledLibrary:
    """A shared library on disk; ``seconds`` is what compiling took (0 from the cache)."""

    path: Path
    seconds: float
    cached: bool
    openmp: bool

    def load(self, cdef: str = PROGRAM_CDEF) -> Any:
        """Return the cffi library (untyped) with the functions ``cdef`` declares.

        It is opened once: cffi never lets go of what it has opened, not even of the same file.
        """
        key = str(self.path), cdef
        if (known := _loaded.get(key)) is not None:
            return known
        try:
            library = interface(cdef).dlopen(str(self.path), _loading_flags(self.openmp))
            return _loaded.setdefault(key, library)
        except OSError as error:
            raise CompileError(
                f"the compiled library {self.path} cannot be loaded: {error}. If its folder "
                "forbids programs (mounted noexec), set SIMGEN_CACHE_DIR to another one."
            ) from None


def _loading_flags(openmp: bool) -> int:
    """Return how a library is opened: the first one with OpenMP stays until the process ends.

    With it stays the OpenMP runtime, whose waiting threads would otherwise run on in unmapped code
    once the last library that uses it is closed.
    """
    global _openmp_stays
    flags = os.RTLD_NOW
    with _calls_lock:
        if openmp and not _openmp_stays:
            flags |= os.RTLD_NODELETE
            _openmp_stays = True
    return flags


def compiler_calls() -> int:
    """Return how often this process has called a compiler to make a library."""
    return _calls["compiler"]


def compile_shared(
    source: str, *, optimize: str = "-O3", openmp: bool = False, extra: tuple[str, ...] = ()
) -> CompiledLibrary:
    """Return the library of the C++ text ``source``, from the cache if it was made before.

    ``openmp`` asks for OpenMP; where the compiler has none, the library is made without it and says
    so. Raises :class:`CompileError` with the compiler's first complaint and the user's statement.
    """
    compiler = find_compiler()
    openmp = openmp and compiler.openmp
    flags = (*FIXED_FLAGS, optimize, *compiler.flags, *((OPENMP_FLAG,) if openmp else ()), *extra)
    key = _cache_key(source, compiler, flags)
    if (found := cache.lookup(key, source)) is not None:
        return CompiledLibrary(found, seconds=0.0, cached=True, openmp=openmp)
    with written("program.cpp", source) as text:
        folder = text.parent
        library = folder / "program.so"
        include = f"-I{cuda_kernel_dir()}"
        arguments = [*compiler.command, *flags, include, "-o", library.name, text.name]
        with _calls_lock:
            _calls["compiler"] += 1
        begin = time.perf_counter()
        outcome = run_compiler(arguments, folder)
        seconds = time.perf_counter() - begin
        if outcome.status != 0 or not library.is_file():
            raise CompileError(_explain(outcome.status, outcome.output, source, compiler))
        try:
            kept = cache.store(key, source, library)
        except OSError as error:
            raise CompileError(f"the compiled program cannot be stored: {error}") from None
    return CompiledLibrary(kept, seconds=seconds, cached=False, openmp=openmp)


def _cache_key(source: str, compiler: Compiler, flags: tuple[str, ...]) -> str:
    parts = (ABI_TAG, source, *flags, *compiler.command, compiler.version)
    parts += (cpu_identity(), str(cuda_kernel_dir()), headers_digest())
    lengths_first = "".join(f"{len(part)}:{part}" for part in parts)  # no two lists give one text
    return hashlib.sha256(lengths_first.encode("utf-8", errors="surrogatepass")).hexdigest()


def headers_digest() -> str:
    """Return the hash of all hand-written headers; files are read again only when they change."""
    stamps = []
    for folder, _, names in os.walk(cuda_kernel_dir()):
        for name in names:
            if name.endswith((".h", ".cuh", ".cpp")):
                found = os.stat(os.path.join(folder, name))
                stamps.append((os.path.join(folder, name), found.st_mtime_ns, found.st_size))
    return _hash_files(tuple(sorted(stamps)))


@functools.lru_cache(maxsize=4)
def _hash_files(stamps: tuple[tuple[str, int, int], ...]) -> str:
    total = hashlib.sha256()
    for name, _, _ in stamps:
        content = Path(name).read_bytes()
        total.update(f"{name}:{len(content)}:".encode())
        total.update(content)
    return total.hexdigest()


def _explain(status: int, output: str, source: str, compiler: Compiler) -> str:
    """Return the first complaint, ten lines round it, and the user's statement it came from."""
    complaint = _COMPLAINT.search(output)
    if complaint is None:
        shown = "\n".join(output.strip().splitlines()[:20]) or "(it printed nothing)"
        return f"the compiler {compiler.path} failed with status {status}:\n{shown}"
    file, number = Path(complaint["file"]), int(complaint["line"])
    lines = source.splitlines()
    where = f"line {number} of the generated program"
    if file.name != "program.cpp":
        where = f"line {number} of {file.name}"
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
    parts = [f"the compiler {compiler.path} refused {where}: {complaint['text']}"]
    if statement := users_statement(lines, number):
        parts.append(f"It was made from {statement}")
    first = max(0, number - 6)
    for position, line in enumerate(lines[first : first + 10], start=first + 1):
        parts.append(f"{'>' if position == number else ' '}{position:5d} | {line}")
    return "\n".join(parts)


def users_statement(lines: Sequence[str], number: int) -> str:
    """Return from what a line of a generated program was made (the first is 1), or nothing.

    It is the statement named last within the function that the line is in.
    """
    for line in reversed(lines[:number]):
        if line == "}":
            break
        if (user := _USER_TEXT.search(line)) is not None:
            return f"{user['owner']}: {user['text']}"
    return ""


@dataclass(slots=True, eq=False)
class ProgramState:
    """What ``simgen_run`` works on: pointers to arrays, real and integer arguments, a stop flag.

    The object keeps the arrays alive; they must not be resized while it is in use.
    """

    arrays: tuple[NDArray[Any], ...]
    reals: NDArray[np.float64]
    ints: NDArray[np.int64]
    stop: NDArray[np.int64]
    pointer: Any  # sg_state *, untyped as all of cffi
    _owners: list[Any] = field(default_factory=list)

    @property
    def n_threads(self) -> int:
        """The number of threads the program may use."""
        return int(self.pointer.n_threads)

    @n_threads.setter
    def n_threads(self, number: int) -> None:
        self.pointer.n_threads = number


@dataclass(frozen=True, slots=True)
class Program:
    """A loaded program; ``lib`` is the cffi library (untyped)."""

    compiled: CompiledLibrary
    lib: Any

    def bind(
        self,
        arrays: Sequence[NDArray[Any]],
        reals: NDArray[np.float64],
        ints: NDArray[np.int64],
        n_threads: int = 1,
        stop: NDArray[np.int64] | None = None,
        views: Sequence[Places] = (),
    ) -> ProgramState:
        """Return the state made of these arrays, by reference; all contiguous and writable.

        What ``views`` have of the numbers are copies.
        """
        stop = np.zeros(1, dtype=np.int64) if stop is None else stop
        _check_bound(reals, np.float64, "reals")
        _check_bound(ints, np.int64, "ints")
        _check_bound(stop, np.int64, "stop")
        for position, array in enumerate(arrays):
            _check_bound(array, array.dtype.type, f"array {position}")
        ffi = interface(PROGRAM_CDEF)
        table = ffi.new("void *[]", [_address(array) for array in arrays] or 1)
        state = ffi.new("sg_state *")
        state.arrays = table
        state.reals = ffi.cast("double *", _address(reals))
        state.ints = ffi.cast("int64_t *", _address(ints))
        state.stop = ffi.cast("int64_t *", _address(stop))
        state.n_threads = n_threads
        kept = _set_views(state, views) if views else []
        return ProgramState(tuple(arrays), reals, ints, stop, state, [table, *kept])

    def run(self, state: ProgramState, n_steps: int) -> int:
        """Run ``n_steps`` steps and return the program's status word."""
        return int(self.lib.simgen_run(state.pointer, n_steps))


def _set_views(state: Any, views: Sequence[Places]) -> list[Any]:
    """Give a state its views; return what must be kept as long as it is used."""
    ffi = interface(PROGRAM_CDEF)
    made = ffi.new("sg_state[]", len(views))
    kept = [made]
    for view, places in zip(made, views):
        view.stop, view.n_threads = state.stop, state.n_threads
        tables = [
            ffi.new(f"{kind}[]", [values[place] for place in used] or 1)
            for kind, values, used in (
                ("void *", state.arrays, places.arrays),
                ("double", state.reals, places.reals),
                ("int64_t", state.ints, places.ints),
            )
        ]
        view.arrays, view.reals, view.ints = tables
        kept += tables
    state.views = made
    return kept


def _check_bound(array: NDArray[Any], dtype: type[np.generic], what: str) -> None:
    """Refuse what C would misread; only a caller inside simgen can cause it."""
    if not array.flags.c_contiguous or not array.flags.writeable:
        raise InternalError(f"{what} handed to a program is not contiguous and writable")
    if array.dtype != np.dtype(dtype) or not array.dtype.isnative:
        raise InternalError(f"{what} handed to a program has dtype {array.dtype}")


def _address(array: NDArray[Any]) -> Any:
    return interface(PROGRAM_CDEF).cast("void *", array.ctypes.data)


def load_program(
    source: str, *, optimize: str = "-O3", openmp: bool = False, extra: tuple[str, ...] = ()
) -> Program:
    """Return the program of the C++ text ``source``, compiled if need be and loaded."""
    library = compile_shared(source, optimize=optimize, openmp=openmp, extra=extra)
    lib = library.load()
    if not hasattr(lib, "simgen_run"):  # cffi looks a function up when its name is first read
        raise InternalError("the generated program defines no function simgen_run")
    return Program(library, lib)
