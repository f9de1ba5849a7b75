"""connect(kernel=...): convolutions against their closed form, values that synapses share."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    ms,
    mV,
    seed,
    start_scope,
)

on_devices = pytest.mark.usefixtures("device")


def convolved(counts, kernel, stride, before, shape):
    """Return the correlation of counts [*places, channel] with a kernel, by its definition."""
    directions = len(shape)
    out = np.zeros((*shape, kernel.shape[-1]))
    for target in product(*map(range, shape)):
        for entry in product(*map(range, kernel.shape[:-2])):
            place = tuple(target[d] * stride[d] + entry[d] - before[d] for d in range(directions))
            if all(0 <= place[d] < counts.shape[d] for d in range(directions)):
                out[target] += counts[place] @ kernel[entry]
    return out


def grid_network(n_source, n_target, model="w : 1 (kernel)", on_pre="v_post += w", **arguments):
    """Return a network whose sources spike up to three times, their counts, synapses, targets."""
    counts = np.arange(n_source) * 7 % 4
    indices = np.repeat(np.arange(n_source), counts)
    rounds = np.concatenate([np.arange(count) for count in counts])
    source = SpikeGeneratorGroup(n_source, indices, (rounds + 1) * ms)
    target = NeuronGroup(n_target, "v : 1", name="cells")
    synapses = Synapses(source, target, model, on_pre=on_pre, name="conv")
    synapses.connect(**arguments)
    return Network(source, target, synapses), counts, synapses, target


CASES = {  # kernel shape, grid, stride, padding -> places before, target grid
    "valid": ((3, 2), (6, 5), 1, "valid", (0, 0), (4, 4)),
    "same": ((3, 4), (5, 6), 1, "same", (1, 1), (5, 6)),
    "same, strided": ((3, 2), (7, 6), (2, 3), "same", (1, 0), (4, 2)),
    "full": ((2, 3), (4, 4), 1, "full", (1, 2), (5, 6)),
    "numbers": ((3, 3), (6, 5), (2, 1), (1, 0), (1, 0), (3, 3)),
    "stride beyond the kernel": ((2, 1), (7, 5), 3, None, (0, 0), (2, 2)),
    "one direction": ((4,), (9,), 2, 1, (1,), (4,)),
    "three directions": ((2, 2, 2), (3, 4, 3), 1, None, (0, 0, 0), (2, 3, 2)),
    "channels": ((3, 3, 2, 3), (5, 4, 2), 2, "same", (1, 0), (3, 2)),
    "one direction with channels": ((3, 2, 2), (6, 2), 1, "full", (2,), (8,)),
    "several threads": ((3, 2), (13, 12), (1, 1), "same", (1, 0), (13, 12)),
    "empty edge": ((5, 1), (4, 3), 1, 1, (1, 1), (2, 5)),
}


@on_devices
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("skip", [False, True])
def test_targets_get_the_convolution_of_the_spike_counts(name, skip):
    shape, grid, stride, padding, before, out = CASES[name]
    directions = len(out)
    kernel = (np.arange(np.prod(shape)) * 5 % 7 - 2.0).reshape(shape) / 4
    kernel.flat[-1] = 0
    full = kernel if len(shape) > directions else kernel[..., None, None]
    n_target = int(np.prod(out)) * full.shape[-1]
    given = {"kernel": kernel, "shape": grid, "stride": stride, "skip_zeros": skip}
    if padding is not None:
        given["padding"] = padding
    net, counts, synapses, target = grid_network(int(np.prod(grid)), n_target, **given)
    net.run(5 * ms)
    strides = (stride,) * directions if isinstance(stride, int) else stride
    field = counts.reshape(*grid[:directions], full.shape[-2])
    wanted = convolved(field, full, strides, before, out)
    assert np.array_equal(target.v[:], wanted.reshape(-1))
    assert np.any(wanted != 0)
    reach = convolved(np.ones_like(field), np.ones_like(full), strides, before, out).sum()
    if skip:
        assert len(synapses) < reach
        assert np.all(synapses.w[:] != 0)
    else:
        assert len(synapses) == reach


@on_devices
def test_a_matrix_of_toeplitz_is_a_kernel_of_one_direction():
    kernel = np.array([0.5, 0, -1, 2])
    net, counts, synapses, target = grid_network(8, 8, kernel=kernel, padding="same")
    matrix = np.zeros((8, 8))
    matrix[synapses.i[:], synapses.j[:]] = synapses.w[:]
    wanted = np.zeros((8, 8))
    for i, j in product(range(8), range(8)):
        if 0 <= i - j + 1 < 4:
            wanted[i, j] = kernel[i - j + 1]
    assert np.array_equal(matrix, wanted)
    net.run(5 * ms)
    assert np.array_equal(target.v[:], counts @ wanted)


@on_devices
def test_another_kernel_counts_from_the_next_run_on():
    kernel = np.array([[1.0, 2], [3, 4]])
    net, counts, synapses, target = grid_network(9, 4, kernel=kernel, shape=(3, 3))
    early = np.where(counts > 1, 2, counts).reshape(3, 3, 1)
    net.run(2.5 * ms)
    first = convolved(early, kernel[..., None, None], (1, 1), (0, 0), (2, 2)).reshape(-1)
    assert np.array_equal(target.v[:], first)
    synapses.kernels["w"] = -kernel
    assert synapses.w[0, :].tolist() == [-1]
    net.run(3 * ms)
    late = counts.reshape(3, 3, 1) - early
    second = convolved(late, -kernel[..., None, None], (1, 1), (0, 0), (2, 2)).reshape(-1)
    assert np.array_equal(target.v[:], first + second)
    assert np.array_equal(synapses.kernels["w"], -kernel)


@on_devices
def test_delays_and_further_variables_may_differ_between_the_synapses():
    kernel = np.array([[1.0, 2], [4, 8]])
    net, counts, synapses, target = grid_network(
        9, 4, "w : 1 (kernel)\ng : 1", "v_post += g*w", kernel=kernel, shape=(3, 3)
    )
    synapses.g = "1 + (i + j) % 2"
    synapses.delay = "(1 + j) * ms"
    net.run(3.05 * ms)
    i, j = synapses.i[:], synapses.j[:]
    arrived = np.clip(3 - (1 + j), 0, counts[i])
    wanted = np.bincount(j, synapses.g[:] * synapses.w[:] * arrived, minlength=4)
    assert np.array_equal(target.v[:], wanted)
    assert np.any(wanted != 0)


@on_devices
def test_plastic_synapses_are_scaled_by_what_they_share():
    kernel = np.array([0.25, 0.5, 1])
    source = SpikeGeneratorGroup(6, [1, 2, 4], [1, 2, 2] * ms)
    target = NeuronGroup(6, "v : 1", threshold="i == 2 and t_in_timesteps == 30", reset="")
    synapses = Synapses(
        source, target, "w : 1 (kernel)\nx : 1", on_pre="x += w\nv_post += x", on_post="x -= 2*w"
    )
    synapses.connect(kernel=kernel, padding="same")
    Network(source, target, synapses).run(4 * ms)
    wanted = np.where(np.isin(synapses.i[:], [1, 2, 4]), synapses.w[:], 0)
    wanted = wanted - np.where(synapses.j[:] == 2, 2 * synapses.w[:], 0)
    assert np.array_equal(synapses.x[:], wanted)


@on_devices
def test_parts_of_groups_are_grids_of_their_own():
    source = SpikeGeneratorGroup(12, np.arange(12), np.ones(12) * ms)
    target = NeuronGroup(9, "v : 1")
    synapses = Synapses(source[3:11], target[2:8], "w : 1 (kernel)", on_pre="v_post += w")
    synapses.connect(kernel=[1, 2, 4])
    monitor = StateMonitor(synapses, "w", record=[0, 17])
    Network(source, target, synapses, monitor).run(2 * ms)
    assert target.v[:].tolist() == [0, 0, 7, 7, 7, 7, 7, 7, 0]
    assert synapses.i[:3].tolist() == [0, 1, 1]
    assert monitor.w[:, -1].tolist() == [1, 4]


@on_devices
def test_a_dict_gives_variables_of_their_own_their_first_values():
    kernel = np.array([[1.0, 2], [3, 4]])
    source, target = NeuronGroup(9, "x : 1"), NeuronGroup(4, "v : volt")
    shared = Synapses(source, target, "w : volt (kernel)\na : 1 (kernel)")
    shared.connect(kernel={"w": kernel * mV, "a": -kernel}, shape=(3, 3))
    own = Synapses(source, target, "w : volt\na : 1")
    own.connect(i=0, j=0)
    own.connect(kernel={"w": kernel * mV, "a": -kernel}, shape=(3, 3))
    assert np.array_equal(own.w[1:], shared.w[:])
    assert np.array_equal(own.a[1:], -shared.w[:] / mV)
    assert np.array_equal(own.i[1:], shared.i[:])
    own.w = "w * 2"
    assert own.w[1] == 2 * mV
    assert shared.get_states()["w"].size == 16


@on_devices
def test_what_is_shared_can_be_read_by_all_code():
    net, _, synapses, _ = grid_network(
        9, 4, "w : 1 (kernel)\nu = 2*w + i : 1\nx : 1", kernel=[[1.0, 2], [3, 4]], shape=(3, 3)
    )
    synapses.x = "w + u"
    assert np.array_equal(synapses.x[:], 3 * synapses.w[:] + synapses.i[:])
    assert np.array_equal(synapses.w["w > 2"], [w for w in synapses.w[:] if w > 2])
    synapses.run_now("x = w / sum_over_post(w)")
    assert np.allclose(synapses.x[:], synapses.w[:] / 10)
    net.run(1 * ms)
    synapses.run_now("x = w")
    assert np.array_equal(synapses.x[:], synapses.w[:])
    monitor = StateMonitor(synapses, ("w", "u"), record=True)
    net.add(monitor)
    net.run(1 * ms)
    assert np.array_equal(monitor.u[:, 0], 2 * synapses.w[:] + synapses.i[:])


@on_devices
def test_a_stored_kernel_comes_back(tmp_path):
    def made(factor):
        kernel = factor * np.array([[1.0, 0], [3, 4]])
        return grid_network(9, 4, kernel=kernel, shape=(3, 3), skip_zeros=True)

    net, _, synapses, target = made(1)
    net.run(1.5 * ms)
    net.store("here", tmp_path / "state")
    net.run(5 * ms)
    end = target.v[:]
    start_scope()
    seed(2)
    again, _, other, cells = made(-2)
    again.restore("here", tmp_path / "state")
    assert np.array_equal(other.kernels["w"], synapses.kernels["w"])
    again.run(5 * ms)
    assert np.array_equal(cells.v[:], end)
    assert np.any(end != 0)
