"""Rows sorted by delay on a device with memory of its own: a store that the host has on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.compiled_text import is_worth_compiling
from simgen.api.device import current_options
from simgen.api.device_rows import DeviceRows
from simgen.api.remote_arrays import MOST_SYNAPSES, connector_of, prepared_memory, room_for
from simgen.api.storage import ProgramArray, StateVariable
from simgen.connect.checks import target_dtype
from simgen.connect.delays import MAX_DELAY_STEPS, delay_steps
from simgen.connect.implied import ImpliedRows
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.segments import Segments, choose_segments, running_starts
from simgen.connect.store import RowStore, gather_into_storage, is_zero
from simgen.errors import MemoryLimitError
from simgen.targets.base import MOST_STEPS, DelayClasses, Memory, SegmentArrays

if TYPE_CHECKING:
    from simgen.api.pathways import Pathway
    from simgen.api.synapses_in_network import SynapsesInNetwork

MOST_CLASSES = 4096  # each warp counts all of them


class DeviceSegments(Segments):
    """Segment bounds that a device has; ``arrays`` by the last word of their names."""

    __slots__ = ("arrays",)
    arrays: dict[str, ProgramArray]

    def __init__(
        self,
        kind: str,
        n_classes: int,
        pair_start: npt.NDArray[np.uint64] | None,
        arrays: dict[str, ProgramArray],
    ) -> None:
        given = {"kind": kind, "n_classes": n_classes, "pair_start": pair_start, "arrays": arrays}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def _fetched(self, name: str) -> Any:
        return self.arrays[name].values if name in self.arrays else None

    @property
    def starts(self) -> Any:
        """The dense bounds, brought here when they are asked for."""
        found = self._fetched("bounds")
        return None if found is None else found.reshape(1, -1, self.n_classes + 1)

    @property
    def pair_class(self) -> Any:
        """The classes of compact bounds."""
        return self._fetched("pair_class")

    @property
    def pair_begin(self) -> Any:
        """Where these begin."""
        return self._fetched("pair_begin")


class DeviceStore(RowStore):
    """A store of one partition whose arrays a device has.

    ``order_array``: the creation index of each synapse, where rows were sorted and pairs repeat.
    """

    __slots__ = ("array", "order_array")
    array: ProgramArray
    order_array: ProgramArray | None

    def __init__(
        self,
        row_start: npt.NDArray[np.uint64],
        array: ProgramArray,
        n_target: int,
        segments: Segments,
        order: ProgramArray | None,
    ) -> None:
        bounds = np.array([0, n_target], np.uint32)
        given = {"row_start": row_start.reshape(1, -1), "array": array, "n_target": n_target}
        given |= {"segments": segments, "part_bounds": bounds, "order_array": order}
        given |= {"recomputable": order is None}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @property
    def targets(self) -> UIntArray:
        """The targets in storage order, brought here when they are asked for."""
        found: UIntArray = self.array.values
        return found

    @property
    def n(self) -> int:
        """The number of synapses."""
        return int(self.row_start[0, -1])

    @property
    def order(self) -> UIntArray | None:
        """The creation index of each position, brought here when it is asked for."""
        found: UIntArray | None = None if self.order_array is None else self.order_array.values
        return found

    @property
    def arrays(self) -> tuple[ProgramArray, ...]:
        """What a device has besides the targets: the bounds of segments, and the order."""
        segments = self.segments
        bounds = segments.arrays.values() if isinstance(segments, DeviceSegments) else ()
        return (*bounds, *(() if self.order_array is None else (self.order_array,)))

    @property
    def n_bytes(self) -> int:
        """The memory of the index arrays, on the device."""
        arrays = (self.array, *self.arrays)
        return self.row_start.nbytes + sum(a.size * a.dtype.itemsize for a in arrays)


def build_on_device(
    synapses: SynapsesInNetwork, n_parts: int, leader: Pathway | None, others: int
) -> npt.NDArray[np.uint32] | None:
    """Sort rows by the delays of ``leader`` where programs run; return the delay classes in steps.

    Returns None, with nothing changed, where the host has to do it. ``others`` is the number of
    further pathways with delays for each synapse.
    """
    rows = synapses._data.rows
    if rows is None or not _is_sortable(rows, n_parts, leader, others):
        return None
    memory = prepared_memory()
    array = rows.array if isinstance(rows, DeviceRows) else None
    if array is None:
        array = ProgramArray(f"{synapses.name}.rows.targets", rows.targets)
    try:
        steps = delay_classes(memory, leader)
        if steps is None:
            return None
        if not isinstance(rows, DeviceRows) and steps.size == 1:
            return None  # they go up as they are
        array.bind(memory, True)
        if leader is None or steps.size == 1:
            segments, order = _narrowed(memory, array, rows), None
        else:
            classes = DelayClasses(leader.variable.array, leader.clock.dt_, steps)
            segments, order = _sorted(memory, array, rows, classes)
    except MemoryLimitError:
        return None
    if leader is not None:
        leader.variable.leave_device()
        leader.variable.data = np.zeros(0)  # from here on the classes say it
    if order is not None:
        own = None if leader is None else leader.variable
        _move([v for v in synapses._all_variables() if v is not own], memory, order)
    order = order if rows.multapses else None  # without repeated pairs it can be found again
    store = DeviceStore(rows.row_start, array, rows.n_target, segments, order)
    synapses._data.take_store(store)
    return steps


def _is_sortable(rows: Rows, n_parts: int, leader: Pathway | None, others: int) -> bool:
    """Whether the device takes these rows: those it made, or sorted ones that it will sort."""
    if current_options().target != "cuda" or n_parts != 1 or others:
        return False
    if not 0 < rows.n <= MOST_SYNAPSES or isinstance(rows, ImpliedRows):
        return False
    if leader is not None and leader.variable.size != rows.n:
        return False  # the classes of those that run as one are known
    if isinstance(rows, DeviceRows):
        return True
    sortable = rows.sorted and rows.creation_of_row_order is None
    return sortable and leader is not None and is_worth_compiling(rows.n)


def delay_classes(memory: Memory, leader: Pathway | None) -> npt.NDArray[np.uint32] | None:
    """Return the delays that occur in steps, None where they are too many or too far apart."""
    if leader is None:
        return np.zeros(1, np.uint32)
    if leader.variable.dtype != np.float64:
        leader.variable.data = leader.seconds()  # what the device sorts by
    leader.variable.bind(memory, True)
    connector, name, dt = connector_of(memory), leader.variable.array, leader.clock.dt_
    low, high = delay_steps(np.array(connector.delay_limits(name)), dt).tolist()
    if not 0 <= low <= high < low + MOST_STEPS or high > MAX_DELAY_STEPS:
        return None
    steps = connector.delays_present(name, dt, low)
    return steps if steps.size <= MOST_CLASSES else None


def _narrowed(memory: Memory, array: ProgramArray, rows: Rows) -> Segments:
    """Give the targets the type that a store has; rows of one class are sorted already."""
    dtype = target_dtype(rows.n_target)
    if dtype != array.dtype:
        data = np.empty(rows.n, dtype)
        connector_of(memory).narrow(array.array, data)
        array.take_place(data)
    return Segments("none", 1)


def _sorted(
    memory: Memory, array: ProgramArray, rows: Rows, delays: DelayClasses
) -> tuple[DeviceSegments, ProgramArray]:
    """Sort the targets by delay; return the bounds, and where each synapse was before."""
    connector, name = connector_of(memory), array.array.removesuffix(".targets")
    sizes, n_classes = np.diff(rows.row_start).reshape(1, -1), delays.steps.size
    pairs = connector.count_pairs(rows.row_start, delays).reshape(1, -1)
    layout = choose_segments(sizes, pairs, n_classes)
    if layout.is_dense:
        n_bounds = rows.n_source * (n_classes + 1)
        arrays = {"bounds": room_for(memory, f"{name}.bounds", n_bounds, layout.begin_dtype)}
        pair_start = None
    else:
        arrays = {
            word: room_for(memory, f"{name}.{word}", int(pairs.sum()), np.uint32)
            for word in ("pair_class", "pair_begin")
        }
        pair_start = running_starts(pairs)
    order = room_for(memory, f"{name}.order", rows.n, np.uint32)
    data = np.empty(rows.n, target_dtype(rows.n_target))
    names = {word: made.array for word, made in arrays.items()}
    bounds = SegmentArrays(pair_start=None if pair_start is None else pair_start[0], **names)
    connector.sort(rows.row_start, delays, bounds, (array.array, data), order.array)
    array.take_place(data)
    return DeviceSegments(layout.kind, n_classes, pair_start, arrays), order


def _move(variables: Sequence[StateVariable], memory: Memory, order: ProgramArray) -> None:
    """Put the data of variables into the new order, where they are."""
    connector = connector_of(memory)
    for variable in variables:
        if variable.info.shared or not variable.size:
            continue
        variable.bind(memory, True)
        held = memory.mirror is not None and memory.mirror.holds(variable.array)
        if not held and is_zero(variable.values):
            continue
        data = np.empty(variable.size, variable.dtype)
        try:
            connector.gather(variable.array, order.array, data)
        except MemoryLimitError:
            places: Any = order.values
            gather_into_storage(variable.values, places, data)
            variable.leave_device()
        variable.data = data
