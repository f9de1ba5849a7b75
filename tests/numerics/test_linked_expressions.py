"""Variables linked to expressions of other groups, which may use links themselves."""

import numpy as np
import pytest

from simgen import Network, NeuronGroup, StateMonitor, Synapses, linked_var, ms, run
from simgen.errors import SimgenError

pytestmark = pytest.mark.usefixtures("device")


def group_with_expressions():
    group = NeuronGroup(
        3,
        """dv/dt = 10*Hz*(i + 1) : 1
           total = k*v + 1 + offset : 1
           offset = 0.5*i : 1
           scaled = 2*v*s : 1
           s : 1 (shared)
           above = v > 0.015 : boolean
           resting = not_refractory : boolean""",
        method="euler",
        namespace={"k": 2},
        threshold="i == 1 and t_in_timesteps == 8",
        reset="",
        refractory=1 * ms,
    )
    group.s = 2
    return group


def test_subexpressions_are_linked_and_use_what_their_own_group_knows(device):
    """Values after 10 steps of 0.1 ms: v is 0.01, 0.02 and 0.03."""
    source = group_with_expressions()
    each = NeuronGroup(
        3,
        """total : 1 (linked)
           above : boolean (linked)
           twice = 2*total : 1
           y : 1
           b : boolean""",
    )
    each.total = linked_var(source, "total")
    each.above = linked_var(source, "above")
    each.run_regularly("y = twice; b = above", when="end")
    chosen = NeuronGroup(
        5, "x : 1 (linked)\ndu/dt = x*kHz : 1\nplace : integer (constant)", method="euler"
    )
    chosen.place = [2, 0, 0, 1, 2]
    chosen.x = linked_var(source, "total", index="place")
    part = NeuronGroup(2, "x : 1 (linked)")
    part.x = linked_var(source[1:], "scaled")
    synapses = Synapses(chosen, each, "w : 1\nwhole = x_pre - total_post : 1")
    synapses.connect()
    monitor = StateMonitor(synapses, "whole", record=[0, 14], when="end")
    Network(source, each, chosen, part, synapses, monitor).run(1 * ms)

    total = np.array([1.02, 1.54, 2.06])
    np.testing.assert_allclose(each.y, 2 * total)
    assert each.b[:].tolist() == [False, True, True]
    np.testing.assert_allclose(each.total, total)
    np.testing.assert_allclose(chosen.x, total[[2, 0, 0, 1, 2]])
    np.testing.assert_allclose(chosen.x["place == 2"], [2.06, 2.06])
    # its state update comes first, so it reads what v was before: on average 4.5 steps of ten
    rates = 1 + 0.5 * np.arange(3) + 2 * 4.5e-3 * (np.arange(3) + 1)
    np.testing.assert_allclose(chosen.u, rates[[2, 0, 0, 1, 2]])
    np.testing.assert_allclose(part.x, [0.08, 0.12])
    np.testing.assert_allclose(monitor.whole[:, -1], [2.06 - 1.02, 2.06 - 2.06], atol=1e-15)
    synapses.w = "x_pre*total_post"
    np.testing.assert_allclose(synapses.w[:], np.outer(total[[2, 0, 0, 1, 2]], total).ravel())


def test_a_single_subexpression_is_linked_to_all_and_may_count_elements(device):
    one = NeuronGroup(1, "dv/dt = 100*Hz : 1\nx = v + 1 : 1", method="euler")
    other = NeuronGroup(4, "number = i + 0.5 : 1\nv : 1")
    group = NeuronGroup(
        2, "x : 1 (linked)\nshared = 2*x : 1 (shared)\nn : 1 (linked)\nz : 1\nm : 1"
    )
    group.x = linked_var(one, "x")
    group.n = linked_var(other[1:], "number", index=[2, 0])
    group.run_regularly("z = shared; m = n", when="end")
    Network(one, other, group).run(0.2 * ms)
    np.testing.assert_allclose(group.z, 2 * 1.02)
    np.testing.assert_allclose(group.m, [3.5, 1.5])


def test_what_cannot_be_linked_to_an_expression():
    source = group_with_expressions()
    group = NeuronGroup(3, "x : 1 (linked)\nq = 2*x : 1\nu : volt (linked)\nb : 1 (linked)")
    with pytest.raises(SimgenError, match=r"'u' .* is a voltage .* but 'total'"):
        group.u = linked_var(source, "total")
    with pytest.raises(SimgenError, match=r"'b' .* floating point number, but 'above'"):
        group.b = linked_var(source, "above")
    with pytest.raises(SimgenError, match="has 2 elements"):
        NeuronGroup(2, "x : 1 (linked)").x = linked_var(source, "total")
    group.x = linked_var(source, "total")
    with pytest.raises(SimgenError, match=r"'x' of NeuronGroup .* cannot be written"):
        group.x = 3
    with pytest.raises(SimgenError, match="'i' of NeuronGroup"):
        linked_var(source, "i")
    flag = NeuronGroup(3, "f : boolean (linked)\nz : boolean")
    flag.f = linked_var(source.resting)
    flag.run_regularly("z = f")
    with pytest.raises(SimgenError, match="'not_refractory' cannot be used"):
        Network(source, flag).run(0.1 * ms)
    group.b = linked_var(source, "offset")


def test_an_expression_that_is_linked_to_may_use_links_itself(device):
    """Each element goes through the tables of all the links, whatever their kind."""
    values = NeuronGroup(6, "x : 1\nz = k0*x + 0.25*i : 1", namespace={"k0": 3})
    values.x = "10*i"
    first = NeuronGroup(
        5,
        """x : 1 (linked)
           z : 1 (linked)
           other : 1 (linked)
           v : 1
           inner = x + z : 1
           q = 2*inner + v + other : 1""",
    )
    first.v = "i/8"
    one = NeuronGroup(1, "u : 1\nc = u + lone : 1\nlone : 1 (linked)")
    one.u = 1000
    second = NeuronGroup(4, "q : 1 (linked)\nplace : integer (constant)\nr = q + 1 : 1\ny : 1")
    second.q = linked_var(first[1:], "q", index="place")  # before what it uses is linked
    first.x = linked_var(values, "x", index=[5, 0, 4, 1, 2])
    first.z = linked_var(values, "z", index=[0, 2, 4, 5, 1])
    one.lone = linked_var(values[3:4], "x")
    first.other = linked_var(one, "c")
    third = NeuronGroup(3, "r : 1 (linked)\ny : 1\nnear : 1 (linked)")
    third.r = linked_var(second, "r", index=[3, 0, 0])
    third.near = linked_var(second, "q", index=[1, 1, 2])
    second.place = [3, 0, 2, 1]
    second.run_regularly("y = r", when="end")
    third.run_regularly("y = r + near", when="end")
    target = NeuronGroup(3, "total : 1")
    synapses = Synapses(third, target, "total_post = r_pre : 1 (summed)\nw : 1")
    synapses.connect(j="i")
    values.run_regularly("x += 1", when="start")

    def expected():
        x = values.x[:]
        inner = x[[5, 0, 4, 1, 2]] + (3 * x + 0.25 * np.arange(6))[[0, 2, 4, 5, 1]]
        q = (2 * inner + np.arange(5) / 8 + 1000 + x[3])[1 + second.place[:]]
        return q + 1, (q + 1)[[3, 0, 0]] + q[[1, 1, 2]]

    def check():
        r, both = expected()
        assert second.y[:] == pytest.approx(r, rel=1e-14)
        assert third.y[:] == pytest.approx(both, rel=1e-14)
        assert second.r[:] == pytest.approx(r, rel=1e-14)
        assert third.r[1:] == pytest.approx(r[[0, 0]], rel=1e-14)

    net = Network(values, first, one, second, third, target, synapses)
    net.run(0.2 * ms)
    check()
    assert len(set(second.r[:])) == 4
    second.place = [0, 1, 3, 3]  # tables that depend on it are formed anew
    net.run(0.1 * ms)
    check()
    synapses.w = "r_pre"
    assert synapses.w[:] == pytest.approx(third.r[:])


def test_groups_may_be_linked_to_expressions_of_each_other(device):
    scale = 2
    left = NeuronGroup(3, "v : 1\nf = scale*v + 1 : 1\ng : 1 (linked)\nx : 1")
    right = NeuronGroup(3, "u : 1\nf : 1 (linked)\ng = 10*u + f : 1\nx : 1")
    left.v, right.u = [1, 2, 3], [4, 5, 6]
    left.g = linked_var(right, "g", index=[2, 0, 1])
    right.f = linked_var(left, "f", index=[1, 1, 0])
    left.run_regularly("x = g")
    right.run_regularly("x = g")
    run(0.1 * ms)
    assert right.x[:].tolist() == [45, 55, 63]
    assert left.x[:].tolist() == [63, 45, 55] == left.g[:].tolist()
    own = NeuronGroup(4, "v : 1\nw = scale*v : 1\nx : 1 (linked)\ny : 1")
    own.v, own.x = "i", linked_var(own, "w", index=[3, 2, 1, 0])
    own.run_regularly("y = x")
    Network(own).run(0.1 * ms)
    assert own.y[:].tolist() == [6, 4, 2, 0]
    assert scale == 2


def test_expressions_that_are_linked_in_a_circle_are_refused():
    left = NeuronGroup(2, "f = 2*g : 1\ng : 1 (linked)")
    right = NeuronGroup(2, "f : 1 (linked)\ng = f + 1 : 1", name="right")
    left.g = linked_var(right, "g")
    with pytest.raises(
        SimgenError, match=r"'f' of NeuronGroup 'right' .* computed from 'f' itself"
    ):
        right.f = linked_var(left, "f")
    own = NeuronGroup(2, "y = x + 1 : 1\nx : 1 (linked)")
    with pytest.raises(SimgenError, match=r"computed from 'x' itself"):
        own.x = linked_var(own, "y")
    own.x = linked_var(left.g)
    with pytest.raises(
        SimgenError, match=r"'f' of NeuronGroup 'right' is .linked., but to nothing"
    ):
        own.x[:]
