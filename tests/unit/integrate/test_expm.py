"""exp(A t) and its integral against mpmath with 60 digits."""

import mpmath
import numpy as np
import pytest

from simgen.integrate.expm import exprel, propagators
from simgen.integrate.graph import blocks, components, reach


def by_mpmath(matrix, time):
    """exp(A t) and its integral, from the exponential of [[A, 1], [0, 0]] t."""
    size = len(matrix)
    with mpmath.workdps(60):
        whole = mpmath.zeros(2 * size)
        for i in range(size):
            for j in range(size):
                whole[i, j] = mpmath.mpf(float(matrix[i][j])) * mpmath.mpf(time)
            whole[i, size + i] = mpmath.mpf(time)
        result = mpmath.expm(whole, method="taylor")
        power = [[float(result[i, j]) for j in range(size)] for i in range(size)]
        integral = [[float(result[i, size + j]) for j in range(size)] for i in range(size)]
    return np.array(power), np.array(integral)


def entry_error(found, expected):
    """The largest relative error of an entry; entries that should be 0 must be 0."""
    zero = expected == 0
    assert np.all(found[zero] == 0)
    return np.max(np.abs(found[~zero] / expected[~zero] - 1), initial=0.0)


TRIANGULAR = {
    "decay": [[-100.0]],
    "growth": [[300.0]],
    "standing still": [[0.0]],
    "neuron with two synapses": [[-50.0, 1e10, -3e9], [0, -200, 0], [0, 0, -100]],
    "equal rates": [[-50.0, 1e10], [0, -50]],
    "nearly equal rates": [[-50.0, 1e10], [0, -50 * (1 + 1e-9)]],
    "alpha synapse": [[-50.0, 1e10, 0], [0, -50, 1], [0, 0, -50]],
    "chain": [[-50.0, 1e10, 0, 0], [0, -50.0001, 1, 0], [0, 0, -49.999, 3e5], [0, 0, 0, -50.3]],
    "stiff, fast first": [[-1e6, 1e10, 4], [0, -1, 1e3], [0, 0, -1e3]],
    "stiff, fast last": [[-1.0, 1e10, 4], [0, -1e3, 1e3], [0, 0, -1e6]],
    "very stiff": [[-1e8, 1e10], [0, -1]],
    "integrator": [[0.0, 1], [0, 0]],
    "lower triangular": [[-200.0, 0, 0], [7, -100, 0], [1e10, -3e9, -50]],
}


@pytest.mark.parametrize("name", TRIANGULAR)
def test_every_entry_of_a_triangular_system_is_accurate(name):
    matrix = np.array(TRIANGULAR[name], float)
    for found, expected in zip(propagators(matrix, 1e-4), by_mpmath(matrix, 1e-4)):
        assert entry_error(found, expected) < 2e-14


COUPLED = {
    "oscillator": ([[0, 1000.0], [-1000.0, 0]], 1e-4),
    "many turns": ([[-10, 1e5], [-1e5, -10]], 1e-3),
    "adaptation": ([[-50, -1e10], [2.8e-8, -7]], 1e-4),
    "singular": ([[-1.0, 1], [1, -1]], 1.0),
    "defective": ([[-1.0, 1], [-1, -3]], 1.0),
    "defective, long time": ([[-100.0, 100], [-100, -300]], 2.0),
    "stiff": ([[-1e6, 1e3], [1e2, -1]], 1e-3),
    "stiff, other sign": ([[-1e6, 1e3], [-1e5, -1]], 1e-2),
    "with a driver": ([[-1e6, 1e3, 5], [-1e5, -1, 2], [0, 0, -1e3]], 1e-4),
    "three in other units": ([[-50, -1e10, 3e9], [3e-8, -7, 0], [1e-8, 0, -20]], 1e-2),
    "stiff, three": ([[-1e6, 1e3, 10], [1e3, -1e3, 1], [3, 2, -1]], 1e-2),
    "ring of three": ([[-1e3, 2, 0], [0, -1e3, 3e4], [1e-2, 0, -1e3]], 1e-2),
}


@pytest.mark.parametrize("name", COUPLED)
def test_coupled_systems_are_accurate_in_the_norm(name):
    matrix, time = COUPLED[name]
    scale = np.diag(1.0 / balance(np.abs(matrix)))
    for found, expected in zip(propagators(matrix, time), by_mpmath(matrix, time)):
        found, expected = (scale @ part @ np.linalg.inv(scale) for part in (found, expected))
        assert np.max(np.abs(found - expected)) <= 1e-13 * np.max(np.abs(expected))


def balance(size):
    """Units in which the first variable's coupling to and from the others is alike."""
    units = np.ones(len(size))
    for j in range(1, len(size)):
        if size[0, j] > 0 and size[j, 0] > 0:
            units[j] = np.sqrt(size[j, 0] / size[0, j])
    return units


def test_a_stack_gives_what_its_members_give():
    random = np.random.default_rng(4)
    stack = random.normal(size=(7, 3, 3)) * 200
    power, integral = propagators(stack, 1e-3)
    assert power.shape == integral.shape == (7, 3, 3)
    for index in range(7):
        one, mean = propagators(stack[index], 1e-3)
        np.testing.assert_allclose(power[index], one, rtol=1e-12)
        np.testing.assert_allclose(integral[index], mean, rtol=1e-12, atol=1e-18)


def test_a_group_without_elements_has_no_propagators():
    power, integral = propagators(np.zeros((0, 2, 2)), 1e-3)
    assert power.shape == integral.shape == (0, 2, 2)


def test_the_integral_belongs_to_the_power():
    matrix = np.random.default_rng(5).normal(size=(5, 5)) * 30
    power, integral = propagators(matrix, 0.01)
    np.testing.assert_allclose(matrix @ integral, power - np.eye(5), atol=1e-14)


def test_exprel_near_and_at_zero():
    x = np.array([0.0, 1e-300, -1e-9, 1e-3, -800.0, 800.0])
    with mpmath.workdps(40):
        expected = [1.0] + [float(mpmath.expm1(mpmath.mpf(v)) / mpmath.mpf(v)) for v in x[1:-1]]
    np.testing.assert_allclose(exprel(x)[:-1], expected, rtol=4e-16)
    assert exprel(x)[-1] == np.inf


def test_blocks_come_after_what_they_depend_on():
    reached = reach(4, [(0, 1), (1, 2), (2, 1), (3, 0)])
    assert reached[0] == {0, 1, 2}
    assert blocks(reached) == ((1, 2), (0,), (3,))
    assert components(5, [(0, 1), (3, 1)]) == ((0, 1, 3), (2,), (4,))
