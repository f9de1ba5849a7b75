"""Text about pairs of neurons to a program that finds the pairs to connect.

A row is a tick: the step counter is the absolute source index, and the targets that satisfy the
condition are emitted like spikes. So rules use the vectorised loops and random numbers of models.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from simgen.dtypes import DType
from simgen.ir.construct import cast, compare, logical_and, real
from simgen.ir.expr import (
    ELEMENT,
    Array,
    Cast,
    Const,
    Expr,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Logical,
    Param,
    RandomDraw,
    Step,
    Time,
    Unary,
)
from simgen.ir.faults import faults_in, is_run_constant
from simgen.ir.kernel import Clock, Item, Kernel, OverElements, Program
from simgen.ir.stmt import Emit, EventList, Stmt
from simgen.ir.visit import map_expr

CLOCK = Clock("rows")
TARGETS = EventList("pairs", "N_targets")
UNDEFINED = EventList("pairs.undefined", "N_targets")  # pairs with a fault
NO_NUMBER = EventList("pairs.no_number", "N_targets")  # pairs whose probability is NaN
OUTSIDE = EventList("pairs.outside", "N_targets")  # pairs whose probability is not in 0 to 1
NOW = Param("pairs.t", DType.REAL)
NOW_STEP = Param("pairs.step", DType.I64)
P_DRAW = 255  # the number of the draw against p, away from those that text uses


def by_row(expr: Expr) -> Expr:
    """Return an expression about PRE and POST as one about the step and ELEMENT, the target."""

    def move(node: Expr) -> Expr:
        match node:
            case Load(array=array, index=Index(kind=IndexKind.PRE, via=None)):
                return Gather(array, Step())
            case Load(array=array, index=Index(kind=IndexKind.POST, via=None)):
                return Load(array, ELEMENT)
            case Load(array=array, index=Index(kind=IndexKind.PRE, via=Array() as via)):
                return Gather(array, Cast(DType.I64, Gather(via, Step())))
            case Load(array=array, index=Index(kind=IndexKind.POST, via=Array() as via)):
                return Load(array, Index(IndexKind.ELEMENT, via))
            case IndexValue(index=Index(kind=IndexKind.PRE)):
                return Step()
            case IndexValue(index=Index(kind=IndexKind.POST)):
                return IndexValue(ELEMENT)
            case Time():
                return NOW
            case Step():
                return NOW_STEP
            case _:
                return node

    # two passes would turn the new Step() of a source index into the time: map_expr visits once
    return map_expr(expr, move)


def _undefined(
    condition: Expr | None, probability: Expr | None, chosen: Expr | None
) -> Iterator[Stmt]:
    """Yield the statement that finds the pairs for which text has a fault."""
    found: list[Expr] = []
    for expr, guard in ((condition, None), (probability, chosen)):
        conditions = () if expr is None else faults_in(expr)
        found += (logical_and(guard, by_row(c)) for c in conditions if not is_run_constant(c))
    if found:
        yield Emit(UNDEFINED, reduce(lambda one, other: Logical("or", one, other), found))


def pair_program(condition: Expr | None, probability: Expr | None, key: Param) -> Program:
    """Return the program whose events of step i are the targets of source i."""
    chosen = None if condition is None else by_row(condition)
    body = list(_undefined(condition, probability, chosen))
    if probability is not None:
        draw = RandomDraw("rand", (), key, P_DRAW)
        chance = cast(by_row(probability), DType.REAL)
        below, above = compare("<", chance, real(0.0)), compare(">", chance, real(1.0))
        number = Logical("or", below, compare(">=", chance, real(0.0)))
        body.append(Emit(NO_NUMBER, logical_and(chosen, Unary("not", number))))
        body.append(Emit(OUTSIDE, logical_and(chosen, Logical("or", below, above))))
        chosen = logical_and(chosen, compare("<", draw, chance))
    emit = Emit(TARGETS, Const(True, DType.BOOL) if chosen is None else chosen)
    start, stop = Param("pairs.start", DType.I64), Param("pairs.stop", DType.I64)
    kernel = Kernel("pairs", OverElements(TARGETS.length, start, stop), (*body, emit), CLOCK)
    return Program((Item("start", 0, "pairs", kernel),), (CLOCK,))
