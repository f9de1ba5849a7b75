"""The CPU target: one C++ program per network, run in one call."""

from __future__ import annotations

import platform
import threading

import numpy as np

from simgen.errors import InternalError
from simgen.ir.kernel import Program
from simgen.ir.verify import verify_program
from simgen.options import Options
from simgen.targets.base import STEPS_TOGETHER, Memory
from simgen.targets.checks import check_apart, checked_array
from simgen.targets.cpu import compile as compiler
from simgen.targets.cpu.bandwidth import host_bandwidth
from simgen.targets.cpu.lower import LoweredProgram, lower_program
from simgen.targets.scope import N_PARTS
from simgen.targets.user_code import NAMESPACE
from simgen.threads import threads_are_lost, usable_threads

# Six exponentials per neuron in double precision: 7.3 ns with 512 bits, 10.5 ns with the compiler's
# choice of 256 (Zen 4, g++ 12); plain updates differ by less than the noise. Without AVX-512 the
# flag changes nothing; other processors' compilers do not know it.
WIDTH_FLAGS = ("-mprefer-vector-width=512",) if platform.machine() in ("x86_64", "AMD64") else ()
WRAP_FLAGS = ("-fwrapv",)  # integers wrap as numpy's do; measured: no slower
# What OpenMP runs in parallel may not throw. To check that, programs would be linked with the
# library of C++, an eighth of the whole compilation. Functions of the user's own may throw.
PLAIN_FLAGS = ("-fno-exceptions",)
OPTIMIZE = "-O3"
THREADS_OF_OPENMP = 2  # for fewer, OpenMP would only make compiling take longer


class CpuExecutable:
    """A compiled program; :meth:`bind` gives it memory, :meth:`run` advances that memory."""

    def __init__(self, lowered: LoweredProgram, code: compiler.Program, threads: int) -> None:
        self._lowered = lowered
        self._code = code
        self._threads = threads
        self._stop = np.zeros(1, np.int64)
        self._state: compiler.ProgramState | None = None

    @property
    def source(self) -> str:
        """The C++ text."""
        return self._lowered.source

    def bind(self, memory: Memory) -> None:
        """Look up everything the program uses; arrays are kept and written in place."""
        layout = self._lowered.layout
        clock = self._lowered.single_clock
        if clock is not None and memory.ints.get(f"period_{clock.name}", 1) != 1:
            raise InternalError(f"the only clock '{clock.name}' does not tick in every tick")
        arrays = [checked_array(memory, slot) for slot in layout.arrays.values()]
        check_apart(dict(zip(layout.arrays, arrays)), layout.written)
        ints = {STEPS_TOGETHER: 1, **memory.ints, N_PARTS: memory.n_parts}
        try:
            int_values = np.array([ints[name] for name in layout.ints] or [0], dtype=np.int64)
            real_values = np.array([memory.reals[name] for name in layout.reals] or [0.0])
        except KeyError as error:
            raise InternalError(
                f"the program needs the value {error}, which is not there"
            ) from None
        threads = usable_threads(min(self._threads, memory.n_parts))
        self._state = self._code.bind(
            arrays, real_values, int_values, threads, self._stop, self._lowered.views
        )

    def run(self, n_ticks: int) -> int:
        """Run up to ``n_ticks`` and return how many were done."""
        if self._state is None:
            raise InternalError("a program was run before it was given memory")
        self._stop[0] = 0
        if threads_are_lost():
            self._state.n_threads = 1
        return self._code.run(self._state, n_ticks)

    def request_stop(self) -> None:
        """Make a run under way end after its tick."""
        self._stop[0] = 1


class CpuTarget:
    """Runs programs as C++ on the processor, with ``options.threads`` threads."""

    name = "cpu"
    is_remote = False

    def __init__(self, options: Options) -> None:
        self._options = options
        self._built: dict[Program, tuple[LoweredProgram, compiler.Program]] = {}
        self._lock = threading.Lock()

    def bandwidth(self) -> float:
        """Return the bytes a second that a thread reads in order."""
        return host_bandwidth()

    def prepare(self, memory: Memory) -> None:
        """Do nothing: programs run on the arrays themselves."""

    def build(self, program: Program) -> CpuExecutable:
        """Return an executable of ``program``; equal programs are compiled once."""
        with self._lock:
            known = self._built.get(program)
            if known is None:
                known = self._built[program] = self._compile(program)
        return CpuExecutable(*known, self._options.threads)

    def _compile(self, program: Program) -> tuple[LoweredProgram, compiler.Program]:
        verify_program(program)
        lowered = lower_program(program, self._options.real, self._options.profile)
        plain = () if NAMESPACE in lowered.source else PLAIN_FLAGS
        code = compiler.load_program(
            lowered.source,
            optimize=OPTIMIZE,
            openmp=self._options.threads >= THREADS_OF_OPENMP,
            extra=(*WRAP_FLAGS, *WIDTH_FLAGS, *plain, *self._options.compiler_flags),
        )
        return lowered, code
