"""What becomes of two neighbouring kernels over the same elements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simgen.dtypes import DType
from simgen.ir.construct import binary, compare, integer, real
from simgen.ir.expr import ELEMENT, ZERO, Array, Index, IndexKind, Load, Local, Param
from simgen.ir.kernel import Clock, EventList, Item, Kernel, OverElements, Program
from simgen.ir.stmt import Emit, Let, Store
from simgen.ir.verify import verify_program
from simgen.passes.fuse_kernels import fuse_kernels

REAL, I64 = DType.REAL, DType.I64
MAIN = Clock("main")
V, U, ONE = Array("v", REAL, "n"), Array("u", REAL, "n"), Array("one", REAL, "one")
LINKED = Index(IndexKind.ELEMENT, Array("link", I64, "n"))
ALL = OverElements("n", integer(0), Param("n", I64))
SOME = OverElements("n", integer(0), integer(3))
HALF = Local("half", REAL)


def update(array, value, name="first", **changed):
    made = Kernel(name, ALL, (Store(array, ELEMENT, value),), MAIN, comment=name)
    return replace(made, **changed)


def own(array):
    return Load(array, ELEMENT)


def fused(*kernels):
    items = tuple(Item("groups", k, kernel.name, kernel) for k, kernel in enumerate(kernels))
    program = fuse_kernels(Program(items, (MAIN,)))
    verify_program(program)
    return program.kernels


HALVED = update(V, binary("*", real(0.5), own(V)))


def test_the_second_runs_after_the_first():
    add = update(U, binary("+", own(U), own(V)), "second")
    (both,) = fused(HALVED, add)
    assert both.body == HALVED.body + add.body
    assert both.comment == "first; second"


def test_a_local_name_of_both_is_two_locals():
    def with_half(array, name, factor):
        body = (Let(HALF, binary("*", real(factor), own(array))), Store(array, ELEMENT, HALF))
        return update(array, HALF, name, body=body)

    first, second = with_half(V, "first", 0.5), with_half(U, "second", 0.25)
    (both,) = fused(first, second)
    other = Local("half_second", REAL)
    renamed = (Let(other, second.body[0].value), Store(U, ELEMENT, other))
    assert both.body == first.body + renamed


SPIKES = Kernel(
    "first", ALL, (Emit(EventList("spikes", "n"), compare(">", own(V), real(1.0))),), MAIN
)
APART = {
    "another's element that was just written": (HALVED, update(U, Load(V, LINKED), "second")),
    "another's element that is written next": (update(U, Load(V, LINKED)), HALVED),
    "other elements": (HALVED, update(U, own(U), "second", domain=SOME)),
    "another clock": (HALVED, update(U, own(U), "second", clock=Clock("slow"))),
    "what follows a threshold": (SPIKES, update(U, own(U), "second")),
    "a single value that is written": (
        update(V, own(V), body=(Store(ONE, ZERO, real(1.0)),)),
        update(U, own(U), "second"),
    ),
}


@pytest.mark.parametrize("why", APART)
def test_apart_stay(why):
    first, second = APART[why]
    second = replace(second, name="second")
    items = tuple(Item("groups", 0, k.name, k) for k in (first, second))
    program = Program(items, (MAIN, Clock("slow")))
    assert fuse_kernels(program) is program


def test_python_in_between_keeps_them_apart():
    items = (
        Item("groups", 0, "first", HALVED),
        Item("groups", 0, "second", update(U, own(U), "second"), after_python=True),
    )
    program = Program(items, (MAIN,))
    assert fuse_kernels(program) is program
