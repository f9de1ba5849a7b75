"""Which method is taken, what it generates, and what refusals say."""

import numpy as np
import pytest
import sympy

from simgen.dtypes import DType
from simgen.errors import EquationError, NumericalError, Origin, SourceText, UnsupportedFeatureError
from simgen.integrate.choose import choose
from simgen.integrate.describe import describe
from simgen.integrate.model import Ode, OdeSystem, is_per_element
from simgen.integrate.symbolic import expand_in
from simgen.ir.construct import binary, call, cast, negate, power, real
from simgen.ir.expr import (
    ELEMENT,
    SYNAPSE,
    Array,
    Binary,
    Gather,
    Load,
    Param,
    RandomDraw,
    Role,
    Step,
    Time,
)
from simgen.ir.stmt import Let, Store
from simgen.ir.visit import all_nodes


def var(name, dtype=DType.REAL):
    return Load(Array(name, dtype, "n_g"), ELEMENT)


def par(name):
    return Param(name, DType.REAL)


def plus(a, b):
    return binary("+", a, b)


def minus(a, b):
    return binary("-", a, b)


def times(a, b):
    return binary("*", a, b)


def over(a, b):
    return binary("/", a, b)


def draw(name):
    return RandomDraw("randn", (), Param(f"key_{name}", DType.U64), 0)


def system(*odes, changing=()):
    arrays = frozenset(Array(name, DType.REAL, "n_g") for name in changing)
    return OdeSystem(tuple(odes), arrays, Param("dt", DType.F64), draw, "g_")


def lines(update):
    """The statements as text."""
    return [
        f"{s.local.name if isinstance(s, Let) else s.array.name} = {describe(s.value)}"
        for s in update.statements
    ]


V, W, GE, GI = var("v"), var("w"), var("ge"), var("gi")
GATE = var("not_refractory", DType.BOOL)


def decay(state, name, tau):
    return Ode(state, over(negate(state), tau), name)


def leaky(*inputs, gate=None, tau=None):
    slope = minus(par("El"), V)
    for current in inputs:
        slope = plus(slope, current)
    return Ode(V, over(slope, tau or par("taum")), "v", gate=gate)


def test_a_neuron_with_two_synapses_costs_as_much_as_written_by_hand():
    update = choose(
        system(leaky(GE, GI), decay(GE, "ge", par("taue")), decay(GI, "gi", par("taui")))
    )
    assert update.method == "exact"
    assert lines(update) == [
        "v = g_p_v_from_v * v + g_p_v_from_ge * ge + g_p_v_from_gi * gi + g_q_v",
        "ge = g_p_ge_from_ge * ge",
        "gi = g_p_gi_from_gi * gi",
    ]
    (derived,) = update.derived
    assert len(derived.params) == 6
    assert derived.arrays == ()
    inputs = [describe(expr) for expr in derived.inputs]
    assert inputs == [
        "dt",
        "-1 / taum",
        "1 / taum",
        "1 / taum",
        "-1 / taue",
        "-1 / taui",
        "El / taum",
    ]


def test_variables_that_are_not_coupled_get_no_terms_of_each_other():
    update = choose(system(decay(GE, "ge", par("taue")), decay(GI, "gi", par("taui"))))
    assert lines(update) == ["ge = g_p_ge_from_ge * ge", "gi = g_p_gi_from_gi * gi"]
    assert [len(derived.inputs) for derived in update.derived] == [2, 2]


def test_what_stands_still_is_not_touched_and_an_integrator_only_adds():
    update = choose(system(Ode(V, par("I"), "v"), Ode(W, real(0.0), "w")))
    assert lines(update) == ["v = v + g_q_v"]


def test_a_time_constant_per_element_makes_arrays_only_where_it_matters():
    tau = var("tau")
    update = choose(system(leaky(GE, tau=tau), decay(GE, "ge", par("taue"))))
    arrays = {array.name: array for derived in update.derived for array in derived.arrays}
    params = {param.name for derived in update.derived for param in derived.params}
    assert set(arrays) == {"g_p_v_from_v", "g_p_v_from_ge", "g_q_v"}
    assert params == {"g_p_ge_from_ge"}
    assert arrays["g_q_v"] == Array("g_q_v", DType.REAL, "n_g", Role.DERIVED)
    assert Load(arrays["g_q_v"], ELEMENT) in set(all_nodes(update.statements))


def test_inputs_of_elements_are_read_by_the_kernel_so_that_setting_them_costs_nothing():
    update = choose(system(leaky(var("I0"))))
    assert [len(derived.params) for derived in update.derived] == [3]
    assert lines(update) == ["v = g_p_v_from_v * v + g_q_v + g_q1_v * I0"]


@pytest.mark.parametrize(
    "drive", [(call("exp", var("I0")),), (var("I0"), var("I1"), var("I2"))], ids=["exp", "many"]
)
def test_what_takes_a_kernel_longer_than_reading_it_is_an_array(drive):
    update = choose(system(leaky(*drive)))
    assert [len(derived.params) for derived in update.derived] == [1, 0]
    assert [derived.arrays[0].name for derived in update.derived if derived.arrays] == ["g_q_v"]


def test_derived_arrays_of_synapses_are_read_at_the_synapse():
    state, tau = (Load(Array(n, DType.REAL, "n_s"), SYNAPSE) for n in ("x", "tau"))
    update = choose(system(Ode(state, over(negate(state), tau), "x")))
    (array,) = update.derived[0].arrays
    assert array.length == "n_s"
    assert Load(array, SYNAPSE) in set(all_nodes(update.statements))


def test_a_varying_drive_is_separated_from_the_constant_one():
    table = Gather(Array("stimulus", DType.REAL, "n_t", Role.TABLE), Step())
    update = choose(system(leaky(var("I"), table), changing=("I",)))
    assert lines(update) == [
        "v = g_p_v_from_v * v + g_q_v + g_q1_v * (I + stimulus[t_in_timesteps])"
    ]


def test_simultaneous_assignment_reads_old_values():
    odes = (Ode(V, W, "v"), Ode(W, negate(V), "w"))
    assert lines(choose(system(*odes), "euler")) == [
        "g_new_w = w + dt * -v",
        "v = v + dt * w",
        "w = g_new_w",
    ]


def test_a_closed_gate_holds_the_variable():
    update = choose(system(leaky(GE, gate=GATE), decay(GE, "ge", par("taue"))))
    assert lines(update)[0] == (
        "v = (g_p_v_from_v * v + g_p_v_from_ge * ge + g_q_v if not_refractory else v)"
    )
    assert not any("held" in target.name for d in update.derived for target in d.targets)


def test_what_a_gated_variable_drives_has_propagators_for_both_cases():
    odes = (leaky(gate=GATE), Ode(W, over(minus(times(par("a"), V), W), par("tauw")), "w"))
    names = {target.name for d in choose(system(*odes)).derived for target in d.targets}
    assert {"g_p_held_w_from_w", "g_p_held_w_from_v"} <= names
    assert "g_p_held_v_from_v" not in names


def test_terms_that_cancel_are_found_linear():
    one = real(1.0)
    slope = over(minus(power(plus(V, one), real(2)), power(V, real(2))), par("tau"))
    assert lines(choose(system(Ode(V, slope, "v")))) == ["v = g_p_v_from_v * v + g_q_v"]


def test_what_sympy_did_before_changes_no_order(monkeypatch):
    """It numbers symbols and sorts by their names: with its own, '99' would follow '100'."""
    sources = plus(plus(times(par("a"), par("b")), times(GE, par("c"))), par("a"))
    slope = over(
        plus(minus(power(plus(V, real(1.0)), real(2)), power(V, real(2))), sources), par("tau")
    )
    found = set()
    for count in (0, *range(95, 101), *range(995, 1001)):
        monkeypatch.setattr(sympy.Dummy, "_count", count)
        found.add(describe(expand_in(slope, [V])))
    assert len(found) == 1


def test_the_default_order_is_exact_euler_heun():
    square = times(V, V)
    assert choose(system(Ode(V, square, "v"))).method == "euler"
    assert choose(system(Ode(V, square, "v", noise=(("xi", par("s")),)))).method == "euler"
    assert choose(system(Ode(V, negate(V), "v", noise=(("xi", V),)))).method == "heun"
    assert choose(system(Ode(V, negate(V), "v")), "linear").method == "exact"
    assert choose(system(Ode(V, negate(V), "v")), "independent").method == "exact"
    assert choose(system(Ode(V, square, "v")), ["exact", "rk4"]).method == "rk4"
    assert choose(system(Ode(V, square, "v")), None, ("exact", "rk2")).method == "rk2"


def conductance(capacitance):
    excitation = times(GE, minus(par("Ee"), V))
    inhibition = times(GI, minus(par("Ei"), V))
    leak = times(par("gl"), minus(par("El"), V))
    return Ode(V, over(plus(plus(excitation, inhibition), leak), capacitance), "v")


CONDUCTANCE = conductance(par("C"))


def divisions(update):
    """The distinct quotients that differ between elements."""
    return {
        describe(node)
        for node in all_nodes(update.statements)
        if isinstance(node, Binary) and node.op == "/" and is_per_element(node)
    }


def test_exponential_euler_divides_once_for_a_rate_and_once_for_a_drive():
    changing = ("ge", "gi")
    homogeneous = choose(system(CONDUCTANCE, changing=changing), "exponential_euler")
    assert divisions(homogeneous) == set()
    heterogeneous = choose(system(conductance(var("C")), changing=changing), "exponential_euler")
    assert divisions(heterogeneous) == {
        "(-ge - gi - gl) / C",
        "(Ee * ge + Ei * gi + El * gl) / C",
    }


def test_exponential_euler_needs_one_function_call_and_hoists_what_is_constant():
    update = choose(
        system(CONDUCTANCE, decay(GE, "ge", par("taue"))), ("exact", "exponential_euler")
    )
    assert update.method == "exponential_euler"
    calls = [node for node in all_nodes(update.statements) if type(node).__name__ == "Call"]
    assert [node.function for node in calls] == ["exprel"]
    assert lines(update)[-1] == "ge = g_p_ge_from_ge * ge"


def test_equal_calls_are_evaluated_once():
    rate = call("exp", V)
    odes = (Ode(V, negate(times(rate, V)), "v"), Ode(W, times(par("a"), rate), "w"))
    update = choose(system(*odes), "euler")
    calls = [node for node in all_nodes(update.statements) if type(node).__name__ == "Call"]
    assert len(calls) == 1
    assert isinstance(update.statements[0], Let)


def test_stages_see_the_time_of_the_stage_but_tables_do_not():
    position = cast(times(Time(), par("rate")), DType.I64)
    table = Gather(Array("stimulus", DType.REAL, "n_t", Role.TABLE), position)
    text = lines(choose(system(Ode(V, plus(times(Time(), V), table), "v")), "rk2"))
    assert text == [
        "g_mid_v = v + 0.5 * dt * (t * v + stimulus[t * rate])",
        "v = v + dt * ((t + 0.5 * dt) * g_mid_v + stimulus[t * rate])",
    ]


def refusal(odes, method, changing=()):
    with pytest.raises(EquationError) as caught:
        choose(system(*odes, changing=changing), method)
    return str(caught.value).splitlines()


HEAD = "cannot integrate the equations of 'v' by any of the methods tried"


def test_a_refusal_names_every_method_and_its_reason():
    odes = (Ode(V, times(V, V), "v", noise=(("xi", V),)),)
    assert refusal(odes, ["exact", "exponential_euler", "euler", "rk2", "rk4"]) == [
        HEAD,
        "  exact: 'v' has a noise term; dv/dt is not linear, because of v * v",
        "  exponential_euler: 'v' has a noise term; "
        "dv/dt is not linear in its own variable, because of v * v",
        "  euler: the noise 'xi' in dv/dt is multiplicative: its factor depends on a variable",
        "  rk2: 'v' has a noise term",
        "  rk4: 'v' has a noise term",
    ]


def test_exact_refuses_what_changes_during_the_step():
    assert refusal((Ode(V, minus(call("sin", Time()), V), "v"),), "exact") == [
        HEAD,
        "  exact: t changes during the step, in sin(t) of dv/dt",
    ]


def test_exact_says_which_coefficient_changes_in_a_coupled_system():
    odes = (
        Ode(V, minus(minus(par("I"), times(var("g"), V)), W), "v"),
        Ode(W, minus(V, W), "w"),
    )
    (_, reason) = refusal(odes, "exact", changing=("g",))
    assert reason == (
        "  exact: coefficients change during a run: -g (of 'v' in dv/dt); "
        "'v', 'w' are coupled and depend on each other and have a drive"
    )


def test_milstein_refuses_noise_that_is_not_diagonal():
    shared = (
        Ode(V, negate(V), "v", noise=(("xi", V),)),
        Ode(W, negate(W), "w", noise=(("xi", V), ("xi_b", real(1.0)))),
    )
    (_, reason) = refusal(shared, "milstein")
    assert reason == (
        "  milstein: dw/dt has several noise terms; 'v' and 'w' share the noise 'xi'; "
        "the noise of 'w' depends on 'v', which has noise itself"
    )


def test_random_functions_are_refused_with_a_way_out():
    text = SourceText("dv/dt = rand()/ms : 1", "equation", "NeuronGroup 'g'")
    drawn = RandomDraw("rand", (), Param("key", DType.U64), 0)
    odes = (Ode(V, drawn, "v", origin=Origin(text, 8, 14)),)
    with pytest.raises(EquationError) as caught:
        choose(system(*odes))
    assert str(caught.value) == (
        "in equation of NeuronGroup 'g', line 1\n"
        "    dv/dt = rand()/ms : 1\n"
        "            ^^^^^^\n"
        "  rand() cannot stand in dv/dt: its value would depend on how often the method evaluates "
        "the equation. Use xi for white noise, or a subexpression marked (constant over dt)."
    )


def test_unknown_and_missing_methods():
    odes = (Ode(V, negate(V), "v"),)
    with pytest.raises(EquationError, match=r"unknown integration method 'rk3'. Did you mean 'rk"):
        choose(system(*odes), "rk3")
    with pytest.raises(EquationError, match="Known methods: exact, exponential_euler"):
        choose(system(*odes), "zzz")
    with pytest.raises(UnsupportedFeatureError, match=r"'gsl_rkf45'.*use 'rk4' with a smaller dt"):
        choose(system(*odes), "gsl_rkf45")
    with pytest.raises(UnsupportedFeatureError, match="a name, an ExplicitStateUpdater or"):
        choose(system(*odes), lambda equations: None)


def test_a_time_constant_of_zero_is_named_when_the_run_starts():
    update = choose(system(leaky(tau=var("tau"))))
    (derived,) = update.derived
    with pytest.raises(NumericalError) as caught:
        derived.compute([np.array(1e-4), np.array([-50.0, -np.inf]), np.array([1.0, 1.0])])
    assert str(caught.value) == (
        "the coefficient of 'v' in dv/dt, -1 / tau, is -inf for element 1; "
        "is something divided by zero?"
    )
    (scalar,) = choose(system(leaky())).derived
    with pytest.raises(NumericalError, match=r"El / taum in dv/dt is nan; is something"):
        scalar.compute([np.array(1e-4), np.array(-1.0), np.array(np.nan)])
    with pytest.raises(NumericalError, match="the change of 'v' over one time step is inf"):
        scalar.compute([np.array(1.0), np.array(1e4), np.array(1.0)])


def test_stores_keep_the_origin_and_the_type_of_their_variable():
    origin = Origin(SourceText("dv/dt = -v/tau : 1"), 0, 18)
    ode = Ode(V, negate(V), "v", origin=origin)
    (store,) = choose(system(ode)).statements
    assert isinstance(store, Store)
    assert store.origin is origin
    assert store.value.dtype is V.dtype
