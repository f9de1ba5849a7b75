"""Where running code notes that an integer variable would have needed more than its 32 bits.

And where it notes other faults that leave no NaN, which are told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from simgen.api.component import Component
from simgen.api.faults import ConstantFaults, fault_error
from simgen.api.storage import AnyArray
from simgen.errors import NumericalError
from simgen.integrate.model import Derived
from simgen.ir.expr import SYNAPSE, ZERO
from simgen.ir.kernel import Kernel, OverIndices, Program
from simgen.ir.stmt import Accumulate, Append, If, Note, Scatter, Stmt, Store
from simgen.ir.visit import flatten
from simgen.targets.base import Memory

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork

_LAST = 2**31 - 1


@dataclass(frozen=True)
class _Fault:
    """A note of a fault, its kernel, and the variable whose value it concerns."""

    note: Note
    kernel: Kernel
    variable: str


class WholeNumbers:
    """The notes of one program; each has the statements that may write it."""

    def __init__(
        self,
        program: Program,
        memory: Memory,
        components: Iterable[Component],
        derived: Iterable[tuple[Component, Derived]],
    ) -> None:
        self._memory = memory
        self._constants = ConstantFaults(program, components, derived)
        self._writers: dict[str, list[Store | Accumulate]] = {}
        self._faults: dict[str, _Fault] = {}
        for kernel in program.kernels:
            for stmt in flatten(kernel.body):
                if isinstance(stmt, Store | Accumulate) and stmt.beyond is not None:
                    self._writers.setdefault(stmt.beyond.name, []).append(stmt)
            self._faults.update(
                (found.note.array.name, found) for found in _faults(kernel, kernel.body)
            )
        names = (*self._writers, *self._faults)
        self.notes: dict[str, AnyArray] = {name: np.zeros(1, np.int64) for name in names}
        self._cleared = 0
        memory.arrays.update(self.notes)
        memory.counters.update(dict.fromkeys(self.notes, lambda: self._cleared))

    def require_divisors(self) -> None:
        """Raise NumericalError for what is wrong with constants."""
        self._constants.require(self._memory)

    def require(self, running: Iterable[Component], when: str) -> None:
        """Raise NumericalError for a fault, or an integer that did not fit.

        The message names the variable, the code, and the highest index, or a synapse.
        """
        for name in (*self._faults, *self._writers):  # a fault may be why a number did not fit
            self._memory.fetch(name)
            if self.notes[name][0] == 0:
                continue
            place = int(self.notes[name][0]) - 1
            for own in self.notes.values():
                own[0] = 0
            self._cleared += 1
            if name in self._faults:
                raise _error_of(self._faults[name], place, running, when)
            raise NumericalError(self._told(name, place, running, when))

    def _told(self, name: str, place: int, running: Iterable[Component], when: str) -> str:
        writers = self._writers[name]
        owner, _, variable = writers[0].array.name.rpartition(".")
        found = next((c for c in running if c.name == owner), None)
        of_neurons = writers[0].array.length == f"N_{owner}"
        where = f" at index {place}" if of_neurons else ""
        what = found.describe() if found is not None else owner
        text = (
            f"'{variable}' of {what} was given a number{where} that does not fit into 32 bits "
            f"(-{_LAST + 1} to {_LAST}); this was noticed{when}. Use a variable "
            "that is not an integer, which is exact to 2**53."
        )
        origins = dict.fromkeys(stmt.origin for stmt in writers if stmt.origin is not None)
        return "\n".join((*(origin.render() for origin in origins), f"  {text}"))


def _faults(kernel: Kernel, body: tuple[Stmt, ...]) -> Iterator[_Fault]:
    """Yield the notes of a kernel; a note stands before the statement that it is for."""
    waiting: list[Note] = []
    for stmt in body:
        if isinstance(stmt, Note):
            waiting.append(stmt)
            continue
        variable = ""
        if isinstance(stmt, Store | Accumulate | Scatter):
            variable = stmt.array.name.rpartition(".")[2]
        elif isinstance(stmt, Append):
            variable = stmt.recorder.name.rpartition(".")[2]
        yield from (_Fault(note, kernel, variable) for note in waiting)
        waiting.clear()
        if isinstance(stmt, If):
            yield from _faults(kernel, stmt.body)


def _error_of(fault: _Fault, place: int, running: Iterable[Component], when: str) -> NumericalError:
    note, kernel = fault.note, fault.kernel
    where = "" if note.index == ZERO else f" at index {place}"
    if note.index == SYNAPSE:
        where = _synapse_text(kernel, place, running)
    what = kernel.comment or kernel.name
    if fault.variable:
        what += f", for '{fault.variable}'"
    return fault_error(note.condition, note.origin, where, f"{what}; noticed{when}")


def _synapse_text(kernel: Kernel, place: int, running: Iterable[Component]) -> str:
    """Return " at the synapse from 3 to 5" for a storage position."""
    domain = kernel.domain
    store = getattr(domain, "synapses" if isinstance(domain, OverIndices) else "store", None)
    name = getattr(store, "name", "")
    for part in running:
        if name == f"{part.name}.rows":
            data = cast("SynapsesInNetwork", part)._data
            return f" at the synapse from {data.sources()[place]} to {data.targets()[place]}"
    return ""
