"""One copy of a compiled network: memory of its own for what changes, the rest shared."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from simgen.api.checks import reserve_recordings
from simgen.api.component import Component
from simgen.api.recording import Recording
from simgen.api.storage import ProgramArray, StateVariable
from simgen.ir.kernel import Program
from simgen.ir.visit import writes
from simgen.runtime.simulation import Simulation
from simgen.targets.base import Executable, Memory

if TYPE_CHECKING:
    from simgen.api.binding import CompiledNetwork
    from simgen.api.network import Network


def written_arrays(program: Program) -> frozenset[str]:
    """Return the names of the arrays that code writes."""
    bodies = [(*kernel.prologue, *kernel.body) for kernel in program.kernels]
    return frozenset(array.name for body in bodies for array, _, _ in writes(body))


class CopiedNetwork:
    """A copy as it is at the start of a batch, and, once it has run, at its end.

    ``varied`` names the arrays whose values differ from those of the network.
    """

    def __init__(self, compiled: CompiledNetwork, varied: Collection[str]) -> None:
        self._compiled = compiled
        memory, program = compiled.memory, compiled.program
        own = written_arrays(program) | frozenset(varied)
        states = {
            array.name
            for component in compiled.components
            for array, data in component._arrays()
            if isinstance(data, StateVariable)
        }
        rings = {name for buffer in compiled.rings.buffers for name in self._ring(buffer)}
        shared = {
            name
            for name in memory.arrays
            if name not in own
            and name not in rings
            and (name in states or memory.counters.get(name) is int)
        }
        arrays = {
            name: data if name in shared else data.copy() for name, data in memory.arrays.items()
        }
        self.n_bytes = sum(data.nbytes for name, data in arrays.items() if name not in shared)
        self.memory = Memory(arrays, dict(memory.ints), dict(memory.reals), memory.n_parts)
        compiled._target.prepare(self.memory)
        self._recordings: list[tuple[Component, Recording, int]] = []
        for component, recording, most in compiled._recordings:
            own_one = copy.copy(recording)
            own_one.data, own_one.count = recording.values().copy(), recording.count.copy()
            own_one._cuts = list(recording._cuts)
            self._recordings.append((component, own_one, most))
            self._bind(own_one)
        self._executable: Executable | None = None
        self._simulation = Simulation(
            self.memory, self._segment, len(program.schedule), self._make_room
        )

    @staticmethod
    def _ring(events: str) -> tuple[str, str]:
        return f"{events}.ids", f"{events}.counts"

    def _bind(self, recording: Recording) -> None:
        name = recording.recorder.name
        self.memory.arrays[f"{name}.data"] = recording.data
        self.memory.arrays[f"{name}.used"] = recording.count
        self.memory.ints[f"{name}.capacity"] = recording.data.size

    def _segment(self, start: int, stop: int) -> Executable:
        del start, stop  # always the whole: no Python runs in between
        if self._executable is None:
            program = self._compiled.program
            self._executable = self._compiled._target.build(
                Program(program.schedule, program.clocks)
            )
            self._executable.bind(self.memory)
        return self._executable

    # --- running --------------------------------------------------------------------------------

    def bytes_to_record(self, last: int) -> int:
        """Return the bytes that what every step records takes up to a tick."""
        ticks, periods = last - int(self.memory.arrays["tick"][0]), self._compiled.axis.periods
        found = 0
        for component, recording, most in self._recordings:
            if component._records_each_step:
                room = most * (ticks // periods[component.clock.name] + 1)
                found += recording.size_with(room) * recording.data.itemsize
        return found

    def require_room(self, last: int) -> None:
        """Take the memory of what every step records, or refuse it."""
        tick = int(self.memory.arrays["tick"][0])
        for recording in reserve_recordings(
            self._recordings, last - tick, self._compiled.axis.periods
        ):
            self._bind(recording)

    def run(self, last: int) -> None:
        """Run up to the tick ``last``, unless it is stopped."""
        self.require_room(last)
        self._make_room(1)
        self._simulation.run(last, ())
        self._executable = None
        self.memory.mirror = None  # the host has all of it, and the device is free for the next

    def stop(self) -> None:
        """End a run under way."""
        self._simulation.stopped = True
        if self._executable is not None:
            self._executable.request_stop()

    def _make_room(self, ticks: int) -> bool:
        grew = False
        for component, recording, most in self._recordings:
            if recording.data.size - recording.used >= most:
                continue
            room = most * min(max(ticks, 1), max(1, (1 << 16) // max(1, most)))
            grew |= recording.reserve(room, component.describe())
            self._bind(recording)
        if grew and self._executable is not None:
            self._executable.bind(self.memory)
        return grew

    # --- looking at it --------------------------------------------------------------------------

    @contextmanager
    def shown(self, network: Network, time: float) -> Iterator[None]:
        """Let the objects of the network have the values of this copy meanwhile, to be read."""
        compiled, memory, own = self._compiled, self._compiled.memory, self.memory
        changes: list[tuple[Any, str, Any]] = [
            (memory, "arrays", own.arrays),
            (memory, "ints", own.ints),
            (memory, "reals", own.reals),
            (memory, "mirror", None),
            (network, "_t", time),
            (network, "_running", True),  # so that nothing of it changes
        ]
        for component in compiled.components:
            for array, data in component._arrays():
                if isinstance(data, ProgramArray):
                    values = own.arrays[array.name].view()
                    values.flags.writeable = False
                    changes += [(data, "_data", values), (data, "_memory", None)]
        for (_, shown, _), (_, kept, _) in zip(compiled._recordings, self._recordings):
            names = "data", "count", "_cuts", "dt"
            changes += [(shown, name, getattr(kept, name)) for name in names]
        for buffer in compiled.rings.buffers.values():
            ids, counts = self._ring(buffer.events.name)
            changes += [(buffer, "_ids", own.arrays[ids]), (buffer, "_counts", own.arrays[counts])]
            changes.append((buffer, "_memory", None))
        compiled.merges.settle()
        before = [(entry, name, getattr(entry, name)) for entry, name, _ in changes]
        _set(changes)
        try:
            compiled.set_clocks()
            yield
        finally:
            compiled.merges.settle()
            _set(before)
            compiled.set_clocks()

    def check(self, when: str, finite: bool) -> None:
        """Raise NumericalError for what is wrong with the copy, which is shown."""
        for name, note in self._compiled._whole_numbers.notes.items():
            note[...] = self.memory.arrays[name]
        for finish in self._compiled._finishing:
            finish()
        self._compiled.check_state(when, finite)


def _set(changes: list[tuple[Any, str, Any]]) -> None:
    for entry, name, value in changes:
        object.__setattr__(entry, name, value)
