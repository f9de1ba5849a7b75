"""Text about elements or synapses to a program that evaluates it for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from simgen.build.pairs import P_DRAW
from simgen.dtypes import DType
from simgen.ir.construct import cast, compare, integer, logical_and, real, select
from simgen.ir.expr import (
    ELEMENT,
    SYNAPSE,
    Array,
    Const,
    Expr,
    Local,
    Logical,
    Param,
    RandomDraw,
    Step,
    Time,
    Unary,
)
from simgen.ir.kernel import (
    Clock,
    Domain,
    Item,
    Kernel,
    OverElements,
    OverSynapses,
    Program,
    SynapseStore,
)
from simgen.ir.stmt import Let, Stmt, Store
from simgen.ir.visit import map_expr, map_stmt

CLOCK = Clock("text")
OUT = "text.value"
CHOSEN = "text.chosen"
NO_NUMBER, OUTSIDE = "text.no_number", "text.outside"  # of probabilities
START, STOP = Param("text.start", DType.I64), Param("text.stop", DType.I64)
NOW = Param("text.t", DType.REAL)
NOW_STEP = Param("text.step", DType.I64)


def text_program(expr: Expr, store: SynapseStore) -> Program:
    """Return the program that writes ``expr`` for every synapse to the array OUT, in one step.

    Random numbers are those of step 0, whatever the time is, as numpy draws them for strings; the
    time of the network is a parameter.
    """
    out = Array(OUT, expr.dtype, store.length)
    return _program(OverSynapses(store), (Store(out, SYNAPSE, _fixed(expr)),))


def assignment_program(
    value: Expr, chosen: Expr | None, place: SynapseStore | str, dtype: DType
) -> Program:
    """Return the program that writes ``value`` as ``dtype`` to the array OUT, in one step.

    It does so for all synapses of a store, or for elements START to STOP of a group of the length
    ``place``. With a condition ``chosen`` the array CHOSEN says where it holds, and values are 0
    elsewhere. Random numbers and the time are as in :func:`text_program`.
    """
    if isinstance(place, str):
        domain: Domain = OverElements(place, START, STOP)
        length, index = place, ELEMENT
    else:
        domain, length, index = OverSynapses(place), place.length, SYNAPSE
    body: tuple[Stmt, ...] = ()
    value = _fixed(value)
    if chosen is not None:
        here = Local("text.here", DType.BOOL)
        array = Array(CHOSEN, DType.BOOL, length)
        body = (Let(here, _fixed(chosen)), Store(array, index, here))
        nothing = Const(False, DType.BOOL) if value.dtype is DType.BOOL else integer(0)
        value = select(here, value, nothing)
    body += (Store(Array(OUT, dtype, length), index, cast(value, dtype)),)
    return _program(domain, body)


def choice_program(
    condition: Expr | None, probability: Expr | None, key: Param, store: SynapseStore
) -> Program:
    """Return the program that writes which pairs, the entries of a store, are chosen, to OUT.

    They satisfy a condition and succeed in the test against a probability, as in
    :func:`simgen.build.pairs.pair_program`. Where that is given, the arrays NO_NUMBER and OUTSIDE
    say of which pairs with the condition it is NaN, and not in 0 to 1.
    """
    here, chance = Local("text.here", DType.BOOL), Local("text.chance", DType.REAL)

    def stored(name: str, value: Expr) -> Stmt:
        return Store(Array(name, DType.BOOL, store.length), SYNAPSE, value)

    given = Const(True, DType.BOOL) if condition is None else _fixed(map_expr(condition, _as_pair))
    body: tuple[Stmt, ...] = (Let(here, given),)
    chosen: Expr = here
    if probability is not None:
        value = cast(_fixed(map_expr(probability, _as_pair)), DType.REAL)
        below, above = compare("<", chance, real(0.0)), compare(">", chance, real(1.0))
        number = Logical("or", below, compare(">=", chance, real(0.0)))
        body += (
            Let(chance, value),
            stored(NO_NUMBER, logical_and(here, Unary("not", number))),
            stored(OUTSIDE, logical_and(here, Logical("or", below, above))),
        )
        draw = RandomDraw("rand", (), key, P_DRAW, as_pair=True)
        chosen = logical_and(here, compare("<", draw, chance))
    return _program(OverSynapses(store), (*body, stored(OUT, chosen)))


def _as_pair(node: Expr) -> Expr:
    """Return draws as those of pairs that are no synapses yet."""
    return replace(node, as_pair=True) if isinstance(node, RandomDraw) else node


def present_program(items: Iterable[Item]) -> Program:
    """Return the program that runs code once, which makes the items with the clock CLOCK.

    Random numbers and the time are as in :func:`text_program`.
    """
    fixed = []
    for item in items:
        body = tuple(map_stmt(stmt, _present) for stmt in item.kernel.body)
        fixed.append(replace(item, kernel=replace(item.kernel, body=body)))
    return Program(tuple(fixed), (CLOCK,))


def _fixed(expr: Expr) -> Expr:
    """Return an expression with the present time as a parameter."""
    return map_expr(expr, _present)


def _present(node: Expr) -> Expr:
    return NOW if isinstance(node, Time) else NOW_STEP if isinstance(node, Step) else node


def _program(domain: Domain, body: tuple[Stmt, ...]) -> Program:
    kernel = Kernel("text", domain, body, CLOCK)
    return Program((Item("start", 0, "text", kernel),), (CLOCK,))
