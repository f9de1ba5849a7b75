"""Reductions over the elements of a group that a block of code asks for: ``sum_over_post(w)``.

Each is formed before the statement that asks for it is run for any element, into an array of its
own. The code reads that like a variable: of the neuron at one end of the synapse, or a shared one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simgen.dtypes import DType
from simgen.errors import Origin, Problem, UnsupportedFeatureError
from simgen.ir.construct import cast
from simgen.ir.expr import ELEMENT, POST, ZERO, Array, Const, Expr, Index, Load, Local, Role
from simgen.ir.stmt import Accumulate, Let
from simgen.ir.visit import walk
from simgen.model.description import GroupDescription

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reduction:
    """``array[index]`` becomes ``op`` of ``value`` over the elements with that index.

    ``op`` is that of :class:`Accumulate`. It goes over all elements that the code runs for, or over
    those of ``over``. ``per`` is the group of whose elements each has a result; None: there is one.
    """

    array: Array
    index: Index
    op: str
    value: Expr
    origin: Origin
    over: GroupDescription | None = None
    per: GroupDescription | None = None

    @property
    def statement(self) -> Accumulate:
        """The statement that each element runs."""
        return Accumulate(self.array, self.index, self.op, self.value, self.origin)

    @property
    def start(self) -> Const:
        """What it is before any element has run that."""
        if self.op == "+":
            return Const(0.0 if self.array.dtype.is_float else 0, self.array.dtype)
        sign = 1 if self.op == "min" else -1
        limit = math.inf if self.array.dtype.is_float else _LARGEST
        return Const(sign * limit, self.array.dtype)


@dataclass(frozen=True, slots=True)
class SynapseEnd:
    """One end of synapses: its neurons, how a synapse finds its own, and the degrees."""

    index: Index
    group: GroupDescription
    degree: Expr


class Reductions:
    """The reductions of one block of code, in the order in which they can be formed.

    ``prefix`` begins the names of their arrays; ``size`` is the number of all elements. ``ends``
    are "pre" and "post" for synapses.
    """

    def __init__(
        self, prefix: str, owner: str, size: Expr, ends: Mapping[str, SynapseEnd] | None = None
    ) -> None:
        self.prefix = prefix
        self.owner = owner
        self.found: list[Reduction] = []
        self._size = size
        self._ends = ends or {}
        self._ended = 0  # the reductions that belong to statements before

    def end_statement(self) -> list[Reduction]:
        """Return those of a statement that has been resolved; equal ones later are others."""
        reductions, self._ended = self.found[self._ended :], len(self.found)
        return reductions

    def refuse_calls(self, calls: Sequence[Let], problems: list[Problem]) -> None:
        """Report calls of functions with a state within reductions, which are formed first."""
        for reduction in self.found[self._ended :]:
            used = {node for node in walk(reduction.value) if isinstance(node, Local)}
            problems.extend(
                Problem(
                    "A function with a state (stateless=False) cannot be called in a reduction.",
                    let.origin,
                    "Give its value to a variable first, and reduce that.",
                    UnsupportedFeatureError,
                )
                for let in calls
                if let.local in used
            )

    def count(self, over: str) -> Expr:
        """Return how many elements there are in the same sum."""
        return self._size if over == "all" else self._ends[over].degree

    def add(self, function: str, op: str, over: str, value: Expr, origin: Origin) -> Expr | None:
        """Return the sum of ``value`` as an element sees it, None if there is no such end.

        That of all synapses is formed from those of the targets: these need no common memory.
        """
        value = cast(value, DType.REAL if value.dtype.is_float else DType.I64)
        if over in self._ends:
            end = self._ends[over]
            return self._add(function, op, end.index, value, origin, per=end.group)
        if over != "all":
            return None
        group = None
        if "post" in self._ends:
            group = self._ends["post"].group
            each = self._add(function, op, POST, value, origin, per=group)
            value = Load(each.array, ELEMENT)
        return self._add(function, op, ZERO, value, origin, over=group)

    def _add(
        self,
        function: str,
        op: str,
        index: Index,
        value: Expr,
        origin: Origin,
        over: GroupDescription | None = None,
        per: GroupDescription | None = None,
    ) -> Load:
        asked = op, index, value, over, per
        for known in self.found[self._ended :]:
            if (known.op, known.index, known.value, known.over, known.per) == asked:
                return Load(known.array, index)
        length = "one" if per is None else per.length
        name = f"{self.prefix}.s{len(self.found)}.{function}"
        array = Array(name, value.dtype, length, Role.DERIVED)
        self.found.append(Reduction(array, index, op, value, origin, over, per))
        return Load(array, index)
