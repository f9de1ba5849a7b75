"""StateMonitor: values of variables over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import about, names_of
from simgen.api.checks import index_array
from simgen.api.clock import Clock, choose_clock
from simgen.api.component import Component
from simgen.api.endpoint_values import end_of
from simgen.api.group import Group
from simgen.api.namespaces import Namespace
from simgen.api.naming import variable_meant
from simgen.api.recorded_rows import StateMonitorView
from simgen.api.recording import Recording
from simgen.api.refractory_state import REFRACTORY
from simgen.api.row_storage import require_kept
from simgen.api.states import Access, States
from simgen.api.storage import AnyArray
from simgen.api.synapses_part import SynapsesPart, as_group, whole_synapses
from simgen.api.synaptic_selection import SynapticSelection
from simgen.build.facts import NetworkFacts
from simgen.build.monitors import StateRecording, state_items
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    IndexRangeError,
    ModelError,
    Problem,
    SourceText,
    UnknownAttributeError,
    UnknownNameError,
    suggest,
)
from simgen.ir.expr import Array, Expr, Gather, Load, Param
from simgen.ir.kernel import Item
from simgen.ir.stmt import Recorder
from simgen.ir.visit import walk
from simgen.lang.expressions import parse_expression
from simgen.model.description import SECOND
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import ConstantScope
from simgen.units import DIMENSIONLESS, Dimension, Quantity


class StateMonitor(States, Component):
    """Records variables at every step of a clock.

    Parameters
    ----------
    source
        A group, subgroup, Synapses, or successive synapses (``S[:10]``).
    variables
        A name or names of variables or subexpressions; True for all of the equations.
    record
        True for all elements, an index, or indices from 0 on, each of which is a row of the
        results (for Synapses also ``S[...]``). Text is a condition.
    dt, clock
        How often; by default at every step of the source's clock.
    when, order
        Where in the step; ``start`` by default, so the first value is the initial one.

    ``M.v`` is the recording itself, an array (element, time), ``M.t`` the times, ``M[3].v`` a copy
    of the values of element 3 (to draw spikes into, for instance).

    """

    _records_each_step = True

    def __init__(
        self,
        source: Group,
        variables: str | Sequence[str] | bool,
        record: Any,
        dt: Any = None,
        clock: Any = None,
        when: str = "start",
        order: int = 0,
        name: str | None = "statemonitor*",
    ) -> None:
        source = as_group(source, "What a StateMonitor records")
        if not isinstance(source, Group):
            raise ArgumentTypeError(f"A monitor needs a group, not {source!r}.")
        super().__init__(name, "statemonitor*", when=when, order=order)
        self.source = source
        self.clock: Clock = (
            source.clock
            if dt is None and clock is None
            else choose_clock(dt, clock, self.describe())
        )
        self._synapses = whole_synapses(source)
        self.record_variables = self._names(variables)
        if self._synapses is not None:
            require_kept(self._synapses, self.describe())
            self._synapses._followers.add(self)
        self._requested = self._indices = self._chosen(record)
        self._constants: ConstantScope | None = None
        self._values: dict[str, Expr] = {}
        owners = {name: self._owner(name) for name in self.record_variables}
        infos = {name: group.variables.get(own) for name, (group, own) in owners.items()}
        self._shared: frozenset[str] = frozenset(
            name
            for name, variable in infos.items()
            if variable is not None and variable.info.shared
        )
        self._steps = Recording(Recorder(f"{self.name}.t", DType.I64), SECOND, source._real)
        self._recordings: dict[str, Recording] = {}
        for name, (group, own) in owners.items():
            info, dim = infos[name], group._dimension(own)
            dtype = DType.REAL if info is None else info.info.array.dtype
            if info is None and dim == DIMENSIONLESS:
                dtype = group._value_type(own)
                if dtype is DType.I32:
                    dtype = DType.I64
            recorder = Recorder(f"{self.name}.{name}", dtype)
            self._recordings[name] = Recording(recorder, dim, source._real)

    def _names(self, variables: Any) -> list[str]:
        if variables is True:
            refractory = [name for name in REFRACTORY if self.source._knows(name)]
            subexpressions = self.source._description.subexpressions
            return [*self.source.variables, *subexpressions, *refractory]
        found = list(dict.fromkeys(names_of(variables, self.describe())))
        for name in found:
            if name == "t":
                raise UnknownNameError(
                    f"{self.describe()} records the times anyway, as its attribute 't'; it cannot "
                    "record 't' as a variable."
                )
            if not self._owner(name)[0]._knows(self._owner(name)[1]) or name == "dt":
                raise UnknownNameError(
                    f"{self.describe()} cannot record '{name}': {self.source.describe()} has no "
                    f"such variable. {suggest(name, self.source._readable())}".strip()
                )
        if not found:
            raise ModelError(f"{self.describe()} has no variables to record.")
        return found

    def _owner(self, name: str) -> tuple[Group, str]:
        """Return who has a recorded variable, and its name there: that of ``v_post`` is ``v``."""
        if self._synapses is not None and not self._synapses._knows(name):
            found = end_of(self._synapses, name)
            if found is not None:
                return found
        return self.source, name

    def _chosen(self, record: Any) -> npt.NDArray[np.int64] | None:
        """Return the recorded indices, None for all (known only when the network runs)."""
        if isinstance(record, bool | np.bool_) and record:
            return None
        if isinstance(record, bool | np.bool_) or record is None:
            raise ModelError(
                f"record of {self.describe()} must be True or indices, not {record}. "
                "For the mean over a group use a summed expression or PopulationRateMonitor."
            )
        if isinstance(record, SynapticSelection):
            return self._numbers_of(record)
        if isinstance(record, tuple):
            record = list(record)  # a pair in brackets of synapses would be one of neurons
        with about(f"record of {self.describe()}"):
            chosen = self.source._indices(record)
            if not isinstance(record, str | slice) and record is not Ellipsis:
                self._refuse_negative(np.asarray(record))
        if isinstance(chosen, slice):
            return np.arange(chosen.start, chosen.stop, chosen.step)
        return np.atleast_1d(chosen).astype(np.int64)

    def _numbers_of(self, selection: SynapticSelection) -> npt.NDArray[np.int64]:
        """Return what synapses are called here: in a part of them they count from its first."""
        part = self.source
        return selection.indices - (part.start if isinstance(part, SynapsesPart) else 0)

    def _require_kept(self, kept: npt.NDArray[np.bool_]) -> None:
        """Raise if synapses are about to be removed that are recorded."""
        if isinstance(self.source, SynapsesPart):
            raise ModelError(
                f"No synapses of {self.source.source.describe()} can be removed: "
                f"{self.describe()} records a part of them. Let it record some of all, by "
                "record=S[...]."
            )
        if self._indices is None:
            if self._steps.used:
                raise ModelError(
                    f"No synapses of {self.source.describe()} can be removed: {self.describe()} "
                    "has recorded all of them, one in each row. Let it record some that stay."
                )
            return
        lost = self._indices[~kept[self._indices]]
        if lost.size:
            raise ModelError(
                f"The synapse {lost[0]} of {self.source.describe()} cannot be removed: "
                f"{self.describe()} records it."
            )

    def _renumbered(self, numbers: npt.NDArray[np.int64]) -> None:
        """Follow the recorded synapses, which have new numbers."""
        if self._indices is not None:
            self._indices = numbers[self._indices]

    def _refuse_negative(self, record: AnyArray) -> None:
        """Raise for an index from the end: results are looked up by the recorded indices."""
        if record.dtype.kind == "i" and record.size and record.min() < 0:
            size = self.source._size()
            raise IndexRangeError(
                f"Index {record.min()} is negative; the {size} elements of "
                f"{self.source.describe()} are numbered from 0 to {size - 1}."
            )

    def _depends_on(self) -> Iterator[Component]:
        yield self.source

    # --- results ----------------------------------------------------------------------------

    @property
    def record(self) -> npt.NDArray[np.int64]:
        """The recorded indices."""
        return np.arange(self.source._size()) if self._indices is None else self._indices

    @property
    def t(self) -> Quantity:
        """The times."""
        return Quantity(self.t_, dim=SECOND)

    @property
    def t_(self) -> npt.NDArray[np.float64]:
        """The times in seconds."""
        return self._steps.times()

    @property
    def N(self) -> int:
        """The number of times."""
        return self._steps.used

    @property
    def n_indices(self) -> int:
        """The number of elements that are recorded."""
        return int(self.record.size)

    def __len__(self) -> int:
        return self.N

    def _matrix(self, name: str) -> AnyArray:
        recording = self._recordings[name]
        values = recording.values()
        if name in self._shared:
            return np.broadcast_to(values, (self.record.size, values.size))
        matrix: AnyArray = (
            values.reshape(self._steps.used, -1).T
            if self._steps.used
            else (np.empty((self.record.size, 0), values.dtype))
        )
        return matrix

    def __getattr__(self, name: str) -> Any:
        recordings = self.__dict__.get("_recordings", {})
        key, plain = variable_meant(name, recordings.__contains__)
        if key not in recordings:
            if name.startswith("__"):
                raise AttributeError(name)
            raise UnknownAttributeError(
                f"{self.describe()} has no attribute '{name}'. {suggest(name, recordings)}".strip()
            )
        values = self._matrix(key)
        dim = recordings[key].dim
        return values if plain or dim.is_dimensionless else Quantity(values, dim=dim)

    def __setattr__(self, name: str, value: Any) -> None:
        recordings = self.__dict__.get("_recordings", {})
        if variable_meant(name, recordings.__contains__)[0] in recordings:
            raise UnknownAttributeError(
                f"'{name}' of {self.describe()} was recorded; it is not set."
            )
        super().__setattr__(name, value)

    def __getitem__(self, item: Any) -> StateMonitorView:
        if isinstance(item, SynapticSelection):
            wanted = self._numbers_of(item)
        else:
            wanted = index_array(item, self.describe())
        if wanted.dtype.kind not in "iu":
            raise ArgumentTypeError(
                f"{self.describe()} is indexed by element indices, not {item!r}."
            )
        recorded = self.record
        rows = []
        for index in np.atleast_1d(wanted):
            found = np.flatnonzero(recorded == index)
            if found.size == 0:
                raise IndexRangeError(f"{self.describe()} does not record the element {index}.")
            rows.append(int(found[0]))
        return StateMonitorView(self, rows[0] if wanted.ndim == 0 else np.array(rows))

    def _states(self) -> dict[str, Access]:
        return dict.fromkeys(("t", "N", *self._recordings), Access.READ_ONLY)

    def _state(self, name: str) -> tuple[AnyArray, Dimension]:
        if name in self._recordings:
            return self._matrix(name).T.copy(), self._recordings[name].dim
        return (self.t_, SECOND) if name == "t" else (np.array(self.N), DIMENSIONLESS)

    def record_single_timestep(self) -> None:
        """Record the present values once, for instance after the last step of a run."""
        if self._network is None:
            raise ModelError(f"{self.describe()} records a single step only after a run.")
        step = round(self._network.t_ / self.clock.dt_)
        source, numbers = self.source, self.record
        if isinstance(source, SynapsesPart):
            source, numbers = source.source, numbers + source.start
        every = slice(None)  # a shared variable has one value, whatever is recorded
        values = {
            name: getattr(source, f"{name}_")[every if name in self._shared else numbers]
            for name in self._recordings
        }
        if self._steps.used and self._steps.data[self._steps.used - 1] == step:
            return
        self._steps.append(np.array([step]), self.describe())
        for name, recording in self._recordings.items():
            recording.append(np.atleast_1d(values[name]), self.describe())

    # --- what a network asks for --------------------------------------------------------------

    def _prepare(self, n_parts: int) -> None:
        present = self.record
        if self._steps.used and present.size * self._steps.used != self._any_used():
            raise ModelError(
                f"{self.describe()} records all elements, but their number has changed."
            )

    def _any_used(self) -> int:
        for name, recording in self._recordings.items():
            if name not in self._shared:
                return recording.used
        return self.record.size * self._steps.used

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        constants = self.source._constants(namespace)
        scope = self.source._code_scope(constants, self.clock.ir, self.when)
        key = Param(f"{self.name}.key", DType.U64)
        for name in self.record_variables:
            resolver = Resolver(
                scope, problems=problems, draw_key=key, draws=DrawCounter(), strict=True
            )
            node = parse_expression(SourceText(name, "recorded variable", self.describe()))
            self._values[name], _ = resolver.expression(node)
        constants.hidden.clear()  # what is recorded is a variable, which nobody could take for else
        self._constants = constants

    def _observed(self) -> Iterable[Array]:
        for value in self._values.values():
            yield from (node.array for node in walk(value) if isinstance(node, Load | Gather))

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        store = None if self._synapses is None else self._synapses._run.store()
        recording = StateRecording(
            self.name,
            self.describe(),
            self.clock.ir,
            self.when,
            self.order,
            self._index_array(),
            store,
            self._steps.recorder,
            {name: recording.recorder for name, recording in self._recordings.items()},
            self._values,
            self._shared,
            store is None and bool(np.all(np.diff(self._positions()) > 0)),
        )
        return state_items(recording)

    def _index_array(self) -> Array:
        return Array(f"{self.name}.indices", DType.I64, f"{self.name}.n_indices")

    def _positions(self) -> npt.NDArray[np.int64]:
        positions = self.source._positions(self.record)
        return np.ascontiguousarray(positions, np.int64)

    def _arrays(self) -> Iterator[tuple[Array, AnyArray]]:
        yield self._index_array(), self._positions()

    def _parameters(self) -> dict[str, float | int]:
        return {f"{self.name}.n_indices": self.n_indices}

    def _recorded(self) -> Iterator[tuple[Recording, int]]:
        yield self._steps, 1
        for name, recording in self._recordings.items():
            yield recording, 1 if name in self._shared else self.record.size

    def _constant_scopes(self) -> Iterable[ConstantScope]:
        return () if self._constants is None else (self._constants,)
