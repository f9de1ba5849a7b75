"""Synapses: connections between groups with variables, equations, and code run on events."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from simgen.api.arguments import about
from simgen.api.checks import (
    SYNAPSE_FLAGS,
    check_attributes,
    check_flags,
    check_new_name,
    check_summed_targets,
    check_synaptic_names,
    is_whole,
)
from simgen.api.endpoint_values import endpoint_names, endpoint_view
from simgen.api.equation_variables import declare_variables, read_equations, without_mentions
from simgen.api.evaluation import TextContext, evaluate_text
from simgen.api.group import Group
from simgen.api.group_code import RunsCode
from simgen.api.model_warnings import warn_of_synapses
from simgen.api.namespaces import Namespace
from simgen.api.pathway_arguments import make_pathways, pathway_codes
from simgen.api.pathways import Pathway
from simgen.api.plastic import Plastic
from simgen.api.row_storage import checked_storage, require_storable
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.subgroup import Subgroup
from simgen.api.synapse_counts import degree
from simgen.api.synapses_as_group import (
    SynapsesAsGroup,
    checked_ends,
    end_constants,
    end_description,
    end_sizes,
    follow_ends,
)
from simgen.api.synaptic_data import SynapticData
from simgen.api.synaptic_run import SynapticRun
from simgen.api.synaptic_selection import SynapticSelection, from_matrix, is_matrix, pair_indices
from simgen.api.synaptic_states import SynapticStates
from simgen.api.synaptic_text import about_synapses
from simgen.api.views import VariableView
from simgen.build.schedule import is_before
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    IndexRangeError,
    Problem,
    UnknownAttributeError,
    gathering,
    joining,
)
from simgen.integrate.choose import check_method
from simgen.ir import kernel as ir
from simgen.ir.expr import SYNAPSE, Array, Index, Param
from simgen.model.description import SECOND, GroupDescription, ModelScope, VariableInfo
from simgen.model.scope import ConstantScope
from simgen.model.synapses import PathwaySource, SynapseScope, SynapsesSource, check_synapses
from simgen.units import DIMENSIONLESS, Dimension


class Synapses(RunsCode, Plastic, SynapticStates):
    """Connections from ``source`` to ``target``.

    Parameters
    ----------
    source, target
        Groups or subgroups with events, other Synapses or successive ones of these (``S[:10]``),
        which have no events; the target is the source if left out.
    model
        Equations of the synapses.
    on_pre, on_post
        Statements run when an event of the source or the target arrives; a dict gives several
        named pathways. ``at_emission(x)`` in ``on_pre`` is what x of the source was when the event
        that arrives was found.
    delay
        One delay for all synapses (a dict for several pathways); without it ``S.delay`` is set
        per synapse. Matrices of pairs are taken by ``S.w = W``, ``S.delay[i, j] = D``.
    on_event
        The event that starts the pathways, or a dict per pathway.
    multisynaptic_index
        Name of a variable that numbers the synapses of one pair of neurons.
    method
        Integrator of clock-driven equations.
    namespace, dt, clock, order, name
        As for :class:`NeuronGroup`.
    storage
        'auto', 'sparse', 'dense' or 'procedural': how targets are kept (docs/connectivity.md).

    Raises
    ------
    EquationError, DimensionMismatchError, ModelError
        What is wrong in the text, all of it at once, with carets.

    """

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
        *,
        storage: str = "auto",
    ) -> None:
        super().__init__(name, "synapses*", namespace=namespace, dt=dt, clock=clock, order=order)
        owner = self.describe()
        if connect is not None:
            raise ArgumentTypeError(f"{owner}: call connect() after the constructor.")
        for side, end in checked_ends(source, target, owner).items():
            self._set(side, end)
        problems: list[Problem] = []
        with joining(problems):
            texts = {"on_pre": on_pre, "pre": pre, "on_post": on_post, "post": post}
            equations, values, lost = read_equations(model, owner, texts, problems)
            self._set("equations", equations)
            self._substitute(values)
            self._set("_method", method)
            self._set("_storage", checked_storage(storage, owner))
            self._set("_data", SynapticData(*end_sizes(self), dense=storage == "dense"))
            self._set("_followers", weakref.WeakSet())
            self._set("_class_steps", np.zeros(1, np.uint32))
            self._set("_class_dt", self.clock.dt_)
            self._set("_multisynaptic", multisynaptic_index)
            self._set("_run", SynapticRun(self))
            self._set("_as_group", SynapsesAsGroup(self))
            self._set("_pathways", {})
            codes = pathway_codes(self, (on_pre, pre), (on_post, post))
            make_pathways(self, codes, on_event, delay)
            with gathering(problems), about(owner):
                check_method(method)
            found: list[Problem] = []
            self._declare(found)
            constants = ConstantScope(self.namespace, prefix=f"{self.name}.c.")
            check_synapses(self._source_model(), constants, strict=False, problems=found)
            problems.extend(without_mentions(found, lost))
        require_storable(self)
        warn_of_synapses(self)
        follow_ends(self)

    # --- construction -----------------------------------------------------------------------

    def _declare(self, problems: list[Problem]) -> None:
        length = f"n_{self.name}.rows"
        declared, subexpressions = declare_variables(self.equations, self.name, length, problems)
        infos = self._apart(declared, problems)
        check_attributes(self, self.equations, problems)
        check_synaptic_names(self.equations, problems)
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

    def _source_model(self, caller: Namespace | None = None) -> SynapsesSource:
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
            pre=end_description(self.source),
            post=end_description(self.target),
            pre_constants=end_constants(self.source, caller),
            post_constants=end_constants(self.target, caller),
            pathways=pathways,
            store=self._run.store(),
            key=Param(f"{self.name}.key", DType.U64),
            incoming=Array(f"{self.name}.N_incoming", DType.I32, self._target_length()),
            outgoing=Array(f"{self.name}.N_outgoing", DType.I32, self._source_length()),
            lastupdate=None if self._lastupdate is None else self._lastupdate.info.array,
            update_dt=Param(f"{self.name}.update_dt", DType.F64),
            rank=self._run.rank_array(),
            kernels=self._kernel.described(),
            formulas=self._formulas.entries(),
        )

    def _target_length(self) -> str:
        return self.target._description.length

    def _source_length(self) -> str:
        return self.source._description.length

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
            return pair_indices(self, item)
        if self._data.n == 0 and not isinstance(item, slice | range):
            raise IndexRangeError(f"{self.describe()} has no synapses yet; call connect() first.")
        return super()._indices(item)

    def __getitem__(self, item: Any) -> SynapticSelection:
        return SynapticSelection(self, np.atleast_1d(np.arange(self._size())[self._indices(item)]))

    # --- values -------------------------------------------------------------------------------

    _COMPUTED = ("i", "j", "N_pre", "N_post")
    _DEGREES = ("N_incoming", "N_incoming_post", "N_outgoing", "N_outgoing_pre")

    def _knows(self, name: str) -> bool:
        if name == "lastupdate" and self._lastupdate is not None:
            return True
        own = (*self._COMPUTED, *self._DEGREES, *self._not_kept())
        return name in own or super()._knows(name)

    def _readable(self) -> list[str]:
        own = [*super()._readable(), *self._not_kept(), "j", "delay", *self._pathways]
        return [*own, *endpoint_names(self)]

    def __getattr__(self, name: str) -> Any:
        pathways = self.__dict__.get("_pathways", {})
        if name in pathways:
            return pathways[name]
        if name in ("delay", "delay_"):
            return getattr(self._delayed(), name)
        if (found := self._at_an_end(name)) is not None:
            return found
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("delay", "delay_"):
            setattr(self._delayed(), name, value)
        elif name in self.__dict__.get("_pathways", {}):
            raise UnknownAttributeError(
                f"The pathway '{name}' of {self.describe()} is no variable."
            )
        elif name not in self.__dict__ and (found := self._at_an_end(name)) is not None:
            found[:] = value
        elif self._is_formula(name):
            getattr(self, name)[:] = value
        else:
            super().__setattr__(name, value)

    def _at_an_end(self, name: str) -> VariableView | None:
        """Return the view of ``v_pre`` or ``v_post``; names of the synapses' own come first."""
        if name.startswith("_") or "_pathways" not in self.__dict__:  # not yet constructed
            return None
        own = self._knows(name) or self._knows(name.removesuffix("_")) or hasattr(type(self), name)
        return None if own else endpoint_view(self, name)

    def _delayed(self) -> Pathway:
        if "pre" not in self._pathways:
            raise UnknownAttributeError(
                f"{self.describe()} has no pathway 'pre', so it has no 'delay'."
                + "".join(f" Use S.{name}.delay." for name in list(self._pathways)[:1])
            )
        return self._pathways["pre"]

    def _dimension(self, name: str) -> Dimension:
        own = name == "lastupdate" and self._lastupdate is not None
        return SECOND if own else super()._dimension(name)

    def _read(self, name: str, item: Any) -> AnyArray:
        data = self._data
        match name:
            case _ if self._run.traces.holds(name):
                return np.asarray(
                    self._run.traces.values(name)[self._positions(self._indices(item))]
                )
            case "i":
                return np.asarray(
                    data.in_creation_order(data.sources())[self._indices(item)].astype(np.int32)
                )
            case "j":
                start = self.target.start if isinstance(self.target, Subgroup) else 0
                targets = data.in_creation_order(data.targets())[self._indices(item)]
                return np.asarray((targets.astype(np.int64) - start).astype(np.int32))
            case "N_incoming":  # of the target of each synapse
                return np.asarray(degree(self, name)[self._read("j", item)])
            case "N_outgoing":
                return np.asarray(degree(self, name)[self._read("i", item)])
            case "N_incoming_post" | "N_outgoing_pre":  # of each neuron
                return np.asarray(degree(self, name.rpartition("_")[0])[item])
            case "N_pre":
                return np.array(self.source._size())
            case "N_post":
                return np.array(self.target._size())
            case "lastupdate" if self._lastupdate is not None:
                counts = self._lastupdate.values[self._positions(self._indices(item))]
                return np.asarray(counts * self._run._update_width)
        return super()._read(name, item)

    def _write(self, name: str, item: Any, value: Any, plain: bool = False) -> None:
        if self._is_formula(name):
            self._formulas.assign(name, item, self._with_unit(name, value, plain))
            return
        if is_matrix(value):
            value = from_matrix(self, name, item, value)
        super()._write(name, item, value, plain)

    def _before_write(self, name: str) -> None:
        self._take_back(name)
        if self._data.n == 0 and not self.variables[name].info.shared:
            raise UnknownAttributeError(
                f"{self.describe()} has no synapses yet; call connect() before setting '{name}'."
            )

    def _evaluate_delay(self, text: str, item: Any, pathway: Pathway) -> AnyArray:
        indices = self._indices(item)
        positions = indices if is_whole(item) else self._positions(indices)
        what, computed = f"delay of the pathway '{pathway.name}'", pathway.as_computed(self._real)
        return evaluate_text(text, what, self._text_context(), positions, SECOND, computed)

    def _scope(self, constants: ConstantScope, caller: Namespace) -> ModelScope:
        return SynapseScope(self._source_model(caller), constants, self.clock.ir)

    def _code_scope(
        self, constants: ConstantScope, clock: ir.Clock, when: str, caller: Namespace | None = None
    ) -> ModelScope:
        before = is_before(when, "groups", self._slots)
        return SynapseScope(self._source_model(caller), constants, clock, before)

    def _find_array(self, array: Array) -> AnyArray:
        found = self._as_group.find(array)
        return self._run.find_array(array) if found is None else found

    def _sizes(self) -> dict[str, int]:
        return {
            **self.source._sizes(),
            **self.target._sizes(),
            f"n_{self.name}.rows": self._data.n,
            "one": 1,
        }

    def _text_context(self, namespace: Mapping[str, Any] | None = None) -> TextContext:
        return about_synapses(self._run, super()._text_context(namespace))

    def _fixed_value(self, name: str) -> Any:
        sizes = {"N_pre": self.source._size(), "N_post": self.target._size()}
        return sizes.get(name, super()._fixed_value(name))
