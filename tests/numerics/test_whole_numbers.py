"""Integer variables: what needs more than 32 bits is an error, wherever code writes it."""

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    NumericalError,
    StateMonitor,
    Synapses,
    ms,
    run,
)

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("device")]
LARGE = 2000000000


def neurons(model="n : integer", **options):
    return NeuronGroup(3, model, threshold="i == 1", name="cells", **options)


def by_a_clock(code):
    group = neurons()
    group.n = "i"
    group.run_regularly(code)
    return Network(group)


def by_a_reset(code):
    group = neurons(reset=code)
    group.n = "i"
    return Network(group)


def by_synapses(code, model=""):
    group = neurons()
    group.n = "i"
    synapses = Synapses(group, group, model, on_pre=code, name="wires")
    synapses.connect()
    return Network(group, synapses)


WRONG = {
    "sum": (lambda: by_a_clock(f"n += {LARGE}"), "n += 2000000000", "at index 2"),
    "difference": (lambda: by_a_clock(f"n -= {LARGE}"), "n -= 2000000000", "at index 2"),
    "product": (lambda: by_a_clock("n *= 70000"), "n *= 70000", "at index 2"),
    "real": (lambda: by_a_clock("n = int(1e30*int(i == 0))"), "n = int(", "at index 0"),
    "reset": (lambda: by_a_reset(f"n = n*2 + {LARGE}"), "n = n*2 +", "at index 1"),
    "target": (lambda: by_synapses(f"n += {LARGE}"), "n += 2000000000", "at index 2"),
    "target product": (lambda: by_synapses("n_post *= 70000"), "n_post *= 7", "at index 2"),
    "source": (lambda: by_synapses(f"n_pre = n_pre + {LARGE}"), "n_pre = n_", "at index 1"),
    "synapse": (lambda: by_synapses("m = m*70000 + 1", "m : integer"), "m = m*", "'m' of Synapses"),
    "amount": (lambda: by_a_clock("n += int(1e18)"), "n += int(1e18)", "at index 2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_number_that_is_too_large_is_an_error(name):
    build, code, place = WRONG[name]
    network = build()
    with pytest.raises(NumericalError, match="does not fit into 32 bits") as caught:
        network.run(1 * ms)
    assert code in str(caught.value)
    assert place in str(caught.value)


def test_the_step_can_be_found_and_the_network_runs_on():
    group = neurons()
    group.run_regularly("n += 500000000")
    network = Network(group)
    with pytest.raises(NumericalError, match="after step 4"):
        network.run(2 * ms, check_finite="step")
    group.n = 0
    network.run(0.4 * ms)
    assert group.n[:].tolist() == [LARGE] * 3


def test_what_is_just_not_too_large_is_no_error():
    group = neurons("n : integer\nlow : integer", reset="n += 1")
    group.n, group.low = 2**31 - 5, -(2**31) + 3
    synapses = Synapses(group, group, on_pre="low -= 1")
    synapses.connect()
    synapses.delay = 0.1 * ms
    run(0.4 * ms)
    assert group.n[:].tolist() == [2**31 - 5, 2**31 - 1, 2**31 - 5]
    assert group.low[:].tolist() == [-(2**31)] * 3


def test_subexpressions_are_exact_and_variables_that_hold_them_are_checked():
    group = NeuronGroup(2, "k : integer\nm = k*k : integer")
    group.k = 2000000
    monitor = StateMonitor(group, "m", record=True)
    run(0.1 * ms)
    assert group.m[:].tolist() == monitor.m[:, 0].tolist() == [4 * 10**12] * 2
    held = NeuronGroup(2, "k : integer\nm = k*k : integer (constant over dt)")
    held.k = 2000000
    with pytest.raises(NumericalError, match="'m' of NeuronGroup"):
        Network(held).run(0.1 * ms)


def test_sums_over_synapses_do_not_wrap():
    group = neurons(reset="")
    model = "n_post = 1000000000 : integer (summed)"
    synapses = Synapses(group, group, model, name="wires")
    synapses.connect("j == 1 and i < 2")
    network = Network(group, synapses)
    network.run(0.1 * ms)
    assert group.n[:].tolist() == [0, LARGE, 0]
    synapses.connect("i == 2 and j == 1")
    with pytest.raises(NumericalError, match=r"(?s)n_post = 10.*'n' .* at index 1 .* 32 bits"):
        network.run(0.1 * ms)


def test_the_index_is_the_same_on_every_device():
    group = NeuronGroup(1000, "n : integer", name="cells")
    group.run_regularly("n += 2000000000*int(i < 700)")
    with pytest.raises(NumericalError, match="at index 699 "):
        Network(group).run(1 * ms)
    assert np.all(np.asarray(group.n[700:]) == 0)
