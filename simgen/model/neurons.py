"""The checked model of a group of neurons: everything resolved, nothing integrated yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from simgen.dtypes import DType
from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    ModelError,
    Origin,
    Problem,
    SourceText,
    attempt,
)
from simgen.integrate.model import Derived, Ode
from simgen.integrate.noise import split_noise
from simgen.ir.construct import binary, cast, compare, logical_and, real
from simgen.ir.expr import (
    ELEMENT,
    ZERO,
    Array,
    Binary,
    Cast,
    Const,
    Expr,
    Load,
    Logical,
    Param,
    RandomDraw,
    Step,
    Time,
    Unary,
)
from simgen.ir.stmt import Stmt, Store
from simgen.ir.visit import walk
from simgen.lang.equations import Equation, EquationSet
from simgen.lang.expressions import parse_expression
from simgen.lang.statements import parse_statements
from simgen.lang.syntax import Node
from simgen.model.calls import CallsBefore
from simgen.model.code import CodeContext, differing_name, resolve_code
from simgen.model.conditions import nan_checks
from simgen.model.description import (
    SECOND,
    GroupDescription,
    GroupScope,
    NoiseScope,
    SubexpressionInfo,
    VariableInfo,
)
from simgen.model.functions import quote, said
from simgen.model.hints import literal_hint
from simgen.model.resolve import DrawCounter
from simgen.model.scope import ConstantScope
from simgen.model.whole_numbers import store_value
from simgen.units import Dimension


@dataclass(frozen=True)
class NeuronSource:
    """What a group of neurons holds: text, and the description of its variables.

    ``refractory`` is False, a time in seconds, or text (a time or a condition).
    """

    group: GroupDescription
    equations: EquationSet
    conditions: Mapping[str, SourceText]  # event name -> condition
    reactions: Mapping[str, SourceText]  # event name -> code run for its elements
    refractory: float | bool | SourceText
    flag: Array | None  # the stored not_refractory flag
    key: Param
    early_conditions: frozenset[str] = frozenset()  # events found before the state update
    early_reactions: frozenset[str] = frozenset()  # events whose code runs before it


DRAW_KEY = Param("key", DType.U64)


@dataclass(frozen=True)
class NeuronModel:
    """A group of neurons, resolved: equations, conditions and code as typed expressions."""

    group: GroupDescription
    odes: tuple[Ode, ...]
    frozen: tuple[Stmt, ...]
    flag_update: tuple[Stmt, ...]
    conditions: Mapping[str, tuple[Expr, Origin]]
    reactions: Mapping[str, tuple[Stmt, ...]]
    derived: tuple[Derived, ...] = ()
    on_spike: tuple[Stmt, ...] = ()
    draws: DrawCounter = field(default_factory=DrawCounter)
    key: Param = DRAW_KEY
    before_frozen: tuple[Stmt, ...] = ()  # copies that the statements read, so that all elements
    before_update: tuple[Stmt, ...] = ()  # see the values of others from before the update

    @property
    def copies(self) -> tuple[Array, ...]:
        """The arrays that hold copies."""
        stores = (*self.before_frozen, *self.before_update)
        return tuple(stmt.array for stmt in stores if isinstance(stmt, Store))


def check_neurons(
    source: NeuronSource, constants: ConstantScope, *, strict: bool, problems: list[Problem]
) -> NeuronModel:
    """Resolve a group of neurons; problems are collected, not raised.

    With ``strict`` False (in the constructor) names that only the namespace can know are left open.
    """
    draws = DrawCounter()
    context = CodeContext(
        GroupScope(source.group, ELEMENT, constants),
        source.key,
        draws,
        strict=strict,
        problems=problems,
    )
    group, flag_update, on_spike, derived = _refractoriness(source, constants, context)
    scope = GroupScope(group, ELEMENT, constants)
    context = replace(context, scope=scope)
    odes = resolve_odes(source.equations, group, context)
    frozen = resolve_frozen(source.equations, group, context)
    conditions: dict[str, tuple[Expr, Origin]] = {}
    early = GroupScope(group, ELEMENT, constants, before=True)
    for event, text in source.conditions.items():
        node = attempt(parse_expression, text, problems)
        if node is None:
            continue
        seen = early if event in source.early_conditions else scope
        condition = _condition(replace(context, scope=seen), node, text)
        ready = seen.not_refractory()
        if event == "spike" and ready is not None:
            condition = logical_and(condition, ready)
        conditions[event] = (condition, node.origin)
    reactions = {}
    for event, text in source.reactions.items():
        block = replace(
            context,
            scope=early if event in source.early_reactions else scope,
            gated=False,  # code of any event writes what is refractory, as resets do
            forbid_shared="for single neurons",
            prefix=f"{event}_",
        )
        reactions[event] = resolve_code(attempt(parse_statements, text, problems) or (), block)
    return NeuronModel(
        group,
        odes,
        frozen,
        flag_update,
        conditions,
        reactions,
        (*derived, *nan_checks(conditions.values(), group.text)),
        on_spike,
        draws,
        source.key,
    )


def _condition(context: CodeContext, node: Node, text: SourceText) -> Expr:
    value, dim = context.resolver().expression(node)
    if value.dtype is not DType.BOOL and dim is None:
        return Const(False, DType.BOOL)  # not known, or refused already
    if value.dtype is not DType.BOOL:
        context.problems.append(
            Problem(
                f"The {text.what} is a condition and must be true or false, "
                f"but '{node.origin.text}' is a number.",
                node.origin,
                "Compare it with something, as in 'v > -50*mV'.",
                EquationError,
            )
        )
        return Const(False, DType.BOOL)
    return value


def _refractoriness(
    source: NeuronSource, constants: ConstantScope, context: CodeContext
) -> tuple[GroupDescription, tuple[Stmt, ...], tuple[Stmt, ...], tuple[Derived, ...]]:
    """Return the group with its ``not_refractory`` expression, and what keeps it up to date.

    A time that cannot change during a run is compared with the steps since the last spike
    wherever the flag is read; anything else is evaluated each step and stored (language.md 1.6).
    """
    group, last, flag = source.group, source.group.lastspike, source.flag
    if source.refractory is False or last is None or flag is None:
        return group, (), (), ()
    since = Binary("-", Step(), Load(last, ELEMENT))
    spiked: tuple[Stmt, ...] = (Store(last, ELEMENT, Step()),)
    origin: Origin | None = None
    if isinstance(source.refractory, SourceText):
        # while the expression itself is resolved, not_refractory is the stored flag
        inner = replace(group, not_refractory=Load(flag, ELEMENT))
        resolver = replace(context, scope=GroupScope(inner, ELEMENT, constants)).resolver()
        node = attempt(parse_expression, source.refractory, context.problems)
        if node is None:
            return group, (), (), ()
        origin = node.origin
        period, dim = resolver.expression(node)
        if period.dtype is DType.BOOL:
            update = Logical("or", Load(flag, ELEMENT), Unary("not", period))
            stored = Load(flag, ELEMENT)
            clear = Store(flag, ELEMENT, Const(False, DType.BOOL))
            return (
                replace(group, not_refractory=stored),
                (Store(flag, ELEMENT, update, origin),),
                (*spiked, clear),
                (),
            )
        if dim is not None and dim != SECOND:
            context.problems.append(
                Problem(
                    "The refractory period must be a time or a condition, but "
                    f"{quote(node)} {said(dim)}.",
                    origin,
                    literal_hint(node, dim, SECOND),
                    DimensionMismatchError,
                )
            )
    else:
        period = Param(f"{group.name}.refractory", DType.REAL)
    if all(isinstance(node, Const | Param | Binary | Cast | Unary) for node in walk(period)):
        steps = Param(f"{group.name}.refractory_steps", DType.I64)
        derived = _refractory_steps(group, steps, period)
        free = compare(">=", since, steps)
        return replace(group, not_refractory=free), (), spiked, (derived,)
    dt = cast(group.clock.dt, DType.REAL)
    needed = Cast(DType.I64, binary("/", binary("+", period, binary("*", real(1e-3), dt)), dt))
    stored = Load(flag, ELEMENT)
    clear = Store(flag, ELEMENT, Const(False, DType.BOOL))
    update_flag = Store(flag, ELEMENT, compare(">=", since, needed), origin)
    checks = _checked_periods(group, period)
    return replace(group, not_refractory=stored), (update_flag,), (*spiked, clear), checks


def _checked_periods(group: GroupDescription, period: Expr) -> tuple[Derived, ...]:
    """Return a check of each neuron's period when a run starts, unless it depends on the time."""
    if any(isinstance(node, Step | Time | RandomDraw) for node in walk(period)):
        return ()

    def compute(values: list[np.ndarray]) -> list[np.ndarray]:
        periods = np.atleast_1d(values[0])
        bad = ~((periods >= 0) & (periods < 1e9))
        if bad.any():
            place = int(np.flatnonzero(bad)[0])
            raise ModelError(
                f"The refractory period of {group.text} is {periods[place]} s at index {place}; it "
                "must be a time that is not negative, NaN or infinite."
            )
        return []

    return (Derived((), (period,), compute, f"refractory periods of {group.text}"),)


def _refractory_steps(group: GroupDescription, steps: Param, period: Expr) -> Derived:
    """Derive the number of steps once per run.

    It is at least 1, since the spike's own step is refractory.
    """

    def compute(values: list[np.ndarray]) -> list[np.ndarray]:
        seconds, dt = float(values[0]), float(values[1])
        if not (0 <= seconds < 1e9):
            raise ModelError(
                f"The refractory period of {group.text} is {seconds} s; it must be a time "
                "that is not negative, NaN or infinite."
            )
        return [np.asarray(max(1, int((seconds + 1e-3 * dt) / dt)))]

    return Derived(
        targets=(steps,),
        inputs=(period, group.clock.dt),
        compute=compute,
        description=f"refractory period of {group.text} in steps",
    )


def resolve_odes(
    equations: EquationSet, group: GroupDescription, context: CodeContext
) -> tuple[Ode, ...]:
    """Return the differential equations of an object with noise terms split off."""
    scope = NoiseScope(context.scope)
    resolver = context.resolver(scope)
    odes: list[Ode] = []
    plain: list[str] = []
    for equation in equations.differential:
        info = group.variables[equation.name]
        if equation.expression is None:
            continue
        rhs, dim = resolver.expression(equation.expression)
        _check_shared(equation, rhs, context)
        wanted = info.dim / SECOND
        if dim is not None and dim != wanted:
            _rate_problem(equation, info, dim, wanted, context)
        entry = context.scope.peek(equation.name)
        load = getattr(entry, "load", Load(info.array, ELEMENT))
        drift, noise = split_noise(
            cast(rhs, DType.REAL), equation.name, equation.origin, context.problems
        )
        plain += [equation.name for name, _ in noise if name == "xi"]
        gate = group.not_refractory if info.unless_refractory else None
        odes.append(Ode(load, drift, equation.name, noise, gate, equation.origin))
    if len(plain) > 1:
        context.problems.append(
            Problem(
                f"'xi' is used in the equations of {' and '.join(plain)}.",
                equations.differential[-1].origin,
                "Use xi_1 and xi_2 for independent noise, or the same xi_name for shared noise.",
                EquationError,
            )
        )
    return tuple(odes)


def _check_shared(equation: Equation, value: Expr, context: CodeContext) -> None:
    """Report a shared equation that reads what differs between elements."""
    node = equation.expression
    if "shared" not in equation.flags or node is None:
        return
    single = differing_name(value)
    if single:
        context.problems.append(
            Problem(
                f"'{equation.name}' is shared, but '{single}' has a value for each element.",
                node.origin,
                "Leave out the flag (shared), or use shared variables only.",
                EquationError,
            )
        )


def _rate_problem(
    equation: Equation, info: VariableInfo, dim: Dimension, wanted: Dimension, context: CodeContext
) -> None:
    node = equation.expression
    hint = ""
    if dim == info.dim:
        hint = "Divide it by a time constant, as in (...)/tau."
    context.problems.append(
        Problem(
            f"'{equation.name}' {said(info.dim)}, so d{equation.name}/dt must be "
            f"{wanted.describe()}, but the right side {said(dim)}.",
            node.origin if node is not None else equation.origin,
            hint,
            DimensionMismatchError,
        )
    )


def resolve_frozen(
    equations: EquationSet, group: GroupDescription, context: CodeContext
) -> tuple[Stmt, ...]:
    """Return the stores of the subexpressions constant over a step, in dependency order."""
    body: list[Stmt] = []
    calls = CallsBefore(context.prefix)
    stored, substituted = (
        context.resolver(calls=calls),
        context.resolver(NoiseScope(context.scope)),
    )
    for equation in equations.ordered_subexpressions():
        info = group.variables.get(equation.name)
        if equation.expression is None or "summed" in equation.flags:
            continue
        resolver = substituted if info is None else stored
        value, dim = resolver.expression(equation.expression)
        _check_shared(equation, value, context)
        declared = group.subexpressions[equation.name] if info is None else info
        kind = declared.dtype if isinstance(declared, SubexpressionInfo) else declared.array.dtype
        resolver.check_declared(
            equation.name, equation.expression, (value, dim), declared.dim, kind
        )
        if info is None:
            if any(isinstance(node, RandomDraw) for node in walk(value)):
                context.problems.append(
                    Problem(
                        f"'{equation.name}' draws random numbers, so each use would draw again.",
                        equation.expression.origin,
                        "Add the flag (constant over dt).",
                        EquationError,
                    )
                )
            continue
        index = ZERO if info.shared else ELEMENT
        body += calls.taken()
        load = getattr(context.scope.peek(equation.name), "load", Load(info.array, index))
        body.append(store_value(Load(info.array, load.index), value, equation.origin))
    return tuple(body)
