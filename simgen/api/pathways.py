"""Pathways of synapses: what starts them, and their delays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import extremes, plain_values
from simgen.api.clock import Clock
from simgen.api.device_delays import delays_on_device
from simgen.api.group import Group
from simgen.api.row_storage import require_one_delay
from simgen.api.storage import StateVariable
from simgen.api.subgroup import Subgroup
from simgen.api.synaptic_selection import from_matrix, is_matrix
from simgen.api.views import VariableView
from simgen.build.schedule import place_key
from simgen.connect.delays import delay_steps, delays_to_classes
from simgen.dtypes import FLOAT64, DType
from simgen.errors import (
    ModelError,
    SourceText,
    UnknownAttributeError,
    UnsupportedFeatureError,
)
from simgen.ir.expr import Array
from simgen.model.description import SECOND, VariableInfo
from simgen.units import Dimension, Quantity

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork

LONGEST = 2**31 - 1  # steps


class Pathway:
    """Code run on arriving events; ``delay`` is readable and writable like a synaptic variable.

    A scalar delay stays a scalar; delays given per synapse are kept on the grid of the clock of
    the group whose events start the pathway, once the network has run.
    """

    def __init__(
        self, synapses: SynapsesInNetwork, name: str, direction: str, code: SourceText, event: str
    ) -> None:
        self.synapses = synapses
        self.name = name
        self.direction = direction
        self.code = code
        self.event = event
        self._order = -1 if direction == "pre" else 1
        self.lag = 0  # steps, in the network compiled last; see needed_lag()
        self.fixed = False  # given as a scalar in the constructor
        self.uniform: float | None = 0.0  # seconds, while all synapses have the same delay
        array = Array(f"{synapses.name}.{name}.delay", DType.F64, f"n_{synapses.name}.rows")
        info = VariableInfo("delay", array, SECOND)
        self.variable = StateVariable(info, 0, FLOAT64)

    @property
    def order(self) -> int:
        """The place among pathways of the same slot: -1 for pre, 1 for post by default."""
        return self._order

    @order.setter
    def order(self, value: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise ModelError(
                f"The order of the pathway '{self.name}' must be an integer, not {value!r}."
            )
        self._order = int(value)
        self.synapses._changed()

    @property
    def when(self) -> str:
        """The slot of the schedule, the same for all pathways."""
        return "synapses"

    @when.setter
    def when(self, slot: Any) -> None:
        raise UnsupportedFeatureError(
            f"The pathway '{self.name}' of {self.synapses.describe()} runs in the slot 'synapses', "
            f"not {slot!r}. Its place within it is set by order=, that of the slot by the schedule "
            "of the network."
        )

    @property
    def active(self) -> bool:
        """Whether the synapses run."""
        return self.synapses.active

    @active.setter
    def active(self, active: Any) -> None:
        raise UnsupportedFeatureError(
            f"The pathway '{self.name}' of {self.synapses.describe()} cannot be set to active = "
            f"{active!r} alone. Set that of the synapses, or give the pathway Synapses of its own."
        )

    @property
    def group(self) -> Group:
        """The group whose events start the pathway."""
        return self.synapses.source if self.direction == "pre" else self.synapses.target

    def event_place(self) -> tuple[str, int, str]:
        """Return the slot, the order and the name of what finds the events of the pathway."""
        group = self.group
        parent = group.source if isinstance(group, Subgroup) else group
        slot, order = parent._event_places()[self.event]
        return slot, order, f"{parent.name}_{self.event}_thresholder"

    def needed_lag(self) -> int:
        """Return 1 if the pathway comes before its events in a step, else 0.

        It then takes those of the step before, and its delays count from the step after these.
        """
        synapses = self.synapses
        slots = synapses._slots
        found = place_key(*self.event_place(), slots, self.group.describe())
        runs = f"{synapses.name}_{self.name}"
        return int(place_key(self.when, self.order, runs, slots, synapses.describe()) < found)

    @property
    def clock(self) -> Clock:
        """The clock of that group, on which the delays are counted."""
        return self.group.clock

    @property
    def delay(self) -> VariableView:
        """The delays; a change between runs leaves spikes under way alone."""
        return VariableView(DelayView(self), "delay", False)

    @delay.setter
    def delay(self, value: Any) -> None:
        DelayView(self)._write("delay", slice(None), value)

    @property
    def delay_(self) -> VariableView:
        """The delays in seconds, as plain numbers."""
        return VariableView(DelayView(self), "delay", True)

    @delay_.setter
    def delay_(self, value: Any) -> None:
        DelayView(self)._write("delay", slice(None), value, plain=True)

    # --- values -----------------------------------------------------------------------------

    def seconds(self) -> npt.NDArray[np.float64]:
        """Return the delay of each synapse in seconds, in data order."""
        n = self.synapses._data.n
        if self.uniform is not None:
            return np.full(n, self.uniform)
        if self.variable.data.size == n:
            return np.asarray(self.variable.data, np.float64)
        table, classes = self._table()
        if classes is None:
            return np.full(n, table[0] if table.size else 0.0)
        return np.asarray(table[classes])

    def _table(self) -> tuple[npt.NDArray[np.float64], Any]:
        """Return the delay of each class of the store, and the class of each synapse, or None."""
        table = self.synapses._class_steps.astype(np.float64) * self.synapses._class_dt
        return table, self.synapses._data.classes()

    def longest_steps(self, dt: float) -> int:
        """Return the longest delay in steps, 0 without synapses."""
        uniform, n = self.uniform_steps(dt), self.synapses._data.n
        if uniform is not None or n == 0:
            return uniform or 0
        values = self.variable.values if self.variable.size == n else self._table()[0]
        return int(delay_steps(np.array([values.max()]), dt)[0])

    def steps_at(self, positions: npt.NDArray[np.int64], dt: float) -> npt.NDArray[np.int64]:
        """Return the delays at some positions in steps."""
        uniform, n = self.uniform_steps(dt), self.synapses._data.n
        if uniform is not None:
            return np.full(positions.shape, uniform)
        if self.variable.data.size == n:
            return delay_steps(np.asarray(self.variable.values, np.float64)[positions], dt)
        table, classes = self._table()
        if classes is None:
            return np.full(positions.shape, delay_steps(table, dt)[0])
        return np.asarray(delay_steps(table, dt)[classes[positions]])

    def as_computed(self, real: np.dtype[np.floating]) -> StateVariable:
        """Return what delays are while text computes them: of the precision of programs."""
        array = replace(self.variable.info.array, dtype=DType.REAL)
        return StateVariable(replace(self.variable.info, array=array), 0, real)

    def set_seconds(self, values: npt.NDArray[np.floating]) -> None:
        """Take delays in data order; those that text computed in float32 stay so, for memory."""
        self.uniform = None
        self.variable.data = values

    def steps(self, dt: float) -> npt.NDArray[np.int64]:
        """Return the delays in steps: int(delay / dt + 0.5), as Brian rounds."""
        return delay_steps(self.seconds(), dt)

    def uniform_steps(self, dt: float) -> int | None:
        """Return the one delay of all synapses in steps, or None."""
        if self.uniform is not None:
            return int(delay_steps(np.array([self.uniform]), dt)[0])
        return None

    def classes(self, dt: float) -> tuple[npt.NDArray[np.uint32], Any]:
        """Return the distinct delay steps and the class of each synapse in data order."""
        if self.uniform is None and self.variable.size == self.synapses._data.n:
            return delays_to_classes(self.variable.values, dt)
        return delays_to_classes(self.seconds(), dt)

    def check(self, values: npt.NDArray[Any]) -> None:
        """Raise if a delay is negative, infinite or absurdly long."""
        least, greatest = extremes(values)
        if least >= 0 and greatest < LONGEST * self.clock.dt_:
            return
        bad = ~((values >= 0) & (values < LONGEST * self.clock.dt_))
        if np.any(bad):
            place = int(np.flatnonzero(np.atleast_1d(bad))[0])
            value = np.atleast_1d(values)[place]
            reason = (
                "a delay cannot be negative"
                if value < 0
                else f"the longest delay is {LONGEST} steps of {self.clock.dt_} s"
            )
            where = f" of synapse {place}" if np.size(values) > 1 else ""
            raise ModelError(
                f"The delay{where} of the pathway '{self.name}' of {self.synapses.describe()} is "
                f"{value} s; {reason}."
            )


class DelayView:
    """Lets a :class:`VariableView` read and write the delays of a pathway."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        self.name = f"{pathway.synapses.name}.{pathway.name}"
        self.variables: dict[str, StateVariable] = {}  # a store has classes of delays instead

    def describe(self) -> str:
        """Return how messages call the pathway."""
        return f"pathway '{self.pathway.name}' of {self.pathway.synapses.describe()}"

    def _dimension(self, name: str) -> Dimension:
        return SECOND

    def _read(self, name: str, item: Any) -> npt.NDArray[Any]:
        pathway, synapses = self.pathway, self.pathway.synapses
        if pathway.fixed and pathway.uniform is not None:
            return np.array(pathway.uniform)
        return np.asarray(pathway.seconds()[synapses._positions(synapses._indices(item))])

    def _write(self, name: str, item: Any, value: Any, plain: bool = False) -> None:
        pathway, synapses = self.pathway, self.pathway.synapses
        whole = isinstance(item, slice) and item == slice(None)
        synapses._delays_change()  # first: text for all synapses has its values in data order
        if isinstance(value, str) and whole and delays_on_device(pathway, value):
            synapses._structure_changed()
            return
        if isinstance(value, str):
            new = synapses._evaluate_delay(value, item, pathway)
        else:
            if isinstance(value, VariableView):
                value = value[:]
            if is_matrix(value):
                value = from_matrix(synapses, "delay", item, value)
            if plain:
                what = f"the delay of {synapses.describe()}"
                value = Quantity(plain_values(value, what)[0], dim=SECOND)
            new = pathway.variable.convert(value, synapses.describe())
        if pathway.fixed and (not whole or np.size(new) != 1):
            raise ModelError(
                f"The delay of the pathway '{pathway.name}' of {synapses.describe()} was given as "
                "a scalar and stays one. Leave out delay= to set it for each synapse."
            )
        pathway.check(new)
        if not (whole and np.size(new) == 1):
            require_one_delay(synapses, pathway.name)
        in_data_order = isinstance(value, str) and whole
        if whole and np.size(new) == 1:
            pathway.uniform = float(np.reshape(new, ()))
            pathway.variable.data = np.zeros(0)
        elif in_data_order and new.size == synapses._data.n > 0:
            pathway.set_seconds(new)  # text gives a new array
        else:
            if synapses._data.n == 0:
                raise UnknownAttributeError(
                    f"{synapses.describe()} has no synapses yet; call connect() before setting "
                    "delays for single synapses."
                )
            values = pathway.seconds()
            indices = synapses._indices(item)
            positions = indices if in_data_order else synapses._positions(indices)
            count = values[positions].size
            if new.ndim and new.size not in (1, count):
                raise ModelError(
                    f"The delay of {synapses.describe()} needs {count} values here, "
                    f"but {new.size} were given."
                )
            values[positions] = new
            pathway.set_seconds(values)
        synapses._structure_changed()
