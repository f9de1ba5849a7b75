"""Where names come from (the object, run(), the caller), and when their values count."""

import numpy as np
import pytest

from simgen import (
    DimensionMismatchError,
    EquationError,
    Network,
    NeuronGroup,
    SimgenError,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    UnknownNameError,
    ms,
    mV,
    run,
)

pytestmark = pytest.mark.usefixtures("device")
k = 100.0  # a global, hidden by a local of the same name


def test_the_order_of_namespaces():
    own = NeuronGroup(2, "x = k + m : 1\ny : 1", namespace={"k": 1})
    bare = NeuronGroup(2, "x = k + m : 1\ny : 1")
    own.run_regularly("y = x")
    bare.run_regularly("y = x")
    m = 7.0  # found by name
    net = Network(own, bare)
    net.run(0.1 * ms)
    assert (own.y[0], bare.y[0]) == (8, 107)
    net.run(0.1 * ms, namespace={"k": 20, "m": 3})
    assert (own.y[0], bare.y[0]) == (4, 23)

    def inner():
        k, m = 5.0, 0.5  # found by name, before the globals
        net.run(0.1 * ms)

    inner()
    assert (own.y[0], bare.y[0]) == (1.5, 5.5)
    with pytest.raises(UnknownNameError, match="'m'"):
        net.run(0.1 * ms, namespace={"k": 1})
    with pytest.raises(UnknownNameError, match="'k'"):
        net.run(0.1 * ms, namespace={})


def test_values_count_at_each_run():
    tau = 1 * ms
    group = NeuronGroup(2, "dv/dt = -v/tau : 1\nw : 1", threshold="v < limit", reset="w += jump")
    group.v = 1
    limit, jump = 0.0, 3  # found by name
    net = Network(group)
    net.run(1 * ms)
    tau = 2 * ms
    net.run(1 * ms)
    assert group.v[0] == pytest.approx(np.exp(-1.5), rel=1e-12)
    assert group.w[0] == 0
    limit = 1.0  # found by name
    net.run(0.2 * ms)
    assert group.w[0] == 6
    tau = 2 * mV  # found by name
    with pytest.raises(DimensionMismatchError):
        net.run(1 * ms)


def test_constants_changed_in_place_are_seen():
    rate = 1.0 / ms
    own, bare = {}, NeuronGroup(1, "x = rate : Hz\ny : Hz", name="bare")
    group = NeuronGroup(1, "x = rate : Hz\ny : Hz", namespace=own)
    for each in (group, bare):
        each.run_regularly("y = x")
    net = Network(group, bare)
    for _ in range(2):
        net.run(0.1 * ms)
    assert group.y_[0] == bare.y_[0] == 1000
    rate[...] = 2.0 / ms
    net.run(0.1 * ms)
    assert group.y_[0] == bare.y_[0] == 2000
    group.namespace["rate"] = 5.0 / ms  # comes before the caller's from now on
    net.run(0.1 * ms)
    assert (group.y_[0], bare.y_[0]) == (5000, 2000)


def test_the_namespace_of_an_object_may_change_between_runs():
    group = NeuronGroup(2, "y : 1")
    group.run_regularly("y = m")
    net = Network(group)

    def found():
        net.run(0.1 * ms, namespace={"m": 7.0})
        return group.y[0]

    assert found() == 7
    group.namespace["m"] = 2  # the first entry
    assert found() == 2
    group.namespace["n"] = 4
    group[:1].namespace["m"] = 3
    assert found() == 3
    del group.namespace["m"]
    assert found() == 7
    group.namespace = {"m": 5}
    assert found() == 5
    assert group[1:].namespace == {"m": 5}
    group[:1].namespace = None
    assert (found(), group.namespace) == (7, {})
    with pytest.raises(SimgenError, match="namespace of NeuronGroup 'neurongroup' must be a dict"):
        group.namespace = 3


def test_variables_of_the_model_come_before_constants():
    v, w, N = 50, 60, 70  # hidden by the model
    group = NeuronGroup(2, "v : 1\nw = v + 1 : 1\nx : 1")
    group.run_regularly("x = v + w + N")
    group.v = 3
    run(0.1 * ms)
    assert group.x[0] == 9


def test_synaptic_code_sees_the_constants_of_its_own_namespace():
    k = 5.0  # for the target's subexpression
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    target = NeuronGroup(2, "a : 1\nz = k*10 : 1")
    synapses = Synapses(source, target, on_pre="a += k + z_post", namespace={"k": 2})
    synapses.connect()
    run(0.1 * ms)
    assert target.a[0] == 52


def test_text_values_see_the_names_where_they_are_given():
    scale = 3.0  # found by name
    group = NeuronGroup(3, "v : 1\nu : volt")
    group.v = "scale*i"
    assert group.v[:].tolist() == [0, 3, 6]

    def helper(width):
        group.v["i > width - 1"] = "v + width + k"

    helper(1)
    assert group.v[:].tolist() == [0, 104, 107]
    synapses = Synapses(group, group, "w : 1")
    limit = 2  # found by name
    synapses.connect("i + j < limit")
    assert len(synapses) == 3
    synapses.connect("i + j < bound", namespace={"bound": 1})
    assert len(synapses) == 4


@pytest.mark.parametrize("own", [True, False], ids=["own namespace", "caller's names"])
def test_text_of_synapses_sees_the_constants_of_what_the_ends_compute(own):
    k, m = 1.0, 5.0  # found by name, in what both ends compute, too
    namespace = {"k": 10, "m": 100} if own else {}
    source = NeuronGroup(3, "y = k*i : 1", threshold="False", reset="", namespace=namespace)
    target = NeuronGroup(3, "a : 1\nz = m*i : 1", namespace=namespace)
    synapses = Synapses(source, target, "w : 1", on_pre="a_post += w", namespace={"k": -1})
    near = namespace["k"] if own else k
    far = namespace["m"] if own else m
    synapses.connect("y_pre < 2*limit", namespace={"limit": near, **({} if own else {"k": k})})
    assert len(synapses) == 6
    synapses.w = "y_pre + z_post + k"
    assert list(synapses.w[:]) == [near * i + far * j - 1 for i in (0, 1) for j in range(3)]
    synapses.w["y_pre > 0"] = 0
    assert synapses.w[:3].all()
    assert not synapses.w[3:].any()
    synapses.delay = "y_pre*ms + dt"
    synapses.run_now("w = 2*y_pre")
    assert list(synapses.w[:]) == [0] * 3 + [2 * near] * 3
    run(0.1 * ms)
    assert list(synapses.delay[:] / ms) == pytest.approx([0.1] * 3 + [near + 0.1] * 3)
    synapses.w = "z_post"  # the constants of the run are gone by now
    assert list(synapses.w[:]) == [far * j for j in range(3)] * 2


def test_built_in_names_cannot_be_redefined():
    e = 5.0  # collides with the constant
    group = NeuronGroup(1, "x = 2*e : 1\ny : 1")
    group.run_regularly("y = x")
    with pytest.raises(SimgenError, match="'e'"):
        Network(group).run(0.1 * ms)
    with pytest.raises(EquationError):
        NeuronGroup(1, "i : 1")
    with pytest.raises(EquationError):
        NeuronGroup(1, "t : second")


def test_units_come_before_the_names_of_the_caller():
    group = NeuronGroup(1, "x : volt\ny : 1")
    group.run_regularly("x = 3*mV; y = (2*nS)/(1*siemens)*1e9")
    state = StateMonitor(group, "x", record=0, when="end")
    run(0.1 * ms)
    assert state.x[0] / mV == pytest.approx([3])
    assert group.y[0] == pytest.approx(2)

    def elsewhere():
        nS = 3  # collides with the unit
        Network(group).run(0.1 * ms)

    with pytest.raises(SimgenError, match="'nS' is a built-in unit"):
        elsewhere()


def test_constants_may_end_like_variables_of_a_connected_group():
    """Scripts with plasticity call their constants tau_pre and A_post."""
    tau_pre, A_post, n_pre = 2 * ms, 3, 1  # found by name
    source = SpikeGeneratorGroup(1, [0, 0], [0.1, 2.1] * ms)
    target = NeuronGroup(2, "A : 1\nu : 1")
    target.A = 5
    model = "dx/dt = -x/tau_pre : 1 (event-driven)\nw : 1"
    synapses = Synapses(source, target, model, on_pre="x += n_pre; w += x; u_post += A_post")
    synapses.connect("j >= n_pre")
    synapses.w = "10*n_pre + A_post"
    run(3 * ms)
    assert synapses.w[:].tolist() == pytest.approx([15 + 1 + 1 + np.exp(-1)])
    assert target.u[:].tolist() == [0, 10]  # the variable of the target comes first


def test_names_of_synapses_may_be_variables_where_nothing_else_has_them():
    """'lastupdate' without event-driven equations, 'pre' beside the pathway, 'delay' of neurons."""
    source = SpikeGeneratorGroup(1, [0, 0], [0.1, 0.4] * ms)
    target = NeuronGroup(2, "delay : second\nseen : second")
    target.delay = [1, 2] * ms
    synapses = Synapses(
        source,
        target,
        "lastupdate : second\nw : second\npre : 1\nn : 1",
        on_pre="w = t - lastupdate; lastupdate = t; seen_post = delay_post; pre += 1; n = 10*pre",
        delay=0.1 * ms,
    )
    synapses.connect()
    run(0.7 * ms)
    assert synapses.w[:] / ms == pytest.approx([0.3, 0.3])
    assert synapses.n[:].tolist() == [20, 20]
    assert synapses.pre.delay[0] == 0.1 * ms
    assert synapses.lastupdate[:] / ms == pytest.approx([0.5, 0.5])
    assert target.seen[:] / ms == pytest.approx([1, 2])
    synapses.lastupdate = 3 * ms
    assert synapses.lastupdate[0] == 3 * ms
