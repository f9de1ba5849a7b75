import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.ir.construct import binary, compare, real
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
)
from simgen.ir.kernel import Clock, Kernel, Once, OverFanOut
from simgen.ir.stmt import Accumulate, Append, If, Recorder, Store
from simgen.targets.reference import interpreter
from simgen.targets.reference.independence import Independence, analyse, may_run_together

V, W = Array("v", DType.REAL, "n"), Array("w", DType.REAL, "n")
LINK = Array("link", DType.I64, "n")
LINKED = Index(IndexKind.ELEMENT, LINK)
LOG = Recorder("log", DType.REAL)
ONE = real(1.0)


@pytest.mark.parametrize(
    ("body", "never", "distinct"),
    [
        ((Store(V, ELEMENT, Load(W, ELEMENT)),), False, set()),
        ((Store(V, ELEMENT, Load(V, ELEMENT)),), False, {ELEMENT}),
        ((Store(V, ELEMENT, Load(V, LINKED)),), True, None),
        ((Store(V, ELEMENT, Gather(V, IndexValue(ELEMENT))),), True, None),
        ((Accumulate(V, POST, "+", Load(W, SYNAPSE)),), False, set()),
        ((Accumulate(V, POST, "+", ONE), Accumulate(V, POST, "+", ONE)), False, {POST}),
        ((Accumulate(V, POST, "+", ONE), Store(W, SYNAPSE, Load(V, POST))), False, {POST}),
        ((Accumulate(V, POST, "+", ONE), Store(V, PRE, ONE)), True, None),
        ((Accumulate(LINK, ELEMENT, "+", ONE), Store(V, LINKED, ONE)), False, {ELEMENT}),
        ((Accumulate(LINK, ELEMENT, "+", ONE), Store(V, LINKED, Load(V, LINKED))), True, None),
        ((Store(LINK, ZERO, ONE), Store(V, ELEMENT, IndexValue(LINKED))), True, None),
        ((If(compare(">", Load(V, POST), ONE), (Store(V, POST, ONE),)),), False, {POST}),
        ((Append(LOG, ONE),), False, set()),
        ((Append(LOG, ONE), If(compare(">", ONE, ONE), (Append(LOG, ONE),))), True, set()),
    ],
)
def test_what_lanes_share_is_found(body, never, distinct):
    found = analyse(Kernel("k", Once(), body, Clock("c")))
    assert found.never == never
    if distinct is not None:
        assert found.distinct == distinct


def test_lanes_that_share_a_place_may_not_run_together():
    positions = {POST: np.array([3, 1, 3]), SYNAPSE: np.array([0, 1, 2])}
    assert may_run_together(Independence(False, frozenset({SYNAPSE})), positions.__getitem__)
    assert not may_run_together(Independence(False, frozenset({POST})), positions.__getitem__)
    assert not may_run_together(Independence(True, frozenset()), positions.__getitem__)


SELF = binary("+", binary("*", Load(V, POST), real(0.7)), Load(W, SYNAPSE))
TRACE = Array("trace", DType.REAL, "n_src")
BODIES = {
    "sum": (Accumulate(V, POST, "+", Load(W, SYNAPSE)),),
    "product": (Accumulate(V, POST, "*", Load(W, SYNAPSE)),),
    "two sums": (
        Accumulate(V, POST, "+", Load(W, SYNAPSE)),
        Accumulate(V, POST, "+", Load(TRACE, PRE)),
    ),
    "recursion": (Store(V, POST, SELF),),
    "plasticity": (
        Accumulate(TRACE, PRE, "+", ONE),
        Store(W, SYNAPSE, binary("+", Load(W, SYNAPSE), Load(TRACE, PRE))),
        Accumulate(V, POST, "+", Load(W, SYNAPSE)),
    ),
    "gated": (If(compare("<", Load(V, POST), real(1.5)), (Accumulate(V, POST, "+", ONE),)),),
    "log": (Append(LOG, Load(W, SYNAPSE)), Append(LOG, Load(V, POST))),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_groups_of_lanes_give_the_bits_of_lane_after_lane(make_world, monkeypatch, body):
    def results(together):
        world, rng = make_world(n_parts=2), np.random.default_rng(7)
        world.group("n_src", 5)
        world.group("n_tgt", 6)
        events = world.events("spikes", "n_src", depth=3)
        pairs = rng.integers(0, [5, 6, 3], size=(60, 3)).tolist()
        store, delays, _ = world.store(
            "syn", pairs, sources="n_src", targets="n_tgt", rows=5, format="compact"
        )
        world.array("v", rng.random(6), length="n_tgt")
        world.array("w", rng.random(60), length="n_syn")
        world.array("trace", rng.random(5), length="n_src")
        world.recorder("log", DType.REAL, capacity=1000)
        for step in range(3):
            world.fire(events, step, rng.permutation(5)[:3].tolist())
        if not together:
            monkeypatch.setattr(interpreter, "may_run_together", lambda *_: False)
        world["tick"][0] = 2
        world.run(world.kernel(OverFanOut(store, events, delays), *body))
        monkeypatch.undo()
        return [world[name].tolist() for name in ("v", "w", "trace", "log.data")]

    assert results(together=True) == results(together=False)
