"""Flags and kinds of equations, each by its value: constant over dt, shared, noise, types."""

import numpy as np
import pytest

from simgen import (
    EquationError,
    Equations,
    Network,
    NeuronGroup,
    SimgenError,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    mV,
    run,
)

pytestmark = pytest.mark.usefixtures("device")
N = 200


def test_shared_subexpressions_have_one_value():
    group = NeuronGroup(
        3, "v : 1 (shared)\ny = 2*v : 1 (shared)\nz = 3*v : 1", threshold="False", reset=""
    )
    group.v = 2
    assert float(group.y) == float(group.y[:]) == group.y[0] == group[1:].y[:] == 4
    assert np.shape(group.y[:]) == ()
    assert list(group.z) == [6, 6, 6]
    assert np.shape(group.get_states(subexpressions=True)["y"]) == ()
    with pytest.raises(IndexError, match="'y' of NeuronGroup 'neurongroup', which is shared"):
        group.y[1]
    with pytest.raises(IndexError, match="'v' of NeuronGroup 'neurongroup', which is shared"):
        group.v[1]
    synapses = Synapses(group, group, "w : 1")
    synapses.connect(i=[1, 2], j=[0, 0])
    assert float(synapses.y_pre[:]) == 4


def test_subexpressions_are_evaluated_at_use_unless_constant_over_dt():
    group = NeuronGroup(
        N,
        """v : 1
           live = v + 1 : 1
           held = v + 1 : 1 (constant over dt)
           draw = rand() : 1 (constant over dt)
           a : 1
           b : 1""",
    )
    group.run_regularly("v += 10; a = live; b = held")
    group.run_regularly("a += draw - draw", when="end")  # one sample in all places
    state = StateMonitor(group, ["live", "held", "draw"], record=True)
    run(0.2 * ms)
    assert (group.a[:] == 21).all()
    assert (group.b[:] == 11).all()
    assert state.live[7].tolist() == [11, 21]
    assert state.held[7].tolist() == [1, 11]
    assert len(np.unique(state.draw)) == 2 * N
    with pytest.raises(EquationError, match="constant over dt"):
        NeuronGroup(1, "x = rand() : 1")


def test_frozen_subexpressions_hold_for_all_stages():
    """With f frozen rk4 is exact for dv/dt = f; with f live it integrates v itself."""
    frozen = NeuronGroup(1, "dv/dt = f/ms : 1\nf = v : 1 (constant over dt)", method="rk4")
    live = NeuronGroup(1, "dv/dt = f/ms : 1\nf = v : 1", method="rk4")
    frozen.v = live.v = 1
    run(0.1 * ms)
    assert frozen.v[0] == pytest.approx(1.1, rel=1e-14)
    assert live.v[0] == pytest.approx(sum(0.1**n / f for n, f in enumerate([1, 1, 2, 6, 24])))


def test_shared_and_constant_parameters():
    group = NeuronGroup(
        N,
        """dv/dt = (a - v*k)/(1*ms) : 1
           a = b*2 : 1 (shared)
           b : 1 (shared)
           k : 1 (constant)""",
        method="euler",
        threshold="False",
    )
    group.b = 3
    group.k = "i + 1"
    group.run_regularly("b += 1", dt=0.2 * ms)
    state = StateMonitor(group, ["v", "a", "b"], record=[0, 1])
    run(0.4 * ms)
    assert state.b.tolist() == [[4, 4, 5, 5]] * 2
    assert state.a[0].tolist() == [8, 8, 10, 10]
    v0 = [0, 0.8, 0.8 + 0.72, 1.52 + 0.1 * (10 - 1.52)]
    assert state.v[0] == pytest.approx(v0)
    assert group.b[:] == 5
    for code in ("b = 1", "k = 1"):
        with pytest.raises(EquationError):
            NeuronGroup(1, "b : 1 (shared)\nk : 1 (constant)", threshold="True", reset=code)


def test_code_that_writes_shared_variables_first():
    group = NeuronGroup(N, "s : 1 (shared)\nx : 1\ny : 1")
    group.run_regularly("q = s + 2; s = q*2; x = x + s; y = s + i")
    run(0.2 * ms)
    assert group.s[:] == 12  # 4, then (4 + 2)*2
    assert (group.x[:] == 16).all()
    assert group.y[7] == 19
    for wrong in ("x += s; s = s + 1", "q = s; s = s + 1; x = q"):
        late = NeuronGroup(N, "s : 1 (shared)\nx : 1")
        late.run_regularly(wrong)
        with pytest.raises(EquationError, match="shared"):
            Network(late).run(0.1 * ms)
    with pytest.raises(EquationError, match="shared"):
        NeuronGroup(1, "ds/dt = 1/ms : 1 (shared)")


def test_integers_and_booleans():
    group = NeuronGroup(
        N,
        """n : integer
           m : integer
           b : boolean
           c = n % 3 == 0 : boolean
           q = n // 2 : integer
           x : 1
           y : 1
           z : 1""",
    )
    group.n = "i - 100"
    group.run_regularly(
        "b = not c or x > 1; m = n // 3; x = n % 7; y = (-n) % 3; z = q + n/2 + int(b)*10"
    )
    run(0.1 * ms)
    n = np.arange(N) - 100
    np.testing.assert_array_equal(group.m[:], n // 3)  # Python's signs
    np.testing.assert_array_equal(group.x[:], n % 7)
    np.testing.assert_array_equal(group.y[:], -n % 3)
    np.testing.assert_array_equal(group.b[:], n % 3 != 0)
    np.testing.assert_array_equal(group.z[:], n // 2 + n / 2 + 10 * (n % 3 != 0))
    assert group.get_states()["n"].dtype == np.int32
    assert (group.n[:].dtype, group.b[:].dtype) == (np.int64, np.bool_)  # wide for arithmetic
    for wrong in ("n = 0.5", "b = 1", "n = x", "b += True"):
        with pytest.raises(SimgenError):
            Network(
                NeuronGroup(1, "n : integer\nb : boolean\nx : 1", threshold="True", reset=wrong)
            ).run(0.1 * ms)


def test_all_right_sides_are_taken_from_old_values():
    group = NeuronGroup(1, "dx/dt = y/ms : 1\ndy/dt = -x/ms : 1", method="euler")
    group.x = 1
    run(0.2 * ms)
    assert (group.x[0], group.y[0]) == pytest.approx((0.99, -0.2))


def test_noise_names_say_which_samples_are_shared():
    group = NeuronGroup(
        1000,
        """da/dt = xi_1*ms**-0.5 : 1
           db/dt = xi_1*ms**-0.5 : 1
           dc/dt = xi_2*ms**-0.5 : 1
           dd/dt = 2*xi*ms**-0.5 : 1""",
        method="euler",
    )
    run(1 * ms)
    a, b, c, d = (
        np.asarray(group.a),
        np.asarray(group.b),
        np.asarray(group.c),
        np.asarray(group.d),
    )
    np.testing.assert_array_equal(a, b)
    # standard deviations are 1, 1, 2 after 1 ms; five standard errors of 1000 samples
    for values, width in ((a, 1), (c, 1), (d, 2)):
        assert values.std() == pytest.approx(width, rel=5 / np.sqrt(2000))
        assert values.mean() == pytest.approx(0, abs=5 * width / np.sqrt(1000))
    for other in (c, d):
        assert abs(np.corrcoef(a, other)[0, 1]) < 5 / np.sqrt(1000)
    assert abs(np.corrcoef(a[:-1], a[1:])[0, 1]) < 5 / np.sqrt(1000)
    with pytest.raises(EquationError, match="xi"):
        NeuronGroup(1, "da/dt = xi*ms**-0.5 : 1\ndb/dt = xi*ms**-0.5 : 1")


def test_equations_objects_with_substitutions():
    base = Equations("dx/dt = (target - x)/tau : 1", x="v", tau=2 * ms)
    both = base + Equations(
        """# the value that
           target = 3 +
                    4 : 1  # v decays to
        """
    )
    group = NeuronGroup(2, both)
    run(2 * ms)
    assert group.v[0] == pytest.approx(7 * (1 - np.exp(-1)), rel=1e-12)


def test_event_driven_equations_read_values_at_events():
    """The time constant u is that at the event, as if it had been so since the last one."""
    times = [0.2, 1.0, 2.1]
    source = SpikeGeneratorGroup(1, [0, 0, 0], times * ms)
    target = NeuronGroup(N, "u : second")
    target.u = "(1 + i % 2)*ms"
    model = """dx/dt = (z - x)/u_post : 1 (event-driven)
               da/dt = -a/u_post : 1 (event-driven)
               db/dt = a/ms - b/ms : 1 (event-driven)
               z : 1"""
    synapses = Synapses(source, target, model, on_pre="x += 1; a += 1; b += 0.5")
    synapses.connect()
    synapses.z = 0.25
    target.run_regularly("u = u + 0*ms")
    net = Network(source, target, synapses)
    net.run(1.5 * ms)
    stale = synapses.x[0]
    net.run(0.3 * ms)
    assert synapses.x[0] == stale  # no event, no update
    target.u = 3 * ms
    net.run(0.4 * ms)
    for place, u in ((0, 1.0), (151, 2.0)):
        x, a, b, last = 0.0, 0.0, 0.0, 0.0
        for time in times:
            width, t = 3.0 if time == 2.1 else u, time - last
            x = 0.25 + (x - 0.25) * np.exp(-t / width) + 1
            rest = 1 - 1 / width
            more = t * np.exp(-t) if rest == 0 else (np.exp(-t / width) - np.exp(-t)) / rest
            b = b * np.exp(-t) + a * more + 0.5  # two rates in a row; equal ones where u is 1 ms
            a = a * np.exp(-t / width) + 1
            last = time
        assert synapses.x[place] == pytest.approx(x, rel=1e-12)
        assert synapses.a[place] == pytest.approx(a, rel=1e-12)
        assert synapses.b[place] == pytest.approx(b, rel=1e-12)


def test_exact_integration_with_a_timed_array():
    """A TimedArray is constant within a step, so the exact update still applies."""
    names = {"drive": TimedArray([1, 3], dt=0.5 * ms)}
    group = NeuronGroup(2, "dv/dt = (drive(t)*mV - v)/(1*ms) : volt", method="exact")
    run(1 * ms, namespace=names)
    half = 1 - np.exp(-0.5)
    assert group.v[0] / mV == pytest.approx(half + (3 - half) * half, rel=1e-12)


def test_event_driven_equations_depend_on_nothing_that_moves():
    source = SpikeGeneratorGroup(1, [0], [0.1] * ms)
    target = NeuronGroup(1, "v : 1")

    def run_with(model):
        synapses = Synapses(source, target, model, on_pre="x += 1")
        synapses.connect()
        Network(source, target, synapses).run(0.2 * ms)

    for model in (
        "dx/dt = (y - x)/ms : 1 (event-driven)\ndy/dt = -y/ms : 1 (clock-driven)",
        "dx/dt = (v_post - x)/ms : 1 (event-driven)\nv_post = x : 1 (summed)",
        "dx/dt = -x**2/ms : 1 (event-driven)",
    ):
        with pytest.raises(EquationError, match="'x'"):
            run_with(model)


def test_computed_variables_may_be_of_any_type_that_holds_their_values():
    group = NeuronGroup(
        4,
        """whole = i//2 : 1
           cut = int(1.5*i) : integer
           flag = i > 1 and not last : boolean
           last = i == 3 : boolean (constant over dt)
           counted = int(i > 0) + i : integer (constant over dt)
           x : 1""",
    )
    group.run_regularly("x = whole/4 + int(flag)*10 + int(last)*100 + cut")
    state = StateMonitor(group, ["whole", "cut", "flag", "last", "counted"], record=True)
    run(0.1 * ms)
    for name, values in {
        "whole": [0, 0, 1, 1],
        "cut": [0, 1, 3, 4],
        "flag": [False, False, True, False],
        "last": [False, False, False, True],
        "counted": [0, 2, 3, 4],
    }.items():
        assert getattr(group, name)[:].tolist() == values
        assert getattr(state, name)[:, 0].tolist() == values
    assert group.x[:].tolist() == [0, 1, 13.25, 104.25]
