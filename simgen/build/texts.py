"""Text about single synapses to a program that evaluates it for all of them."""

from __future__ import annotations

from simgen.ir.expr import SYNAPSE, Array, Expr
from simgen.ir.kernel import Clock, Item, Kernel, OverSynapses, Program, SynapseStore
from simgen.ir.stmt import Store

CLOCK = Clock("text")
OUT = "text.value"


def text_program(expr: Expr, store: SynapseStore) -> Program:
    """Return the program that writes ``expr`` for every synapse to the array OUT, in one step.

    Random numbers are those of step 0, as numpy draws them for strings: the clock stands there
    unless the network has run.
    """
    out = Array(OUT, expr.dtype, store.length)
    kernel = Kernel("text", OverSynapses(store), (Store(out, SYNAPSE, expr),), CLOCK)
    return Program((Item("start", 0, "text", kernel),), (CLOCK,))
