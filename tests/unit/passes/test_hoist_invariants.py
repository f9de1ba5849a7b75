"""What of a kernel is computed once, before its loop."""

from __future__ import annotations

from simgen.dtypes import DType
from simgen.ir.construct import binary, call, integer, real
from simgen.ir.expr import ELEMENT, ZERO, Array, Load, Local, Param, RandomDraw
from simgen.ir.kernel import Clock, Kernel, Once, OverElements
from simgen.ir.stmt import Let, Store
from simgen.passes.hoist_invariants import hoist_in_kernel

REAL = DType.REAL
V, ONE = Array("v", REAL, "n"), Array("one", REAL, "one")
TAU, KEY = Param("tau", REAL), Param("key", DType.U64)
ALL = OverElements("n", integer(0), Param("n", DType.I64))
MEMBER, SHARED = Load(V, ELEMENT), Load(ONE, ZERO)
DECAY = call("exp", binary("/", real(-1.0), TAU))


def hoisted(*body, domain=ALL):
    return hoist_in_kernel(Kernel("k", domain, body, Clock("main")))


def store(value, array=V, index=ELEMENT):
    return Store(array, index, value)


def test_a_call_of_constants_is_made_once():
    made = hoisted(store(binary("*", MEMBER, DECAY)))
    name = Local("inv_0", REAL)
    assert made.prologue == (Let(name, DECAY),)
    assert made.body == (store(binary("*", MEMBER, name)),)


def test_equal_values_have_one_name():
    made = hoisted(store(binary("*", MEMBER, DECAY)), store(binary("+", MEMBER, DECAY)))
    assert len(made.prologue) == 1


def test_a_shared_value_that_stays_is_constant():
    divided = binary("/", real(1.0), SHARED)
    assert hoisted(store(divided)).prologue == (Let(Local("inv_0", REAL), divided),)


def test_a_shared_value_that_is_written_is_not():
    body = (
        store(binary("+", SHARED, real(1.0)), ONE, ZERO),
        store(binary("/", real(1.0), SHARED)),
    )
    made = hoisted(*body)
    assert made.prologue == ()
    assert made.body == body


def test_a_draw_is_made_for_each_element_with_arguments_made_once():
    rate = binary("/", real(3.0), TAU)
    made = hoisted(store(RandomDraw("truncated_normal", (rate, rate, TAU, TAU), KEY, 0)))
    name = Local("inv_0", REAL)
    assert made.prologue == (Let(name, rate),)
    assert made.body == (store(RandomDraw("truncated_normal", (name, name, TAU, TAU), KEY, 0)),)


def test_what_needs_no_call_stays():
    body = (store(binary("*", MEMBER, binary("*", TAU, real(2.0)))),)
    assert hoisted(*body).body == body


def test_what_runs_once_anyhow_stays():
    assert hoisted(store(DECAY, ONE, ZERO), domain=Once()).prologue == ()
