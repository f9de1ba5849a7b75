"""Synapses whose source or target is another Synapses object: what is refused, and how."""

from __future__ import annotations

from bad_inputs import Bad, check_refused, neurons, run_of, spiking, table

from simgen import Network, NeuronGroup, Synapses, ms
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    IndexRangeError,
    ModelError,
    SimgenError,
    UnknownAttributeError,
    UnknownNameError,
    UnsupportedFeatureError,
)

MODEL = """w : 1
           fixed : 1 (constant)
           seen = w*c_post : 1
           beyond = seen + 1 : 1
           du/dt = -u/ms : 1 (event-driven)"""


def inner(**arguments):
    made = Synapses(spiking(name="exc"), neurons("c : 1", name="cell"), MODEL, on_pre="u += 1",
                    name="ampa", **arguments)  # fmt: skip
    made.connect(j="i")
    return made


def firing():
    return spiking(name="inh")


def onto(code, model="", **arguments):
    """Return synapses onto synapses."""
    given = inner()
    return Synapses(given.source, given, model, on_pre=code, name="glia", **arguments)


def run_with(code):
    made = onto(code)
    made.connect()
    run_of(made.source, made.target.target, made.target, made)


def summed(equation):
    given = inner()
    return Synapses(NeuronGroup(2, "r : 1", name="pool"), given, equation, name="glia")


def before_the_inner_ones():
    group = spiking(name="exc")
    given = Synapses(group, group, "w : 1", name="ampa")
    Synapses(group, given, on_pre="w_post += 1", name="glia").connect()


def two_sums():
    given, pool = inner(), NeuronGroup(2, "r : 1", name="pool")
    made = [Synapses(pool, given, "w_post = r_pre : 1 (summed)", name=n) for n in ("one", "two")]
    for each in made:
        each.connect()
    Network(given.source, given.target, given, pool, *made).run(1 * ms)


def without_the_inner_ones():
    made = onto("w_post += 1")
    made.connect()
    Network(made.source, made).run(1 * ms)


ROWS = [
    Bad("events_of_synapses", lambda: Synapses(inner(), neurons(name="inh"), on_pre="v_post = 0"),
        ModelError, ["pathway 'pre'", "needs events of Synapses 'ampa'", "no threshold"]),
    Bad("events_of_target_synapses", lambda: Synapses(firing(), inner(), on_post="w_post = 0"),
        ModelError, ["pathway 'post'", "needs events of Synapses 'ampa'"]),
    Bad("scattered_part_of_synapses", lambda: Synapses(firing(), inner()[::2], name="glia"),
        ArgumentTypeError, ["target", "glia", "a part of Synapses 'ampa'", "2 synapses", "S[:10]"]),
    Bad("empty_part_of_synapses", lambda: Synapses(inner()[:0], firing(), name="glia"),
        ModelError, ["source", "glia", "a part of Synapses 'ampa' without any synapse"]),
    Bad("events_of_a_part", lambda: Synapses(inner()[:1], firing(), on_pre="v_post = 0"),
        ModelError, ["pathway 'pre'", "needs events of Part 0:1 of Synapses 'ampa'"]),
    Bad("variable_of_synapses", lambda: Synapses(firing(), inner().w, name="glia"),
        SimgenError, ["target", "glia", "must be a group"]),
    Bad("connected_too_early", before_the_inner_ones,
        ModelError, ["'glia' cannot be connected before Synapses 'ampa'", "connect()"]),
    Bad("index_outside", lambda: onto("w += 1").connect(i=0, j=7),
        IndexRangeError, ["j = 7", "'glia'", "3 elements"]),
    Bad("misspelt", lambda: run_with("weight_post += 1"),
        UnknownNameError, ["weight_post", "'glia'", "^", "The target Synapses 'ampa'"]),
    Bad("neurons_two_steps_away", lambda: run_with("w_post = c_post"),
        UnknownNameError, ["c_post", "'glia'", "^"]),
    Bad("computed_from_neurons", lambda: onto("w_post = seen_post"),
        UnsupportedFeatureError, ["'seen' of Synapses 'ampa'", "'c_post'", "'glia'", "^"]),
    Bad("computed_from_that", lambda: onto("w_post = beyond"),
        UnsupportedFeatureError, ["'seen' of Synapses 'ampa'", "'c_post'", "^"]),
    Bad("connected_by_that", lambda: onto("w_post = 0").connect("seen_post > 0"),
        UnsupportedFeatureError, ["'seen' of Synapses 'ampa'", "'c_post'", "^"]),
    Bad("constant", lambda: onto("fixed_post = 1"), EquationError, ["fixed", "'glia'", "^"]),
    Bad("neurons_of_synapses", lambda: onto("i_post = 1"), EquationError, ["i_post", "^"]),
    Bad("neurons_from_python", lambda: setattr(onto("w = 1"), "i_post", 1),
        UnknownAttributeError, ["i_post", "'glia'"]),
    Bad("sum_into_an_equation", lambda: summed("u_post = r_pre : 1 (summed)"),
        EquationError, ["'u' of Synapses 'ampa'", "differential equation", "^"]),
    Bad("sum_into_nothing", lambda: summed("x_post = r_pre : 1 (summed)"),
        EquationError, ["x_post", "'glia'", "^"]),
    Bad("sum_of_another_unit", lambda: summed("w_post = r_pre*volt : volt (summed)"),
        DimensionMismatchError, ["'w' of Synapses 'ampa'", "^"]),
    Bad("two_sums", two_sums, ModelError, ["'one'", "'two'", "w"]),
    Bad("synapses_left_out", without_the_inner_ones, ModelError, ["'glia'", "'ampa'"]),
]  # fmt: skip


@table(ROWS)
def test_bad_synapses_of_synapses_are_refused(bad: Bad) -> None:
    check_refused(bad)
