"""The checked model of synapses: pathways, continuous equations and summed variables, resolved."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from simgen.dtypes import DType
from simgen.errors import DimensionMismatchError, EquationError, Problem, SourceText, attempt
from simgen.integrate.model import Ode
from simgen.ir.construct import binary, cast
from simgen.ir.expr import (
    POST,
    PRE,
    SYNAPSE,
    Array,
    Expr,
    Load,
    Param,
    Step,
)
from simgen.ir.kernel import Clock, SynapseStore
from simgen.ir.stmt import Accumulate, Stmt
from simgen.ir.visit import walk
from simgen.lang.equations import Equation, EquationSet
from simgen.lang.statements import parse_statements
from simgen.lang.unit_expressions import unit_dimension
from simgen.model.code import CodeContext, resolve_code
from simgen.model.description import (
    SECOND,
    GroupDescription,
    GroupScope,
    ModelScope,
    clock_entry,
)
from simgen.model.emissions import Emission, Emissions
from simgen.model.functions import said
from simgen.model.kernel_variable import KernelVariable
from simgen.model.neurons import resolve_frozen, resolve_odes
from simgen.model.resolve import DrawCounter
from simgen.model.scope import (
    ConstantScope,
    Entry,
    RefusedEntry,
    SubexpressionEntry,
    ValueEntry,
    VariableEntry,
)
from simgen.model.whole_numbers import accumulate_value
from simgen.units import DIMENSIONLESS


@dataclass(frozen=True)
class PathwaySource:
    """Code run when events of the source (``pre``) or of the target (``post``) arrive."""

    name: str
    direction: str
    code: SourceText
    event: str
    order: int
    clock: Clock
    per_update: Expr | None = None  # steps of the clock in units of update_dt, where they differ

    @property
    def now(self) -> Expr:
        """The present step as ``lastupdate`` counts."""
        return Step() if self.per_update is None else binary("*", Step(), self.per_update)


@dataclass(frozen=True)
class SynapsesSource:
    """What a Synapses object holds besides connectivity: text and the descriptions it refers to."""

    group: GroupDescription
    equations: EquationSet
    pre: GroupDescription
    post: GroupDescription
    pre_constants: ConstantScope
    post_constants: ConstantScope
    pathways: tuple[PathwaySource, ...]
    store: SynapseStore
    key: Param
    incoming: Array
    outgoing: Array
    lastupdate: Array | None = None  # in units of update_dt, the common step of all pathways
    update_dt: Expr | None = None
    rank: Array | None = None
    delay: Expr | None = None
    kernels: Mapping[str, KernelVariable] = field(default_factory=dict)
    formulas: Mapping[str, ValueEntry] = field(default_factory=dict)


@dataclass(frozen=True)
class PathwayModel:
    """A pathway's own statements; event-driven equations are brought up to date before them.

    ``emissions`` are what the events that start it take along from their source.
    """

    source: PathwaySource
    body: tuple[Stmt, ...]
    emissions: tuple[Emission, ...] = ()


@dataclass(frozen=True)
class SummedModel:
    """``target`` of a group is overwritten with the sum that ``add`` forms."""

    target: Array
    group: GroupDescription
    add: Accumulate
    equation: Equation


@dataclass(frozen=True)
class SynapsesModel:
    """Synapses, resolved."""

    source: SynapsesSource
    pathways: tuple[PathwayModel, ...]
    event_driven: tuple[Ode, ...]
    clock_driven: tuple[Ode, ...]
    frozen: tuple[Stmt, ...]
    summed: tuple[SummedModel, ...]
    draws: DrawCounter = field(default_factory=DrawCounter)


class SynapseScope(ModelScope):
    """The names of synaptic code: own, ``_pre``, ``_post``, built in, the target's, constants."""

    def __init__(
        self,
        source: SynapsesSource,
        constants: ConstantScope,
        clock: Clock,
        before: bool = False,
    ) -> None:
        self.source = source
        self.clock = clock
        self.own = GroupScope(source.group, SYNAPSE, constants)
        self.pre = GroupScope(source.pre, PRE, source.pre_constants, clock, before)
        self.post = GroupScope(source.post, POST, source.post_constants, clock, before)
        self.constants = constants

    def _of_model(self, name: str) -> Entry | None:
        if name in self.source.group.variables or name in self.source.group.subexpressions:
            entry = self.own.own(name)
            if isinstance(entry, SubexpressionEntry):
                entry = replace(entry, scope=self)  # subexpressions see pre and post, too
            return entry
        if name in self.source.formulas:
            return self.source.formulas[name]
        if name in self.source.kernels:
            return self.source.kernels[name].entry()
        built_in = self._built_in(name)
        if built_in is not None:
            return built_in
        for ending, scope in (("_pre", self.pre), ("_post", self.post)):
            if name.endswith(ending):  # if it is no variable, it may be a constant
                return scope.own(name[: -len(ending)])
        entry = None if name in ("i", "N") else self.post.own(name)
        if name == "delay" and entry is not None:
            return RefusedEntry(
                "'delay' may be that of the synapse or the variable of the target.",
                "Write 'delay_post' for the variable.",
            )
        return entry

    def _built_in(self, name: str) -> Entry | None:
        source = self.source
        match name:
            case "i":
                return self.pre.position()
            case "j":
                return self.post.position()
            case "N":
                return ValueEntry(Param(source.store.length, DType.I64), DIMENSIONLESS)
            case "N_pre":
                return ValueEntry(source.pre.count(), DIMENSIONLESS)
            case "N_post":
                return ValueEntry(source.post.count(), DIMENSIONLESS)
            case "N_incoming":
                return VariableEntry(
                    Load(source.incoming, POST), DIMENSIONLESS, source.group.text, read_only=True
                )
            case "N_outgoing":
                return VariableEntry(
                    Load(source.outgoing, PRE), DIMENSIONLESS, source.group.text, read_only=True
                )
            case "lastupdate" if source.lastupdate is not None and source.update_dt is not None:
                count = cast(Load(source.lastupdate, SYNAPSE), DType.REAL)
                return ValueEntry(binary("*", count, cast(source.update_dt, DType.REAL)), SECOND)
        return clock_entry(name, self.clock, self.source.group.clock)

    def constants_used(self) -> Mapping[str, tuple[str, float | int]]:
        """Return the constants of the groups at both ends, too, whose subexpressions were used."""
        scopes = (self.constants, self.pre.constants, self.post.constants)
        return ChainMap(*(used for scope in scopes for used in scope.used_in_all().maps))

    def missing(self, name: str) -> str:
        """Return which group lacks a name, and what the source calls so."""
        source, target = self.source.pre.text, self.source.post.text
        for ending, side, text in (("_pre", "source", source), ("_post", "target", target)):
            if name.endswith(ending):
                return f" The {side} {text} has no variable '{name.removesuffix(ending)}'."
        lacking = f" Neither the synapses nor the target {target} has a variable '{name}'."
        if name in self.pre.own_names():
            lacking += f" That of the source {source} is written '{name}_pre'."
        return lacking

    def names(self) -> Iterator[str]:
        """Yield the names that can be suggested."""
        yield from self.own.own_names()
        yield from (*self.source.kernels, *self.source.formulas)
        for ending, scope in (("_pre", self.pre), ("_post", self.post)):
            yield from (name + ending for name in scope.own_names())
        yield from self.post.own_names()
        yield from ("i", "j", "t", "dt", "N_pre", "N_post")
        yield from self.constants.names()


def check_synapses(
    source: SynapsesSource, constants: ConstantScope, *, strict: bool, problems: list[Problem]
) -> SynapsesModel:
    """Resolve synapses; problems are collected, not raised."""
    draws = DrawCounter()
    own_clock = source.group.clock
    rank = None if source.rank is None else cast(Load(source.rank, SYNAPSE), DType.I64)
    context = CodeContext(
        SynapseScope(source, constants, own_clock),
        source.key,
        draws,
        rank=rank,
        strict=strict,
        forbid_shared="by the code of single synapses",
        problems=problems,
    )
    _check_names(source, problems)
    odes = resolve_odes(source.equations, source.group, context)
    events = {e.name for e in source.equations.differential if "event-driven" in e.flags}
    summed = tuple(_summed(source, constants, context))
    _check_event_driven(odes, events, summed, problems)
    pathways = tuple(_pathway(pathway, source, constants, context) for pathway in source.pathways)
    return SynapsesModel(
        source,
        pathways,
        tuple(ode for ode in odes if ode.name in events),
        tuple(ode for ode in odes if ode.name not in events),
        resolve_frozen(source.equations, source.group, context),
        summed,
        draws,
    )


def _pathway(
    pathway: PathwaySource, source: SynapsesSource, constants: ConstantScope, context: CodeContext
) -> PathwayModel:
    """Return a pathway with its code resolved."""
    emissions = None
    events = source.pre.events.get(pathway.event)
    if pathway.direction == "pre" and events is not None:
        emissions = Emissions(f"{source.group.name}.{pathway.name}", events)
    own = replace(
        context,
        scope=SynapseScope(source, constants, pathway.clock),
        prefix=f"{pathway.name}_",
        emissions=emissions,
    )
    body = resolve_code(attempt(parse_statements, pathway.code, context.problems) or (), own)
    return PathwayModel(pathway, body, () if emissions is None else emissions.all())


def _check_event_driven(
    odes: tuple[Ode, ...],
    events: set[str],
    summed: tuple[SummedModel, ...],
    problems: list[Problem],
) -> None:
    """Event-driven equations may not depend on what changes between events."""
    moving = {
        ode.target.array: f"the clock-driven '{ode.name}'" for ode in odes if ode.name not in events
    }
    moving.update({each.target: f"the summed variable '{each.equation.name}'" for each in summed})
    between = {ode.target.array: ode.name for ode in odes if ode.name in events}
    for each in summed:
        found = [node.array for node in walk(each.add.value) if isinstance(node, Load)]
        for array in dict.fromkeys(array for array in found if array in between):
            problems.append(
                Problem(
                    f"The summed '{each.equation.name}' depends on the event-driven "
                    f"'{between[array]}', which has its value at events only.",
                    each.equation.origin,
                    f"Mark '{between[array]}' (clock-driven).",
                )
            )
    for ode in odes:
        if ode.name not in events or ode.origin is None:
            continue
        found = [node.array for node in walk(ode.rhs) if isinstance(node, Load)]
        for array in dict.fromkeys(array for array in found if array in moving):
            problems.append(
                Problem(
                    f"The event-driven '{ode.name}' depends on {moving[array]}, which changes "
                    "between events.",
                    ode.origin,
                    "Mark it (clock-driven), or leave the other variable out.",
                    EquationError,
                )
            )


def _check_names(source: SynapsesSource, problems: list[Problem]) -> None:
    """A synaptic variable that hides a variable of the source group is refused (as in Brian)."""
    for equation in source.equations.equations:
        if equation.name in source.pre.variables and "summed" not in equation.flags:
            problems.append(
                Problem(
                    f"'{equation.name}' is also a variable of the source {source.pre.text}.",
                    equation.origin,
                    f"Rename it, for instance to '{equation.name}_syn'.",
                    EquationError,
                )
            )


def _summed(
    source: SynapsesSource, constants: ConstantScope, context: CodeContext
) -> Iterator[SummedModel]:
    """Yield the summed variables; each is evaluated on the clock of its target, which reads it."""
    for equation in source.equations.equations:
        if "summed" not in equation.flags or equation.expression is None:
            continue
        name, _, side = equation.name.rpartition("_")
        group = {"pre": source.pre, "post": source.post}.get(side)
        info = None if group is None else group.variables.get(name)
        if group is None or info is None:
            _complain(
                context,
                equation,
                f"'{equation.name}' is summed, but there is no such parameter of the "
                f"{'source' if side == 'pre' else 'target'} group.",
                "A summed variable is written 'x_post = expression : unit (summed)', where x is a "
                "parameter of the target.",
            )
            continue
        target = f"'{name}' of {group.text}"
        if info.constant or info.shared or info.read_only:
            _complain(context, equation, f"{target} cannot be the target of a sum.")
            continue
        if info.array.dtype is DType.BOOL:
            _complain(
                context,
                equation,
                f"{target} is true or false, and cannot be the target of a sum.",
                "Sum int(...) of conditions into an integer parameter, and compare that.",
            )
            continue
        scope = SynapseScope(source, constants, group.clock)
        value, dim = replace(context, scope=scope).resolver().expression(equation.expression)
        if info.array.dtype.is_integer and value.dtype.is_float:
            context.problems.append(
                Problem(
                    f"{target} is an integer, but the summed expression is a floating number.",
                    equation.expression.origin,
                    "Declare the target ': 1' for sums of fractions, or sum int(...).",
                )
            )
        declared = unit_dimension(equation.unit_node, context.problems)
        if declared is not None and declared != info.dim:
            context.problems.append(
                Problem(
                    f"'{equation.name}' is declared as {declared.describe()}, "
                    f"but {target} {said(info.dim)}.",
                    equation.origin,
                    "",
                    DimensionMismatchError,
                )
            )
        elif dim is not None and dim != info.dim:
            context.problems.append(
                Problem(
                    f"{target} {said(info.dim)}, but the summed expression {said(dim)}.",
                    equation.expression.origin,
                    "",
                    DimensionMismatchError,
                )
            )
        place = Load(info.array, info.place(PRE if side == "pre" else POST))
        add = accumulate_value(place, "+=", value, equation.origin)
        yield SummedModel(info.array, group, add, equation)


def _complain(context: CodeContext, equation: Equation, message: str, hint: str = "") -> None:
    context.problems.append(Problem(message, equation.origin, hint, EquationError))
