"""What has no value is an error on every target, not a silent 0 or NaN."""

import pytest

from simgen import ModelError, Network, PoissonGroup, ms

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("device")]


def test_rates_given_as_text_are_no_nan():
    group = PoissonGroup(3, "sqrt(1.0 - i)*Hz", name="noise")
    net = Network(group)
    with pytest.raises(ModelError, match="'rates' of PoissonGroup 'noise' was nan Hz at index 2"):
        net.run(0.2 * ms)
