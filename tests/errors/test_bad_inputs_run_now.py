"""Code that cannot run at once, and what it must not write, is answered by errors."""

from __future__ import annotations

import pytest
from bad_inputs import Bad, check_refused, neurons, synapses, table

from simgen import Hz, PoissonGroup, Synapses
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    ModelError,
    NumericalError,
    SimgenError,
    UnknownNameError,
    UnsupportedFeatureError,
)

ORDER = "would depend on the order in which synapses act"


def neurons_do(code: object) -> None:
    neurons("v : volt\nx : 1\nc : 1 (constant)\nn : integer\ns : 1 (shared)").run_now(code)


def synapses_do(code: str, connected: bool = True) -> None:
    synapses("w : volt\nk : 1\nn : integer", connected=connected).run_now(code)


def negative_rates() -> None:
    made = Synapses(neurons("v : 1"), PoissonGroup(3, rates=[1, 2, 3] * Hz, name="noise"))
    made.connect(j="i")
    made.run_now("rates_post += -2*Hz")


def sum_in_a_subexpression() -> None:
    synapses("w : volt\ny = sum_over_post(2*w) : volt").run_now("w = y")


ROWS = [
    Bad("no text", lambda: neurons_do(3), ArgumentTypeError, ["run_now of NeuronGroup 'exc'", "3"]),
    Bad("grammar", lambda: neurons_do("x = x +"), EquationError, ["run_now of", "^"]),
    Bad("unknown name", lambda: neurons_do("x = tauu"), UnknownNameError, ["'tauu'", "^^^^"]),
    Bad("unknown variable", lambda: neurons_do("y = 1"), EquationError, ["'y'", "never used"]),
    Bad(
        "dimension",
        lambda: neurons_do("x = v"),
        DimensionMismatchError,
        ["'x' has no dimension", "voltage"],
    ),
    Bad("constant", lambda: neurons_do("c = 1"), EquationError, ["'c'", "(constant)"]),
    Bad("shared", lambda: neurons_do("s = x"), EquationError, ["'s' is shared", "'x'"]),
    Bad("shared last", lambda: neurons_do("x = 1; s = 2"), EquationError, ["must come first"]),
    Bad(
        "sum over synapses",
        lambda: neurons_do("v = sum_over_pre(v)"),
        UnsupportedFeatureError,
        ["goes over synapses"],
    ),
    Bad(
        "sum in a subexpression",
        sum_in_a_subexpression,
        UnsupportedFeatureError,
        ["'sum_over_post'", "equations", "y = sum_over_post(2*w)"],
    ),
    Bad(
        "not connected",
        lambda: synapses_do("k = 1", connected=False),
        ModelError,
        ["Synapses 'exc_syn' has no synapses yet", "connect()"],
    ),
    Bad("last one wins", lambda: synapses_do("v_post = w"), EquationError, [ORDER, "v_post = w"]),
    Bad(
        "product and sum",
        lambda: synapses_do("v_post *= 2; v_post += w"),
        EquationError,
        [ORDER, "'v'"],
    ),
    Bad("read sum", lambda: synapses_do("v_post += w; w = v_post"), EquationError, [ORDER]),
    Bad(
        "not a number",
        lambda: neurons_do("x = 0/x"),
        NumericalError,
        ["x = 0/x", "'x' of NeuronGroup 'exc' is nan at index 0 (and 2 more)"],
    ),
    Bad(
        "infinite",
        lambda: synapses_do("k = 1/k"),
        NumericalError,
        ["'k' of Synapses 'exc_syn' is inf at index 0 (and 8 more)", "^^^^^^^"],
    ),
    Bad(
        "mean of none",
        lambda: neurons_do("x = sum_all(x)/sum_all(int(x > 0))"),
        NumericalError,
        ["is nan at index 0"],
    ),
    Bad(
        "too large",
        lambda: neurons_do("n = 2**30 + 2**30 + i"),
        NumericalError,
        ["'n' of NeuronGroup 'exc'", "at index 2", "does not fit into 32 bits"],
    ),
    Bad(
        "sum too large",
        lambda: neurons_do("n = sum_all(2**30)"),
        NumericalError,
        ["'n' of NeuronGroup 'exc'", "does not fit into 32 bits"],
    ),
    Bad(
        "integers by zero",
        lambda: neurons_do("n = 1//n"),
        NumericalError,
        ["divided by zero at index 2"],
    ),
    Bad("rates", negative_rates, ModelError, ["'rates' of PoissonGroup 'noise' is -1.0 Hz"]),
]


@table(ROWS)
def test_what_cannot_run_at_once_is_refused(bad: Bad) -> None:
    check_refused(bad)


def test_a_refused_call_changes_nothing() -> None:
    group = neurons("v : volt\nx : 1")
    group.x = 3
    for code in ("x = 1; v = x", "x = 2; x = nope", "x = x//"):
        with pytest.raises(SimgenError):
            group.run_now(code)
    assert (group.x == 3).all()
