"""NeuronGroup: neurons with equations, a threshold, a reset and refractoriness; and parts of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from simgen.api.arguments import about, checked_size
from simgen.api.checks import (
    NEURON_FLAGS,
    check_attributes,
    check_events,
    check_flags,
    checked_period,
    require_variables,
)
from simgen.api.equation_variables import declare_variables, read_equations, without_mentions
from simgen.api.group import spike_events
from simgen.api.group_code import RunsCode
from simgen.api.linked import declared
from simgen.api.model_warnings import warn_of_neurons
from simgen.api.namespaces import Namespace
from simgen.api.neuron_events import NeuronEvents
from simgen.api.seeds import Stream
from simgen.api.storage import AnyArray, ProgramArray, StateVariable
from simgen.api.subgroup import Subgroup, slice_bounds
from simgen.build.facts import NetworkFacts
from simgen.build.neurons import neuron_items
from simgen.dtypes import DType
from simgen.errors import (
    InternalError,
    ModelError,
    Problem,
    SourceText,
    UnsupportedFeatureError,
    gathering,
    joining,
)
from simgen.integrate.choose import check_method, choose
from simgen.integrate.model import Derived, OdeSystem, Update
from simgen.ir.expr import ELEMENT, Array, Load, Param, RandomDraw
from simgen.ir.kernel import Item
from simgen.ir.stmt import EventList
from simgen.ir.visit import writes
from simgen.lang.equations import EquationSet
from simgen.model.copies import with_copies
from simgen.model.description import GroupDescription, VariableInfo
from simgen.model.neurons import NeuronModel, NeuronSource, check_neurons
from simgen.model.scope import ConstantScope
from simgen.runtime.timing import steps_reached
from simgen.units import DIMENSIONLESS

METHODS = ("exact", "euler", "heun")


class NeuronGroup(RunsCode, NeuronEvents):
    """A group of neurons that share equations.

    Parameters
    ----------
    N
        The number of neurons.
    model
        Equations as text or :class:`Equations`.
    method
        Integrator: exact, exponential_euler, euler, rk2, rk4, heun, milstein; by default the first
        of exact, euler and heun that can integrate the equations.
    threshold
        Condition for a spike.
    reset
        Statements run for the neurons that spiked.
    refractory
        A time, an expression of one, or a condition as text, after a spike.
    events
        Further events: name -> condition.
    namespace
        Values for names that the equations do not define; without it those of the caller of run().
    dt, clock
        A step width or clock of the group's own.
    order
        Place among objects of the same schedule slot.
    name
        A name, unique in a network.

    Raises
    ------
    EquationError, DimensionMismatchError, ModelError
        What is wrong in the text, all of it at once, with carets.

    """

    equations: EquationSet
    _N: int
    _method: Any
    _refractory: Any
    _model: NeuronModel | None
    _update: Update | None
    _group_constants: ConstantScope | None
    _internal: dict[str, StateVariable]

    def __init__(
        self,
        N: int,
        model: Any = "",
        method: Any = None,
        threshold: str | None = None,
        reset: str | None = None,
        refractory: Any = False,
        events: Mapping[str, str] | None = None,
        namespace: Mapping[str, Any] | None = None,
        dt: Any = None,
        clock: Any = None,
        order: int = 0,
        name: str | None = "neurongroup*",
        method_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, "neurongroup*", namespace=namespace, dt=dt, clock=clock, order=order)
        owner = self.describe()
        if method_options:
            raise UnsupportedFeatureError(f"method_options of {owner} are not supported.")
        self._set("_N", checked_size(N, f"The number of neurons of {owner}"))
        problems: list[Problem] = []
        with joining(problems):
            texts = {"threshold": threshold, "refractory period": refractory, "reset": reset}
            equations, values, lost = read_equations(model, owner, texts, problems)
            self._set("equations", equations)
            self._substitute(values)
            self._set("_method", method)
            self._set("_refractory", checked_period(refractory, owner))
            for name, empty in (("_model", None), ("_update", None), ("_group_constants", None)):
                self._set(name, empty)
            self._set("_internal", {})
            check_events(events, owner, threshold)
            conditions = {} if threshold is None else {"spike": threshold}
            self._set("_conditions", self._texts({**conditions, **dict(events or {})}, "condition"))
            if reset is not None and threshold is None:
                raise ModelError(f"{owner} has a reset but no threshold.")
            self._set("_reactions", self._texts({} if reset is None else {"spike": reset}, "reset"))
            self._set("_condition_places", {})
            self._set("_reaction_places", {})
            with gathering(problems), about(owner):
                check_method(method)
            found: list[Problem] = []
            self._declare(found)
            constants = ConstantScope(self.namespace, prefix=f"{self.name}.c.")
            check_neurons(self._source(), constants, strict=False, problems=found)
            problems.extend(without_mentions(found, lost))
        warn_of_neurons(self)

    def _declare(self, problems: list[Problem]) -> None:
        length = f"N_{self.name}"
        infos, subexpressions = declare_variables(self.equations, self.name, length, problems)
        last, stored = None, None
        self._set("_step_width", self.clock.dt_)
        if self._refractory is not False:
            if "spike" not in self._conditions:
                raise ModelError(f"{self.describe()} has a refractory period but no threshold.")
            last = Array(f"{self.name}.lastspike", DType.I64, length)
            flag = Array(f"{self.name}.not_refractory", DType.BOOL, length)
            # -1e4 s, as if the last spike was long ago
            self._hidden("lastspike_step", last, round(-1e4 / self.clock.dt_))
            self._hidden("not_refractory_flag", flag, 1)
            stored = Load(flag, ELEMENT)
        check_attributes(self, self.equations, problems)
        check_flags(self.equations, NEURON_FLAGS, "a NeuronGroup", problems)
        require_variables(infos, self._N, self._real, self.describe())
        for info in infos:
            self.variables[info.name] = declared(info, self)
        self._set(
            "_description",
            GroupDescription(
                name=self.name,
                text=self.describe(),
                length=length,
                clock=self.clock.ir,
                variables={info.name: info for info in infos},
                subexpressions=subexpressions,
                events=spike_events(self.name, length, self._conditions),
                not_refractory=stored,
                lastspike=last,
            ),
        )

    def _hidden(self, name: str, array: Array, value: int) -> None:
        """Add data that no user code names."""
        info = VariableInfo(name, array, DIMENSIONLESS, read_only="internal")
        variable = StateVariable(info, self._N, self._real)
        variable.data[:] = value
        self._internal[name] = variable

    def _source(self) -> NeuronSource:
        refractory = self._refractory
        if isinstance(refractory, str):
            refractory = SourceText(refractory, "refractory period", self.describe())
        stored = self._internal.get("not_refractory_flag")
        flag = None if stored is None else stored.info.array
        return NeuronSource(
            self._description,
            self.equations,
            self._conditions,
            self._reactions,
            refractory,
            flag,
            Param(f"{self.name}.key", DType.U64),
            early_conditions=self._early(self._event_places()),
            early_reactions=self._early(self._code_places()),
        )

    # --- indexing -----------------------------------------------------------------------------

    @property
    def N(self) -> int:
        """The number of neurons."""
        return int(self._N)

    def __len__(self) -> int:
        return int(self._N)

    def _size(self) -> int:
        return int(self._N)

    def __getitem__(self, item: Any) -> Subgroup:
        start, stop = slice_bounds(item, self._N, self.describe())
        return Subgroup(self, start, stop)

    # --- what a network asks for ------------------------------------------------------------------

    def _prepare(self, n_parts: int) -> None:
        """Keep the times of the last spikes, which are counted in steps, when dt has changed.

        A time between two new steps counts as the later one: refractory periods then end as if
        the time itself were kept.
        """
        dt = self.clock.dt_
        last = self._internal.get("lastspike_step")
        if last is not None and dt != self._step_width:
            last.data = steps_reached(last.data * self._step_width, dt).astype(last.data.dtype)
        self._set("_step_width", dt)

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        constants = self._constants(namespace)
        model = check_neurons(self._source(), constants, strict=True, problems=problems)
        self._set("_model", with_copies(model))
        self._set("_group_constants", constants)

    def _code_description(self) -> GroupDescription:
        return self._description if self._model is None else self._model.group

    def _resolved(self) -> NeuronModel:
        if self._model is None:
            raise InternalError(f"{self.describe()} was not resolved")
        return self._model

    def _written(self) -> Iterable[Array]:
        model = self._resolved()
        yield from (ode.target.array for ode in model.odes)
        bodies = (model.frozen, model.flag_update, model.on_spike, *model.reactions.values())
        for body in (*bodies, model.before_frozen, model.before_update):
            yield from (array for array, _, _ in writes(body))

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        model = self._resolved()
        self._set("_changing", facts.changing)
        draws = model.draws

        def draw(name: str) -> RandomDraw:
            return RandomDraw("randn", (), model.key, draws.next())

        system = OdeSystem(model.odes, facts.changing, self.clock.ir.dt, draw, f"{self.name}.")
        update = Update((), (), "none")
        if model.odes:
            with about(self.describe()):
                update = choose(system, self._method, METHODS)
        self._set("_update", update)
        return neuron_items(model, update, self.order, self._event_places(), self._code_places())

    def _derived(self) -> Iterable[Derived]:
        yield from self._resolved().derived
        yield from self._link_derived()
        if self._update is not None:
            yield from self._update.derived

    def _constant_scopes(self) -> Iterable[ConstantScope]:
        return () if self._group_constants is None else (self._group_constants,)

    def _arrays(self) -> Iterator[tuple[Array, ProgramArray]]:
        for variable in (*self.variables.values(), *self._internal.values()):
            if not variable.info.linked:
                yield variable.info.array, variable
        for array in self._resolved().copies:
            size = 1 if array.length == "one" else self._N
            yield array, ProgramArray(array.name, np.zeros(size, array.dtype.numpy(self._real)))

    def _tables(self) -> dict[str, AnyArray]:
        return self._link_tables()

    def _groups(self) -> dict[str, int]:
        return {self._description.length: self._N}

    def _keys(self) -> dict[str, Stream]:
        return {f"{self.name}.key": self._stream}

    def _must_be_finite(self, name: str) -> bool:
        return any(equation.name == name for equation in self.equations.differential)

    def _event_lists(self) -> Iterable[EventList]:
        return self._description.events.values()

    def _find_array(self, array: Array) -> AnyArray:
        for variable in self._internal.values():
            if variable.info.array.name == array.name:
                return self._flag() if variable.name == "not_refractory_flag" else variable.values
        return super()._find_array(array)

    def _flag(self) -> AnyArray:
        """Return not_refractory as the latest step left it; it is stored only where it must be."""
        compiled = None if self._network is None else self._network._compiled
        name = f"{self.name}.refractory_steps"
        if compiled is None or name not in compiled.memory.ints:
            return self._internal["not_refractory_flag"].values
        latest = round(self.clock._now / self.clock.dt_) - 1
        since = latest - self._internal["lastspike_step"].values
        return np.asarray(since >= compiled.memory.ints[name])

    def _parameters(self) -> dict[str, float | int]:
        """Return run-time parameters that are neither constants nor sizes."""
        if self._refractory is False or isinstance(self._refractory, str):
            return {}
        return {f"{self.name}.refractory": self._refractory}
