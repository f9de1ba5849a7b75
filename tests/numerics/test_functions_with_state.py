"""Functions of the user's own with a state: each call is made once, where the text has it."""

import itertools

import numpy as np
import pytest

import simgen
from simgen import (
    Function,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    ms,
    set_device,
)

names = (f"counted_{number}" for number in itertools.count())


def counting(**options):
    """Return a function that returns its argument plus how often it was called before.

    Compiled code keeps its own count as long as it is loaded, so each has a name of its own.
    """
    name, calls = next(names), []

    def python(x):
        before = sum(calls)
        calls.append(x.size)
        return x + before + np.arange(x.size).reshape(x.shape)

    made = Function(python, arg_units=[1], return_unit=1, name=name, stateless=False, **options)
    text = f"double {name}(double x) {{ static long long n = 0; return x + n++; }}"
    made.add_implementation("cpp", text)
    text = f"""
__device__ unsigned long long {name}_calls = 0;
__device__ double {name}(double x) {{ return x + (double)atomicAdd(&{name}_calls, 1ull); }}
"""
    made.add_implementation("cuda", text)
    return made


@pytest.fixture(params=["reference", "cpu", "cuda"])
def device(request):
    set_device(request.param, emulate=request.param == "cuda")
    yield request.param
    set_device("auto")


def test_regular_code_calls_once_per_element_in_order(device):
    f = counting()
    group = NeuronGroup(5, "a : 1\nb : 1", namespace={"f": f}, dt=1 * ms)
    group.run_regularly("a = f(0) + 100*f(10)\nb = f(0)")
    Network(group).run(1 * ms)
    a, b = group.a[:], group.b[:]
    calls = np.sort(np.concatenate([a % 100, a // 100 - 10, b]))
    np.testing.assert_array_equal(calls, np.arange(15))
    if device == "cpu":  # element after element
        np.testing.assert_array_equal(b, [2, 5, 8, 11, 14])
    if device == "reference":  # call after call
        np.testing.assert_array_equal(b, [10, 11, 12, 13, 14])


def test_calls_of_constants_are_not_moved_out_of_loops_or_merged(device):
    f = counting()
    group = NeuronGroup(4, "a : 1", namespace={"f": f}, dt=1 * ms)
    group.run_regularly("a = f(1) - f(1)")
    Network(group).run(3 * ms)
    assert np.all(np.abs(group.a[:]) > 0)


def test_a_shared_variable_is_assigned_by_one_call(device):
    f = counting()
    group = NeuronGroup(4, "s : 1 (shared)\na : 1", namespace={"f": f}, dt=1 * ms)
    group.run_regularly("s += f(0)")
    Network(group).run(4 * ms)
    assert group.s == 0 + 1 + 2 + 3


def test_resets_and_synapses_call_only_at_events(device):
    f, g = counting(), counting()
    spikes = SpikeGeneratorGroup(3, [0, 2, 1], [0, 0, 2] * ms, dt=1 * ms)
    group = NeuronGroup(4, "v : 1\nn : 1", threshold="v > 0.5", reset="v = 0; n = f(1)",
                        namespace={"f": f}, dt=1 * ms)  # fmt: skip
    synapses = Synapses(spikes, group, "w : 1", on_pre="v_post += 1; w = g(1)",
                        namespace={"g": g}, dt=1 * ms)  # fmt: skip
    synapses.connect(i=[0, 1, 2, 2], j=[0, 1, 1, 3])
    Network(spikes, group, synapses).run(5 * ms)
    assert sorted(synapses.w[:]) == [1, 2, 3, 4]
    assert synapses.w["i == 1"] == 4  # its spike comes last
    assert group.n[1] == 4  # its second reset is the last of four
    assert group.n[2] == 0
    assert {group.n[0], group.n[3]} < {1, 2, 3}


def test_constant_over_dt_is_called_once_a_step_and_used_as_often_as_wanted(device):
    f = counting()
    group = NeuronGroup(
        1,
        """dv/dt = (x - v)/(2*ms) + 0*x/ms : 1
        x = f(0) : 1 (constant over dt)
        y : 1""",
        method="rk4",
        namespace={"f": f},
        dt=1 * ms,
    )
    group.run_regularly("y += x")
    Network(group).run(4 * ms)
    assert group.x[0] == 3
    assert group.y[0] == 0 + 1 + 2 + 3


def test_code_at_given_times_calls_only_then(device):
    f = counting()
    group = NeuronGroup(2, "a : 1", namespace={"f": f}, dt=1 * ms)
    group.run_at("x = f(0); a += x", times=[1, 3] * ms)
    Network(group).run(6 * ms)
    assert group.a[:].sum() == 0 + 1 + 2 + 3


def test_run_now_and_assigned_text_call_once_per_element(device):
    f, g = counting(), counting()
    group = NeuronGroup(6, "a : 1\nb : 1", namespace={"f": f}, dt=1 * ms)
    group.run_now("a = f(0)")
    assert sorted(group.a[:]) == [0, 1, 2, 3, 4, 5]
    namespace = {"g": g}
    group = NeuronGroup(6, "a : 1\nb : 1", namespace=namespace, dt=1 * ms)
    group.b = "g(0) + 2*g(0)"
    assert group.b[:].sum() == 15 + 2 * (15 + 36)
    large = NeuronGroup(30000, "a : 1", namespace=namespace, dt=1 * ms)
    large.a = "g(0)"
    assert len(np.unique(large.a[:])) == 30000


def _refused(equations="v : 1", code=None, threshold=None, **more):
    f = counting()
    group = NeuronGroup(3, equations, threshold=threshold, namespace={"f": f}, **more)
    if code is not None:
        group.run_regularly(code)
    return Network(group)


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"equations": "dv/dt = f(v)/ms : 1", "method": "euler"}, "has a state"),
        ({"equations": "v : 1\nx = f(v) : 1", "threshold": "x > 1"}, "has a state"),
        ({"threshold": "f(v) > 1"}, "has a state"),
        ({"code": "v = sum_all(f(v))"}, "in a reduction"),
        ({"code": "x = f(v); v = sum_all(v) + x"}, "again"),
        (
            {"equations": "v : 1\ns : 1 (shared)", "code": "x = f(1); s = x; v = x"},
            "computed apart",
        ),
    ],
)
def test_where_a_call_would_be_made_more_than_once_it_is_refused(keywords, told):
    with pytest.raises(simgen.SimgenError, match=told) as caught:
        _refused(**keywords).run(1 * ms)
    assert "f(" in str(caught.value)


def test_threads_and_copies_are_refused():
    set_device("cpu", threads=2)
    network = _refused(code="v = f(v)")
    with pytest.raises(simgen.UnsupportedFeatureError, match="2 threads"):
        network.run(1 * ms)
    set_device("cpu")
    network.run(1 * ms)
    with pytest.raises(simgen.UnsupportedFeatureError, match="copies would share"):
        network.run_copies(1 * ms, copies=2)
    set_device("auto")


def test_values_made_anew_are_refused():
    f = counting()
    group = NeuronGroup(20, "v : 1", threshold="v > 1")
    synapses = Synapses(group, group, "w : 1 (constant)", on_pre="v_post += w", namespace={"f": f},
                        storage="procedural")  # fmt: skip
    synapses.connect(p=0.5)
    synapses.w = "i"
    with pytest.raises(simgen.EquationError, match="not be the same again"):
        synapses.w = "f(0)"
