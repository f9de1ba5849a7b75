"""What may be computed before a loop."""

from __future__ import annotations

import numpy as np

from simgen.dtypes import DType
from simgen.ir.construct import binary, call, compare, integer, real
from simgen.ir.expr import (
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
    Gather,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Step,
)
from simgen.ir.kernel import Clock, Kernel, Once
from simgen.ir.stmt import Accumulate, If, Let, Store
from simgen.targets.hoist import hoist_loads, split_invariant
from simgen.targets.scope import Layout, Scope

REAL = DType.REAL
X, W, G = Array("x", REAL, "n"), Array("w", REAL, "n_S"), Array("g", REAL, "m")
TABLE = Array("table", REAL, "k")
FIXED = frozenset({IndexKind.PRE, IndexKind.ZERO})


def let(name, value):
    return Let(Local(name, value.dtype), value)


def moved(*body):
    first, rest = split_invariant(tuple(body), FIXED)
    assert [stmt for stmt in body if stmt in first] == list(first)
    assert [stmt for stmt in body if stmt in rest] == list(rest)
    assert len(first) + len(rest) == len(body)
    return [stmt.local.name for stmt in first]


def test_what_depends_on_the_row_only_moves():
    decay = let("decay", call("exp", binary("*", Load(X, PRE), Param("rate", REAL))))
    age = let("age", binary("-", Step(), IndexValue(PRE)))
    both = let("both", binary("*", Local("decay", REAL), real(2.0)))
    entry = let("entry", Gather(TABLE, integer(1)))
    assert moved(decay, age, both, entry) == ["decay", "age", "both", "entry"]


def test_what_changes_from_synapse_to_synapse_stays():
    weight = let("weight", Load(W, SYNAPSE))
    scaled = let("scaled", binary("*", Local("weight", REAL), Load(X, PRE)))
    target = let("target", IndexValue(POST))
    noise = let("noise", RandomDraw("rand", (), Param("key", DType.U64), 0))
    assert moved(weight, scaled, target, noise) == []


def test_what_the_body_writes_stays():
    source, shared = let("source", Load(X, PRE)), let("shared", Load(G, ZERO))
    entry = let("entry", Gather(TABLE, integer(0)))
    assert moved(source, shared, entry, Accumulate(X, POST, "+", real(1.0))) == ["shared", "entry"]
    assert moved(source, Store(G, ZERO, real(1.0)), shared) == ["source"]
    assert moved(entry, Store(TABLE, SYNAPSE, real(1.0))) == []


def test_what_a_condition_protects_stays():
    inside = let("inside", Gather(TABLE, IndexValue(PRE)))
    assert moved(If(compare(">", Load(W, SYNAPSE), real(0.0)), (inside,))) == []


def test_loads_move_into_variables_that_are_then_used():
    body = (
        If(compare(">", Load(X, PRE), real(0.0)), (Store(W, SYNAPSE, Load(X, PRE)),)),
        Accumulate(G, POST, "+", binary("*", Load(G, PRE), Load(W, SYNAPSE))),
    )
    kernel = Kernel("k", Once(), body, Clock("main"))
    indices = {IndexKind.PRE: "pre", IndexKind.POST: "post", IndexKind.SYNAPSE: "s"}
    scope = Scope(Layout(np.dtype(np.float64)), kernel, indices)
    assert hoist_loads(scope, body, FIXED, "x") == ("const double x_x = a_x[pre];",)
    assert scope.printer.text(Load(X, PRE)) == "x_x"
    assert scope.printer.text(Load(G, PRE)) == "a_g[pre]"
