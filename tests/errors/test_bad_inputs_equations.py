"""Bad text: equations, thresholds, resets, refractoriness, pathway code."""

from __future__ import annotations

from bad_inputs import Bad, check_refused, network_of, neurons, run_of, spiking, synapses, table

from simgen import Equations, Hz, NeuronGroup, Quantity, Synapses, TimedArray, ms, mV, volt
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

LEAK = "dv/dt = -v/(10*ms) : volt"
NOISE = "dv/dt = -v/(10*ms) + xi*sigma/sqrt(ms) : volt\nsigma : volt"


def deep(opening: str, closing: str, count: int) -> str:
    return f"dv/dt = {opening * count}v{closing * count}/ms : volt"


def regularly(code: str, model: str = "v : volt") -> None:
    group = neurons(model)
    group.run_regularly(code)
    run_of(group)


def runs_with(method: object, model: str = LEAK) -> None:
    run_of(neurons(model, method=method))


ROWS = [
    # syntax
    Bad("bracket_open", lambda: neurons("dv/dt = -(v/(10*ms) : volt"),
        EquationError, ["never closed", "exc", "^"]),
    Bad("bracket_closed_twice", lambda: neurons("dv/dt = -v)/(10*ms) : volt"),
        EquationError, ["')'", "exc"]),
    Bad("operator_missing", lambda: neurons("dv/dt = -v 10/ms : volt"),
        EquationError, ["operator is missing", "'10'", "exc"]),
    Bad("number_runs_into_unit", lambda: neurons("dv/dt = -v/10ms : volt"),
        EquationError, ["10*ms", "exc"]),
    Bad("value_missing", lambda: neurons("dv/dt = -v/(10*) : volt"), EquationError, ["exc", "^"]),
    Bad("unit_missing", lambda: neurons("dv/dt = -v/(10*ms)"),
        EquationError, ["has no unit", "'v'", "exc"]),
    Bad("unit_with_prefix", lambda: neurons("v : mV"), EquationError, ["'mV'", "'volt'", "exc"]),
    Bad("unit_with_factor", lambda: neurons("v : 3*volt"), EquationError, ["factor", "exc"]),
    Bad("derivative_by_space", lambda: neurons("dv/dx = v : 1"),
        EquationError, ["'dx'", "dx/dt", "exc"]),
    Bad("derivative_apostrophe", lambda: neurons("v' = -v/ms : 1"),
        EquationError, ["apostrophe", "exc"]),
    Bad("caret_power", lambda: neurons("dv/dt = v^2/ms : 1"),
        EquationError, ["'^'", "'**'", "exc"]),
    Bad("subscript", lambda: neurons("dv/dt = -v[0]/ms : 1"), EquationError, ["Subscripts", "exc"]),
    Bad("attribute_in_text", lambda: neurons("dv/dt = -v.real/ms : 1"),
        EquationError, ["Attributes", "exc"]),
    Bad("call_of_python", lambda: neurons("x = __import__('os').getpid() : 1"),
        EquationError, ["exc"]),
    Bad("conditional", lambda: neurons("dv/dt = (1 if v > 0 else 0)/ms : 1"),
        EquationError, ["'if'", "int(condition)", "exc"]),
    Bad("chained_comparison", lambda: spiking(threshold="0*volt < v < 1*volt"),
        EquationError, ["threshold", "exc", "and"]),
    Bad("complex_number", lambda: neurons("dv/dt = (1j - v)/ms : 1"),
        EquationError, ["complex", "exc"]),
    Bad("octal_number", lambda: neurons("dv/dt = (010 - v)/ms : 1"), EquationError, ["exc"]),
    Bad("huge_literal", lambda: neurons("dv/dt = (1e999 - v)/ms : 1"), EquationError, ["large"]),
    Bad("huge_whole_literal", lambda: neurons(f"dv/dt = ({10**30} - v)/ms : 1"),
        EquationError, ["64 bits", "exc"]),
    Bad("nul_character", lambda: neurons("v : volt\0"), EquationError, ["U+0000", "exc"]),
    Bad("newline_in_threshold", lambda: spiking(threshold="v >\n\0 1*volt"),
        EquationError, ["threshold", "exc"]),
    Bad("empty_threshold", lambda: spiking(threshold=""),
        EquationError, ["threshold", "empty", "exc"]),
    Bad("empty_condition", lambda: neurons().v[""], EquationError, ["empty", "exc"]),
    Bad("comma", lambda: neurons("v, w : 1"), EquationError, ["line", "exc"]),
    Bad("megabyte", lambda: neurons("x = " + "1 + " * 300_000 + "1 : 1"),
        EquationError, ["1200", "exc"]),
    Bad("megabyte_of_brackets", lambda: neurons("x = " + "(" * 900_000 + " : 1"),
        EquationError, ["exc"]),
    Bad("nested_ten_thousand", lambda: neurons(deep("(", ")", 10_000)),
        EquationError, ["10000", "exc"]),
    Bad("nested_two_hundred", lambda: neurons(deep("(", ")", 200)),
        EquationError, ["nested more than 100 deep", "exc"]),
    Bad("signs_ten_thousand", lambda: run_of(neurons(deep("-", "", 10_000))),
        EquationError, ["exc"]),
    Bad("powers_ten_thousand", lambda: run_of(neurons("x = " + "2**" * 9_000 + "2 : 1")),
        EquationError, ["exc"]),
    Bad("subexpressions_that_explode", lambda: run_of(neurons(
        "x0 = rates : 1\nrates : 1\n"
        + "\n".join(f"x{k+1} = x{k}*x{k} + x{k} : 1" for k in range(60))
        + "\ndv/dt = x60/ms : 1")), EquationError, ["100000", "exc"]),
    Bad("tower_of_powers", lambda: run_of(neurons("dv/dt = (9**9**9**9 - v)/ms : 1")),
        SimgenError, ["exc"]),
    Bad("tower_assigned", lambda: setattr(neurons("v : 1"), "v", "9**9**9**9"),
        SimgenError, ["'v'", "exc"]),
    Bad("equations_number", lambda: neurons(3), ArgumentTypeError, ["exc", "3"]),
    Bad("equations_bytes", lambda: neurons(b"v : 1"), ArgumentTypeError, ["exc", "b'v : 1'"]),
    Bad("equations_list", lambda: neurons(["v : 1"]), ArgumentTypeError, ["exc", "['v : 1']"]),
    Bad("equations_object_of_number", lambda: Equations(3), ArgumentTypeError, ["int"]),
    Bad("equations_object_of_text", lambda: Equations("dv/dt = -v : 1 : 1"), EquationError, ["^"]),
    # definitions
    Bad("defined_twice", lambda: neurons("v : volt\nv : volt"),
        EquationError, ["'v'", "already defined", "line 2", "exc"]),
    Bad("cycle", lambda: neurons("x = y : 1\ny = x : 1"), EquationError, ["x -> y -> x", "exc"]),
    Bad("cycle_of_one", lambda: neurons("x = x + 1 : 1"), EquationError, ["'x'", "exc"]),
    Bad("flag_unknown", lambda: neurons("dv/dt = -v/ms : 1 (unless refractry)"),
        EquationError, ["unless refractry", "unless refractory", "exc"]),
    Bad("flag_of_other_kind", lambda: neurons("dv/dt = -v/ms : 1 (constant)"),
        EquationError, ["'constant'", "exc"]),
    Bad("flag_twice", lambda: neurons("v : 1 (constant, constant)"),
        EquationError, ["'constant'", "twice", "exc"]),
    Bad("flags_exclusive", lambda: synapses("dw/dt = -w/ms : volt (event-driven, clock-driven)"),
        EquationError, ["'event-driven'", "'clock-driven'", "exc_syn"]),
    Bad("event_driven_in_neurons", lambda: run_of(neurons("dv/dt = -v/ms : 1 (event-driven)")),
        EquationError, ["event-driven", "'v'", "exc"]),
    Bad("summed_in_neurons", lambda: run_of(neurons("x_post = 3 : 1 (summed)")),
        EquationError, ["summed", "x_post", "exc"]),
    Bad("unless_refractory_in_synapses", lambda: synapses(
        "dw/dt = -w/ms : volt (unless refractory)"),
        EquationError, ["unless refractory", "'w'", "exc_syn"]),
    Bad("shared_written_from_single", lambda: regularly("s = v", "v : 1\ns : 1 (shared)"),
        EquationError, ["'s'", "'v'", "shared", "run_regularly", "exc"]),
    Bad("shared_written_from_local", lambda: regularly("x = 2*v\ns = x", "v : 1\ns : 1 (shared)"),
        EquationError, ["'s'", "'v'", "shared", "run_regularly", "exc"]),
    Bad("point_current", lambda: run_of(neurons("dv/dt = -v/ms : 1 (point current)")),
        SimgenError, ["point current", "exc"]),
    Bad("integer_derivative", lambda: neurons("dv/dt = 1/ms : integer"),
        EquationError, ["integer", "exc"]),
    Bad("boolean_derivative", lambda: neurons("dv/dt = 1/ms : boolean"),
        EquationError, ["boolean", "exc"]),
    Bad("derivative_in_reset", lambda: spiking(reset="dv/dt = 3"), EquationError, ["reset", "exc"]),
    # dimensions
    Bad("dimension_of_equation", lambda: neurons("dv/dt = -v : volt"),
        DimensionMismatchError, ["'v'", "exc", "voltage"]),
    Bad("dimension_of_sum", lambda: neurons("dv/dt = (v + 3*ms)/(10*ms) : volt"),
        DimensionMismatchError, ["'v'", "'3*ms'", "exc"]),
    Bad("dimension_of_subexpression", lambda: run_of(neurons("v : volt\nx = 2*v : amp")),
        DimensionMismatchError, ["'x'", "exc"]),
    Bad("dimension_of_threshold", lambda: spiking(threshold="v > 1"),
        DimensionMismatchError, ["threshold", "exc", "mV"]),
    *(Bad(f"type_of_subexpression_{label}{flag[1:9]}", lambda text=text, flag=flag: run_of(
            neurons(f"{text}{flag}\nv : 1\nk : integer")), EquationError, ["exc", "^", *texts])
      for flag in ("", " (constant over dt)") for label, text, texts in [
          ("fraction", "y = 1.7 : integer", ["'y' is an integer", "int(...)"]),
          ("float", "y = v : integer", ["'y' is an integer", "'v'"]),
          ("true_division", "y = k/2 : integer", ["'y' is an integer", "'k/2'"]),
          ("number_as_boolean", "y = v : boolean", ["'y' is true or false", "Compare"]),
          ("one_as_boolean", "y = 1 : boolean", ["'y' is true or false", "'1'"]),
      ]),
    *(Bad(f"nan_in_condition_{label}", lambda text=text, names=names: run_of(
            spiking("v : volt", threshold=f"v > {text}"), namespace=names),
        SimgenError, ["threshold", "exc", "^", "nan", *names])
      for label, text, names in [
          ("constant", "limit*volt", {"limit": float("nan")}),
          ("quantity", "limit", {"limit": float("nan") * mV}),
          ("text", "nan*volt", {"nan": float("nan")}),
          ("computed", "sqrt(-1)*volt", {}),
          ("function", "log(limit)*volt", {"limit": -1.0}),
      ]),
    Bad("reset_of_subexpression", lambda: run_of(spiking("v : volt\nf = 2*v : volt",
        reset="f = 0*volt")), EquationError, ["'f' cannot be assigned", "a subexpression", "exc"]),
    Bad("reset_of_constant", lambda: run_of(spiking(reset="a = 3", namespace={"a": 2})),
        EquationError, ["'a' cannot be assigned", "a constant", "declared", "exc"]),
    Bad("reset_of_function", lambda: run_of(spiking(reset="stim = 3",
        namespace={"stim": TimedArray([1, 2], dt=1 * ms)})),
        EquationError, ["'stim' cannot be assigned: it is a function", "exc"]),
    Bad("dimension_of_reset", lambda: spiking(reset="v = 0"),
        DimensionMismatchError, ["reset", "'v'", "exc"]),
    Bad("dimension_of_reset_step", lambda: spiking(reset="v += 3*ms"),
        DimensionMismatchError, ["reset", "'v'", "exc"]),
    Bad("dimension_of_scaling", lambda: spiking(reset="v *= 3*mV"),
        DimensionMismatchError, ["reset", "'v'", "exc"]),
    Bad("dimension_of_on_pre", lambda: synapses("w : amp"),
        DimensionMismatchError, ["on_pre", "'v'", "exc_syn"]),
    Bad("dimension_of_exponent", lambda: neurons("dv/dt = -v*2**v/ms : volt"),
        DimensionMismatchError, ["'v'", "exc"]),
    Bad("dimension_of_function", lambda: neurons("dv/dt = exp(v)*mV/ms : volt"),
        DimensionMismatchError, ["exp", "'v'", "exc"]),
    Bad("dimension_to_variable_power", lambda: run_of(neurons("dx/dt = 0*v**n/ms/volt**2 : 1\n"
        "v : volt\nn : 1")), DimensionMismatchError, ["'v'", "exc"]),
    Bad("dimension_of_refractory", lambda: spiking(refractory="3*mV"),
        DimensionMismatchError, ["refractory", "exc"]),
    Bad("dimension_of_constant", lambda: run_of(neurons("dv/dt = -v/tau : volt"),
        namespace={"tau": 10}), DimensionMismatchError, ["'v'", "exc"]),
    Bad("dimension_of_run_regularly", lambda: regularly("v = 3"),
        DimensionMismatchError, ["'v'", "run_regularly", "exc"]),
    # types
    Bad("threshold_is_number", lambda: spiking(threshold="v"),
        EquationError, ["threshold", "'v'", "exc"]),
    Bad("threshold_assigns", lambda: spiking(threshold="v = 1*volt"),
        EquationError, ["threshold", "'=='", "exc"]),
    Bad("threshold_not_text", lambda: spiking(threshold=3 * mV),
        ArgumentTypeError, ["threshold", "exc", "3. * mvolt"]),
    Bad("reset_not_text", lambda: spiking(reset=0), ArgumentTypeError, ["reset", "exc", "0"]),
    Bad("reset_compares", lambda: spiking(reset="v == 0*volt"), EquationError, ["'='", "reset"]),
    Bad("reset_without_threshold", lambda: neurons(reset="v = 0*volt"),
        ModelError, ["reset", "threshold", "exc"]),
    Bad("refractory_without_threshold", lambda: neurons(refractory=3 * ms),
        ModelError, ["refractory", "threshold", "exc"]),
    Bad("refractory_true", lambda: spiking(refractory=True),
        ArgumentTypeError, ["refractory", "True", "exc"]),
    Bad("refractory_no_unit", lambda: spiking(refractory=3),
        DimensionMismatchError, ["refractory", "as in 2*ms, or text, not 3", "exc"]),
    Bad("refractory_negative", lambda: spiking(refractory=-3 * ms),
        ModelError, ["refractory", "-0.003", "exc"]),
    Bad("refractory_nan", lambda: spiking(refractory=float("nan") * ms),
        ModelError, ["refractory", "nan", "exc"]),
    Bad("refractory_array", lambda: spiking(refractory=[1, 2] * ms),
        ModelError, ["refractory", "exc", "2"]),
    Bad("refractory_text_negative", lambda: run_of(spiking(refractory="-3*ms")),
        ModelError, ["refractory", "-0.003", "exc"]),
    Bad("refractory_variable_negative", lambda: run_refractory(-3 * ms),
        SimgenError, ["refractory", "exc", "-0.003"]),
    Bad("refractory_list", lambda: spiking(refractory=[1]), SimgenError, ["refractory", "exc"]),
    Bad("fraction_to_integer_in_code", lambda: spiking("v : volt\nn : integer", reset="n = 2.7"),
        EquationError, ["'n'", "integer", "reset", "exc"]),
    Bad("number_to_boolean_in_code", lambda: spiking("v : volt\nb : boolean", reset="b = 2"),
        EquationError, ["'b'", "boolean", "reset", "exc"]),
    # writing what must not be written
    Bad("constant_in_reset", lambda: spiking("v : volt\nc : 1 (constant)", reset="c = 3"),
        EquationError, ["'c'", "(constant)", "reset", "exc"]),
    Bad("constant_in_on_pre", lambda: synapses("c : 1 (constant)", on_pre="c = 3"),
        EquationError, ["'c'", "(constant)", "on_pre", "exc_syn"]),
    Bad("constant_of_target_in_on_pre", lambda: constant_of_target(),
        EquationError, ["'c_post'", "(constant)", "on_pre", "exc_syn", "exc"]),
    Bad("constant_in_run_regularly", lambda: regularly("c = 3", "c : 1 (constant)"),
        EquationError, ["'c'", "(constant)", "run_regularly", "exc"]),
    Bad("shared_in_reset", lambda: spiking("v : volt\nc : 1 (shared)", reset="c = 3"),
        EquationError, ["'c'", "shared", "reset", "exc"]),
    Bad("shared_in_on_pre", lambda: synapses("c : 1 (shared)", on_pre="c = 3"),
        EquationError, ["'c'", "shared", "on_pre", "exc_syn"]),
    Bad("subexpression_in_reset", lambda: spiking("v : volt\nx = 2*v : volt", reset="x = 3*mV"),
        EquationError, ["'x'", "reset", "exc"]),
    Bad("time_in_reset", lambda: spiking(reset="t = 0*ms"), EquationError, ["'t'", "reset", "exc"]),
    Bad("index_in_on_pre", lambda: synapses(on_pre="i = 3"), EquationError, ["'i'", "on_pre"]),
    Bad("misspelt_target_in_reset", lambda: spiking("vm : volt", threshold="vm > 1*volt",
        reset="vn = 0*mV"), EquationError, ["'vn'", "reset", "exc"]),
    Bad("misspelt_target_in_on_pre", lambda: synapses(on_pre="ge_post = w"),
        SimgenError, ["'ge_post'", "on_pre", "exc_syn"]),
    Bad("changed_before_set", lambda: spiking(reset="x += 1"),
        SimgenError, ["'x'", "reset", "exc"]),
    Bad("shared_reads_single", lambda: run_of(neurons("v : 1\nx = v : 1 (shared)")),
        EquationError, ["'x'", "'v'", "shared", "exc"]),
    # integration
    Bad("method_unknown", lambda: runs_with("eulr"), EquationError, ["'eulr'", "'euler'", "exc"]),
    Bad("method_number", lambda: runs_with(3), SimgenError, ["method", "3", "exc"]),
    Bad("method_function", lambda: runs_with(lambda x: x),
        UnsupportedFeatureError, ["method", "exc"]),
    Bad("exact_non_linear", lambda: runs_with("exact", "dv/dt = -v**2/ms : 1"),
        EquationError, ["exact", "'v'", "exc"]),
    Bad("noise_under_rk4", lambda: runs_with("rk4", NOISE), EquationError, ["rk4", "'v'", "exc"]),
    Bad("noise_under_exact", lambda: runs_with("exact", NOISE), EquationError, ["exact", "'v'"]),
    Bad("multiplicative_under_euler", lambda: runs_with("euler",
        "dv/dt = -v/(10*ms) + xi*v/sqrt(ms) : volt"), EquationError, ["euler", "'v'", "exc"]),
    Bad("xi_twice", lambda: neurons("dv/dt = xi/sqrt(ms) : 1\ndw/dt = xi/sqrt(ms) : 1"),
        EquationError, ["'xi'", "v", "w", "exc"]),
    Bad("xi_in_reset", lambda: run_of(spiking(reset="v = xi*volt")), SimgenError, ["xi", "exc"]),
    Bad("xi_squared", lambda: run_of(neurons("dv/dt = xi*xi : 1")), EquationError, ["xi", "exc"]),
    Bad("rand_in_derivative", lambda: run_of(neurons("dv/dt = rand()/ms : 1")),
        EquationError, ["rand", "constant over dt", "exc"]),
    Bad("rand_in_subexpression", lambda: run_of(neurons("x = rand() : 1\ndv/dt = x/ms : 1")),
        EquationError, ["constant over dt", "exc"]),
    Bad("event_driven_non_linear", lambda: network_of(synapses(
        "dw/dt = -w**2/ms/volt : volt (event-driven)")).run(1*ms), EquationError, ["w", "exc_syn"]),
    Bad("time_constant_zero", lambda: run_of(neurons("dv/dt = -v/tau : volt"),
        namespace={"tau": 0 * ms}), NumericalError, ["'v'", "exc", "tau", "-inf"]),
    Bad("time_constant_zero_literal", lambda: run_of(neurons("dv/dt = -v/(0*ms) : volt")),
        SimgenError, ["exc"]),
    Bad("time_constant_zero_parameter", lambda: run_of(
        neurons("dv/dt = (1*volt - v)/tau : volt\ntau : second")),
        NumericalError, ["'v'", "exc", "tau", "element 0"]),
    Bad("time_constant_nan", lambda: run_of(neurons("dv/dt = -v/tau : volt"),
        namespace={"tau": float("nan") * ms}), SimgenError, ["nan", "exc"]),
    Bad("division_by_zero_in_state", lambda: run_of(neurons("dv/dt = x/y/ms : 1\nx : 1\ny : 1",
        method="euler")), NumericalError, ["'v'", "nan", "index 0", "exc"]),
    Bad("diverging_state", lambda: diverge(), NumericalError, ["'v'", "inf", "index 1", "exc"]),
    Bad("diverging_state_step", lambda: diverge("step"),
        NumericalError, ["'v'", "inf", "index 1", "exc", "step 1"]),
    # events
    Bad("event_condition_number", lambda: neurons(events={"e": 3}),
        ArgumentTypeError, ["'e'", "3", "exc"]),
    Bad("event_condition_value", lambda: neurons(events={"e": "v"}),
        EquationError, ["'e'", "'v'", "exc"]),
    Bad("event_name", lambda: neurons(events={"a b": "v > 0*volt"}), ModelError, ["a b", "exc"]),
    Bad("event_name_number", lambda: neurons(events={3: "v > 0*volt"}), SimgenError, ["3", "exc"]),
    Bad("events_not_a_dict", lambda: neurons(events="v > 0*volt"),
        ArgumentTypeError, ["events", "exc"]),
    Bad("event_unknown_reaction", lambda: spiking().run_on_event("spyke", "v = 0*volt"),
        ModelError, ["'spyke'", "'spike'", "exc"]),
    Bad("event_second_reaction", lambda: spiking().run_on_event("spike", "v = 0*volt"),
        ModelError, ["'spike'", "exc"]),
    Bad("pathway_code_number", lambda: Synapses(spiking(), on_pre=3, name="exc_syn"),
        ArgumentTypeError, ["on_pre", "3", "exc_syn"]),
    Bad("run_regularly_number", lambda: neurons().run_regularly(3),
        ArgumentTypeError, ["run_regularly", "exc", "3"]),
    Bad("run_regularly_syntax", lambda: neurons().run_regularly("v >> 3"),
        EquationError, ["run_regularly", "exc"]),
    Bad("rates_text", lambda: run_of(neurons("x = 3*y : Hz")), UnknownNameError, ["'y'", "exc"]),
    Bad("unit_of_frequency", lambda: setattr(neurons("r : Hz"), "r", 3 * ms),
        DimensionMismatchError, ["'r'", "exc"]),
]  # fmt: skip


def run_refractory(period: Quantity) -> None:
    group = spiking("v : volt\nref : second", refractory="ref")
    group.ref = period
    run_of(group)


def constant_of_target() -> Synapses:
    group = spiking("v : volt\nc : 1 (constant)")
    return Synapses(group, group, on_pre="c_post = 3", name="exc_syn")


def diverge(check: object = True) -> None:
    group = NeuronGroup(3, "dv/dt = v**3/ms : 1", method="euler", name="exc")
    group.v = [0, 1e40, 1]
    run_of(group, t=2 * ms, check_finite=check)


@table(ROWS)
def test_bad_text_is_refused(bad: Bad) -> None:
    check_refused(bad)


def test_shared_equations_may_say_unless_refractory() -> None:
    run_of(neurons("dv/dt = -v/(10*ms) : volt (unless refractory)"))


def test_dead_state_may_be_let_through_on_purpose() -> None:
    group = neurons("dv/dt = 1*volt/tau : volt\ntau : second", method="euler")
    run_of(group, check_finite=False)
    assert group.v_[0] == float("inf")
    assert Hz.dim == (1 / ms).dim
    assert volt.dim == mV.dim
