"""Reading and writing variables by numbers, slices, arrays and text, of groups and subgroups."""

import numpy as np
import pytest

from simgen import (
    DimensionMismatchError,
    Network,
    NeuronGroup,
    SimgenError,
    StateMonitor,
    Synapses,
    ms,
    mV,
    run,
    start_scope,
    volt,
)

MODEL = "v : volt\nx : 1\nn : integer\nb : boolean\ns : 1 (shared)\nd = 2*v : volt"


@pytest.fixture
def group():
    start_scope()
    made = NeuronGroup(10, MODEL, threshold="False")
    made.v = np.arange(10) * mV
    return made


def test_indices_slices_arrays_and_conditions(group):
    group.v[2:5] = "3*mV + i*mV"
    assert group.v[:] / mV == pytest.approx([0, 1, 5, 6, 7, 5, 6, 7, 8, 9])
    group.v["i > 7"] = 1 * mV
    assert group.v[-3:] / mV == pytest.approx([7, 1, 1])
    group.x["v > 5*mV"] = "v/mV + i"
    assert group.x[:] == pytest.approx([0, 0, 0, 9, 11, 0, 12, 14, 0, 0])
    group.x[[1, 2]] = [9, 8]
    group.x[-1] = 77
    assert group.x[::3] == pytest.approx([0, 9, 12, 77])
    assert group.x["x > 10"] == pytest.approx([11, 12, 14, 77])
    group.x[7:] += 1
    assert group.x[7:] == pytest.approx([15, 1, 78])
    group.x[np.arange(10) % 5 == 0] = 4
    assert group.x[[0, 5, 6]] == pytest.approx([4, 4, 12])
    assert group.d[2] / mV == pytest.approx(10)
    assert float(np.mean(group.x)) == pytest.approx(np.asarray(group.x[:]).mean())


def test_the_numbers_that_an_index_selects(group):
    assert group.indices["v > 6*mV"].tolist() == [7, 8, 9]
    assert group.indices[2:4].tolist() == [2, 3]
    assert group.indices[-1].tolist() == [9]
    assert group[5:].indices["v > 6*mV"].tolist() == [2, 3, 4]
    synapses = Synapses(group, group, "w : 1")
    synapses.connect("i != j")
    chosen = synapses.indices[2:4, 5]
    assert list(zip(synapses.i[chosen], synapses.j[chosen])) == [(2, 5), (3, 5)]
    synapses.w[chosen] = 4
    assert synapses.indices["w > 0"].tolist() == chosen.tolist()
    with pytest.raises(SimgenError, match="outside"):
        group.indices[10]


def test_types_and_units(group):
    group.n = "i // 3"
    assert group.n[:].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]
    group.n = "2.0*i"  # whole numbers, whatever their type
    assert group.n[:].tolist() == list(range(0, 20, 2))
    group.b = "i % 2 == 0 and v < 5*mV"
    assert np.flatnonzero(group.b[:]).tolist() == [0, 2, 4]
    assert group.x[group.b[:]].size == 3
    group.s = 3
    group.x = "s + i"
    assert group.x[9] == 12
    group.v_[0] = 5
    assert group.v[0] / volt == pytest.approx(5)
    assert type(group.v_[:]) is np.ndarray
    group.v = 0  # a plain zero has any dimension in Python
    assert not group.v_[:].any()
    copied = group.v[:]
    copied[0] = 1 * volt
    assert group.v[0] == 0 * volt
    for wrong, kind in (
        (lambda: setattr(group, "v", 3), DimensionMismatchError),
        (lambda: setattr(group, "v", "3"), DimensionMismatchError),
        (lambda: setattr(group, "v", "x*volt + 1"), DimensionMismatchError),
        (lambda: setattr(group, "n", 0.5), TypeError),
        (lambda: setattr(group, "n", "i*0.5"), SimgenError),
        (lambda: setattr(group, "x", [1, 2, 3]), SimgenError),
        (lambda: group.x.__setitem__(10, 1), IndexError),
        (lambda: setattr(group, "d", 1 * mV), AttributeError),
        (lambda: setattr(group, "w", 1), AttributeError),
        (lambda: setattr(group, "x", "unknown + 1"), SimgenError),
    ):
        with pytest.raises(kind):
            wrong()


def test_subgroups_share_their_data_and_count_from_zero(group):
    part = group[3:8]
    inner = part[1:3]
    assert (part.N, len(inner), inner.start) == (5, 2, 4)
    part.x = "i"
    assert group.x[:].tolist() == [0, 0, 0, 0, 1, 2, 3, 4, 0, 0]
    part.v["i >= 3"] = 0.5 * mV
    assert group.v[5:9] / mV == pytest.approx([5, 0.5, 0.5, 8])
    part.n[1:3] = 50
    assert np.flatnonzero(group.n[:]).tolist() == [4, 5]
    inner.x = "i + 1000 + x + N"
    assert group.x[4:6].tolist() == [1003, 1005]
    assert part.i[:].tolist() == [0, 1, 2, 3, 4]
    assert part.x["i > 2"].tolist() == [3, 4]
    for wrong in (slice(0, 4, 2), slice(4, 4), slice(0, 11), "i > 3"):
        with pytest.raises((SimgenError, TypeError, IndexError)):
            group[wrong]


@pytest.mark.parametrize(
    "indices", [[3, 4, 5], (3, 4, 5), range(3, 6), np.arange(3, 6, dtype=np.uint8)]
)
def test_successive_indices_make_a_subgroup_as_a_slice_does(group, indices):
    part = group[indices]
    assert (part.start, part.stop) == (3, 6)


@pytest.mark.usefixtures("device")
def test_code_of_subgroups_runs_for_their_elements_only():
    group = NeuronGroup(200, "v : 1", threshold="t_in_timesteps == i", reset="")
    part = group[100:180]
    part.run_regularly("v += i + 1")
    state = StateMonitor(part, "v", record=[0, 79])
    target = NeuronGroup(200, "u : 1")
    synapses = Synapses(group[1:3], target[150:152], "w : 1", on_pre="u_post += w; v_pre += 0.5")
    synapses.connect()
    synapses.w = "10*i + j + 1"
    run(0.4 * ms)
    expected = np.zeros(200)
    expected[100:180] = 4 * np.arange(1, 81)
    expected[1:3] = 1  # two synapses each
    np.testing.assert_array_equal(group.v[:], expected)
    assert state.v.tolist() == [[1, 2, 3, 4], [80, 160, 240, 320]]
    assert target.u[148:154].tolist() == [0, 0, 12, 14, 0, 0]


@pytest.mark.usefixtures("device")
def test_subexpressions_have_one_value_however_they_are_reached(device):
    start_scope()
    group = NeuronGroup(10, "v : 1\nd = v + i + 100*N : 1", threshold="v > 9")
    part = group[4:7]
    assert part.d[:].tolist() == group.d[4:7].tolist() == [1004, 1005, 1006]
    assert part.d[1] == group.d[np.int64(-5)] == 1005
    assert np.shape(part.d[1]) == ()  # as of a stored variable
    assert np.shape(part.d[[1]]) == (1,)
    part.v["d > 1004"] = "d*10 + i"  # the text's own i counts from the part's first element
    assert group.v[3:8].tolist() == [0, 0, 10051, 10062, 0]
    synapses = Synapses(part, part, "w : 1")
    synapses.connect(j="i")
    synapses.w = "d_pre - v_pre + 10*i"
    assert synapses.w[:].tolist() == [1004, 1015, 1026]
    part.run_regularly("v = d + i")
    state = StateMonitor(part, "d", record=True, when="end")
    run(0.1 * ms)
    assert group.v[3:8].tolist() == [0, 1004, 11057, 11070, 0]
    assert state.d[:, 0].tolist() == [2008, 12062, 12076]


def test_values_may_change_between_runs():
    group = NeuronGroup(
        200, "dv/dt = (k - v)/tau : 1\nk : 1 (constant)\ntau : second", threshold="False"
    )
    group.k, group.tau = "i", 1 * ms
    net = Network(group)
    net.run(1 * ms)
    first = np.arange(200) * (1 - np.exp(-1))
    np.testing.assert_allclose(group.v, first)
    group.k[100:] = 0
    group.tau[150:] = "2*ms"
    net.run(1 * ms)
    rate = np.where(np.arange(200) < 150, 1.0, 0.5)
    target = np.where(np.arange(200) < 100, np.arange(200), 0)
    np.testing.assert_allclose(group.v, target + (first - target) * np.exp(-rate), rtol=1e-12)
    group.v = "t/ms"
    assert group.v[3] == pytest.approx(2)


def test_weights_are_taken_from_a_matrix(device):
    """Element (i, j) goes to every synapse from i to j, whatever the order they were made in."""
    group = NeuronGroup(3, "v : volt")
    synapses = Synapses(group[1:], group, "w : volt")
    synapses.connect(i=[1, 0, 1, 1], j=[2, 0, 0, 2])
    matrix = np.arange(6).reshape(2, 3)
    synapses.w = matrix * mV
    np.testing.assert_array_equal(synapses.w / mV, [5, 0, 3, 5])
    with pytest.raises(SimgenError, match=r"'w' of Synapses.*shape \(2, 3\).*not \(3, 3\)"):
        synapses.w = np.ones((3, 3)) * mV


def test_matrices_of_selected_pairs_and_of_delays(device):
    group = NeuronGroup(4, "v : 1", threshold="i == 0 and t_in_timesteps == 0")
    synapses = Synapses(group[1:], group, "w : volt\nn : integer", on_pre="v += n")
    synapses.connect(i=[2, 0, 1, 1, 2], j=[3, 0, 2, 2, 0])
    matrix = np.arange(12).reshape(3, 4)
    whole = [11, 0, 6, 6, 8]
    for index in (slice(None), ..., (slice(None), slice(None))):
        synapses.w = 0 * mV
        synapses.w[index] = matrix * mV
        np.testing.assert_array_equal(synapses.w / mV, whole)
    synapses.w = [[k * mV for k in row] for row in matrix]
    np.testing.assert_array_equal(synapses.w / mV, whole)
    synapses.w_[:, :] = (2 * matrix).tolist()
    np.testing.assert_array_equal(synapses.w_[:], 2 * np.array(whole))
    synapses.n = [[float(k) for k in row] for row in matrix]
    synapses.n[[2, 0], 2:] = [[-1, -2], [-3, -4]]
    np.testing.assert_array_equal(synapses.n, [-2, 0, 6, 6, 8])
    synapses.n[1:, 0] = [[50], [60]]
    synapses.n[-1, :3] = [[70, 80, 90]]
    np.testing.assert_array_equal(synapses.n, [-2, 0, 6, 6, 70])
    synapses.delay = matrix * ms
    Network(group, synapses).run(0.1 * ms)
    np.testing.assert_allclose(synapses.delay / ms, whole)
    np.testing.assert_array_equal(synapses.n, [-2, 0, 6, 6, 70])
    synapses.delay[1:, :] = matrix[1:] * 0.5 * ms
    np.testing.assert_allclose(synapses.delay / ms, [5.5, 0, 3, 3, 4])
    synapses.n[:, :] = matrix
    np.testing.assert_array_equal(synapses.n, whole)
    with pytest.raises(SimgenError, match=r"'n' of Synapses.*\(2, 4\) \(selected.*not \(3, 4\)"):
        synapses.n[1:, :] = matrix
    with pytest.raises(SimgenError, match=r"'delay' of Synapses.*\(3, 4\) \(sources.*not \(4, 3\)"):
        synapses.delay = matrix.T * ms
    for wrong in ({"condition": matrix > 3}, {"p": matrix / 12}):
        with pytest.raises(
            SimgenError, match=r"(?s)Synapses.*nonzero\(\), then connect\(i=i, j=j\)"
        ):
            synapses.connect(**wrong)
