"""Bad connections: indices, rules, probabilities, delays, pathways, sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from bad_inputs import Bad, check_refused, network_of, neurons, run_of, spiking, synapses, table

from simgen import Network, NeuronGroup, SpikeMonitor, Synapses, ms, mV, nA, second
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    IndexRangeError,
    ModelError,
    SimgenError,
    UnknownNameError,
)


def connect(*arguments: Any, **keywords: Any) -> None:
    synapses(connected=False).connect(*arguments, **keywords)


def delay(value: object) -> None:
    synapses(delay=value)


def set_delay(value: object, index: object = slice(None), pathway: str = "") -> None:
    made = synapses()
    target = getattr(made, pathway) if pathway else made
    target.delay[index] = value


def no_threshold(**code: str) -> None:
    quiet = neurons(name="inh")
    Synapses(spiking(), quiet, "w : volt", name="exc_syn", **code)


def summed(first: Any = slice(None), second_part: Any = slice(None), **changes: str) -> None:
    group = NeuronGroup(
        4,
        "v : 1\nx : 1\nc : 1 (constant)\ny = 2*x : 1\ns : 1 (shared)\nk : integer\nb : boolean",
        name="exc",
    )
    model = changes.get("model", "x_post = 1 : 1 (summed)")
    one = Synapses(group, group[first], model, name="one")
    two = Synapses(group, group[second_part], model, name="two")
    one.connect()
    two.connect()
    run_of(group, one, two)


def one_summed(model: str) -> None:
    summed(model=model)


def many_repeats() -> None:
    made = synapses("w : volt", on_pre="v += w*rand()", connected=False)
    made.connect(i=0, j=0, n=1025)
    network_of(made).run(1 * ms)


def changed_after_run(action: Any) -> None:
    made = synapses(delay=2 * ms)
    made.source.v = 3000 * mV
    network_of(made).run(1 * ms)
    action(made)


def monitor_of_parts() -> None:
    made = synapses()
    made.connect(i=[0, 1], j=[0])
    raise AssertionError(SpikeMonitor)


INF, NAN = float("inf"), float("nan")
ROWS = [
    # indices
    Bad("index_negative", lambda: connect(i=-1, j=0), IndexRangeError, ["i = -1", "exc_syn", "3"]),
    Bad("index_outside", lambda: connect(i=0, j=[0, 7]),
        IndexRangeError, ["j = 7", "exc_syn", "3"]),
    Bad("index_fraction", lambda: connect(i=0.5, j=0), ArgumentTypeError, ["i", "0.5", "exc_syn"]),
    Bad("index_nan", lambda: connect(i=[0.0, NAN], j=0),
        ArgumentTypeError, ["i", "nan", "exc_syn"]),
    Bad("index_bool", lambda: connect(i=True, j=0), ArgumentTypeError, ["i", "True", "exc_syn"]),
    Bad("index_unit", lambda: connect(i=1 * mV, j=0), SimgenError, ["i", "exc_syn"]),
    Bad("index_object", lambda: connect(i=[None], j=[0]), ArgumentTypeError, ["i", "exc_syn"]),
    Bad("index_huge", lambda: connect(i=2**70, j=0), SimgenError, ["i", "exc_syn"]),
    Bad("indices_unequal", lambda: connect(i=[0, 1, 2], j=[0, 1]),
        ModelError, ["i", "j", "3", "2", "exc_syn"]),
    Bad("index_missing", lambda: connect(i=[0, 1]), ModelError, ["j", "missing", "exc_syn"]),
    Bad("indices_matrix", lambda: connect(i=np.zeros((2, 2), int), j=np.zeros((2, 2), int)),
        ArgumentTypeError, ["exc_syn", "(2, 2)"]),
    Bad("indices_text_both", lambda: connect(i="j", j="i"), ModelError, ["exc_syn", "both"]),
    Bad("indices_text_and_array", lambda: connect(i=[0], j="i"), ModelError, ["exc_syn", "text"]),
    Bad("index_text_outside", lambda: connect(j="i + 1"),
        IndexRangeError, ["j = 3", "exc_syn", "skip_if_invalid"]),
    Bad("index_text_fraction", lambda: connect(j="i/2"), EquationError, ["'j'", "exc_syn"]),
    Bad("index_text_condition", lambda: connect(j="i > 0"), EquationError, ["'j'", "exc_syn"]),
    Bad("index_text_unit", lambda: connect(j="i*mV"), SimgenError, ["'j'", "exc_syn"]),
    Bad("index_text_uses_itself", lambda: connect(j="j"), SimgenError, ["j", "exc_syn"]),
    Bad("generator_over_list", lambda: connect(j="k for k in [0, 1]"), EquationError, ["exc_syn"]),
    Bad("generator_nested", lambda: connect(j="k for k in range(3) for m in range(2)"),
        EquationError, ["exc_syn"]),
    Bad("generator_step_zero", lambda: connect(j="k for k in range(0, 3, 0)"),
        EquationError, ["step", "exc_syn"]),
    Bad("generator_unknown_name", lambda: connect(j="k for k in range(m)"),
        UnknownNameError, ["'m'", "exc_syn"]),
    Bad("generator_sample_without", lambda: connect(j="k for k in sample(N_post)"),
        EquationError, ["sample", "exc_syn"]),
    Bad("generator_sample_p", lambda: connect(j="k for k in sample(N_post, p=1.5)"),
        SimgenError, ["p", "1.5", "exc_syn"]),
    Bad("generator_sample_size", lambda: connect(j="k for k in sample(N_post, size=7)"),
        EquationError, ["7", "3", "exc_syn"]),
    Bad("generator_sample_keyword", lambda: connect(j="k for k in sample(N_post, prob=0.1)"),
        EquationError, ["prob", "exc_syn"]),
    Bad("generator_condition_number", lambda: connect(j="k for k in range(3) if k"),
        EquationError, ["condition", "exc_syn"]),
    Bad("generator_call", lambda: connect(j="k for k in open('x')"), EquationError, ["exc_syn"]),
    Bad("generator_range_float", lambda: connect(j="k for k in range(1.5)"),
        EquationError, ["integers", "exc_syn"]),
    Bad("generator_variable_i", lambda: connect(j="i for i in range(3)"),
        EquationError, ["'i'", "exc_syn"]),
    # rules
    Bad("two_rules", lambda: connect("i != j", i=0, j=0),
        ModelError, ["condition", "i or j", "exc_syn"]),
    Bad("two_degrees", lambda: connect(out_degree=1, in_degree=1),
        ModelError, ["out_degree", "in_degree", "exc_syn"]),
    *(Bad(f"p_{label}", lambda value=value: connect(p=value), SimgenError, ["p", text, "exc_syn"])
      for label, value, text in [
          ("above_one", 1.5, "1.5"), ("negative", -0.5, "-0.5"), ("nan", NAN, "nan"),
          ("true", True, "True"), ("unit", 0.1 * mV, "100. * uvolt"),
          ("list", [0.1, 0.2], "[0.1, 0.2]"),
          ("complex", 1j, "1j"), ("none", None, "None"), ("text_above", "1.5", "1.5"),
          ("text_negative", "-0.1*2", "-0.2"), ("text_unit", "0.1*mV", "0.1*mV"),
          ("text_syntax", "0.1+", "0.1+"),
          ("text_nan", "0*inf", "nan"), ("text_unknown", "prob", "'prob'")]),
    Bad("p_list_of_one", lambda: connect(p=[0.5]), SimgenError, ["p", "[0.5]", "exc_syn"]),
    Bad("p_with_condition", lambda: connect("i != j", p=1.5), SimgenError, ["p", "1.5", "exc_syn"]),
    Bad("p_with_indices", lambda: connect(i=[0], j=[1], p=0.5), ModelError, ["p", "exc_syn"]),
    *(Bad(f"n_{label}", lambda value=value: connect(n=value), SimgenError, ["n", text, "exc_syn"])
      for label, value, text in [
          ("negative", -1, "-1"), ("fraction", 1.5, "1.5"), ("true", True, "True"),
          ("none", None, "None"), ("text_negative", "-1", "-1"), ("text_fraction", "i/2", "i/2")]),
    *(Bad(f"out_degree_{label}", lambda value=value, kw=keywords: connect(out_degree=value, **kw),
          SimgenError, ["out", text, "exc_syn"])
      for label, value, text, keywords in [
          ("negative", -1, "-1", {}), ("fraction", 1.5, "1.5", {}), ("true", True, "True", {}),
          ("too_large", 4, "4", {"multapses": False}),
          ("too_large_without_self", 3, "3", {"multapses": False, "autapses": False})]),
    Bad("skip_if_invalid_text", lambda: connect(j="i + 1", skip_if_invalid="no"),
        ArgumentTypeError, ["skip_if_invalid", "'no'", "exc_syn"]),
    Bad("multapses_number", lambda: connect(out_degree=1, multapses=2),
        ArgumentTypeError, ["multapses", "2", "exc_syn"]),
    Bad("method_unknown", lambda: synapses(method="exactly"),
        EquationError, ["'exactly'", "'exact'", "exc_syn"]),
    Bad("n_total_negative", lambda: connect(n_total=-1), ModelError, ["n_total", "-1", "exc_syn"]),
    Bad("n_total_too_large", lambda: connect(n_total=10, multapses=False),
        ModelError, ["n_total = 10", "9 pairs", "3 source and 3 target", "exc_syn"]),
    Bad("n_total_without_self", lambda: connect(n_total=7, multapses=False, autapses=False),
        ModelError, ["n_total = 7", "6 pairs", "i == j", "exc_syn"]),
    Bad("condition_unknown_name", lambda: connect("x_pre > 1"),
        UnknownNameError, ["x_pre", "exc_syn"]),
    Bad("condition_number", lambda: connect("i + j"), EquationError, ["condition", "exc_syn"]),
    Bad("condition_assigns", lambda: connect("i = j"), EquationError, ["'=='", "exc_syn"]),
    Bad("condition_list", lambda: connect([0, 1]), ArgumentTypeError, ["condition", "[0, 1]"]),
    Bad("condition_number_value", lambda: connect(1), ArgumentTypeError, ["condition", "1"]),
    Bad("condition_unit", lambda: connect("v_pre > 1"),
        DimensionMismatchError, ["v_pre", "exc_syn"]),
    Bad("connect_in_constructor", lambda: synapses(connect="i != j"),
        ArgumentTypeError, ["connect()", "exc_syn"]),
    Bad("never_connected", lambda: network_of(synapses(connected=False)).run(1 * ms),
        ModelError, ["exc_syn", "connect()"]),
    # delays
    *(Bad(f"delay_{label}", lambda value=value: delay(value), SimgenError,
          ["delay", text, "exc_syn"])
      for label, value, text in [
          ("negative", -1 * ms, "-0.001"), ("nan", NAN * ms, "nan"), ("inf", INF * ms, "inf"),
          ("ten_to_9_s", 1e9 * second, "1000000000.0"), ("no_unit", 1, "a time, as in 1*ms"),
          ("unit", 1 * mV, "a time, as in 0.1*ms, not"),
          ("array", [1, 2] * ms, "array([1., 2.]) * msecond"), ("text", "1*ms", "'1*ms'"),
          ("unknown_pathway", {"pst": 1 * ms}, "'pst'")]),
    *(Bad(f"set_delay_{label}", lambda value=value: set_delay(value), SimgenError,
          ["delay", text, "exc_syn"])
      for label, value, text in [
          ("negative", -1 * ms, "-0.001"), ("nan", NAN * ms, "NaN"), ("inf", INF * ms, "inf"),
          ("ten_to_9_s", 1e9 * second, "1000000000.0"), ("no_unit", 1, "1"),
          ("unit", 1 * mV, "volt"), ("too_few", [1, 2] * ms, "2"),
          ("text_negative", "-1*ms", "-0.001"),
          ("text_nan", "0*inf*ms", "NaN"), ("text_no_unit", "1", "delay"),
          ("text_unknown", "d0", "'d0'"), ("none", None, "None"),
          ("complex", 1j * second, "complex"),
          ("negative_in_array", np.array([1, 1, 1, -2, 1, 1, 1, 1, 1]) * ms, "synapse 3")]),
    Bad("delay_index_outside", lambda: set_delay(1 * ms, 9), IndexRangeError, ["9", "exc_syn"]),
    Bad("delay_single_of_scalar", lambda: setattr(synapses(delay=1 * ms), "delay", "i*ms"),
        ModelError, ["scalar", "exc_syn"]),
    Bad("delay_before_connect", lambda: setattr(synapses(connected=False), "delay", [1, 2] * ms),
        SimgenError, ["exc_syn", "connect()"]),
    Bad("delay_without_pre", lambda: setattr(Synapses(spiking(), on_post="v += 1*mV",
        name="exc_syn"), "delay", 1 * ms), SimgenError, ["'pre'", "exc_syn", "post"]),
    # pathways
    Bad("on_post_without_threshold", lambda: no_threshold(on_post="v += w"),
        ModelError, ["'post'", "exc_syn", "inh", "threshold"]),
    Bad("on_pre_without_threshold", lambda: Synapses(neurons(), spiking(name="inh"),
        on_pre="v += 1*mV", name="exc_syn"), ModelError, ["'pre'", "exc_syn", "exc", "threshold"]),
    Bad("event_unknown", lambda: synapses(on_event="spyke"), ModelError, ["'spyke'", "'spike'"]),
    Bad("event_of_unknown_pathway", lambda: synapses(on_event={"pst": "spike"}),
        ModelError, ["'pst'", "exc_syn"]),
    Bad("pathway_name", lambda: synapses(on_pre={"a b": "v += w"}),
        ModelError, ["'a b'", "exc_syn"]),
    Bad("pathway_name_number", lambda: synapses(on_pre={3: "v += w"}),
        SimgenError, ["3", "exc_syn"]),
    Bad("pathway_name_is_variable", lambda: synapses(on_pre={"w": "v += w"}),
        ModelError, ["'w'", "exc_syn"]),
    Bad("pathway_name_is_attribute", lambda: synapses(on_pre={"connect": "v += w"}),
        ModelError, ["'connect'", "exc_syn"]),
    Bad("pathway_order_text", lambda: setattr(synapses().pre, "order", "first"),
        SimgenError, ["'pre'", "first"]),
    Bad("source_not_a_group", lambda: Synapses("exc", name="exc_syn"),
        ArgumentTypeError, ["source", "'exc'", "exc_syn"]),
    Bad("source_none", lambda: Synapses(None, spiking(), name="exc_syn"),
        ArgumentTypeError, ["source", "None", "exc_syn"]),
    Bad("target_a_list", lambda: Synapses(spiking(), [1], name="exc_syn"),
        ArgumentTypeError, ["target", "[1]", "exc_syn"]),
    Bad("multisynaptic_index_bad", lambda: synapses(multisynaptic_index="a b"),
        SimgenError, ["a b", "exc_syn"]),
    Bad("multisynaptic_index_is_variable", lambda: synapses(multisynaptic_index="w"),
        SimgenError, ["'w'", "exc_syn"]),
    Bad("multisynaptic_index_number", lambda: synapses(multisynaptic_index=3),
        SimgenError, ["3", "exc_syn"]),
    Bad("too_many_repeats_for_rand", many_repeats, ModelError, ["exc_syn", "1024"]),
    # sums
    Bad("summed_twice", summed, ModelError, ["'one'", "'two'", "exc.x"]),
    Bad("summed_overlap", lambda: summed(slice(0, 3), slice(2, 4)),
        ModelError, ["'one'", "'two'", "exc.x"]),
    Bad("summed_unknown", lambda: one_summed("z_post = 1 : 1 (summed)"),
        SimgenError, ["z_post", "one"]),
    Bad("summed_constant", lambda: one_summed("c_post = 1 : 1 (summed)"),
        SimgenError, ["'c'", "exc"]),
    Bad("summed_subexpression", lambda: one_summed("y_post = 1 : 1 (summed)"),
        SimgenError, ["y_post", "one"]),
    Bad("summed_shared", lambda: one_summed("s_post = 1 : 1 (summed)"),
        SimgenError, ["'s'", "exc"]),
    Bad("summed_unit", lambda: one_summed("x_post = 1*mV : volt (summed)"),
        DimensionMismatchError, ["'x'", "exc", "one"]),
    Bad("summed_declared_unit", lambda: one_summed("x_post = 1 : volt (summed)"),
        DimensionMismatchError, ["x_post", "volt", "one"]),
    Bad("summed_fraction", lambda: one_summed("k_post = 1.6 : integer (summed)"),
        EquationError, ["'k'", "exc", "one", "integer", "1.6", "^^^"]),
    Bad("summed_boolean", lambda: one_summed("b_post = 1 : 1 (summed)"),
        EquationError, ["'b'", "exc", "one", "true or false", "^^^"]),
    Bad("summed_differential", lambda: summed_into_differential(), SimgenError, ["'v'", "exc"]),
    Bad("weight_unit", lambda: setattr(synapses(), "w", 1 * nA),
        DimensionMismatchError, ["'w'", "exc_syn"]),
    Bad("group_not_in_network", lambda: run_of(synapses()), ModelError, ["exc_syn", "exc"]),
]  # fmt: skip


def summed_into_differential() -> None:
    group = NeuronGroup(4, "dv/dt = -v/ms : 1", name="exc")
    made = Synapses(group, group, "v_post = 1 : 1 (summed)", name="one")
    made.connect()
    run_of(group, made)


@table(ROWS)
def test_bad_connections_are_refused(bad: Bad) -> None:
    check_refused(bad)


def test_sums_into_separate_parts_are_allowed() -> None:
    summed(slice(0, 2), slice(2, 4))


def test_a_failed_connect_leaves_the_synapses_as_they_were() -> None:
    made = synapses()
    made.w = 2 * mV
    for arguments in ({"i": [0, 9], "j": [0, 0]}, {"p": 2.0}, {"j": "i + 1"}):
        try:
            made.connect(**arguments)
        except SimgenError:
            continue
        raise AssertionError(arguments)
    assert made.N == 9
    assert np.all(made.w_[:] == 2e-3)
    network = Network(made.source, made)
    network.run(1 * ms)
