"""Names that could mean two things: which one is used, and one warning that says so."""

import logging

import pytest

from simgen import Equations, Network, NeuronGroup, Synapses, ms, run, set_device, start_scope

tau = 5 * ms  # of the module, which the namespace of a group hides
N_pre = 7
dt = 0.1 * ms  # the step that is used anyway: no conflict


@pytest.fixture(autouse=True)
def slow_device():
    set_device("reference")
    start_scope()
    yield
    set_device("auto")


@pytest.fixture
def warned(caplog):
    """Return the messages since the last call, and forget them."""
    caplog.set_level(logging.WARNING, logger="simgen")

    def take():
        messages = [r.getMessage() for r in caplog.records if r.name == "simgen.names"]
        caplog.clear()
        return messages

    return take


def test_a_namespace_of_a_group_comes_before_the_callers_and_says_so_once(warned):
    group = NeuronGroup(
        1, "dx/dt = 1/tau/(dt/ms)*N : 1\nrate : 1", namespace={"tau": 10 * ms}, name="exc"
    )
    N = 1  # what N is in the group, too
    net = Network(group)
    net.run(1 * ms)
    assert group.x[0] == pytest.approx(1.0)
    (message,) = warned()
    for part in ("NeuronGroup 'exc'", "'tau'", "10. * ms", "5. * ms", f"module '{__name__}'"):
        assert part in message
    net.run(1 * ms)
    net.run(1 * ms, namespace={"tau": 3 * ms})
    assert warned() == []


def test_values_of_a_later_run_are_compared_with_the_namespace_too(warned):
    group = NeuronGroup(1, "dx/dt = 1/tau : 1", namespace={"tau": 10 * ms}, name="inh")
    net = Network(group)
    net.run(1 * ms, namespace={})
    net.run(1 * ms, namespace={"tau": 10 * ms, "other": 3})
    assert warned() == []
    net.run(1 * ms, namespace={"tau": 3 * ms})
    (message,) = warned()
    assert "NeuronGroup 'inh': 'tau'" in message
    assert "the namespace given to the call" in message


def test_values_put_into_equations_hide_nothing(warned):
    group = NeuronGroup(1, Equations("dx/dt = 1/tau : 1", tau=10 * ms))
    run(1 * ms)
    assert group.x[0] == pytest.approx(0.1)
    assert warned() == []


def test_a_constant_named_as_something_of_the_model_is_told(warned):
    w, i, x, hidden = 3, 4, [1, 2], 5  # of w and i a number could be meant
    group = NeuronGroup(
        2, "x : 1\nhidden : 1", threshold="x > 1", reset="x = 0", namespace={"x": 3}, name="exc"
    )
    synapses = Synapses(group, group, "w : 1", on_pre="x_post += w*N_pre", name="syn")
    synapses.connect("i != j")
    run(1 * ms)
    messages = sorted(warned())
    assert len(messages) == 3
    told = ("NeuronGroup 'exc': 'x'", "Synapses 'syn': 'N_pre'", "Synapses 'syn': 'w'")
    assert all(message.startswith(start) for message, start in zip(messages, told))
    assert "the value 3 of the namespace given to this object" in messages[0]
    assert f"the value 7 of the variable of the calling module '{__name__}'" in messages[1]
    assert "the value 3 of the variable of the calling function" in messages[2]
    group.x = "i*2"
    group.x = "i*3"
    (message,) = warned()
    assert message.startswith("NeuronGroup 'exc': 'i'")
    run(1 * ms)
    assert warned() == []


def test_a_constant_may_end_like_a_variable_of_an_end(warned):
    tau_pre = 1 * ms
    group = NeuronGroup(1, "x : 1", threshold="t < dt", reset="")
    synapses = Synapses(group, group, "da/dt = -a/tau_pre : 1 (event-driven)", on_pre="a += 1")
    synapses.connect()
    run(2 * ms)
    assert tau_pre == 1 * ms
    assert synapses.a[0] == 1
    assert warned() == []
