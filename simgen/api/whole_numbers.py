"""Where running code notes that an integer variable would have needed more than its 32 bits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simgen.api.component import Component
from simgen.api.storage import AnyArray
from simgen.errors import NumericalError
from simgen.ir.expr import Const
from simgen.ir.kernel import Program
from simgen.ir.stmt import Accumulate, Store
from simgen.ir.visit import flatten, walk
from simgen.model.whole_numbers import TOO_LARGE
from simgen.targets.base import Memory

_LAST = 2**31 - 1


class WholeNumbers:
    """The notes of one program; each has the statements that may write it."""

    def __init__(self, program: Program, memory: Memory) -> None:
        self._memory = memory
        self._writers: dict[str, list[Store | Accumulate]] = {}
        for stmt in flatten(s for kernel in program.kernels for s in kernel.body):
            if isinstance(stmt, Store | Accumulate) and stmt.beyond is not None:
                self._writers.setdefault(stmt.beyond.name, []).append(stmt)
        self._notes: dict[str, AnyArray] = {name: np.zeros(1, np.int64) for name in self._writers}
        self._cleared = 0
        memory.arrays.update(self._notes)
        memory.counters.update(dict.fromkeys(self._notes, lambda: self._cleared))

    def require(self, running: Iterable[Component], when: str) -> None:
        """Raise NumericalError if some integer variable was given what does not fit.

        The message names the variable, the code, and, for neurons, the highest index.
        """
        for name, note in self._notes.items():
            self._memory.fetch(name)
            if note[0] == 0:
                continue
            place = int(note[0]) - 1
            for own in self._notes.values():
                own[0] = 0
            self._cleared += 1
            raise NumericalError(self._told(name, place, running, when))

    def _told(self, name: str, place: int, running: Iterable[Component], when: str) -> str:
        writers = self._writers[name]
        owner, _, variable = writers[0].array.name.rpartition(".")
        found = next((c for c in running if c.name == owner), None)
        of_neurons = writers[0].array.length == f"N_{owner}"
        where = f" at index {place}" if of_neurons else ""
        what = found.describe() if found is not None else owner
        if "divisions_" in variable:  # no variable of the user's
            text = f"An integer was divided by zero in {what}{where}; this was noticed{when}."
        else:
            or_divided = ", or a division by zero" if any(map(_may_divide, writers)) else ""
            text = (
                f"'{variable}' of {what} was given a number{where} that does not fit into 32 bits "
                f"(-{_LAST + 1} to {_LAST}){or_divided}; this was noticed{when}. Use a variable "
                "that is not an integer, which is exact to 2**53."
            )
        origins = dict.fromkeys(stmt.origin for stmt in writers if stmt.origin is not None)
        return "\n".join((*(origin.render() for origin in origins), f"  {text}"))


def _may_divide(stmt: Store | Accumulate) -> bool:
    """Whether what is written may come from a division of integers by zero."""
    return any(isinstance(node, Const) and node.value == TOO_LARGE for node in walk(stmt.value))
