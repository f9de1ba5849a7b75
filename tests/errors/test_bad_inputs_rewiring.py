"""Rules of structural plasticity that make no sense are answered by errors."""

from __future__ import annotations

import pytest
from bad_inputs import Bad, check_refused, network_of, synapses, table

from simgen import ms
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    IndexRangeError,
    ModelError,
    NumericalError,
    SimgenError,
    UnknownNameError,
    UnsupportedFeatureError,
)

MODEL = "w : volt\nk : integer\ng : 1 (shared)\nx : 1"
GOES = {"remove": "w < 1*volt"}
EACH = {"n_per_target": "n_removed"}


def rule(**arguments: object) -> None:
    synapses(MODEL).rewire_now(**arguments)


def at_run(**arguments: object) -> None:
    made = synapses(MODEL)
    made.rewire(dt=1 * ms, **arguments)
    network_of(made).run(0.1 * ms)


def remove(which: object) -> None:
    synapses(MODEL).remove(which)


def fixed_delay() -> None:
    synapses(MODEL, delay=1 * ms).rewire_now(n_total=1, on_add="delay = 2*ms")


def without_time() -> None:
    synapses(MODEL).rewire(remove="w < 1*volt")


def infinite_value() -> None:
    made = synapses(MODEL)
    made.rewire_now(remove="i == 0", n_total="n_removed", on_add="x = 1/(w/volt)")


ROWS = [
    Bad("nothing", rule, ModelError, ["rewire_now() of Synapses 'exc_syn' does nothing"]),
    Bad("no_number", lambda: rule(add="i != j"), ModelError, ["how many", "n_per_target"]),
    Bad("two_numbers", lambda: rule(p=0.1, n_total=3), ModelError, ["p and n_total"]),
    Bad("add_false_and_number", lambda: rule(add=False, n_total=3), ModelError, ["add=False"]),
    Bad("add_no_text", lambda: rule(add=3, p=1), ArgumentTypeError, ["add", "3"]),
    Bad("remove_no_text", lambda: rule(remove=0.5), ArgumentTypeError, ["remove", "0.5"]),
    Bad("on_add_no_text", lambda: rule(p=1, on_add=3), ArgumentTypeError, ["on_add", "3"]),
    Bad("on_add_alone", lambda: rule(**GOES, on_add="w = 1"), ModelError, ["adds no synapses"]),
    Bad("switch", lambda: rule(p=1, multapses=2), ArgumentTypeError, ["multapses", "2"]),
    Bad("p_above", lambda: rule(p=1.5), ModelError, ["p of rewire_now()", "1.5"]),
    Bad("p_text_above", lambda: rule(p="1.0 + 1"), IndexRangeError, ["p of rewire_now()", "2.0"]),
    Bad("p_unit", lambda: rule(p=1 * ms), ArgumentTypeError, ["p of rewire_now()"]),
    Bad("count_negative", lambda: rule(n_total=-3), ModelError, ["n_total", "-3"]),
    Bad("count_fraction", lambda: rule(n_total=2.5), ArgumentTypeError, ["n_total", "2.5"]),
    Bad("count_real", lambda: rule(n_per_target="0.5*n_removed"), EquationError,
        ["n_per_target of rewire_now()", "0.5*n_removed", "^", "int("]),
    Bad("count_unit", lambda: rule(n_per_target="v_post"), DimensionMismatchError,
        ["n_per_target", "v_post", "^"]),
    Bad("count_of_other_end", lambda: rule(n_per_target="i"), SimgenError,
        ["'n_per_target'", "each source", "^"]),
    Bad("count_of_source", lambda: rule(n_per_source="int(v_post/volt)"), SimgenError,
        ["'n_per_source'", "each target", "^"]),
    Bad("total_of_neurons", lambda: rule(n_total="N_incoming"), SimgenError,
        ["'n_total'", "each target", "all synapses together", "^"]),
    Bad("count_of_synapse", lambda: rule(n_per_target="k"), SimgenError,
        ["'k' of Synapses 'exc_syn' has no value before", "^"]),
    Bad("condition_number", lambda: rule(remove="w"), SimgenError,
        ["'remove' of rewire_now() must be true or false", "^"]),
    Bad("add_number", lambda: rule(add="i + j", p=1), SimgenError,
        ["'add' of rewire_now() must be true or false", "^"]),
    Bad("add_of_synapse", lambda: rule(add="w > 1*volt", p=1), SimgenError, ["'w'", "^"]),
    Bad("removed_elsewhere", lambda: rule(**GOES, add="i < n_removed", p=1), UnknownNameError,
        ["n_removed", "add of rewire_now()", "^"]),
    Bad("unknown_name", lambda: rule(remove="w < wmin"), UnknownNameError, ["'wmin'", "^"]),
    Bad("unknown_name_in_run", lambda: at_run(remove="w < wmin"), UnknownNameError,
        ["'wmin'", "remove of rewire()", "^"]),
    Bad("unknown_in_on_add", lambda: at_run(n_total=0, on_add="w = w0"), UnknownNameError,
        ["'w0'", "on_add of rewire()", "^"]),
    Bad("units_of_condition", lambda: at_run(remove="w < 1"), DimensionMismatchError, ["w < 1"]),
    Bad("syntax", lambda: rule(remove="w <"), EquationError, ["remove of rewire_now()", "^"]),
    Bad("on_add_operator", lambda: rule(p=1, on_add="k += 1"), UnsupportedFeatureError,
        ["k += 1", "^", "variable = expression"]),
    Bad("on_add_unknown", lambda: rule(p=1, on_add="wait = 1"), SimgenError,
        ["no variable 'wait'", "^"]),
    Bad("on_add_shared", lambda: rule(p=1, on_add="g = 1"), SimgenError, ["'g'", "^"]),
    Bad("on_add_units", lambda: rule(p=1, on_add="w = 1"), DimensionMismatchError, ["'w'", "^"]),
    Bad("on_add_delay_units", lambda: rule(n_total=1, on_add="delay = 1"), DimensionMismatchError,
        ["'delay'", "^"]),
    Bad("on_add_delay_negative", lambda: rule(multapses=True, n_total=1, on_add="delay = -1*ms"),
        ModelError, ["delay", "-0.001"]),
    Bad("on_add_fixed_delay", fixed_delay, SimgenError, ["delay", "scalar", "^"]),
    Bad("on_add_infinite", infinite_value, SimgenError, ["'x' of Synapses 'exc_syn'", "inf"]),
    Bad("no_dt", without_time, ModelError, ["rewire() of Synapses 'exc_syn' needs dt"]),
    Bad("dt_zero", lambda: synapses().rewire(dt=0 * ms, p=0), ModelError, ["0.0"]),
    Bad("unknown_argument", lambda: rule(probability=1), ArgumentTypeError, ["probability", "'p'"]),
    Bad("division", lambda: rule(remove="k // (i - i) > 1"), NumericalError, ["^"]),
    Bad("remove_none", lambda: remove(None), ArgumentTypeError, ["remove()", "None"]),
    Bad("remove_tuple", lambda: remove((0, 1)), ArgumentTypeError, ["S[i, j]", "(0, 1)"]),
    Bad("remove_beyond", lambda: remove(9), IndexRangeError, ["9", "exc_syn"]),
    Bad("remove_fractions", lambda: remove([0.5]), ArgumentTypeError, ["exc_syn", "0.5"]),
    Bad("remove_mask", lambda: remove([True, False]), IndexRangeError, ["9 values", "2"]),
    Bad("remove_number_text", lambda: remove("w"), SimgenError,
        ["The condition of remove() must be true or false", "^"]),
    Bad("remove_unknown", lambda: remove("w < wmin"), UnknownNameError, ["'wmin'", "^"]),
]  # fmt: skip


@table(ROWS)
def test_bad_rules_are_refused(bad: Bad) -> None:
    check_refused(bad)


def test_what_is_refused_changes_nothing() -> None:
    made = synapses(MODEL)
    made.w = "i*volt"
    for arguments in ({"on_add": "w = 1"}, {"on_add": "w = nothing"}, {"add": "k > 1"}):
        with pytest.raises(SimgenError):
            made.rewire_now(remove="i == 0", n_total="n_removed", **arguments)
    assert len(made) == 9
