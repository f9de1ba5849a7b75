"""Text about single synapses to a program that evaluates it for all of them."""

from __future__ import annotations

from simgen.dtypes import DType
from simgen.ir.expr import SYNAPSE, Array, Expr, Param, Step, Time
from simgen.ir.kernel import Clock, Item, Kernel, OverSynapses, Program, SynapseStore
from simgen.ir.stmt import Store
from simgen.ir.visit import map_expr

CLOCK = Clock("text")
OUT = "text.value"
NOW = Param("text.t", DType.REAL)
NOW_STEP = Param("text.step", DType.I64)


def text_program(expr: Expr, store: SynapseStore) -> Program:
    """Return the program that writes ``expr`` for every synapse to the array OUT, in one step.

    Random numbers are those of step 0, whatever the time is, as numpy draws them for strings; the
    time of the network is a parameter.
    """

    def fixed(node: Expr) -> Expr:
        return NOW if isinstance(node, Time) else NOW_STEP if isinstance(node, Step) else node

    out = Array(OUT, expr.dtype, store.length)
    body = (Store(out, SYNAPSE, map_expr(expr, fixed)),)
    kernel = Kernel("text", OverSynapses(store), body, CLOCK)
    return Program((Item("start", 0, "text", kernel),), (CLOCK,))
