"""Walks that write at both ends of their synapses are made twice, where the order is free."""

from __future__ import annotations

import pytest
from sample_kernels import EACH, OUT, RECURRENT, SERIAL, G, U, V, W, add, kernel

from simgen.dtypes import DType
from simgen.ir.construct import compare, real
from simgen.ir.expr import POST, PRE, SYNAPSE, Load, Local
from simgen.ir.stmt import If, Let, Store
from simgen.targets.cpu.split_ends import split_kernel
from simgen.targets.effects import Owner, kernel_effects

X = Local("x", DType.REAL)
NEAR = Let(X, Load(W, SYNAPSE))


def test_each_half_has_what_it_uses():
    both = kernel(OUT, NEAR, add(V, POST, X), add(U, PRE))
    rest, sources = split_kernel(both)
    assert rest.body == (NEAR, add(V, POST, X))
    assert sources.body == (add(U, PRE),)
    assert [kernel_effects(half).owner for half in (rest, sources)] == [Owner.PART, Owner.SOURCE]
    assert rest.name == both.name != sources.name


@pytest.mark.parametrize(
    "body",
    [
        (add(V, POST), add(U, PRE, X)),
        (If(compare(">", X, real(0.0)), (add(U, PRE),)), Store(V, POST, X)),
    ],
)
def test_both_halves_may_use_a_definition(body):
    halves = split_kernel(kernel(OUT, NEAR, *body))
    assert len(halves) == 2
    assert NEAR in halves[1].body


@pytest.mark.parametrize(
    "body",
    [
        (add(V, POST), add(U, PRE, Load(V, POST))),  # sources read what targets have become
        (add(V, POST, Load(U, PRE)), add(U, PRE)),
        (Let(X, Load(U, PRE)), add(U, PRE), add(V, POST, X)),
        (Store(W, SYNAPSE, real(1.0)), add(U, PRE, Load(W, SYNAPSE)), add(V, POST)),
        (If(compare(">", Load(W, SYNAPSE), real(0.0)), (add(U, PRE), add(V, POST))),),
    ],
)
def test_halves_that_meet_stay_together(body):
    both = kernel(OUT, *body)
    assert split_kernel(both) == (both,)


def test_one_array_at_both_ends_stays_together():
    both = kernel(RECURRENT, add(G, POST), add(G, PRE))
    assert split_kernel(both) == (both,)


@pytest.mark.parametrize("name", [name for name in SERIAL if name != "writes to both ends"])
def test_other_kernels_stay_as_they_are(name):
    assert split_kernel(SERIAL[name]) == (SERIAL[name],)


def test_sums_over_all_synapses_are_split_too():
    assert len(split_kernel(kernel(EACH, add(V, POST), add(U, PRE)))) == 2
