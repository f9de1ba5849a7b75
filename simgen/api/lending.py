"""What an object of synapses lends to a merge, and how it looks at it meanwhile.

The object stays in row order. Its targets, the values of its variables and its delays lie in the
rows of all members of the merge; a copy comes back when Python asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.carried_spikes import PathwaySpikes
from simgen.api.group import Group
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.subgroup import Subgroup
from simgen.connect.pieces import Piece, find_piece, put_values, take_values
from simgen.connect.rows import Rows
from simgen.errors import InternalError

if TYPE_CHECKING:
    from simgen.api.merging import MergedSynapses
    from simgen.api.synapses import Synapses


def bounds_in_parent(group: Group) -> tuple[int, int]:
    """Return where a group or subgroup begins and ends in its parent."""
    start = group.start if isinstance(group, Subgroup) else 0
    return start, start + group._size()


class LentRows(Rows):
    """Rows whose targets lie in the rows of a merge."""

    __slots__ = ("_kept", "_share")
    _kept: npt.NDArray[np.uint32] | None
    _share: Share

    def __init__(self, rows: Rows, share: Share) -> None:
        for name in ("row_start", "n_target", "sorted", "multapses", "creation_of_row_order"):
            object.__setattr__(self, name, getattr(rows, name))
        object.__setattr__(self, "_share", share)
        object.__setattr__(self, "_kept", None)

    @property
    def targets(self) -> npt.NDArray[np.uint32]:
        """The targets, fetched if they are not here."""
        kept = self._kept
        if kept is None:
            kept = self._share.targets()
            object.__setattr__(self, "_kept", kept)
        return kept

    @property
    def n(self) -> int:
        """The number of synapses."""
        return int(self.row_start[-1])

    def forget(self) -> None:
        """Free the copy of the targets."""
        object.__setattr__(self, "_kept", None)

    def owned(self) -> Rows:
        """Return the same rows with targets of their own."""
        return Rows(
            self.row_start,
            self.targets,
            self.n_target,
            self.sorted,
            self.multapses,
            self.creation_of_row_order,
        )


class HeldDelays:
    """Delays kept as one class per synapse until the rows of the merge are built."""

    def __init__(self, seconds: npt.NDArray[np.float64], classes: Any, n: int) -> None:
        self.seconds, self.classes, self.n = seconds, classes, n

    def fetch(self, variable: StateVariable) -> AnyArray:
        """Return the delay of each synapse in seconds."""
        if self.classes is None:
            return np.full(self.n, self.seconds[0] if self.seconds.size else 0.0)
        return np.asarray(self.seconds[self.classes])


class Share:
    """A member's part of a merge. It fetches copies, and notes which of them Python wrote."""

    def __init__(self, member: Synapses, merge: MergedSynapses) -> None:
        self.member = member
        self.merge = merge
        self.first_row = bounds_in_parent(member.source)[0]
        self.first_target, self.last_target = bounds_in_parent(member.target)
        self.version = -1  # of the member when it had lent everything
        self._fetched: dict[StateVariable, int] = {}  # and the version that was fetched
        self._piece: Piece | None = None
        self._created: Any = None  # the creation index of each synapse in row order, if it differs

    @property
    def piece(self) -> Piece:
        """Where the member's synapses are in the rows of the merge."""
        if self._piece is None:
            raise InternalError(f"{self.member.describe()} has lent no rows")
        return self._piece

    # --- lending ------------------------------------------------------------------------------

    def begin(self) -> Rows:
        """Put the member into row order, and fix its piece; return its rows."""
        member = self.member
        if member._data.store is not None:
            member._run.to_rows()
        rows = member._data.rows
        if rows is None:
            raise InternalError(f"{member.describe()} has no rows")
        self._piece = Piece(self.first_row, self.first_target, self.last_target, rows.row_start)
        self._created = rows.creation_of_row_order
        member._merge = self.merge
        return rows

    def hold_delays(self) -> Any:
        """Keep the delays as classes; return the class of each synapse, None for one."""
        delays = self.member._run.delays
        classes = delays.find_classes()
        delays.plan()
        leader = delays.leader()
        if leader is not None:
            seconds = delays.steps.astype(np.float64) * leader.clock.dt_
            leader.variable.lend(HeldDelays(seconds, classes, self.piece.n))
        return classes

    def lend_delays(self, steps: npt.NDArray[np.uint32] | None) -> None:
        """Leave the delays to the merge, which has them; ``steps`` are those that occur."""
        delays = self.member._run.delays
        leader = delays.leader()
        several = leader is not None and steps is not None and steps.size
        delays.take_steps(steps if several and steps is not None else np.zeros(1, np.uint32))
        delays.plan()
        if leader is not None:
            leader.variable.lend(self)

    def steps(self) -> npt.NDArray[np.uint32]:
        """Return the delay of each class in steps; none without synapses."""
        delays = self.member._run.delays
        if self.piece.n == 0:
            return np.zeros(0, np.uint32)
        if delays.leader() is not None:
            return delays.steps
        (pathway,) = self.member._pathways.values()
        return np.array([pathway.uniform_steps(pathway.clock.dt_)], np.uint32)

    def lend_rows(self) -> None:
        """Leave the targets to the merge."""
        rows = self.member._data.rows
        if rows is not None and not isinstance(rows, LentRows):
            self.member._data.rows = LentRows(rows, self)

    def lend_values(self) -> None:
        """Move the values of the variables into the rows of the merge."""
        own = [v for v in self.member.variables.values() if not v.is_lent_to(self)]
        positions = self._positions() if own else None
        for variable in own:
            if positions is not None:
                put_values(variable.data, positions, self._shared(variable))
            variable.lend(self)
        leader = self.member._run.delays.leader()
        if leader is not None:
            leader.variable.lend(self)

    def begin_again(self, born: int) -> None:
        """Let the events of a step and those after it reach the member itself."""
        (pathway,) = self.member._pathways.values()
        self.member._run.carried.begin(pathway, born)

    def take_spikes(self) -> None:
        """Take over the events that the merge carries to the member's synapses."""
        (pathway,) = self.member._pathways.values()
        self.member._run.carried.replace(pathway, self.spikes())

    def spikes(self) -> PathwaySpikes:
        """Return the events that the merge carries to the member's synapses."""
        spikes = self.merge._run.carried.of(self.merge.pathway)
        positions = np.asarray(self._positions(), np.int64)
        wanted = self.merge._positions(spikes.synapses)
        order = np.argsort(positions)
        if positions.size:
            places = np.searchsorted(positions, wanted, sorter=order) % positions.size
            mine = np.flatnonzero(positions[order[places]] == wanted)
            rows = order[places[mine]]
        else:
            mine = rows = np.zeros(0, np.int64)
        synapses = rows if self._created is None else self._created[rows].astype(np.int64)
        return spikes.chosen(mine, synapses)

    def end(self) -> None:
        """Give the member back what it has lent."""
        member = self.member
        leader = member._run.delays.leader()
        lent = [*member.variables.values(), *([] if leader is None else [leader.variable])]
        for variable in lent:
            if variable.is_lent_to(self):
                variable.data = variable.data
        rows = member._data.rows
        if isinstance(rows, LentRows):
            member._data.rows = rows.owned()
        member._merge = None

    # --- copies -------------------------------------------------------------------------------

    def _positions(self) -> Any:
        return find_piece(self.merge.shared_rows(), self.piece)[0]

    def _shared(self, variable: StateVariable) -> AnyArray:
        return self.merge.variables[variable.name].data

    def targets(self) -> npt.NDArray[np.uint32]:
        """Return the targets in row order."""
        self.merge.touched.add(self)
        found = take_values(self.merge.shared_rows().targets, self._positions())
        return found.astype(np.uint32, copy=False)

    def fetch(self, variable: StateVariable) -> AnyArray:
        """Return the values of a variable of the member, or its delays, in row order."""
        self.merge.touched.add(self)
        self._fetched[variable] = variable.version
        if self.member.variables.get(variable.name) is variable:
            shared = self.merge.variables[variable.name].values
            return take_values(shared, self._positions())
        return self._seconds()

    def _seconds(self) -> npt.NDArray[np.float64]:
        merge = self.merge
        pathway = merge.pathway
        if pathway.uniform is not None:
            return np.full(self.piece.n, pathway.uniform)
        if pathway.variable.size == len(merge):  # between two stores
            delays = take_values(pathway.variable.values, self._positions())
            return np.asarray(delays, np.float64)
        table = merge._class_steps.astype(np.float64) * merge._class_dt
        _, classes = find_piece(merge.shared_rows(), self.piece, classes=True)
        return np.asarray(table[classes])

    def settle(self, moving: frozenset[str]) -> bool:
        """Take over what Python wrote, and forget copies of what programs write.

        ``moving`` names the variables that code writes. Returns whether a copy is left.
        """
        for variable, version in list(self._fetched.items()):
            own = self.member.variables.get(variable.name) is variable
            if not variable.is_lent_to(self):
                del self._fetched[variable]
            elif own and variable.version != version:
                put_values(variable.data, self._positions(), self._shared(variable))
                self._fetched[variable] = variable.version
            if variable in self._fetched and (not own or variable.name in moving):
                variable.lend(self)
                del self._fetched[variable]
        data = self.member._data
        data.forget_positions()
        if isinstance(data.rows, LentRows):
            data.rows.forget()
        return bool(self._fetched)
