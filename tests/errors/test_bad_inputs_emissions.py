"""``at_emission`` where no event arrives, or of what a source does not have, is refused."""

from __future__ import annotations

import pytest
from bad_inputs import Bad, check_refused, network_of, neurons, run_of, synapses, table

from simgen import ms
from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    SimgenError,
    UnknownNameError,
    UnsupportedFeatureError,
)

NOT_HERE = "when an event left its source, and here no event of a source arrives"
OF_SOURCES = "names that end in _pre"


def on_pre(code: str, model: str = "w : volt", **names: object) -> None:
    network_of(synapses(model, on_pre=code)).run(0.1 * ms, namespace=names)


def regularly() -> None:
    made = synapses()
    made.run_regularly("w = at_emission(v_pre)")
    network_of(made).run(0.1 * ms, namespace={})


def assigned() -> None:
    synapses().w = "at_emission(v_pre)"


def in_connect() -> None:
    synapses(connected=False).connect("at_emission(v_pre) > 0*volt")


def own_function(x: float) -> float:
    return x


ROWS = [
    Bad(
        "on_post",
        lambda: synapses(on_post="w = at_emission(v_pre)"),
        UnsupportedFeatureError,
        ["on_post", NOT_HERE, "on_pre", "^^^^^^^^^^^^^^^^^^"],
    ),
    Bad(
        "equation of neurons",
        lambda: neurons("dv/dt = at_emission(v)/second : volt"),
        UnsupportedFeatureError,
        ["equations", NOT_HERE],
    ),
    Bad(
        "threshold",
        lambda: neurons("v : volt", threshold="at_emission(v) > 1*volt", reset=""),
        UnsupportedFeatureError,
        ["threshold", NOT_HERE],
    ),
    Bad(
        "subexpression",
        lambda: on_pre("v_post += q", "q = at_emission(v_pre) : volt"),
        UnsupportedFeatureError,
        ["q = at_emission(v_pre)", NOT_HERE],
    ),
    Bad(
        "summed variable",
        lambda: synapses("v_post = at_emission(v_pre) : volt (summed)", on_pre=""),
        UnsupportedFeatureError,
        [NOT_HERE],
    ),
    Bad("run_regularly", regularly, UnsupportedFeatureError, [NOT_HERE]),
    Bad("assigned text", assigned, UnsupportedFeatureError, [NOT_HERE]),
    Bad("connect", in_connect, UnsupportedFeatureError, ["connect()", NOT_HERE]),
    Bad(
        "variable of the target",
        lambda: on_pre("v_post += at_emission(v)"),
        EquationError,
        ["take 'v' along", "'v' of the target", OF_SOURCES, "v_post += at_emission(v)"],
    ),
    Bad(
        "variable of the synapse",
        lambda: on_pre("v_post += at_emission(2*w)"),
        EquationError,
        ["take '2*w' along", "'w' of the synapse", OF_SOURCES, "                         ^^^\n"],
    ),
    Bad(
        "index of the target",
        lambda: on_pre("v_post += w*at_emission(j)"),
        EquationError,
        ["'j' of the target"],
    ),
    Bad(
        "local",
        lambda: on_pre("double = 2*v_pre; v_post += at_emission(double)"),
        EquationError,
        ["take 'double' along", "computed when the event arrives"],
    ),
    Bad(
        "random number",
        lambda: on_pre("v_post += w*at_emission(rand())"),
        EquationError,
        ["draws random numbers", "for each synapse", "a variable of the source"],
    ),
    Bad(
        "twice",
        lambda: on_pre("v_post += at_emission(at_emission(v_pre))"),
        EquationError,
        ["Leave the inner one out"],
    ),
    Bad("not called", lambda: on_pre("w = at_emission"), EquationError, ["at_emission(x)"]),
    Bad("no argument", lambda: on_pre("w = at_emission()"), EquationError, ["takes 1 argument"]),
    Bad(
        "dimension",
        lambda: on_pre("v_post += at_emission(t)"),
        DimensionMismatchError,
        ["'v_post' is a voltage", "time"],
    ),
    Bad(
        "misspelt",
        lambda: on_pre("v_post += at_emission(u_pre)"),
        UnknownNameError,
        ["'u_pre'", "NeuronGroup 'exc' has no variable 'u'"],
    ),
    Bad(
        "a variable of the name",
        lambda: neurons("at_emission : 1"),
        EquationError,
        ["'at_emission' is a function of the language"],
    ),
    Bad(
        "a function of the name",
        lambda: on_pre("v_post += at_emission(v_pre)", at_emission=own_function),
        EquationError,
        ["'at_emission' is a built-in function", "a function of your own"],
    ),
]


@table(ROWS)
def test_bad_input_gets_a_good_error(bad: Bad) -> None:
    check_refused(bad)


def test_a_good_one_is_taken() -> None:
    made = synapses(on_pre="v_post += w + at_emission(v_pre + 2*w_all)", model="w : volt")
    with pytest.raises(SimgenError):
        run_of(made.source, made, namespace={})
    run_of(made.source, made, namespace={"w_all": 0 * made.w[0]})
