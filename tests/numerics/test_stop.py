"""``stop()`` ends the run that calls it, of whatever network."""

import pytest

from simgen import Network, NeuronGroup, defaultclock, network_operation, run, stop
from simgen.units import ms


@pytest.mark.parametrize("implicit", [False, True])
def test_stop_in_an_operation_ends_the_run_and_the_next_goes_on(device, implicit):
    group = NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler")
    active = [True]

    @network_operation(dt=1 * ms)
    def end(t):
        if t >= 2 * ms and active[0]:
            stop()

    net = Network(group, end)
    go = run if implicit else net.run
    if implicit:
        del net
    go(5 * ms)
    assert defaultclock.t / ms == pytest.approx(2.1)
    assert group.v[0] == pytest.approx(2.1)
    active[0] = False
    go(1 * ms)
    assert group.v[0] == pytest.approx(3.1)


def test_stop_without_a_run_does_nothing():
    group = NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler")
    stop()
    net = Network(group)
    net.run(1 * ms)
    stop()
    net.run(1 * ms)
    assert net.t / ms == pytest.approx(2)
