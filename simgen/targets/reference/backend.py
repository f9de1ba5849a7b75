"""The reference target: the meaning of programs, interpreted slowly and plainly with numpy."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np

from simgen.errors import InternalError
from simgen.ir.kernel import Item, Program
from simgen.ir.stmt import Append
from simgen.ir.visit import flatten
from simgen.options import Options
from simgen.targets.base import Memory, nanoseconds_of, worked_of
from simgen.targets.reference.independence import Independence, analyse
from simgen.targets.reference.interpreter import run_kernel
from simgen.targets.reference.lanes import lookup_array, lookup_int


@dataclass(slots=True)
class ReferenceExecutable:
    """A program to be interpreted; it runs on the memory last bound."""

    program: Program
    real: np.dtype[np.floating]
    profile: bool = False
    memory: Memory | None = None
    _independence: tuple[Independence, ...] = ()
    _recorders: tuple[str, ...] = ()
    _stop: bool = field(default=False)

    def __post_init__(self) -> None:
        kernels = self.program.kernels
        self._independence = tuple(analyse(kernel) for kernel in kernels)
        names = (
            stmt.recorder.name
            for kernel in kernels
            for stmt in flatten(kernel.body)
            if isinstance(stmt, Append)
        )
        self._recorders = tuple(dict.fromkeys(names))

    @property
    def source(self) -> str:
        """Empty: nothing is generated."""
        return ""

    def bind(self, memory: Memory) -> None:
        """Take the arrays by reference, integers and reals by value, as compiled programs do."""
        self.memory = Memory(
            dict(memory.arrays), dict(memory.ints), dict(memory.reals), memory.n_parts
        )

    def run(self, n_ticks: int) -> int:
        """Run up to ``n_ticks`` and return how many were done.

        Fewer are done when a recorder lacks room for its next tick, or after :meth:`request_stop`.
        Raises :class:`InternalError` if the memory lacks something the program uses.
        """
        if self.memory is None:
            raise InternalError("a program was run before it was bound to memory")
        self._stop = False
        ticks = lookup_array(self.memory, "tick")
        for done in range(n_ticks):
            if self._stop or not self._has_room(self.memory):
                return done
            for item, independence in zip(self.program.schedule, self._independence):
                if is_due(item, self.memory):
                    begun = time.perf_counter_ns() if self.profile else 0
                    tick = int(ticks[0])
                    n_lanes = run_kernel(item.kernel, independence, self.memory, self.real, tick)
                    if self.profile:
                        taken, name = time.perf_counter_ns() - begun, item.kernel.name
                        lookup_array(self.memory, nanoseconds_of(name))[0] += taken
                        lookup_array(self.memory, worked_of(name))[0] += n_lanes
            ticks[0] += 1
        return n_ticks

    def request_stop(self) -> None:
        """Make a run under way (in another thread or a signal handler) end after its tick."""
        self._stop = True

    def _has_room(self, memory: Memory) -> bool:
        """Return whether every recorder can take what a tick may append."""
        return all(
            int(lookup_array(memory, f"{name}.used")[0]) + lookup_int(memory, f"{name}.need")
            <= lookup_int(memory, f"{name}.capacity")
            for name in self._recorders
        )


def is_due(item: Item, memory: Memory) -> bool:
    """Return whether the clock of ``item`` has a step at the present tick."""
    tick = int(lookup_array(memory, "tick")[0])
    return tick % lookup_int(memory, f"period_{item.kernel.clock.name}") == 0


@dataclass(frozen=True, slots=True)
class ReferenceTarget:
    """Interprets programs; of the options ``real`` and ``profile`` matter: there are no threads."""

    options: Options
    name: str = field(default="reference", init=False)
    is_remote: bool = field(default=False, init=False)

    def bandwidth(self) -> float:
        """Return NaN: the time of an interpreter says nothing of memory."""
        return math.nan

    def prepare(self, memory: Memory) -> None:
        """Do nothing: programs run on the arrays themselves."""

    def build(self, program: Program) -> ReferenceExecutable:
        """Return ``program`` made ready; nothing is compiled."""
        return ReferenceExecutable(program, self.options.real, self.options.profile)
