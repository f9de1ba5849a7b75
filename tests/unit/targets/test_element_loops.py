"""Loops over elements: updates, conditions, events, random numbers, any split into parts."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.ir.construct import (
    binary,
    call,
    cast,
    compare,
    integer,
    logical_and,
    negate,
    real,
    select,
)
from simgen.ir.expr import (
    ELEMENT,
    ZERO,
    Binary,
    Const,
    Flow,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Step,
    Time,
    Unary,
)
from simgen.ir.kernel import OverElements, OverEvents
from simgen.ir.stmt import Accumulate, Emit, If, Let, Store
from simgen.numerics.linear_flow import flow

pytestmark = pytest.mark.compiler


def small(lab, n=700, **options):
    net = lab.Net(**options)
    net.group("exc", n)
    net.array("exc.v", np.linspace(-1, 1, n).astype(net.real))
    return net, net.memory.arrays["exc.v"]


@pytest.mark.parametrize("real_type", [np.float64, np.float32])
def test_stores_are_done_in_order_and_see_each_other(lab, real_type):
    net, v = small(lab, real=real_type)
    g = net.array("exc.g", np.ones(len(v), real_type))
    old = v.copy()
    net.memory.reals["tau"] = 0.1
    va, ga = lab.state("exc.v"), lab.state("exc.g")
    tau = Param("tau", lab.REAL)
    body = (
        Let(Local("dv", lab.REAL), binary("/", Load(ga, ELEMENT), tau)),
        Store(va, ELEMENT, binary("+", Load(va, ELEMENT), Local("dv", lab.REAL))),
        Store(ga, ELEMENT, binary("*", Load(va, ELEMENT), real(0.3))),
        Accumulate(ga, ELEMENT, "+", real(1.0)),
        Accumulate(ga, ELEMENT, "*", Load(va, ELEMENT)),
    )
    assert net.run(lab.program(lab.kernel("k", lab.over("exc"), *body)), 1) == 1
    r = real_type
    v1 = old + r(1) / r(0.1)
    assert np.array_equal(v, v1)
    assert np.array_equal(g, (v1 * r(0.3) + r(1)) * v1)


def test_only_the_range_is_touched(lab):
    net, v = small(lab, n_parts=3)
    old = v.copy()
    domain = OverElements("exc.n", integer(100), integer(401))
    net.run(lab.program(lab.kernel("k", domain, Store(lab.state("exc.v"), ELEMENT, real(9.0)))), 1)
    old[100:401] = 9
    assert np.array_equal(v, old)


def conditional(lab, value, condition=None):
    va = lab.state("exc.v")
    inner = If(
        compare("<", Load(va, ELEMENT), real(0.5)), (Accumulate(va, ELEMENT, "*", real(2.0)),)
    )
    condition = condition or compare(">", Load(va, ELEMENT), real(0.0))
    return If(condition, (Store(va, ELEMENT, value), inner))


@pytest.mark.parametrize("protected", [False, True])
def test_conditions_are_tested_once_and_nest(lab, protected):
    net, v = small(lab)
    old, va = v.copy(), lab.state("exc.v")
    value = binary("-", Load(va, ELEMENT), real(0.25))
    if protected:  # a table may only be read where the condition holds: a branch, not a selection
        net.array("t", np.array([0.25]))
        net.memory.ints["one"] = 1
        value = binary("-", Load(va, ELEMENT), Gather(lab.state("t", length="one"), integer(0)))
    what = lab.program(lab.kernel("k", lab.over("exc"), conditional(lab, value)))
    if lab.target == "cpu":
        assert ("omp simd" in net.bind(what).source) is not protected
    net.run(what, 1)
    expected = old.copy()
    hit = old > 0
    expected[hit] -= 0.25
    expected[hit & (expected < 0.5)] *= 2
    assert np.array_equal(v, expected)


@pytest.mark.parametrize("n_parts", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 255, 256, 257, 1000])
def test_events_are_the_ascending_elements_that_fired(lab, n, n_parts):
    net, v = small(lab, n, n_parts=n_parts)
    v[:] = np.random.default_rng(n).random(n)
    net.events("exc", 3)
    events, va = lab.group_events("exc"), lab.state("exc.v")
    body = (
        Emit(events, compare(">", Load(va, ELEMENT), real(0.5))),
        Store(va, ELEMENT, binary("-", real(1.0), Load(va, ELEMENT))),
    )
    executable = net.bind(lab.program(lab.kernel("k", lab.over("exc"), *body)))
    first = np.flatnonzero(v > 0.5).tolist()
    second = np.flatnonzero(1 - v > 0.5).tolist()
    executable.run(1)
    executable.run(1)
    assert net.fired("exc", 0) == first
    assert net.fired("exc", 1) == second
    assert net.fired("exc", 2) == []
    executable.run(2)  # step 3 uses the slot of step 0 again
    assert net.fired("exc", 3) == second


@pytest.mark.parametrize("protected", [False, True])
def test_events_inside_a_condition(lab, protected):
    net, v = small(lab)
    net.events("exc", 1)
    va = lab.state("exc.v")
    condition = compare("<", Load(va, ELEMENT), real(0.9))
    if protected:
        net.array("one", np.ones(1))
        net.memory.ints["one"] = 1
        limit = Gather(lab.state("one", length="one"), integer(0))
        fire = compare(">", binary("*", Load(va, ELEMENT), limit), real(0.2))
    else:
        fire = compare(">", Load(va, ELEMENT), real(0.2))
    body = If(condition, (Emit(lab.group_events("exc"), fire),))
    net.run(lab.program(lab.kernel("k", lab.over("exc"), body)), 2)
    assert net.fired("exc", 0) == np.flatnonzero((v < 0.9) & (v > 0.2)).tolist()


def draws(lab):
    """A body with draws of every kind: prepared, with arguments, conditional, and in the loop."""
    va, wa = lab.state("exc.v"), lab.state("exc.w")
    v = Load(va, ELEMENT)
    mean = Local("mean", lab.REAL)
    rand = RandomDraw("rand", (), lab.KEY, 0)
    normal = RandomDraw("randn", (), lab.KEY, 1)
    count = RandomDraw("poisson", (mean,), lab.KEY, 2)
    late = RandomDraw("poisson", (binary("*", v, v),), lab.KEY, 3)
    return (
        Let(mean, binary("+", Load(wa, ELEMENT), real(3.0))),
        Accumulate(va, ELEMENT, "+", rand),
        If(compare(">", v, real(0.5)), (Accumulate(va, ELEMENT, "+", normal),)),
        Accumulate(va, ELEMENT, "+", cast(count, lab.REAL)),
        Accumulate(va, ELEMENT, "+", cast(late, lab.REAL)),
    )


def run_draws(lab, real_type, n_parts, body, n=777):
    net, v = small(lab, n, n_parts=n_parts, real=real_type)
    net.array("exc.w", np.linspace(0, 2, n).astype(real_type))
    net.memory.ints["key"] = -(2**62) + 12345
    net.run(lab.program(lab.kernel("k", lab.over("exc"), *body)), 3)
    return v


@pytest.mark.parametrize("real_type", [np.float64, np.float32])
def test_draws_do_not_depend_on_tiles_parts_or_the_kind_of_loop(lab, real_type):
    whole = run_draws(lab, real_type, 1, draws(lab))
    assert np.array_equal(whole, run_draws(lab, real_type, 4, draws(lab)))
    without_late = draws(lab)[:-1]
    vector = run_draws(lab, real_type, 1, without_late)
    assert len(np.unique(vector)) > 700
    assert not np.array_equal(whole, vector)


def test_a_draw_with_arguments_bound_inside_a_condition(lab):
    net, v = small(lab, 500)
    net.memory.ints["key"] = 5
    va, mean = lab.state("exc.v"), Local("mean", lab.REAL)
    count = RandomDraw("poisson", (mean,), lab.KEY, 0)
    inside = (
        Let(mean, binary("*", Load(va, ELEMENT), real(100.0))),
        Store(va, ELEMENT, cast(count, lab.REAL)),
    )
    body = If(compare(">", Load(va, ELEMENT), real(0.0)), inside)
    old = v.copy()
    net.run(lab.program(lab.kernel("k", lab.over("exc"), body)), 1)
    assert np.array_equal(v[old <= 0], old[old <= 0])
    assert np.all(np.abs(v[old > 0] - 100 * old[old > 0]) < 60)
    assert np.all(v[old > 0] == np.round(v[old > 0]))


@pytest.mark.parametrize("n_parts", [1, 3])
def test_elements_that_read_each_other_run_in_order(lab, n_parts):
    net, v = small(lab, 600, n_parts=n_parts)
    v[:] = 0
    net.array("exc.link", np.maximum(np.arange(600) - 1, 0))
    index = Index(IndexKind.ELEMENT, lab.state("exc.link", lab.I64))
    va = lab.state("exc.v")
    body = Store(va, ELEMENT, binary("+", Load(va, index), real(1.0)))
    net.run(lab.program(lab.kernel("k", lab.over("exc"), body)), 1)
    assert np.array_equal(v, np.arange(1, 601))


def test_a_prepared_draw_equals_the_single_draw(lab):
    net, v = small(lab, 301, n_parts=2)
    net.array("exc.u", np.zeros(301))
    net.memory.ints["key"] = 99
    ua, va = lab.state("exc.u"), lab.state("exc.v")
    for number, kind in enumerate(("rand", "randn")):
        draw = RandomDraw(kind, (), lab.KEY, number)
        prepared = lab.kernel("k", lab.over("exc"), Store(va, ELEMENT, draw))
        net.events("exc", 1)
        everywhere = Emit(lab.group_events("exc"), Const(True, DType.BOOL))
        fire = lab.kernel("fire", lab.over("exc"), everywhere)
        single = lab.kernel(
            "single",
            OverEvents(lab.group_events("exc"), integer(0), Param("exc.n", lab.I64)),
            Store(ua, ELEMENT, draw),
        )
        net.run(lab.program(prepared, fire, single), 2)
        assert np.array_equal(v, net.memory.arrays["exc.u"])
        assert len(np.unique(v)) > 290


def test_shared_values_are_read_and_written(lab):
    net, v = small(lab, 300, n_parts=3)
    total = net.array("total", np.zeros(1))
    net.memory.ints["one"] = 1
    shared, va = lab.state("total", length="one"), lab.state("exc.v")
    v[:] = np.arange(300)
    add = lab.kernel("add", lab.over("exc"), Accumulate(shared, ZERO, "+", Load(va, ELEMENT)))
    use = lab.kernel("use", lab.over("exc"), Store(va, ELEMENT, Load(shared, ZERO)))
    net.run(lab.program(add, use), 1)
    assert total[0] == 299 * 150
    assert np.array_equal(v, np.full(300, 299.0 * 150))


def test_linked_variables_are_read_through_their_index(lab):
    net, v = small(lab, 10)
    link = net.array("exc.link", np.arange(10, dtype=np.int64)[::-1])
    net.array("inh.u", np.arange(10) * 1.5)
    net.memory.ints["inh.n"] = 10
    index = Index(IndexKind.ELEMENT, lab.state("exc.link", lab.I64))
    value = binary("+", Load(lab.state("inh.u"), index), cast(IndexValue(index), lab.REAL))
    net.run(
        lab.program(lab.kernel("k", lab.over("exc"), Store(lab.state("exc.v"), ELEMENT, value))), 1
    )
    assert np.array_equal(v, link * 2.5)


def test_step_time_and_integers(lab):
    net, v = small(lab, 4)
    last = net.array("exc.last", np.array([0, 1, 2, 3], np.int64))
    flag = net.array("exc.flag", np.array([True, False, True, False]))
    net.memory.ints |= {"big": -7, "yes": 1}
    la, fa = lab.state("exc.last", lab.I64), lab.state("exc.flag", lab.BOOL)
    age = Binary("-", Step(), Load(la, ELEMENT))
    both = logical_and(Load(fa, ELEMENT), Param("yes", lab.BOOL))
    body = (
        Store(lab.state("exc.v"), ELEMENT, binary("+", Time(), cast(age, lab.REAL))),
        Store(
            la,
            ELEMENT,
            Binary("%", Param("big", lab.I64), binary("+", Load(la, ELEMENT), integer(2))),
        ),
        If(compare(">", Load(la, ELEMENT), integer(0)), (Store(fa, ELEMENT, Unary("not", both)),)),
    )
    net.memory.arrays["tick"][0] = 41
    net.run(lab.program(lab.kernel("k", lab.over("exc"), *body)), 1)
    assert np.array_equal(v, 41 * 1e-4 + np.array([41.0, 40.0, 39.0, 38.0]))
    assert last.tolist() == [-7 % 2, -7 % 3, -7 % 4, -7 % 5]
    assert flag.tolist() == [False, True, False, True]
    assert net.memory.arrays["tick"][0] == 42


def test_integers_wrap_and_divide_as_in_numpy(lab):
    net, _ = small(lab, 6)
    last = net.array("exc.last", np.array([0, 1, -3, 2**62, 5, -(2**63)], np.int64))
    la = lab.state("exc.last", lab.I64)
    x = Load(la, ELEMENT)
    value = binary("+", binary("*", x, integer(3)), binary("//", integer(7), x))
    old = last.copy()
    net.run(lab.program(lab.kernel("k", lab.over("exc"), Store(la, ELEMENT, value))), 1)
    with np.errstate(all="ignore"):
        assert np.array_equal(last, old * 3 + 7 // old)


def test_functions_match_numpy(lab):
    net, v = small(lab, 64)
    va = lab.state("exc.v")
    x = Load(va, ELEMENT)
    old = v.copy()
    value = select(
        compare(">", x, real(0.0)),
        call("min", call("exp", negate(x)), call("sqrt", call("abs", x))),
        call("max", binary("//", x, real(0.25)), binary("%", x, real(0.25))),
    )
    value = binary("+", value, call("clip", x, real(-0.5), real(0.5)))
    value = binary(
        "+", value, cast(call("sign", cast(binary("*", x, real(3.0)), lab.I64)), lab.REAL)
    )
    net.run(lab.program(lab.kernel("k", lab.over("exc"), Store(va, ELEMENT, value))), 1)
    expected = np.where(
        old > 0,
        np.minimum(np.exp(-old), np.sqrt(np.abs(old))),
        np.maximum(old // 0.25, old % 0.25),
    )
    expected = expected + np.clip(old, -0.5, 0.5) + np.sign(np.trunc(old * 3))
    assert np.allclose(v, expected, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("real_type", [np.float64, np.float32])
def test_linear_systems_are_advanced_exactly(lab, real_type):
    net, v = small(lab, 70, real=real_type)
    w = net.array("exc.w", np.linspace(2, 3, len(v)).astype(real_type))
    va, wa = lab.state("exc.v"), lab.state("exc.w")
    rates = (real(-0.5), Load(wa, ELEMENT), real(0.25), real(-1.5), real(0.0), real(-2.0))
    matrix = (*rates[:2], real(0.0), *rates[2:4], real(0.0), *rates[4:], real(-0.125))
    start = (Load(va, ELEMENT), Load(wa, ELEMENT), real(0.75))
    advance = lab.kernel(
        "advance", lab.over("exc"), Store(va, ELEMENT, Flow(2, (2, 1), matrix, start))
    )
    numbers = [each.value if isinstance(each, Const) else w for each in matrix]
    entries = [np.broadcast_to(np.asarray(each, real_type), v.shape) for each in numbers]
    expected = flow(2, (2, 1), entries, [v.copy(), w, np.full_like(v, 0.75)])
    net.run(lab.program(advance), 1)
    assert v.tobytes() == expected.tobytes()
