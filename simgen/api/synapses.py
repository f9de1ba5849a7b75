"""Synapses: connections between groups with variables, equations, and code run on events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import about, checked_arguments
from simgen.api.checks import (
    SYNAPSE_FLAGS,
    check_attributes,
    check_flags,
    check_new_name,
    check_summed_targets,
)
from simgen.api.component import Component
from simgen.api.connecting import connect
from simgen.api.equation_variables import declare_variables
from simgen.api.evaluation import TextContext, evaluate_text
from simgen.api.group import Group, is_whole
from simgen.api.monitors import parent_group
from simgen.api.namespaces import Namespace
from simgen.api.neuron_group import METHODS, as_equations
from simgen.api.operations import RegularOperation
from simgen.api.pathways import Pathway
from simgen.api.seeds import Stream
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.subgroup import Subgroup
from simgen.api.synaptic_data import SynapticData
from simgen.api.synaptic_run import SynapticRun
from simgen.build.facts import NetworkFacts
from simgen.build.schedule import is_before
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    IndexRangeError,
    ModelError,
    Problem,
    SourceText,
    UnknownAttributeError,
    UnsupportedFeatureError,
    raise_problems,
    suggest,
)
from simgen.integrate.choose import check_method
from simgen.integrate.model import Derived
from simgen.ir import kernel as ir
from simgen.ir.expr import SYNAPSE, Array, Index, IndexKind, Param
from simgen.ir.kernel import Item
from simgen.lang.equations import EquationSet
from simgen.model.description import SECOND, GroupDescription, VariableInfo
from simgen.model.scope import ConstantScope, Scope
from simgen.model.synapses import PathwaySource, SynapseScope, SynapsesSource, check_synapses
from simgen.units import DIMENSIONLESS, Dimension, dimension_of


class Synapses(Group):
    """Connections from ``source`` to ``target``.

    Parameters
    ----------
    source, target
        Groups or subgroups with events; the target is the source if left out.
    model
        Equations of the synapses.
    on_pre, on_post
        Statements run when an event of the source or the target arrives; a dict gives several
        named pathways.
    delay
        One delay for all synapses (a dict for several pathways); without it ``S.delay`` is set
        per synapse.
    on_event
        The event that starts the pathways, or a dict per pathway.
    multisynaptic_index
        Name of a variable that numbers the synapses of one pair of neurons.
    method
        Integrator of clock-driven equations.
    namespace, dt, clock, order, name
        As for :class:`NeuronGroup`.

    Raises
    ------
    EquationError, DimensionMismatchError, ModelError
        What is wrong in the text, all of it at once, with carets.

    """

    source: Group
    target: Group
    equations: EquationSet
    _method: Any
    _data: SynapticData
    _class_steps: npt.NDArray[np.uint32]  # the delay classes of the store, in steps of _class_dt
    _class_dt: float
    _multisynaptic: str | None
    _run: SynapticRun
    _pathways: dict[str, Pathway]
    _lastupdate: StateVariable | None

    def __init__(
        self,
        source: Group,
        target: Group | None = None,
        model: Any = None,
        on_pre: Any = None,
        pre: Any = None,
        on_post: Any = None,
        post: Any = None,
        connect: Any = None,
        delay: Any = None,
        on_event: Any = "spike",
        multisynaptic_index: str | None = None,
        namespace: Mapping[str, Any] | None = None,
        dt: Any = None,
        clock: Any = None,
        order: int = 0,
        method: Any = None,
        name: str | None = "synapses*",
    ) -> None:
        super().__init__(name, "synapses*", namespace=namespace, dt=dt, clock=clock, order=order)
        owner = self.describe()
        if connect is not None:
            raise ArgumentTypeError(f"{owner}: call connect() after the constructor.")
        for side, group in (("source", source), ("target", target)):
            if isinstance(group, Synapses):
                raise UnsupportedFeatureError(f"{owner}: Synapses as {side} are not supported yet.")
            if not isinstance(group, Group) and (group is not None or side == "source"):
                raise ArgumentTypeError(f"The {side} of {owner} must be a group, not {group!r}.")
        self._set("source", source)
        self._set("target", source if target is None else target)
        equations, values = as_equations(model, owner)
        self._set("equations", equations)
        if values:
            self._set("namespace", {**values, **(self.namespace or {})})
        with about(owner):
            check_method(method)
        self._set("_method", method)
        self._set("_data", SynapticData(source._size(), parent_group(self.target)._size()))
        self._set("_class_steps", np.zeros(1, np.uint32))
        self._set("_class_dt", self.clock.dt_)
        self._set("_multisynaptic", multisynaptic_index)
        self._set("_run", SynapticRun(self))
        self._set("_pathways", {})
        codes = self._codes(on_pre if pre is None else pre, on_post if post is None else post)
        self._make_pathways(codes, on_event, delay)
        problems: list[Problem] = []
        self._declare(problems)
        raise_problems(problems)
        constants = ConstantScope(self.namespace or {}, prefix=f"{self.name}.c.")
        check_synapses(self._source_model(), constants, strict=False, problems=problems)
        raise_problems(problems)

    # --- construction -----------------------------------------------------------------------

    def _codes(self, on_pre: Any, on_post: Any) -> list[tuple[str, str, SourceText]]:
        codes: list[tuple[str, str, SourceText]] = []
        for direction, given in (("pre", on_pre), ("post", on_post)):
            if given is None:
                continue
            named = {direction: given} if not isinstance(given, Mapping) else given
            for name, text in named.items():
                label = f"on_{direction}" if name == direction else f"pathway '{name}'"
                if not isinstance(text, str):
                    raise ArgumentTypeError(
                        f"The {label} of {self.describe()} must be text, not {text!r}."
                    )
                if any(name == c[0] for c in codes):
                    raise ModelError(f"{self.describe()} has two pathways named {name!r}.")
                check_new_name(self, name, "a pathway")
                codes.append((name, direction, SourceText(text, label, self.describe())))
        return codes

    def _make_pathways(
        self, codes: list[tuple[str, str, SourceText]], on_event: Any, delay: Any
    ) -> None:
        names = [name for name, _, _ in codes]
        events = self._per_pathway(on_event, names, "on_event", "spike")
        for name, direction, code in codes:
            pathway = Pathway(self, name, direction, code, str(events[name]))
            group = pathway.group
            if pathway.event not in group._description.events:
                what = "no threshold" if pathway.event == "spike" else f"no event '{pathway.event}'"
                raise ModelError(
                    f"The pathway '{name}' of {self.describe()} needs events of "
                    f"{group.describe()}, which has {what}. "
                    f"{suggest(pathway.event, group._description.events)}".strip()
                )
            self._pathways[name] = pathway
        if delay is None:
            return
        if not isinstance(delay, Mapping):
            delay = {"pre": delay}
        for name, value in delay.items():
            if name not in self._pathways:
                raise ModelError(
                    f"{self.describe()} has no pathway '{name}' to delay; it has "
                    f"{', '.join(self._pathways) or 'none'}."
                )
            if isinstance(value, str) or dimension_of(value) != SECOND or np.size(value) != 1:
                raise ModelError(
                    f"The delay of {self.describe()} must be a single time, not {value!r}. "
                    "Set S.delay after connect() for delays per synapse."
                )
            pathway = self._pathways[name]
            pathway.delay = value
            pathway.fixed = True

    def _per_pathway(self, given: Any, names: list[str], what: str, default: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            return dict.fromkeys(names, given)
        for name in given:
            if name not in names:
                raise ModelError(f"{what} of {self.describe()} names no pathway: '{name}'.")
        return {name: given.get(name, default) for name in names}

    def _declare(self, problems: list[Problem]) -> None:
        length = f"n_{self.name}.rows"
        infos, subexpressions = declare_variables(self.equations, self.name, length, problems)
        check_attributes(self, self.equations, problems)
        check_flags(self.equations, SYNAPSE_FLAGS, "Synapses", problems)
        check_summed_targets(self, problems)
        if self._multisynaptic is not None:
            check_new_name(self, self._multisynaptic, "the multisynaptic_index")
            array = Array(f"{self.name}.{self._multisynaptic}", DType.I32, length)
            infos.append(
                VariableInfo(self._multisynaptic, array, DIMENSIONLESS, read_only="is given")
            )
        for info in infos:
            self.variables[info.name] = StateVariable(info, 0, self._real)
        self._set(
            "_description",
            GroupDescription(
                name=self.name,
                text=self.describe(),
                length=length,
                clock=self.clock.ir,
                variables={info.name: info for info in infos},
                subexpressions=subexpressions,
            ),
        )
        if any("event-driven" in equation.flags for equation in self.equations.differential):
            array = Array(f"{self.name}.lastupdate", DType.I64, length)
            info = VariableInfo("lastupdate", array, SECOND, read_only="is set by pathways")
            self._set("_lastupdate", StateVariable(info, 0, self._real))
        else:
            self._set("_lastupdate", None)

    def _source_model(self) -> SynapsesSource:
        def constants(group: Group) -> ConstantScope:
            known = getattr(parent_group(group), "_group_constants", None)
            return group._constants({}) if known is None else known

        several = len({p.clock.name for p in self._pathways.values()}) > 1
        pathways = tuple(
            PathwaySource(
                p.name,
                p.direction,
                p.code,
                p.event,
                p.order,
                p.clock.ir,
                Param(f"{self.name}.{p.name}.per_update", DType.I64) if several else None,
            )
            for p in self._pathways.values()
        )
        return SynapsesSource(
            group=self._description,
            equations=self.equations,
            pre=self.source._code_description(),
            post=self.target._code_description(),
            pre_constants=constants(self.source),
            post_constants=constants(self.target),
            pathways=pathways,
            store=self._run.store(),
            key=Param(f"{self.name}.key", DType.U64),
            incoming=Array(f"{self.name}.N_incoming", DType.I32, self._target_length()),
            outgoing=Array(f"{self.name}.N_outgoing", DType.I32, self._source_length()),
            lastupdate=None if self._lastupdate is None else self._lastupdate.info.array,
            update_dt=Param(f"{self.name}.update_dt", DType.F64),
            rank=self._run.rank_array(),
        )

    def _target_length(self) -> str:
        return self.target._description.length

    def _source_length(self) -> str:
        return self.source._description.length

    # --- connecting ---------------------------------------------------------------------------

    @checked_arguments
    def connect(
        self,
        condition: Any = None,
        i: Any = None,
        j: Any = None,
        p: Any = 1.0,
        n: Any = 1,
        skip_if_invalid: bool = False,
        namespace: Mapping[str, Any] | None = None,
        level: int = 0,
        *,
        n_total: int | None = None,
        out_degree: int | None = None,
        in_degree: int | None = None,
        multapses: bool = True,
        autapses: bool = True,
    ) -> None:
        """Make synapses; repeated calls add to those there are.

        Parameters
        ----------
        condition
            Condition in i, j and the variables of both groups; True for all pairs.
        i, j
            Indices (arrays or numbers), or one of them text: an expression (``j='i+1'``) or a
            generator (``j='k for k in range(i-3, i+4) if k != i'``,
            ``j='k for k in sample(N_post, p=0.1)'``, ``size=``, ``replace=``).
        p
            Probability of each synapse: a number or an expression.
        n
            Number of synapses for each pair: a number or an expression.
        skip_if_invalid
            Leave out indices outside the groups instead of raising.
        n_total
            This many synapses between pairs drawn at random, repeated pairs and i == j included.
        out_degree, in_degree
            This many random targets for each source, or sources for each target.
        multapses, autapses
            Whether a degree rule may draw a pair again, or i == j.

        Raises
        ------
        ModelError, IndexRangeError, EquationError
            The arguments make no sense, name the argument and the value.

        """
        connect(
            self,
            condition=condition,
            i=i,
            j=j,
            p=p,
            n=n,
            skip_if_invalid=skip_if_invalid,
            namespace=namespace,
            n_total=n_total,
            out_degree=out_degree,
            in_degree=in_degree,
            multapses=multapses,
            autapses=autapses,
        )

    def _all_variables(self) -> list[StateVariable]:
        """Return everything that is stored per synapse and must follow changes of order."""
        found = list(self.variables.values())
        if self._lastupdate is not None:
            found.append(self._lastupdate)
        found += [p.variable for p in self._pathways.values() if p.uniform is None]
        return found

    def _connectivity_changed(self) -> None:
        if self._multisynaptic is not None:
            self._run.number_synapses(self.variables[self._multisynaptic])
        self._changed()

    def _delays_change(self) -> None:
        """Go back to row order, so that any delay can be given; spikes under way forbid it."""
        self._refuse_while_running()
        if self._data.store is None:
            return
        self._run.refuse_spikes_under_way("Delays")
        self._run.to_rows()

    # --- indexing -----------------------------------------------------------------------------

    def _size(self) -> int:
        return self._data.n

    def __len__(self) -> int:
        return self._size()

    @property
    def N(self) -> int:
        """The number of synapses."""
        return self._size()

    def _index(self) -> Index:
        return SYNAPSE

    def _positions(self, indices: Any) -> Any:
        positions = self._data.positions()
        return indices if positions is None else positions[indices]

    def _indices(self, item: Any) -> Any:
        if isinstance(item, tuple):
            return self._pair_indices(item)
        if self._data.n == 0 and not isinstance(item, slice):
            raise IndexRangeError(f"{self.describe()} has no synapses yet; call connect() first.")
        return super()._indices(item)

    def _pair_indices(self, item: tuple[Any, ...]) -> npt.NDArray[np.int64]:
        """Return the synapses selected by (i, j) or (i, j, number among equals)."""
        if len(item) not in (2, 3):
            raise IndexRangeError(f"{self.describe()} is indexed by one, two or three values.")
        sizes = (self.source._size(), self.target._size())
        chosen = np.ones(self._data.n, bool)
        for values, size, wanted, what in zip(
            (self._read("i", slice(None)), self._read("j", slice(None))), sizes, item, ("i", "j")
        ):
            if isinstance(wanted, slice):
                allowed = np.arange(size)[wanted]
            else:
                allowed = np.atleast_1d(np.asarray(wanted))
                if allowed.dtype.kind not in "iu":
                    raise ArgumentTypeError(
                        f"{self.describe()}: {what} must be integers or slices."
                    )
                beyond = (allowed < -size) | (allowed >= size)
                if np.any(beyond):
                    raise IndexRangeError(
                        f"{what} = {allowed[beyond][0]} is outside the group of {size} elements "
                        f"that {self.describe()} connects."
                    )
                allowed = np.where(allowed < 0, allowed + size, allowed)
            chosen &= np.isin(values, allowed)
        if len(item) == 3:
            if self._multisynaptic is None:
                raise IndexRangeError(f"{self.describe()} has no multisynaptic_index.")
            numbers = self._read(self._multisynaptic, slice(None))
            allowed = np.arange(numbers.max(initial=0) + 1)[item[2]]
            chosen &= np.isin(numbers, allowed)
        return np.flatnonzero(chosen)

    def __getitem__(self, item: Any) -> SynapticSelection:
        return SynapticSelection(self, np.atleast_1d(np.arange(self._size())[self._indices(item)]))

    # --- values -------------------------------------------------------------------------------

    _COMPUTED = ("i", "j", "N_pre", "N_post", "lastupdate")
    _DEGREES = ("N_incoming", "N_incoming_post", "N_outgoing", "N_outgoing_pre")

    def _knows(self, name: str) -> bool:
        if name == "lastupdate":
            return self._lastupdate is not None
        return name in self._COMPUTED or name in self._DEGREES or super()._knows(name)

    def _readable(self) -> list[str]:
        return [*super()._readable(), "j", "delay", *self._pathways]

    def __getattr__(self, name: str) -> Any:
        pathways = self.__dict__.get("_pathways", {})
        if name in pathways:
            return pathways[name]
        if name in ("delay", "delay_"):
            return getattr(self._delayed(), name)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("delay", "delay_"):
            setattr(self._delayed(), name, value)
        elif name in self.__dict__.get("_pathways", {}):
            raise UnknownAttributeError(
                f"The pathway '{name}' of {self.describe()} is no variable."
            )
        else:
            super().__setattr__(name, value)

    def _delayed(self) -> Pathway:
        if "pre" not in self._pathways:
            raise UnknownAttributeError(
                f"{self.describe()} has no pathway 'pre', so it has no 'delay'. "
                + "".join(f"Use S.{name}.delay." for name in list(self._pathways)[:1])
            )
        return self._pathways["pre"]

    def _dimension(self, name: str) -> Dimension:
        return SECOND if name == "lastupdate" else super()._dimension(name)

    def _read(self, name: str, item: Any) -> AnyArray:
        data = self._data
        match name:
            case _ if self._run.traces.holds(name):
                return np.asarray(self._run.traces.values(name)[self._positions(self._indices(item))])
            case "i":
                return np.asarray(
                    data.in_creation_order(data.sources())[self._indices(item)].astype(np.int32)
                )
            case "j":
                start = self.target.start if isinstance(self.target, Subgroup) else 0
                targets = data.in_creation_order(data.targets())[self._indices(item)]
                return np.asarray((targets.astype(np.int64) - start).astype(np.int32))
            case "N_incoming":  # of the target of each synapse
                return np.asarray(self._run.degree(name)[self._read("j", item)])
            case "N_outgoing":
                return np.asarray(self._run.degree(name)[self._read("i", item)])
            case "N_incoming_post" | "N_outgoing_pre":  # of each neuron
                return np.asarray(self._run.degree(name.rpartition("_")[0])[item])
            case "N_pre":
                return np.array(self.source._size())
            case "N_post":
                return np.array(self.target._size())
            case "lastupdate" if self._lastupdate is not None:
                counts = self._lastupdate.data[self._positions(self._indices(item))]
                return np.asarray(counts * self._run._update_width)
        return super()._read(name, item)

    def _before_write(self, name: str) -> None:
        if self._run.traces.holds(name):
            self._run.traces.write_back()
            self._changed()
        if self._data.n == 0 and not self.variables[name].info.shared:
            raise UnknownAttributeError(
                f"{self.describe()} has no synapses yet; call connect() before setting '{name}'."
            )

    def _evaluate_delay(self, text: str, item: Any, pathway: Pathway) -> AnyArray:
        indices = self._indices(item)
        positions = indices if is_whole(item) else self._positions(indices)
        what = f"delay of the pathway '{pathway.name}'"
        return evaluate_text(text, what, self._text_context(), positions, SECOND, pathway.variable)

    def _scope(self, constants: ConstantScope) -> Scope:
        return SynapseScope(self._source_model(), constants, self.clock.ir)

    def _code_scope(self, constants: ConstantScope, clock: ir.Clock, when: str) -> Scope:
        before = is_before(when, "groups")
        return SynapseScope(self._source_model(), constants, clock, before)

    def _code_domain(self) -> ir.Domain:
        return ir.OverSynapses(self._run.store())

    def _running(self, kind: IndexKind) -> npt.NDArray[np.int64]:
        return self._run.running(kind)

    def _find_array(self, array: Array) -> AnyArray:
        return self._run.find_array(array)

    def _sizes(self) -> dict[str, int]:
        return {
            **self.source._sizes(),
            **self.target._sizes(),
            f"n_{self.name}.rows": self._data.n,
            "one": 1,
        }

    def _text_context(self) -> TextContext:
        return self._run.text_context(super()._text_context())

    # --- code and network ---------------------------------------------------------------------

    def run_regularly(
        self,
        code: str,
        dt: Any = None,
        clock: Any = None,
        when: str = "start",
        order: int = 0,
        name: str | None = None,
    ) -> RegularOperation:
        """Run statements for all synapses at every step of a clock."""
        return RegularOperation(self, code, dt=dt, clock=clock, when=when, order=order, name=name)

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

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        self._run.resolve(self._constants(namespace), problems)

    def _written(self) -> Iterable[Array]:
        return self._run.written()

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        return self._run.items(facts, self._method, METHODS)

    def _derived(self) -> Iterable[Derived]:
        return self._run.derived

    def _constant_scopes(self) -> Iterable[ConstantScope]:
        return () if self._run.constants is None else (self._run.constants,)

    def _prepare(self, n_parts: int) -> None:
        self._run.prepare(n_parts)

    def _arrays(self) -> Iterable[tuple[Array, AnyArray]]:
        return self._run.arrays()

    def _tables(self) -> dict[str, AnyArray]:
        return self._run.tables()

    def _parameters(self) -> dict[str, float | int]:
        return self._run.parameters()

    def _longest_delays(self) -> dict[str, int]:
        return self._run.longest_delays()

    def _keys(self) -> dict[str, Stream]:
        return {f"{self.name}.key": self._stream}

    def _checked_state(self) -> Iterator[tuple[str, AnyArray]]:
        for variable in self.variables.values():
            yield variable.name, variable.data

    def _started(self) -> None:
        self._data.forget_positions()


class SynapticSelection:
    """Some synapses, as ``S[...]`` gives them: their variables and their indices."""

    def __init__(self, synapses: Synapses, indices: npt.NDArray[np.int64]) -> None:
        self.synapses = synapses
        self.indices = indices

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.synapses, name)[self.indices]

    def __len__(self) -> int:
        return int(self.indices.size)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self.indices if dtype is None else self.indices.astype(dtype)
