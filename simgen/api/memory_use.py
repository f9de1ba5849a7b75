"""``Network.memory()``: where the bytes of a network go, before it is compiled."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from simgen.api.arguments import checked_arguments
from simgen.api.clock import seconds
from simgen.api.device_store import DeviceStore
from simgen.api.merging import MergedSynapses
from simgen.api.namespaces import caller_namespace, checked_namespace
from simgen.api.naming import Named
from simgen.api.noted_runs import NOTED
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.synapses import Synapses
from simgen.api.timed_array import find_table, table_name
from simgen.connect.store import is_zero
from simgen.errors import ModelError
from simgen.ir.expr import Gather
from simgen.ir.kernel import Program
from simgen.ir.visit import all_nodes, reads, writes

if TYPE_CHECKING:
    from simgen.api.binding import CompiledNetwork
    from simgen.api.component import Component
    from simgen.api.network import Network

_MOST_NAMES = 3  # of Synapses that run as one, in a table
_COLUMNS = "synapses of each target"
_SEGMENTS = "delays"
_ROWS = "where rows begin"
_TRACES = "traces of neurons"
_ORDER = "order of creation"
_TOLD = {  # by the last part of a name in memory
    "targets": "targets",
    "row_start": _ROWS,
    "bounds": _SEGMENTS,
    "pair_start": _SEGMENTS,
    "pair_class": _SEGMENTS,
    "pair_begin": _SEGMENTS,
    "col_start": _COLUMNS,
    "col_pos": _COLUMNS,
    "col_src": _COLUMNS,
    "order": _ORDER,
    "ids": "events of the last steps",
    "counts": "events of the last steps",
    **dict.fromkeys(("col_past", "last_source", "last_target", "trace", "past"), _TRACES),
}


@dataclass(frozen=True, slots=True)
class MemoryShare:
    """What something of an object takes: ``n_values`` values in ``n_bytes`` bytes.

    ``names`` are those of the objects, several where Synapses run as one. ``untouched`` memory is
    set aside but takes none of the machine: nothing is ever written there.
    """

    names: tuple[str, ...]
    what: str
    n_bytes: int
    n_values: int
    untouched: bool = False

    @property
    def name(self) -> str:
        """The name of the object, or how a table calls several."""
        first, *others = self.names
        if len(others) > _MOST_NAMES - 1:
            return f"{first} and {len(others)} more"
        return ", ".join(self.names)


class MemoryUse:
    """The bytes of a network, the largest shares first.

    ``shares`` lists them, ``total`` is their sum in bytes without those that stay untouched, and
    ``of(name)`` is that of one object. ``per_event`` maps the names of monitors to the bytes that
    each recorded event adds.
    """

    def __init__(
        self, owner: str, shares: Iterable[MemoryShare], per_event: dict[str, int], told: str
    ) -> None:
        self.shares = sorted(shares, key=lambda share: (-share.n_bytes, share.name, share.what))
        self.total = sum(share.n_bytes for share in self.shares if not share.untouched)
        self.per_event = per_event
        self._owner, self._told = owner, told

    def of(self, name: str) -> int:
        """Return the bytes of the object of that name; 0 if it takes none.

        Synapses that run as one with others have what all of them take.
        """
        own = (share for share in self.shares if name in share.names)
        return sum(share.n_bytes for share in own if not share.untouched)

    def _cells(self) -> list[tuple[str, str, str, str]]:
        cells = []
        for share in self.shares:
            each = share.n_bytes / share.n_values if share.n_values else 0.0
            note = f"{share.n_values:,} x {each:.3g} B" if share.n_values > 1 else ""
            note += " (untouched, takes none)" if share.untouched else ""
            cells.append((share.name, share.what, f"{share.n_bytes:,}", note))
        return cells

    def __repr__(self) -> str:
        head = f"Memory of {self._owner}: {self.total:,} bytes {self._told}"
        cells = self._cells()
        widths = [max((len(row[k]) for row in cells), default=0) for k in range(3)]
        lines = [head, "=" * len(head)]
        for name, what, n_bytes, note in cells:
            line = f"{name.ljust(widths[0])}  {what.ljust(widths[1])}  {n_bytes.rjust(widths[2])}"
            lines.append(f"{line}  {note}".rstrip())
        for monitor, bytes_of_one in self.per_event.items():
            lines.append(f"{monitor} adds {bytes_of_one} bytes for each event that it records")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = (
            "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) for cells in self._cells()
        )
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


class NetworkMemory(Named):
    """The side of a network that knows what it takes."""

    @checked_arguments
    def memory(self, duration: Any = None, namespace: Any = None) -> MemoryUse:
        """Return where the bytes of the network go, once it runs.

        Data are laid out as for a run, which then need not do it again, but nothing is compiled.
        The arrays are those of the targets ``cpu`` and ``cuda``; a device has a copy of them, and
        the host keeps those of states. Not counted are programs and buffers of a few kilobytes.

        Parameters
        ----------
        duration
            A time: what monitors will record in a run of that length is counted, too. What depends
            on the number of events is given in bytes per event.
        namespace
            Values for names that no object defines; by default the caller's variables.

        Raises
        ------
        MemoryLimitError
            Data do not fit; the message tells which.
        ModelError, EquationError, DimensionMismatchError, UnknownNameError
            The network cannot be compiled.

        """
        names = checked_namespace(namespace, "memory()")
        scope = caller_namespace() if names is None else names
        length = 0.0 if duration is None else seconds(duration, "The duration")
        if length < 0:
            raise ModelError(f"The duration must not be negative, but it is {length} s.")
        network = cast("Network", self)
        if network._running:
            raise ModelError("memory() was called while the network was running.")
        NOTED.make("the memory was asked for")
        compiled = network._prepared(scope)
        ticks = compiled.axis.end_tick(network._t + length) - compiled.tick
        told = "once it runs" if duration is None else f"for a run of {length:g} s"
        shares = [*_arrays(compiled), *_recordings(compiled, ticks)]
        return MemoryUse(self.describe(), _summed(shares), _per_event(compiled), told)


def _summed(shares: Iterable[MemoryShare]) -> list[MemoryShare]:
    """Return one share for all of an object that are called the same."""
    found: dict[tuple[tuple[str, ...], str, bool], MemoryShare] = {}
    for share in shares:
        if share.n_bytes:
            key = share.names, share.what, share.untouched
            before = found.get(key)
            n_bytes = share.n_bytes + (before.n_bytes if before else 0)
            n_values = max(share.n_values, before.n_values if before else 0)
            found[key] = MemoryShare(share.names, share.what, n_bytes, n_values, share.untouched)
    return list(found.values())


def _arrays(compiled: CompiledNetwork) -> Iterator[MemoryShare]:
    """Yield what the memory of a program holds, and what its objects keep beside it."""
    memory, seen = compiled.memory, set[int]()
    recorders = {f"{r.recorder.name}.{end}" for _, r, _ in compiled._recordings for end in _PARTS}
    used, tables = _used(compiled.program), _tables(compiled.program)
    pairs = (pair for component in compiled.components for pair in component._arrays())
    state = {array.name for array, data in pairs if isinstance(data, StateVariable)}
    for name, data in memory.arrays.items():
        if name in recorders or _place(data) in seen:
            continue
        seen.add(_place(data))
        owner, what = tables[name] if name in tables else _told(name, compiled)
        untouched = name in state - used and data.size > 1 and is_zero(data)
        yield MemoryShare(owner, what, data.nbytes, data.size, untouched)
    for component in compiled.components:
        for what, data in _beside(component):
            if _place(data) not in seen:
                seen.add(_place(data))
                yield MemoryShare(_names(component), what, data.nbytes, data.size)


_PARTS = ("data", "used")  # of a recorder


def _place(data: AnyArray) -> int:
    return int(data.__array_interface__["data"][0]) if data.size else 0


def _told(name: str, compiled: CompiledNetwork) -> tuple[tuple[str, ...], str]:
    """Return the objects that an array of memory belongs to, and what it is."""
    owners = [c for c in compiled.components if name.startswith(f"{c.name}.")]
    if not owners:
        return ("network",), "clocks and parts"
    owner = max(owners, key=lambda component: len(component.name))
    rest = name.removeprefix(f"{owner.name}.")
    of_user = rest in getattr(owner, "variables", {})
    return _names(owner), rest if of_user else _TOLD.get(rest.rpartition(".")[2], rest)


def _names(component: Component) -> tuple[str, ...]:
    """Return the name of an object, or of those that run as one."""
    if isinstance(component, MergedSynapses):
        return tuple(member.name for member in component.members())
    return (component.name,)


def _used(program: Program) -> frozenset[str]:
    """Return the names of the state that code reads or writes."""
    found: set[str] = set()
    for kernel in program.kernels:
        body = (*kernel.prologue, *kernel.body)
        found.update(array.name for array, _ in reads(body))
        found.update(array.name for array, _, _ in writes(body))
    return frozenset(found)


def _tables(program: Program) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return the TimedArrays by the names of their arrays."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for kernel in program.kernels:
        for node in all_nodes((*kernel.prologue, *kernel.body)):
            table = find_table(node.array) if isinstance(node, Gather) else None
            if table is not None and isinstance(node, Gather):
                found[node.array.name] = (
                    (table_name(node.array.name),),
                    "values of the TimedArray",
                )
    return found


def _beside(component: Component) -> Iterator[tuple[str, AnyArray]]:
    """Yield what an object keeps that programs do not use."""
    variables = getattr(component, "variables", {}).values()
    for variable in variables:
        if isinstance(variable, StateVariable) and (data := variable.fetched()) is not None:
            yield variable.name, data
    if isinstance(component, Synapses):
        connections = component._data
        store = connections.store  # what a device has of it is among the arrays of programs
        order = None if store is None or isinstance(store, DeviceStore) else store.order
        for array in (order, connections._inverse):
            if array is not None:
                yield _ORDER, array


def _recordings(compiled: CompiledNetwork, ticks: int) -> Iterator[MemoryShare]:
    """Yield what monitors hold after some more ticks, without what depends on events."""
    for component, recording, most in compiled._recordings:
        size = recording.data.size
        if ticks and component._records_each_step:
            steps = ticks // compiled.axis.periods[component.clock.name] + 1
            size = recording.size_with(most * steps)
        yield MemoryShare((component.name,), "recording", size * recording.data.itemsize, size)


def _per_event(compiled: CompiledNetwork) -> dict[str, int]:
    found: dict[str, int] = {}
    for component, recording, _ in compiled._recordings:
        if not component._records_each_step:
            found[component.name] = found.get(component.name, 0) + recording.data.itemsize
    return found


__all__ = ["MemoryShare", "MemoryUse", "NetworkMemory"]
