"""Infinite values: those that the user means stay, those that a run makes are errors."""

import numpy as np
import pytest

from simgen import Network, NeuronGroup, NumericalError, ms

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("device")]

MODEL = """
made : 1
meant : 1
last : second
never : second
zero : 1
"""


def cells():
    group = NeuronGroup(3, MODEL, threshold="i == 1", reset="last = t", name="cells")
    group.last = -np.inf * ms
    group.run_regularly("made = 1/zero\nmeant = int(i == 1)*5 + 1/zero", name="cells_code")
    group.zero = 1
    return group


def test_an_infinity_is_refused_where_the_run_made_it():
    group = cells()
    net = Network(group)
    net.run(0.1 * ms)
    assert group.last_[0] == -np.inf
    assert group.last_[1] == 0
    group.zero = [1, 1, 0]
    group.meant = np.inf
    with pytest.raises(NumericalError, match="'made' of NeuronGroup 'cells' is inf at index 2"):
        net.run(0.1 * ms)
    net.run(0.1 * ms, check_finite=False)
    assert group.made[2] == np.inf
    net.store()
    group.zero = 1
    net.run(0.1 * ms)
    net.restore()  # what was kept with an infinity may have one
    net.run(0.1 * ms)
    assert group.made[2] == np.inf
    group.zero[2] = -1e-320  # subnormal: 1/zero is -inf, and inf - inf below is NaN
    group.run_regularly("made = meant - meant", order=1)
    with pytest.raises(NumericalError, match="'made' of NeuronGroup 'cells' is nan"):
        net.run(0.1 * ms)


def test_code_may_say_that_it_means_infinity():
    group = NeuronGroup(2, "x : 1\ny : 1", threshold="i == 0", reset="x = -inf")
    net = Network(group)
    net.run(0.1 * ms)
    assert group.x[0] == -np.inf
    group.run_regularly("y = log(y)")  # -inf at once
    with pytest.raises(NumericalError, match="is -inf at index 0"):
        net.run(0.1 * ms)
