"""Brian's standalone mode: runs that are noted, built once, and made with other values."""

import numpy as np
import pytest

import simgen
import simgen.brian as brian
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    mV,
)
from simgen.api.noted_runs import NOTED
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    ModelError,
    SimgenError,
    UnknownNameError,
)

ready = brian.device


@pytest.fixture
def noting(device):
    """Note runs, on the device of the test, as ``set_device(..., build_on_run=False)`` does."""
    NOTED.begin(True)
    yield device
    ready.reinit()
    NOTED.begin(False)


def decaying(n=10):
    """Return neurons whose time constant has to be given, and a recording of the first."""
    group = NeuronGroup(
        n, "dv/dt = -v/tau : 1\ntau : second (shared, constant)", method="euler", name="decaying"
    )
    group.v = 1
    return group, StateMonitor(group, "v", record=[0])


def test_each_run_starts_from_what_was_built_with_the_values_that_are_given(noting):
    """As in Brian's documentation; without a time constant nothing could be run."""
    group, monitor = decaying()
    net = Network(group, monitor)
    net.run(5 * ms)
    net.run(5 * ms)
    ready.build(run=False)
    found = {}
    for tau in (5, 10, 20, 5):
        ready.run(run_args={group.tau: tau * ms})
        decay = 1 - 0.1 / tau
        np.testing.assert_allclose(monitor.v[0], decay ** np.arange(100), rtol=1e-12)
        np.testing.assert_allclose(group.v, decay**100, rtol=1e-12)
        assert net.t == 10 * ms
        assert float(group.tau / ms) == pytest.approx(tau)
        found.setdefault(tau, monitor.v[0].tolist())
        assert found[tau] == monitor.v[0].tolist()


class Spiking:
    """A small network with delays, plasticity, noise and refractoriness."""

    def __init__(self):
        self.source = SpikeGeneratorGroup(3, [0, 1, 2, 0, 1], [0.1, 0.3, 0.6, 1.4, 2.2] * ms)
        self.target = NeuronGroup(
            4,
            "dv/dt = (drive(t) - v)/(2*ms) + rand_size*xi*ms**-0.5 : 1\nrand_size : 1 (constant)",
            threshold="v > 1",
            reset="v = 0",
            refractory=0.5 * ms,
            method="euler",
            namespace={"drive": TimedArray([0.5, 1.5], dt=1 * ms)},
        )
        self.drive = self.target.namespace["drive"]
        self.synapses = Synapses(
            self.source, self.target, "w : 1\nda/dt = -a/ms : 1 (event-driven)",
            on_pre="v_post += w; a += 1; w += 0.125",
        )  # fmt: skip
        self.synapses.connect()
        self.synapses.w, self.synapses.delay = "0.25 + i/8", "0.2*ms*(j + 1)"
        self.spikes = SpikeMonitor(self.target)
        self.count = SpikeMonitor(self.target, record=False)
        self.trace = StateMonitor(self.synapses, "w", record=True, dt=0.5 * ms)
        self.net = Network({n: each for n, each in vars(self).items() if n != "drive"})

    def results(self):
        arrays = (
            *(self.spikes.i, self.spikes.t_, self.count.count, self.trace.w, self.trace.t_),
            *(self.target.v_, self.target.lastspike_, self.synapses.w, self.synapses.a),
        )
        return [np.asarray(array[:]).tolist() for array in arrays]


def test_nothing_of_a_run_is_left_in_the_next(noting):
    model = Spiking()
    model.net.run(3 * ms)
    model.net.run(1 * ms)
    ready.build(run=False)
    ready.run()
    first = model.results()
    assert len(first[0]) > 3
    ready.run(run_args={model.synapses.w: np.arange(12) / 8, model.target.rand_size: 0.5})
    second = model.results()
    assert second != first
    ready.run(run_args={model.drive: [3, 0]})
    third = model.results()
    assert third not in (first, second)
    ready.run(run_args={model.synapses.w: np.arange(12) / 8, model.target.rand_size: 0.5})
    assert model.results() == second  # the same random numbers, too: a seed was chosen
    ready.run()
    assert model.results() == first
    NOTED.begin(False)
    simgen.seed(1)
    simgen.start_scope()
    plain = Spiking()  # without any of this
    plain.net.run(3 * ms)
    plain.net.run(1 * ms)
    assert plain.results() == first


def test_runs_of_an_unseeded_script_draw_other_numbers(noting):
    simgen.seed()
    model = Spiking()
    model.net.run(2 * ms)
    ready.build(run=False)
    found = []
    for _ in range(3):
        ready.run(run_args={model.target.rand_size: 1})
        found.append(model.target.v[:].tolist())
    assert found[0] != found[1] != found[2] != found[0]


@pytest.mark.compiler
def test_no_run_compiles_anything_after_the_first(monkeypatch):
    brian.set_device("cpp_standalone", build_on_run=False)
    simgen.start_scope()
    model = Spiking()
    model.net.run(2 * ms)
    ready.build(run=False)
    ready.run()

    def refuse(*_arguments, **_options):
        raise AssertionError("a compiler was called")

    monkeypatch.setattr("subprocess.run", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    for size in (0, 0.5, 1):
        ready.run(run_args={model.target.rand_size: size})
    brian.set_device("auto")


def test_runs_use_the_constants_of_the_moment_they_were_asked_for(noting):
    group = NeuronGroup(1, "dv/dt = rate : 1", method="euler")
    rate = 1000 * simgen.Hz
    net = Network(group)
    net.run(1 * ms)
    rate = 3000 * simgen.Hz
    net.run(1 * ms)
    rate = 0 * simgen.Hz
    ready.build(run=False)
    for start in (0, 5):
        ready.run(run_args={group.v: start})
        assert group.v[0] == pytest.approx(start + 4)
    ready.run(run_args=[f"{group.name}.v=-1.5"])
    assert group.v[0] == pytest.approx(2.5)
    assert rate == 0


def test_several_networks_may_be_built(noting):
    groups = [NeuronGroup(2, "dv/dt = k*kHz : 1\nk : 1", method="euler") for _ in range(2)]
    nets = [Network(group) for group in groups]
    for net in nets:
        net.run(1 * ms)
    ready.build(run_args={groups[0].k: 1, groups[1].k: [2, 3]})
    assert groups[0].v[:] == pytest.approx([1, 1])
    assert groups[1].v[:] == pytest.approx([2, 3])
    ready.run(run_args={groups[1].k: 4})
    assert groups[0].v[:] == pytest.approx([0, 0])
    assert groups[1].v[:] == pytest.approx([4, 4])


# --- runs that are made because something looks -------------------------------------------------


def counting():
    group = NeuronGroup(2, "v : 1\nshown = 2*v : 1", threshold="v > 2.5", reset="", name="counting")
    group.run_regularly("v += 1")
    synapses = Synapses(group, group, "w : 1", on_pre="w += 1")
    synapses.connect(j="i")
    return group, synapses, Network(group, synapses)


@pytest.mark.parametrize(
    "look",
    [
        lambda group, synapses, net, monitor: group.v[0] == 3,
        lambda group, synapses, net, monitor: list(group.v_) == [3, 3],
        lambda group, synapses, net, monitor: group.shown[1] == 6,
        lambda group, synapses, net, monitor: group.v.shape == (2,) and not NOTED.runs,
        lambda group, synapses, net, monitor: synapses.w[0] == 1,
        lambda group, synapses, net, monitor: synapses.v_post[0] == 3,
        lambda group, synapses, net, monitor: len(monitor.t) == 2,
        lambda group, synapses, net, monitor: monitor.num_spikes == 2,
        lambda group, synapses, net, monitor: monitor.i.tolist() == [0, 1],
        lambda group, synapses, net, monitor: monitor.spike_trains()[0].size == 1,
        lambda group, synapses, net, monitor: abs(net.t - 0.3 * ms) < 1e-9 * ms,
        lambda group, synapses, net, monitor: net.t_ == pytest.approx(3e-4),
        lambda group, synapses, net, monitor: abs(group.t - 0.3 * ms) < 1e-9 * ms,
        lambda group, synapses, net, monitor: net.get_states()["counting"]["v"][0] == 3,
    ],
)
def test_whoever_looks_at_results_finds_them(noting, look):
    group, synapses, net = counting()
    monitor = SpikeMonitor(group)
    net.add(monitor)
    net.run(0.2 * ms)
    net.run(0.1 * ms)
    assert len(NOTED.runs) == 2
    assert look(group, synapses, net, monitor)
    assert not NOTED.runs
    ready.build()  # has nothing left to do
    assert group.v[0] == 3


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (lambda group, synapses, net: group.v.__setitem__(slice(None), 10), 11),
        (lambda group, synapses, net: setattr(group, "v", "v + 10"), 14),
        (lambda group, synapses, net: setattr(group, "v", 20), 21),
        (lambda group, synapses, net: synapses.connect(i=0, j=1), 4),
        (lambda group, synapses, net: setattr(synapses, "delay", 0.1 * ms), 4),
        (lambda group, synapses, net: group.run_regularly("v += 100"), 4),
        (lambda group, synapses, net: group.set_states({"v": [30, 30]}), 31),
        (lambda group, synapses, net: group.run_now("v *= 2"), 7),
        (lambda group, synapses, net: net.store(), 4),
        (lambda group, synapses, net: net.add(NeuronGroup(1, "v : 1")), 4),
        (lambda group, synapses, net: net.remove(synapses), 4),
        (lambda group, synapses, net: setattr(group, "active", True), 4),
        (lambda group, synapses, net: setattr(simgen.defaultclock, "dt", 0.1 * ms), 4),
        (lambda group, synapses, net: simgen.seed(4), 4),
    ],
)
def test_changes_between_runs_come_after_what_was_asked_for_before(noting, change, value):
    group, synapses, net = counting()
    net.run(0.3 * ms)
    change(group, synapses, net)
    assert not NOTED.runs
    net.run(0.1 * ms)
    ready.build()
    found = group.v[0]
    assert found % 100 == value
    with pytest.raises(ModelError, match=r"nothing to build: the runs of this script were made"):
        ready.build(run=False)


def test_the_implicit_network_is_noted_too(noting):
    group = NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler")
    simgen.run(1 * ms)
    simgen.run(2 * ms)
    assert len(NOTED.runs) == 2
    ready.build()
    assert group.v[0] == pytest.approx(3)
    ready.run(run_args={group.v: 1})
    assert group.v[0] == pytest.approx(4)


# --- errors ---------------------------------------------------------------------------------------


def test_values_that_cannot_be_given(noting):
    group, _ = decaying()
    table = TimedArray([1, 2] * mV, dt=1 * ms)
    group.tau = 5 * ms
    Network(group).run(0.2 * ms)
    ready.build(run=False)
    bad = [
        ({group.tau: 3}, DimensionMismatchError, "'tau' of NeuronGroup 'decaying'"),
        ({group.v: [1, 2]}, SimgenError, "needs 10 values here, but 2"),
        ({group.v: 1, group.v: 2}, ModelError, "two values for 'v' of NeuronGroup 'decaying'"),
        ({group: 1}, ArgumentTypeError, "The keys of run_args are variables"),
        ({group.v: "rand()"}, ArgumentTypeError, r"a number or an array, not the text 'rand\(\)'"),
        ({table: [1, 2]}, DimensionMismatchError, "is a voltage .* but its values in run_args"),
        ({table: [1, 2, 3] * mV}, ModelError, r"has the shape \(2,\), but .* \(3,\)"),
        ({group.i: 1}, SimgenError, "'i' of NeuronGroup 'decaying' cannot be written"),
        (["decayed.v=1"], UnknownNameError, "no group 'decayed' for run_args. .*'decaying'"),
        (["decaying.v"], ArgumentTypeError, "as in 'neurongroup.v=0.5', not 'decaying.v'"),
        (["decaying.u=1"], SimgenError, "'u_'"),
        (3, ArgumentTypeError, "run_args must be a dict"),
    ]
    for run_args, error, text in bad:
        with pytest.raises(error, match=text):
            ready.run(run_args=run_args)
    ready.run(run_args={group.v: 2})  # and after all that:
    assert group.v[0] == pytest.approx(2 * 0.98**2)


def test_what_was_set_after_the_runs_were_built_is_not_lost_without_a_word(noting):
    group, _ = decaying()
    Network(group).run(0.2 * ms)
    ready.build(run=False)
    group.tau = 5 * ms
    with pytest.raises(ModelError, match=r"'decaying' was changed after device.build.*run_args"):
        ready.run()


def test_runs_have_to_be_noted_and_built(device):
    NOTED.begin(False)
    with pytest.raises(ModelError, match=r"nothing to run: runs are made when run.. is called"):
        ready.run()
    with pytest.raises(ModelError, match=r"device.build.. has nothing to build: runs are made"):
        ready.build(run=False)
    NOTED.begin(True)
    group, _ = decaying()
    Network(group).run(0.2 * ms)
    with pytest.raises(ModelError, match=r"nothing to run: .*build.. was not called after it"):
        ready.run()
    ready.reinit()  # forgets the run
    assert group.v[0] == 1
    NOTED.begin(False)


def test_errors_in_the_text_are_found_when_runs_are_built(noting):
    group = NeuronGroup(1, "dv/dt = -v/tau : 1")
    Network(group).run(0.2 * ms)
    with pytest.raises(UnknownNameError, match="tau"):
        ready.build(run=False)
