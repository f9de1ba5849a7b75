"""What code may know of a group: its variables, subexpressions, clock and events, but no data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from simgen.dtypes import DType
from simgen.errors import InternalError, UnsupportedFeatureError
from simgen.integrate.noise import noise_source
from simgen.ir.construct import binary, integer
from simgen.ir.expr import (
    ZERO,
    Array,
    Binary,
    Cast,
    Expr,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Param,
    Role,
    Step,
    Time,
)
from simgen.ir.kernel import Clock
from simgen.ir.stmt import EventList
from simgen.ir.visit import map_expr
from simgen.lang.syntax import Node
from simgen.model.scope import (
    ConstantScope,
    Entry,
    RefusedEntry,
    Scope,
    SubexpressionEntry,
    ValueEntry,
    VariableEntry,
)
from simgen.units import DIMENSIONLESS, Dimension, unit_from_name


def chained(outer: Array, inner: Array) -> Array:
    """Return the table that holds ``inner`` at the places that ``outer`` holds."""
    return Array(f"{outer.name}.{inner.name}", DType.I32, outer.length, Role.TABLE)


@dataclass(frozen=True, slots=True)
class VariableInfo:
    """A stored variable: where it lies and what may be done with it."""

    name: str
    array: Array
    dim: Dimension
    constant: bool = False
    shared: bool = False
    read_only: str = ""  # the reason, where code may not write it
    unless_refractory: bool = False
    via: Array | None = None  # where the elements lie; None: in order, or all linked to one value
    linked: bool = False

    @property
    def dtype(self) -> DType:
        """The type of the values."""
        return self.array.dtype

    def place(self, index: Index) -> Index:
        """Return where code that stands at ``index`` finds the variable."""
        if self.shared or (self.linked and self.via is None):
            return ZERO
        if self.via is None:
            return index
        return Index(index.kind, self.via if index.via is None else chained(index.via, self.via))


@dataclass(frozen=True, slots=True)
class SubexpressionInfo:
    """A named expression that is substituted where it is used."""

    name: str
    node: Node
    dim: Dimension
    dtype: DType
    shared: bool = False


@dataclass(frozen=True)
class ComputedLink:
    """The subexpression of another group that a linked variable stands for.

    ``describe`` returns that group as it is by now: what it uses may be linked later. ``via`` is
    where the elements lie there; None: all are linked to one value.
    """

    describe: Callable[[], GroupDescription]
    name: str
    via: Array | None


@dataclass(frozen=True)
class GroupDescription:
    """A group (or a contiguous part of one: ``start`` to ``stop``) as code sees it.

    ``refractory`` is the BOOL expression "this neuron is not refractory" at ELEMENT, or None.
    If the elements are synapses, ``ends`` are the arrays of their sources and targets, which are
    their i and j. ``unseen`` maps names that code elsewhere cannot use to the reason.
    """

    name: str
    text: str
    length: str
    clock: Clock
    variables: Mapping[str, VariableInfo]
    subexpressions: Mapping[str, SubexpressionInfo] = field(default_factory=dict)
    events: Mapping[str, EventList] = field(default_factory=dict)
    start: Expr = field(default_factory=lambda: integer(0))
    stop: Expr | None = None
    not_refractory: Expr | None = None
    lastspike: Array | None = None
    ends: tuple[Array, Array] | None = None
    unseen: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, ComputedLink] = field(default_factory=dict)

    @property
    def size(self) -> Expr:
        """The number of elements of the whole group."""
        return Param(self.length, DType.I64)

    @property
    def end(self) -> Expr:
        """The absolute index after the last element."""
        return self.size if self.stop is None else self.stop

    @property
    def is_part(self) -> bool:
        """Whether this is a subgroup."""
        return self.stop is not None

    def count(self) -> Expr:
        """The number of elements."""
        return binary("-", self.end, self.start) if self.is_part else self.size


def at_index(expr: Expr, index: Index) -> Expr:
    """Return ``expr`` with every running index ELEMENT replaced by ``index``."""

    def move(node: Expr) -> Expr:
        if isinstance(node, Load) and node.index.kind is IndexKind.ELEMENT:
            return Load(node.array, replace(index, via=node.index.via or index.via))
        if isinstance(node, IndexValue) and node.index.kind is IndexKind.ELEMENT:
            return IndexValue(index)
        return node

    return map_expr(expr, move)


class ModelScope(Scope):
    """Names that a model defines itself, and below them constants, which they hide."""

    constants: ConstantScope

    def lookup(self, name: str) -> Entry | None:
        """Return what ``name`` stands for: a variable, a built-in value, or a constant."""
        entry = self._of_model(name)
        if entry is None:
            return self.constants.lookup(name)
        self.constants.hidden.add(name)
        return entry

    def peek(self, name: str) -> Entry | None:
        """Return what ``lookup`` would."""
        return self._of_model(name) or self.constants.lookup(name)

    def constants_used(self) -> Mapping[str, tuple[str, float | int]]:
        """Return what was looked up so far, as ``ConstantScope.used`` has it; the mapping grows."""
        return self.constants.used_in_all()

    @abstractmethod
    def _of_model(self, name: str) -> Entry | None:
        """Return what the model itself defines under ``name``."""


class GroupScope(ModelScope):
    """The names of a group's code, with variables at a running index.

    ``clock`` is the one that the code runs on, the group's own by default. Code in a slot before
    the group's state update (``before``) sees the refractory state of the step before.
    """

    def __init__(
        self,
        group: GroupDescription,
        index: Index,
        constants: ConstantScope,
        clock: Clock | None = None,
        before: bool = False,
    ) -> None:
        self.group = group
        self.index = index
        self.constants = constants
        self.clock = clock or group.clock
        self.before = before

    def _of_model(self, name: str) -> Entry | None:
        return self.own(name) or clock_entry(name, self.clock, self.group.clock)

    def own(self, name: str) -> Entry | None:
        """Return what the group itself defines under ``name`` (never the namespace)."""
        group = self.group
        if name in group.computed:
            return self._linked(name, group.computed[name])
        info = group.variables.get(name)
        if info is not None:
            return self._variable(info)
        if name in group.unseen:
            return RefusedEntry(group.unseen[name], error=UnsupportedFeatureError)
        sub = group.subexpressions.get(name)
        if sub is not None:
            return SubexpressionEntry(sub.node, sub.dim, self._whole, False, sub.dtype)
        if group.ends is not None and name in ("i", "j"):
            end = group.ends["ij".index(name)]
            return VariableEntry(Load(end, self.index), DIMENSIONLESS, group.text, read_only=True)
        if name == "i":
            return self.position()
        if name == "N":
            return ValueEntry(group.count(), DIMENSIONLESS)
        if name == "lastspike" and group.lastspike is not None:
            step = Load(group.lastspike, self.index)
            value = Binary("*", Cast(DType.REAL, step), Cast(DType.REAL, group.clock.dt))
            return ValueEntry(value, SECOND)
        if name == "not_refractory" and group.not_refractory is not None:
            return ValueEntry(self._not_refractory(group.not_refractory), DIMENSIONLESS)
        return None

    def _linked(self, name: str, link: ComputedLink) -> Entry | None:
        """Return the expression that a linked variable stands for, at the element of the link."""
        index, via = ZERO, link.via
        if via is not None:
            around = self.index.via
            index = Index(self.index.kind, via if around is None else chained(around, via))
        constants, group = self.constants.linked[name], link.describe()
        return LinkedScope(group, index, constants, self.clock, self.before).own(link.name)

    def position(self) -> ValueEntry:
        """Return the number of the element in the group or in the part of it."""
        position: Expr = IndexValue(self.index)
        if self.index.via is not None:
            position = Cast(DType.I64, Load(self.index.via, Index(self.index.kind)))
        if self.group.is_part:
            position = binary("-", position, self.group.start)
        return ValueEntry(position, DIMENSIONLESS)

    @cached_property
    def _whole(self) -> GroupScope:
        """The scope of the equations: also seen from a part, their ``i`` is the group's."""
        if not self.group.is_part:
            return self
        group = replace(self.group, start=integer(0), stop=None)
        return GroupScope(group, self.index, self.constants, self.clock, self.before)

    def not_refractory(self) -> Expr | None:
        """Return the flag as code at this place sees it, None without refractoriness."""
        expr = self.group.not_refractory
        return None if expr is None else self._not_refractory(expr)

    def _not_refractory(self, expr: Expr) -> Expr:
        """Return the flag as code at this place sees it: that of the latest state update."""
        own, clock = self.group.clock, self.clock
        step: Expr = Step()
        if clock != own:
            # on another clock: the group's steps that began before this tick, or at it
            tick = binary("*", step, clock.period)
            if self.before:
                tick = binary("+", tick, binary("-", own.period, integer(1)))
            step = binary("//", tick, own.period)
        if self.before:
            step = binary("-", step, integer(1))
        moved = at_index(expr, self.index)
        return map_expr(moved, lambda node: step if isinstance(node, Step) else node)

    def _variable(self, info: VariableInfo) -> VariableEntry:
        gate = None
        if info.unless_refractory and self.group.not_refractory is not None:
            gate = self._not_refractory(self.group.not_refractory)
        return VariableEntry(
            Load(info.array, info.place(self.index)),
            info.dim,
            self.group.text,
            read_only=bool(info.read_only),
            linked=info.linked,
            constant=info.constant,
            shared=info.shared,
            gate=gate,
        )

    def names(self) -> Iterator[str]:
        """Yield the names that can be suggested."""
        yield from self.own_names()
        yield from ("t", "dt")
        yield from self.constants.names()

    def own_names(self) -> Iterator[str]:
        """Yield the names that the group itself defines."""
        yield from self.group.variables
        yield from self.group.subexpressions
        yield from ("i", "N") if self.group.ends is None else ("i", "j", "N")


class LinkedScope(GroupScope):
    """The names of a group whose expression another group is linked to."""

    def own(self, name: str) -> Entry | None:
        """Return what the group defines, but for the flag, which it has where it is resolved."""
        if name == "not_refractory":
            return RefusedEntry(
                f"'not_refractory' cannot be used in an expression of {self.group.text} that is "
                "linked to.",
                error=UnsupportedFeatureError,
            )
        return super().own(name)


def clock_entry(name: str, clock: Clock, own: Clock) -> Entry | None:
    """Return t, dt or t_in_timesteps for code that runs on a clock.

    The step is that of the group whose code it is, also where ``run_regularly`` or a monitor runs
    it on a clock of another step: ``x += rate*dt`` means the same everywhere.
    """
    if name == "t":
        return ValueEntry(Time(), SECOND)
    if name == "dt":
        return ValueEntry(own.dt, SECOND)
    if name == "t_in_timesteps":
        step: Expr = Step()
        if clock != own:
            step = binary("//", binary("*", step, clock.period), own.period)
        return ValueEntry(step, DIMENSIONLESS)
    return None


def _second() -> Dimension:
    unit = unit_from_name("second")
    if unit is None:
        raise InternalError("the unit 'second' is missing")
    return unit.dim


SECOND = _second()
NOISE_DIM = SECOND ** (-0.5)


class NoiseScope(Scope):
    """Adds xi and xi_name to the names of an equation, and of the subexpressions that it uses."""

    def __init__(self, outer: Scope) -> None:
        self.outer = outer
        self._inner: dict[Scope, NoiseScope] = {outer: self}  # one each: a loop would never end

    def lookup(self, name: str) -> Entry | None:
        """Return the noise source for xi names, else what the outer scope says."""
        if name == "xi" or name.startswith("xi_"):
            return ValueEntry(noise_source(name), NOISE_DIM)
        entry = self.outer.lookup(name)
        if isinstance(entry, SubexpressionEntry) and not entry.constant_over_dt:
            return replace(entry, scope=self._around(entry.scope))
        return entry

    def _around(self, scope: Scope) -> NoiseScope:
        if scope not in self._inner:
            self._inner[scope] = found = NoiseScope(scope)
            found._inner = self._inner
        return self._inner[scope]

    def peek(self, name: str) -> Entry | None:
        """Return what the outer scope would say."""
        return self.outer.peek(name)

    def names(self) -> Iterator[str]:
        """Yield the outer names."""
        yield from self.outer.names()
