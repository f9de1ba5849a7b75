"""A compiled network in action: one executable, its memory, and the loop that drives it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.errors import InternalError, NumericalError
from simgen.ir.evaluate import evaluate
from simgen.ir.expr import Array, Expr, Index, IndexKind, Load, Param
from simgen.runtime.interrupts import HeldBack
from simgen.targets.base import Executable, Memory

FLOAT64: np.dtype[np.floating] = np.dtype(np.float64)
Positions = Callable[[IndexKind], npt.NDArray[np.int64]]
CALL_SECONDS = 0.1  # aimed length of one compiled call: how soon Ctrl-C and reports are seen


@dataclass(frozen=True)
class HostOperation:
    """A Python function called before schedule position ``position`` at every ``period`` ticks.

    ``name`` tells it from others, also in a program that takes over in the middle of a run.
    """

    position: int
    period: int
    call: Callable[[], None]
    name: str = ""


class Simulation:
    """Runs ticks. ``segments`` maps schedule ranges to executables; (0, n) is the whole."""

    def __init__(
        self,
        memory: Memory,
        segments: Callable[[int, int], Executable],
        length: int,
        make_room: Callable[[int], bool],
    ) -> None:
        self.memory = memory
        self.segments = segments
        self.length = length
        self.make_room = make_room
        self.stopped = False
        self.superseded = False  # set in an operation: another program goes on from here
        self.called: list[str] = []  # operations of the present tick that it must not call again
        self._rate = 0.0  # ticks per second, as measured

    @property
    def tick(self) -> int:
        """The present tick."""
        return int(self.memory.arrays["tick"][0])

    def run(
        self,
        end: int,
        operations: Sequence[HostOperation],
        progress: Callable[[int], None] | None = None,
        called: Sequence[str] | None = None,
    ) -> None:
        """Run up to tick ``end``, unless ``stopped``; ``progress`` is told the tick now and then.

        It is told the first one before any step, once all is compiled that the steps need.
        The arrays of the memory are those of the host before and after it, and in Python calls.
        ``called`` names the operations that have been called in the present tick, where this goes
        on from another program that was ``superseded`` in one of them.
        """
        self.called = [] if called is None else list(called)
        with HeldBack():
            self.memory.claim()
            self.memory.changed()
        try:
            self._run(end, operations, progress, tell=called is None)
        finally:
            with HeldBack():
                self.memory.fetch()

    def _run(
        self,
        end: int,
        operations: Sequence[HostOperation],
        progress: Callable[[int], None] | None,
        tell: bool,
    ) -> None:
        whole = self.segments(0, self.length)
        if tell:
            self._tell(progress)
        first = self.tick
        while self.tick < end and not self.stopped:
            now = self.tick
            if now != first:
                self.called.clear()
            due = [op for op in operations if now % op.period == 0 and op.name not in self.called]
            if due:
                self._run_split(due)
                if self.superseded:
                    return
                self._tell(progress)
                continue
            stop = min([end, *((now // op.period + 1) * op.period for op in operations)])
            self._advance(whole, stop - now)
            self._tell(progress)

    def _tell(self, progress: Callable[[int], None] | None) -> None:
        """Call the user's report, which may look at anything."""
        if progress is not None:
            self.memory.fetch()
            progress(self.tick)
            self.memory.changed()

    def _advance(self, executable: Executable, ticks: int) -> None:
        """Run some of ``ticks`` in one compiled call of about CALL_SECONDS."""
        wanted = (
            min(ticks, max(16, int(self._rate * CALL_SECONDS))) if self._rate else min(ticks, 64)
        )
        begin = time.perf_counter()
        with HeldBack(executable.request_stop):  # a step that is begun is finished
            done = executable.run(wanted)
        elapsed = time.perf_counter() - begin
        if done > 0 and elapsed > 0:
            self._rate = max(done / elapsed, 1.0)
        # fewer may be done long before a recorder is full: threads that meet seldom keep room for
        # what they have not recorded yet
        stuck = done < wanted and not self.make_room(wanted - done) and not self.stopped
        if stuck and done == 0:
            raise InternalError(f"a run ended after none of {wanted} ticks without a reason")

    def _run_split(self, due: Sequence[HostOperation]) -> None:
        """Run one tick with Python calls at their places in the schedule."""
        positions = sorted({operation.position for operation in due})
        tick = self.memory.arrays["tick"]
        now = int(tick[0])
        place = 0
        for position in (*positions, self.length):
            if position > place:
                tick[0] = now
                executable = self.segments(place, position)
                while executable.run(1) < 1:
                    if not self.make_room(1):
                        raise InternalError("a step found no room to record")
                place = position
            for operation in due:
                if operation.position == position and position in positions:
                    tick[0] = now
                    self.memory.fetch()
                    operation.call()
                    self.memory.changed()
                    self.called.append(operation.name)
                    if self.superseded:
                        return
            positions = [later for later in positions if later > position]
        tick[0] = now + 1

    def request_stop(self) -> None:
        """End the run after the present tick."""
        self.stopped = True
        self.segments(0, self.length).request_stop()


class HostEnvironment:
    """The leaves of derived values: parameters and arrays as they are when a run starts, float64.

    ``positions`` returns what a running index is for each element (or synapse) of their object.
    """

    real = FLOAT64
    shape = ()

    def __init__(self, memory: Memory, positions: Positions) -> None:
        self.memory = memory
        self.positions = positions

    def load(self, load: Load) -> Any:
        """Return an array at a running index, or the element of a shared one."""
        data = self._data(load.array)
        return data[0] if load.index.kind is IndexKind.ZERO else data[self.index(load.index)]

    def _data(self, array: Array) -> npt.NDArray[Any]:
        self.memory.fetch(array.name)
        try:
            return self.memory.arrays[array.name]
        except KeyError:
            raise InternalError(f"no data for '{array.name}'") from None

    def gather(self, array: Array, position: Any) -> Any:
        """Return array elements."""
        return self._data(array)[position]

    def param(self, param: Param) -> Any:
        """Return a parameter."""
        for table in (self.memory.reals, self.memory.ints):
            if param.name in table:
                return table[param.name]
        raise InternalError(f"no value for the parameter '{param.name}'")

    def local(self, local: Any) -> Any:
        """Locals do not occur here."""
        raise InternalError(f"local '{local.name}' in a derived value")

    def index(self, index: Index) -> Any:
        """Return a running index, or what an index array holds there."""
        position = self.positions(index.kind)
        return position if index.via is None else self._data(index.via)[position]

    def step(self) -> int:
        """Steps do not occur here."""
        raise InternalError("a derived value depends on the time")

    def time(self) -> float:
        """Times do not occur here."""
        raise InternalError("a derived value depends on the time")

    def draw(self, draw: Any, args: Any, rank: Any) -> Any:
        """Random numbers do not occur here."""
        raise InternalError("a derived value draws random numbers")


def host_value(expr: Expr, memory: Memory, positions: Positions) -> npt.NDArray[Any]:
    """Return the value of a run-constant expression."""
    return np.asarray(evaluate(expr, HostEnvironment(memory, positions)))


def check_finite(name: str, owner: str, values: npt.NDArray[Any], tick_text: str) -> None:
    """Raise NumericalError if ``values`` holds NaN or inf.

    The message names the variable, the first index and the value there.
    """
    if values.dtype.kind != "f" or np.isfinite(values.sum()):
        return
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size == 0:  # the sum itself overflowed
        return
    search = "" if "step" in tick_text else ", or run(..., check_finite='step') to find the step"
    raise NumericalError(
        f"'{name}' of {owner} is {values[bad[0]]} at index {bad[0]}{_more(bad.size)}{tick_text}. "
        "The equations diverge, or a division by zero happened; try a smaller dt or another "
        f"method{search}."
    )


def _more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""
