"""Views as plotting libraries index them, and variables at both ends of synapses."""

import numpy as np
import pytest

from simgen import Network, NeuronGroup, Synapses
from simgen.errors import (
    DimensionMismatchError,
    IndexRangeError,
    ModelError,
    UnknownAttributeError,
)
from simgen.units import Quantity, ms, mV, volt


@pytest.fixture
def group():
    neurons = NeuronGroup(3, "v : volt\ntwice = 2*v : volt\nc : 1 (shared)")
    neurons.v = [1, 2, 3] * mV
    return neurons


@pytest.fixture
def synapses(group):
    found = Synapses(group, group, "w : 1")
    found.connect(i=[2, 0, 1], j=[0, 1, 1])
    return found


def same(found, expected):
    assert isinstance(found, Quantity) == isinstance(expected, Quantity)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


def test_views_show_their_values_without_the_type_of_a_single_one(group):
    group.c = 0.5
    assert repr(group.c) == f"<{group.name}.c: 0.5>"
    assert repr(group.v) == f"<{group.name}.v: array([1., 2., 3.]) * mvolt>"


def test_none_and_dots_index_the_array_of_values(group, synapses):
    same(group.v[:, None], [[1], [2], [3]] * mV)
    same(group.v[None], [[1, 2, 3]] * mV)
    same(group.v[..., None], [[1], [2], [3]] * mV)
    same(group.v_[..., np.newaxis], np.array([[0.001], [0.002], [0.003]]))
    same(synapses.i[:, None], np.array([[2], [0], [1]]))
    same(synapses.w[None, 1:], np.zeros((1, 2)))
    same(synapses.i[:, 1], np.array([0, 1]))  # pairs of neurons keep their meaning
    with pytest.raises(IndexRangeError, match=r"'c' of .* has the shape \(\)"):
        group.c[:, None]


def test_views_are_plotted(group, synapses):
    pytest.importorskip("matplotlib").use("agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    Network(group).run(0 * ms)
    _, axes = pyplot.subplots(3)
    axes[0].plot(group.v, [4, 5, 6])
    axes[1].plot(synapses.i, synapses.j, "ok")
    axes[2].plot(synapses.v_pre, synapses.v_post)
    lines = [axis.lines[0] for axis in axes]
    np.testing.assert_array_equal(lines[0].get_xdata(orig=False), [0.001, 0.002, 0.003])
    np.testing.assert_array_equal(lines[1].get_ydata(orig=False), [0, 1, 1])
    np.testing.assert_array_equal(lines[2].get_xdata(orig=False), [0.003, 0.001, 0.002])
    pyplot.close("all")


def test_variables_at_the_ends_have_one_value_for_each_synapse(group, synapses):
    same(synapses.v_pre[:], [3, 1, 2] * mV)
    same(synapses.v_post[:], [1, 2, 2] * mV)
    same(synapses.v_post_[:], np.array([0.001, 0.002, 0.002]))
    same(synapses.v[:], [1, 2, 2] * mV)  # as in code, that of the target
    same(synapses.v_[:], np.array([0.001, 0.002, 0.002]))
    same(synapses.twice_pre[:], [6, 2, 4] * mV)
    same(synapses.v_pre["v_post > 1*mV"], [1, 2] * mV)
    same(synapses.i_pre[:], np.array([2, 0, 1]))
    same(synapses.v_pre[2, 0], [3] * mV)


def test_variables_at_the_ends_of_subgroups(group):
    found = Synapses(group[1:], group[:2], "w : 1")
    found.connect(i=[1, 0], j=[1, 0])
    same(found.v_pre[:], [3, 2] * mV)
    found.v_pre = [7, 8] * mV
    same(group.v[:], [1, 8, 7] * mV)


def test_writing_variables_at_the_ends(group, synapses):
    synapses.v_post = [5, 6, 7] * mV
    same(group.v[:], [5, 7, 3] * mV)  # the last synapse of a neuron stays
    synapses.v_pre = "j*volt"
    same(group.v[:], [1, 1, 0] * volt)
    synapses.v_pre["i == 2"] = 4 * mV
    same(group.v[2], 4 * mV)
    synapses.v_post_ = 9
    same(group.v[:2], [9, 9] * volt)
    synapses.c_post = 2
    assert group.c[:] == 2
    synapses.v = "3*i*mV"
    same(group.v[:2], [6, 3] * mV)


def test_refused_writes_name_the_variable(group, synapses):
    with pytest.raises(
        UnknownAttributeError, match=r"'twice_pre' of Synapses .* cannot be written"
    ):
        synapses.twice_pre = 1 * mV
    with pytest.raises(DimensionMismatchError, match="'v' of NeuronGroup"):
        synapses.v_post = [1, 2, 3]
    with pytest.raises(ModelError, match="needs 3 values"):
        synapses.v_post = [1, 2] * mV
    with pytest.raises(UnknownAttributeError, match="Did you mean 'v_pre'"):
        _ = synapses.v_pree
    with pytest.raises(UnknownAttributeError, match="no synapses yet"):
        Synapses(group, group).v_post = 1 * mV
