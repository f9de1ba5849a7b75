"""What Synapses give to a network: everything of it is done by :class:`SynapticRun`."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.formulas import Formulas
from simgen.api.group import Group
from simgen.api.monitors import parent_group
from simgen.api.namespaces import Namespace
from simgen.api.neuron_group import METHODS
from simgen.api.pathways import Pathway
from simgen.api.placed import Place
from simgen.api.present import Present
from simgen.api.present_synapses import present_synapses
from simgen.api.renumbering import Follower
from simgen.api.seeds import Stream
from simgen.api.shared_kernel import SharedKernel
from simgen.api.storage import AnyArray, ProgramArray, StateVariable
from simgen.api.subgroup import Subgroup
from simgen.api.synaptic_data import SynapticData
from simgen.api.synaptic_run import SynapticRun
from simgen.build.emissions import emissions_of
from simgen.build.facts import NetworkFacts
from simgen.build.synapses import touched_by
from simgen.dtypes import DType
from simgen.errors import Problem
from simgen.integrate.model import Derived
from simgen.ir.expr import POST, PRE, Array, Load, Param
from simgen.ir.kernel import Item
from simgen.lang.equations import EquationSet
from simgen.model.description import GroupDescription
from simgen.model.emissions import Emission
from simgen.model.reductions import Reductions, SynapseEnd
from simgen.model.scope import ConstantScope

if TYPE_CHECKING:
    from simgen.api.synapses_as_group import SynapsesAsGroup
    from simgen.api.timeline import Timeline


class SynapsesInNetwork(Group):
    """The side of Synapses that networks see."""

    source: Group
    target: Group
    equations: EquationSet
    _method: Any
    _data: SynapticData
    _class_steps: npt.NDArray[np.uint32]  # the delay classes of the store, in steps of _class_dt
    _class_dt: float
    _multisynaptic: str | None
    _storage: str
    _run: SynapticRun
    _as_group: SynapsesAsGroup
    _kernel: SharedKernel
    _formulas: Formulas
    _pathways: dict[str, Pathway]
    _lastupdate: StateVariable | None
    _followers: weakref.WeakSet[Follower]  # what knows synapses by their numbers
    _numbering = 0  # how often these have changed
    _merge: Any = None  # the object that has taken over the data, where several run as one

    def _places(self) -> Iterator[Place]:
        for equation in self.equations.equations:
            if "summed" in equation.flags:
                end = self.source if equation.name.endswith("_pre") else self.target
                group = parent_group(end)
                label = f"{self.name}_summed_variable_{equation.name}"
                yield Place(label, "summed variable", "groups", group.order - 1, group.clock)
        if any("event-driven" not in ode.flags for ode in self.equations.differential):
            yield Place(f"{self.name}_stateupdater", "state update", "groups", self.order)
        for pathway in self._pathways.values():
            label = f"{self.name}_{pathway.name}"
            yield Place(label, "pathway", "synapses", pathway.order, pathway.clock)

    def _depends_on(self) -> Iterator[Component]:
        yield self.source
        yield self.target

    def _sums(self) -> Iterator[tuple[str, int, int]]:
        for equation in self.equations.equations:
            if "summed" in equation.flags:
                name, _, side = equation.name.rpartition("_")
                group = self.source if side == "pre" else self.target
                first = group.start if isinstance(group, Subgroup) else 0
                yield f"{parent_group(group).name}.{name}", first, first + group._size()

    def _element_reductions(self, prefix: str) -> Reductions:
        source = self._source_model()
        ends = {
            "pre": SynapseEnd(PRE, source.pre, Load(source.outgoing, PRE)),
            "post": SynapseEnd(POST, source.post, Load(source.incoming, POST)),
        }
        return Reductions(prefix, self.describe(), Param(source.store.length, DType.I64), ends)

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        self._run.resolve(self._constants(namespace), problems)

    def _written(self) -> Iterable[Array]:
        return self._run.written()

    def _observed(self) -> Iterable[Array]:
        own = {variable.info.array for variable in self.variables.values()}
        return touched_by(self._run.model) - own

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        return self._run.items(facts, self._method, METHODS)

    def _derived(self) -> Iterable[Derived]:
        return self._run.derived

    def _constant_scopes(self) -> Iterable[ConstantScope]:
        return () if self._run.constants is None else (self._run.constants,)

    def _follow_constants(self, names: Collection[str] | None) -> bool:
        return self._run.traces.follow_constants(names)

    def _carry_on(
        self, previous: Timeline | None, next_step: Callable[[Clock], int] | None
    ) -> None:
        self._run.carry_on(previous, next_step)

    def _settles(self) -> Callable[[Timeline], bool] | None:
        return self._run.carried.delivered if self._run.carried.pending else None

    def _prepare(self, n_parts: int) -> None:
        self._as_group.require_ends()
        self._run.prepare(n_parts)

    def _arrays(self) -> Iterator[tuple[Array, AnyArray | ProgramArray]]:
        yield from self._run.arrays()
        yield from self._kernel.arrays()

    def _computed(self, used: frozenset[str]) -> Iterable[tuple[Array, AnyArray]]:
        yield from self._run.computed(used)
        yield from self._kernel.computed(used)
        yield from self._as_group.computed(used)

    def _tables(self) -> dict[str, AnyArray]:
        return {**self._run.tables(), **self._as_group.tables()}

    def _groups(self) -> dict[str, int]:
        return self._as_group.sizes()

    def _parameters(self) -> dict[str, float | int]:
        own = {**self._kernel.parameters(), **self._formulas.parameters()}
        return {**self._run.parameters(), **own}

    def _longest_delays(self) -> dict[str, int]:
        return self._run.delays.longest_delays()

    def _emissions(self) -> Iterator[tuple[Emission, int]]:
        for name, pathway in self._pathways.items():
            for emission in emissions_of(self._run.model, name):
                yield emission, self._run.carried.born(pathway)

    def _shortest_delay(self) -> int | None:
        return self._run.delays.shortest()

    def _keys(self) -> dict[str, Stream]:
        return {f"{self.name}.key": self._stream}

    def _checked_state(self) -> Iterator[tuple[str, StateVariable]]:
        for variable in self.variables.values():
            if variable.info.array in self._run.changed:  # what no code writes cannot diverge
                yield variable.name, variable

    def _present(self) -> Present:
        return present_synapses(self)

    def _linkable(self) -> GroupDescription:
        return self._as_group.stored_description()

    def _take_back(self, name: str) -> None:
        """Have the values of a variable at the synapses, where they may be written."""
        traces = self._run.traces
        if traces.holds(name):
            traces.write_back()
            self._changed()
        if traces.is_stored(name):
            traces.forget_stored()

    def _must_be_finite(self, name: str) -> bool:
        return True

    def _started(self) -> None:
        self._data.forget_positions()
