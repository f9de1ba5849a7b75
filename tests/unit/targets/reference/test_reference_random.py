import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.construct import compare, integer, real
from simgen.ir.expr import ELEMENT, SYNAPSE, ZERO, IndexValue, Load, Param, RandomDraw
from simgen.ir.kernel import Once, OverElements, OverEvents, OverSynapses
from simgen.ir.stmt import If, Store
from simgen.numerics.distributions import (
    draw_binomial,
    draw_poisson,
    draw_rand,
    draw_randn,
    draw_truncated_normal,
)
from simgen.numerics.philox import counters_at_elements, counters_at_synapses

KEY = 0xF123_4567_89AB_CDEF  # above 2**63: memory holds it as a negative number
STEP = 3


@pytest.fixture(params=[np.float64, np.float32])
def drawing(request, make_world):
    world = make_world(real=request.param)
    world.memory.ints["key"] = int(np.uint64(KEY).astype(np.int64))
    world["tick"][0] = STEP
    world.group("n", 7)
    return world


def draw(distribution, *args, number=5, rank=None, as_pair=False):
    return RandomDraw(distribution, args, Param("key", DType.U64), number, rank, as_pair=as_pair)


@pytest.mark.parametrize(
    ("distribution", "args", "function"),
    [
        ("rand", (), draw_rand),
        ("randn", (), draw_randn),
        ("poisson", (2.5,), draw_poisson),
        ("binomial", (10, 0.25), draw_binomial),
        ("truncated_normal", (0.5, 2.0, -1.0, 1.5), draw_truncated_normal),
    ],
)
def test_draws_of_elements_are_keyed_by_element_step_and_number(
    drawing, distribution, args, function
):
    precision = drawing.options.real
    expr = draw(distribution, *(integer(a) if isinstance(a, int) else real(a) for a in args))
    v = drawing.array("v", np.zeros(7), expr.dtype)
    drawing.run(drawing.kernel(OverElements("n", integer(2), integer(7)), Store(v, ELEMENT, expr)))
    counters = counters_at_elements(np.arange(2, 7), STEP, 5, precision)
    expected = function(KEY, counters, *args, precision)
    assert drawing.value("v") == [0.0, 0.0, *expected.tolist()]
    assert len(set(expected.tolist())) > 1


def test_a_draw_that_only_some_elements_make_is_that_of_their_index(drawing):
    precision = drawing.options.real
    v = drawing.array("v", np.zeros(7))
    late = If(compare(">", IndexValue(ELEMENT), integer(3)), (Store(v, ELEMENT, draw("rand")),))
    drawing.run(drawing.kernel(OverElements("n", integer(0), integer(7)), late))
    expected = draw_rand(KEY, counters_at_elements([4, 5, 6], STEP, 5, precision), precision)
    assert drawing.value("v")[4:] == expected.tolist()


def test_draws_of_events_are_keyed_by_the_element_that_fired(drawing):
    precision = drawing.options.real
    v = drawing.array("v", np.zeros(7))
    events = drawing.events("spikes", "n", depth=4)
    drawing.fire(events, STEP, [1, 6])
    domain = OverEvents(events, integer(0), integer(7))
    drawing.run(drawing.kernel(domain, Store(v, ELEMENT, draw("randn"))))
    expected = draw_randn(KEY, counters_at_elements([1, 6], STEP, 5, precision), precision)
    assert [drawing.value("v")[k] for k in (1, 6)] == expected.tolist()


def test_draws_of_a_kernel_that_runs_once_are_those_of_element_zero(drawing):
    precision = drawing.options.real
    v = drawing.array("v", [0.0], length="one")
    drawing.run(drawing.kernel(Once(), Store(v, ZERO, draw("rand"))))
    expected = draw_rand(KEY, counters_at_elements([0], STEP, 5, precision), precision)
    assert drawing.value("v", "one") == expected.tolist()


@pytest.mark.parametrize("ranked", [False, True])
def test_draws_of_synapses_are_keyed_by_absolute_indices_and_rank(drawing, ranked):
    precision = drawing.options.real
    triples = [(2, 0, 0), (2, 5, 0), (2, 5, 0), (4, 6, 1), (5, 5, 0)]
    store, _, kept = drawing.store(
        "syn", triples, sources="n", targets="n", start=2, rows=4, format="dense16"
    )
    ranks = [0, 0, 1, 0, 0] if ranked else [0] * 5
    rank = drawing.array("rank", ranks, DType.I64, "n_syn")
    w = drawing.array("w", np.zeros(5), length="n_syn")
    expr = draw("rand", rank=Load(rank, SYNAPSE) if ranked else None)
    drawing.run(drawing.kernel(OverSynapses(store), Store(w, SYNAPSE, expr)))
    i, j = np.array([s[0] for s in kept]), np.array([s[1] for s in kept])
    expected = draw_rand(KEY, counters_at_synapses(i, j, np.array(ranks), STEP, 5), precision)
    assert drawing.value("w", "n_syn") == expected.tolist()
    assert len(set(expected.tolist())) == (5 if ranked else 4)


def test_what_is_no_synapse_yet_draws_by_its_target_and_its_source(drawing):
    precision = drawing.options.real
    triples = [(2, 0, 0), (2, 5, 0), (4, 6, 1), (5, 5, 0)]
    store, _, kept = drawing.store(
        "syn", triples, sources="n", targets="n", start=2, rows=4, format="dense16"
    )
    w = drawing.array("w", np.zeros(4), length="n_syn")
    drawing.run(drawing.kernel(OverSynapses(store), Store(w, SYNAPSE, draw("rand", as_pair=True))))
    i, j = np.array([s[0] for s in kept]), np.array([s[1] for s in kept])
    expected = draw_rand(KEY, counters_at_elements(j, i, 5, precision), precision)
    assert drawing.value("w", "n_syn") == expected.tolist()


def test_an_unknown_distribution_is_a_fault(drawing):
    v = drawing.array("v", [0.0], length="one")
    with pytest.raises(InternalError, match="'cauchy' has no reference form"):
        drawing.run(drawing.kernel(Once(), Store(v, ZERO, draw("cauchy"))))
