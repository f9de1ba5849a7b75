"""Bad inputs to networks: Poisson rates, spike times, tables, seeds."""

from __future__ import annotations

import numpy as np
import pytest
from bad_inputs import Bad, check_refused, neurons, run_of, table

from simgen import (
    BinomialFunction,
    Hz,
    Network,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    TimedArray,
    ms,
    mV,
    nA,
    second,
    seed,
)
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    IndexRangeError,
    ModelError,
    SimgenError,
    UnknownNameError,
)

INF, NAN = float("inf"), float("nan")


def poisson(rates: object, n: int = 3, **keywords: object) -> PoissonGroup:
    return PoissonGroup(n, rates, **{"name": "noise", **keywords})


def poisson_run(rates: str, **namespace: object) -> None:
    run_of(poisson(rates), namespace=namespace)


def rates_after(value: object) -> None:
    poisson(1 * Hz).rates = value


def larger_dt_later() -> None:
    group = poisson(5000 * Hz, dt=0.1 * ms)
    network = Network(group)
    network.run(1 * ms)
    group.clock.dt = 1 * ms
    network.run(1 * ms)


def drive(**changes: object) -> PoissonInput:
    arguments = {"target_var": "v", "N": 10, "rate": 1 * Hz, "weight": 1 * mV, "name": "drive"}
    return PoissonInput(changes.pop("target", None) or neurons(), **{**arguments, **changes})


def drive_larger_dt_later() -> None:
    group = neurons(dt=0.1 * ms)
    made = drive(target=group, rate=5000 * Hz)
    group.clock.dt = 1 * ms
    run_of(group, made)


def generator(
    indices: object, times: object, n: int = 3, **keywords: object
) -> SpikeGeneratorGroup:
    return SpikeGeneratorGroup(n, indices, times, **{"name": "gen", **keywords})


def stim(values: object, dt: object = 0.1 * ms) -> TimedArray:
    return TimedArray(values, dt=dt, name="stim")


def uses_stim(values: object, text: str) -> None:
    run_of(neurons(f"x = {text} : 1\ndv/dt = x/ms : 1"), namespace={"f": stim(values)})


def in_text(text: str) -> None:
    neurons("x : 1", namespace={"f": stim([[1, 2]])}).x = text


def successes(n: object = 10, p: object = 0.5) -> BinomialFunction:
    return BinomialFunction(n, p, name="successes")


ROWS = [
    # binomial numbers
    *(Bad(f"binomial_{label}", lambda n=n, p=p: successes(n, p), error, ["successes", *texts])
      for label, n, p, error, texts in [
          ("n_fraction", 2.5, 0.5, ArgumentTypeError, ["n of", "2.5"]),
          ("n_negative", -1, 0.5, ModelError, ["n of", "-1"]),
          ("n_huge", 2**31, 0.5, ModelError, ["n of", str(2**31)]),
          ("p_above_one", 10, 1.5, ModelError, ["p of", "1.5"]),
          ("p_nan", 10, NAN, ModelError, ["p of", "nan"]),
          ("p_unit", 10, 0.5 * ms, ArgumentTypeError, ["p of", "0.5"]),
          ("p_text", 10, "0.5", ArgumentTypeError, ["p of", "0.5"]),
          ("p_array", 10, [0.5, 0.5], SimgenError, ["p of", "0.5"]),
      ]),
    Bad("binomial_argument", lambda: run_of(neurons("x = f(3) : 1"), namespace={"f": successes()}),
        EquationError, ["f(3)", "no argument"]),
    Bad("binomial_in_rates", lambda: run_of(neurons("dx/dt = f()/ms : 1"),
                                            namespace={"f": successes()}),
        EquationError, ["f()", "binomial()", "constant over dt"]),
    # Poisson groups
    *(Bad(f"rates_{label}", lambda value=value: poisson(value), error, ["rates", *texts])
      for label, value, error, texts in [
          ("negative", -1 * Hz, ModelError, ["-1.0", "negative", "noise"]),
          ("negative_one", [1, -2, 3] * Hz, ModelError, ["-2.0", "index 1"]),
          ("above_one_a_step", 20000 * Hz, ModelError, ["20000.0", "rate*dt is 2"]),
          ("nan", NAN * Hz, ModelError, ["NaN"]),
          ("inf", INF * Hz, ModelError, ["inf"]),
          ("no_unit", 10, DimensionMismatchError, ["10"]),
          ("unit", 10 * mV, DimensionMismatchError, ["10"]),
          ("time", 10 * ms, DimensionMismatchError, ["10"]),
          ("too_few", [1, 2] * Hz, ModelError, ["3", "2"]),
          ("none", None, SimgenError, ["None"]),
          ("complex", np.array([1j, 1, 1]), SimgenError, ["1.j", "noise"]),
          ("text_unit", "10*mV", DimensionMismatchError, ["Hz"]),
          ("text_syntax", "10*Hz*", EquationError, ["^"]),
          ("text_two", "10*Hz : Hz\nx = 3", EquationError, []),
      ]),
    Bad("rates_text_negative", lambda: poisson_run("-10*Hz"),
        SimgenError, ["rates", "-10", "noise"]),
    Bad("rates_text_nan", lambda: poisson_run("sqrt(-1.0*i)*Hz"),
        ModelError, ["rates", "nan", "noise", "index 1"]),
    Bad("rates_text_constant_nan", lambda: poisson_run("sqrt(r)*Hz", r=-1.0),
        SimgenError, ["rates", "nan", "noise"]),
    Bad("rates_text_above_one", lambda: poisson_run("20000*Hz"),
        SimgenError, ["rates", "20000", "noise"]),
    Bad("rates_text_above_one_by_index", lambda: poisson_run("i*10000*Hz"),
        SimgenError, ["rates", "20000", "noise", "index 2"]),
    Bad("rates_text_constant_negative", lambda: poisson_run("r*2", r=-10 * Hz),
        SimgenError, ["rates", "-20", "noise"]),
    Bad("rates_table_negative", lambda: poisson_run("f(t)", f=stim([1, -2] * Hz)),
        SimgenError, ["rates", "-2", "noise"]),
    Bad("rates_table_above_one", lambda: poisson_run("f(t)", f=stim([1, 20000] * Hz)),
        SimgenError, ["rates", "20000", "noise"]),
    Bad("rates_text_unknown", lambda: poisson_run("r0"), UnknownNameError, ["'r0'", "noise"]),
    Bad("rates_later_negative", lambda: rates_after(-1 * Hz),
        ModelError, ["rates", "-1.0", "noise"]),
    Bad("rates_later_too_large", lambda: rates_after(20000 * Hz), ModelError, ["20000.0", "noise"]),
    Bad("rates_larger_dt_later", larger_dt_later, ModelError, ["rates", "5000.0", "noise", "5"]),
    Bad("poisson_slot", lambda: poisson(1 * Hz, when="strat"),
        ModelError, ["'strat'", "'start'", "noise"]),
    # Poisson input
    *(Bad(f"drive_{label}", lambda key=key, value=value: drive(**{key: value}), error,
          ["drive", *texts])
      for label, key, value, error, texts in [
          ("rate_negative", "rate", -1 * Hz, ModelError, ["-1.0"]),
          ("rate_too_large", "rate", 20000 * Hz, ModelError, ["20000.0"]),
          ("rate_nan", "rate", NAN * Hz, ModelError, ["nan"]),
          ("rate_no_unit", "rate", 10, DimensionMismatchError, ["10", "Hz"]),
          ("rate_text", "rate", "10*Hz", SimgenError, ["10*Hz"]),
          ("rate_array", "rate", [1, 2] * Hz, SimgenError, ["rate"]),
          ("rate_none", "rate", None, SimgenError, ["rate", "None"]),
          ("weight_unit", "weight", 1 * nA, DimensionMismatchError, ["'v'", "voltage"]),
          ("weight_nan", "weight", NAN * mV, ModelError, ["nan"]),
          ("weight_inf", "weight", INF * mV, ModelError, ["inf"]),
          ("weight_array", "weight", [1, 2] * mV, SimgenError, ["weight"]),
          ("weight_none", "weight", None, SimgenError, ["weight", "None"]),
          ("weight_complex", "weight", 1j, SimgenError, ["weight"]),
          ("variable_unknown", "target_var", "w", ModelError, ["'w'", "exc"]),
          ("variable_number", "target_var", 3, SimgenError, ["3"]),
          ("target_text", "target", "exc", ArgumentTypeError, ["'exc'"]),
          ("n_fraction", "N", 0.5, ArgumentTypeError, ["0.5"]),
      ]),
    Bad("drive_into_constant", lambda: drive(target=neurons("v : volt (constant)")),
        SimgenError, ["'v'", "constant", "drive"]),
    Bad("drive_into_shared", lambda: drive(target=neurons("v : volt (shared)")),
        SimgenError, ["'v'", "shared", "drive"]),
    Bad("drive_into_integer", lambda: drive(target=neurons("v : integer"), weight=0.5),
        SimgenError, ["'v'", "integer", "drive"]),
    Bad("drive_into_boolean", lambda: drive(target=neurons("v : boolean"), weight=1),
        SimgenError, ["'v'", "boolean", "drive"]),
    Bad("drive_weight_text_unit", lambda: run_of(*(lambda g: (g, drive(target=g, weight="1*nA")))(
        neurons())), DimensionMismatchError, ["weight", "drive"]),
    Bad("drive_larger_dt_later", drive_larger_dt_later, ModelError, ["drive", "5000.0"]),
    # spike generators
    *(Bad(f"spikes_{label}", lambda i=indices, t=times, kw=keywords: generator(i, t, **kw), error,
          ["gen", *texts])
      for label, indices, times, keywords, error, texts in [
          ("unequal", [0, 1], [1] * ms, {}, ModelError, ["2", "1"]),
          ("negative_time", [0], [-1] * ms, {}, ModelError, ["-0.001"]),
          ("nan_time", [0], [NAN] * ms, {}, ModelError, ["nan"]),
          ("infinite_time", [0], [INF] * ms, {}, ModelError, ["inf"]),
          ("far_time", [0], [1e300] * second, {}, ModelError, ["1e+300"]),
          ("no_unit", [0], [1], {}, DimensionMismatchError, ["times"]),
          ("unit", [0], [1] * mV, {}, DimensionMismatchError, ["times"]),
          ("times_text", [0], "1*ms", {}, SimgenError, ["times", "1*ms"]),
          ("times_none", [0], None, {}, SimgenError, ["times", "None"]),
          ("index_outside", [3], [1] * ms, {}, IndexRangeError, ["3"]),
          ("index_negative", [-1], [1] * ms, {}, IndexRangeError, ["-1"]),
          ("index_fraction", [0.5], [1] * ms, {}, ArgumentTypeError, ["0.5"]),
          ("index_nan", [NAN], [1] * ms, {}, ArgumentTypeError, ["nan"]),
          ("index_bool", [True], [1] * ms, {}, ArgumentTypeError, ["True"]),
          ("index_text", ["0"], [1] * ms, {}, SimgenError, ["indices", "'0'"]),
          ("index_unit", [0] * mV, [1] * ms, {}, SimgenError, ["indices"]),
          ("twice_in_a_step", [0, 0], [1, 1.02] * ms, {}, ModelError, ["Neuron 0", "0.001"]),
          ("same_time_twice", [1, 1], [2, 2] * ms, {}, ModelError, ["Neuron 1", "0.002"]),
          ("period_negative", [0], [1] * ms, {"period": -1 * ms}, ModelError, ["period", "-0.001"]),
          ("period_nan", [0], [1] * ms, {"period": NAN * ms}, ModelError, ["period", "nan"]),
          ("period_no_unit", [0], [1] * ms, {"period": 3}, SimgenError, ["period", "3"]),
          ("period_too_short", [0], [5] * ms, {"period": 3 * ms}, ModelError, ["0.005", "0.003"]),
          ("period_off_the_grid", [0], [1] * ms, {"period": 3.14159 * ms}, ModelError,
           ["0.00314159", "0.0001"]),
          ("matrix", [[0, 1]], [[1, 2]] * ms, {}, ArgumentTypeError, ["(1, 2)"]),
      ]),
    Bad("set_spikes_outside", lambda: generator([0], [1] * ms).set_spikes([9], [1] * ms),
        IndexRangeError, ["9", "gen"]),
    Bad("generator_slot", lambda: generator([0], [1] * ms, when="strat"),
        ModelError, ["'strat'", "'start'", "gen"]),
    Bad("generator_variable", lambda: generator([0], [1] * ms).v, SimgenError, ["'v'", "gen"]),
    # tables
    Bad("table_scalar", lambda: stim(3), ModelError, ["stim", "()"]),
    Bad("table_empty", lambda: stim([]), ModelError, ["stim", "(0,)"]),
    Bad("table_three_dimensions", lambda: stim(np.zeros((2, 2, 2))),
        ModelError, ["stim", "(2, 2, 2)"]),
    Bad("table_no_columns", lambda: stim(np.zeros((3, 0))), ModelError, ["stim", "(3, 0)"]),
    Bad("table_nan", lambda: stim([1, NAN]), ModelError, ["stim", "NaN", "1"]),
    Bad("table_text", lambda: stim(["1", "2"]), SimgenError, ["stim", "'1'"]),
    Bad("table_complex", lambda: stim([1j]), SimgenError, ["stim", "complex"]),
    Bad("table_ragged", lambda: stim([[1], [2, 3]]), SimgenError, ["stim"]),
    Bad("table_none", lambda: stim(None), SimgenError, ["stim", "None"]),
    *(Bad(f"table_dt_{label}", lambda value=value: stim([1, 2], value), SimgenError, ["stim", text])
      for label, value, text in [("negative", -1 * ms, "-0.001"), ("nan", NAN * ms, "nan"),
                                 ("no_unit", 3, "3"), ("none", None, "None")]),
    Bad("table_called_without", lambda: uses_stim([1, 2], "f"), EquationError, ["'f'", "function"]),
    Bad("table_called_with_number", lambda: uses_stim([1, 2], "f(3)"),
        DimensionMismatchError, ["'stim'", "'3'"]),
    Bad("table_called_without_index", lambda: uses_stim([[1, 2]], "f(t)"),
        EquationError, ["'f'", "2 arguments"]),
    Bad("table_called_with_index", lambda: uses_stim([1, 2], "f(t, i)"),
        EquationError, ["'f'", "1 argument"]),
    Bad("table_index_past_the_end", lambda: uses_stim([[1, 2]], "f(t, i)"),
        SimgenError, ["stim", "2", "3"]),
    *(Bad(f"table_index_{label}", lambda text=text: uses_stim([[1, 2]], f"f(t, {text})"), error,
        ["'stim'", "^", *texts])
      for label, text, error, texts in [
          ("fraction", "0.5*i", EquationError, ["floating", "int(...)"]),
          ("condition", "i > 1", EquationError, ["condition", "int(...)"]),
          ("constant_outside", "2", IndexRangeError, ["2 columns"]),
          ("constant_negative", "-1", IndexRangeError, ["-1"]),
      ]),
    Bad("table_index_outside_in_text", lambda: in_text("f(0*ms, i)"),
        IndexRangeError, ["stim", "2 columns"]),
    Bad("table_python_index_of_one", lambda: stim([1, 2])(1 * ms, 1), ModelError, ["stim", "time"]),
    Bad("table_python_no_unit", lambda: stim([1, 2])(3), DimensionMismatchError, ["stim", "3"]),
    Bad("table_python_index_missing", lambda: stim([[1, 2]])(1 * ms), ModelError, ["stim"]),
    Bad("table_python_index_outside", lambda: stim([[1, 2]])(1 * ms, 5),
        IndexRangeError, ["stim", "5", "2"]),
    Bad("table_python_nan", lambda: stim([1, 2])(NAN * ms), ModelError, ["stim", "nan"]),
    # seeds
    *(Bad(f"seed_{label}", lambda value=value: seed(value), SimgenError, ["seed()", text])
      for label, value, text in [("negative", -1, "-1"), ("fraction", 1.5, "1.5"),
                                 ("true", True, "True"), ("too_large", 2**64, str(2**64)),
                                 ("text", "1", "'1'")]),
]  # fmt: skip


@table(ROWS)
def test_bad_inputs_are_refused(bad: Bad) -> None:
    check_refused(bad)


def test_spikes_may_come_in_any_order() -> None:
    source = generator([2, 0, 1], [2.0, 1.0, 0.5] * ms)
    spikes = SpikeMonitor(source)
    Network(source, spikes).run(3 * ms)
    assert spikes.i.tolist() == [1, 0, 2]
    assert spikes.t_.tolist() == pytest.approx([0.5e-3, 1e-3, 2e-3])


def test_a_table_holds_its_last_value() -> None:
    group = neurons("dv/dt = f(t)/ms : 1")
    Network(group).run(1 * ms, namespace={"f": stim([0, 1])})
    assert group.v[0] == pytest.approx(0.9)
