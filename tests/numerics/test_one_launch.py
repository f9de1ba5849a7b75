"""Deliveries that share a launch with the state update: what users see of a step stays the same.

Weights, steps and time constants are powers of two, so that in these few steps sums are exact in
any order, and what runs on the device and on the processor must be equal bit by bit.
"""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    network_operation,
    second,
    set_device,
)
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import open_emulated

pytestmark = pytest.mark.compiler

N, STEP = 40, 2.0**-13 * second
EQUATIONS = """dv/dt = (0.25 + g + h)/tau : 1 (unless refractory)
dg/dt = -g/tau : 1
dh/dt = -h/tau : 1"""


class Model:
    """Neurons with two inputs, each of one pathway; ``delays`` are the shortest ones, in steps."""

    def __init__(self, delays=(1, 3), record=None, more=None):
        simgen.start_scope()
        simgen.seed(11)
        simgen.defaultclock.dt = STEP
        self.group = NeuronGroup(
            N,
            EQUATIONS,
            threshold="v > 1",
            reset="v = 0",
            refractory=3 * STEP,
            method="euler",
            namespace={"tau": 2 * STEP},
        )
        self.group.v = "(i % 8)/8.0"
        self.pathways = [self.pathway(name, delay) for name, delay in zip("gh", delays)]
        self.counts = [SpikeMonitor(one, record=False) for one in (self.group, self.group[5:20])]
        self.monitors = [StateMonitor(self.group, record, record=[0, 3, 17])] if record else []
        others = more(self) if more else []
        self.net = Network(self.group, self.pathways, self.counts, self.monitors, others)

    def pathway(self, name, delay):
        """Return synapses of which half take two steps more than the others."""
        made = Synapses(self.group, self.group, "w : 1", on_pre=f"{name}_post += w")
        made.connect(i=np.arange(4 * N) % N, j=(np.arange(4 * N) * 7 + 3) % N)
        made.w = "(1 + i % 3)/16.0"
        made.delay = (delay + 2 * (np.arange(4 * N) % 2)) * STEP
        return made

    def run(self, n):
        """Run some steps and return all that a user can read then."""
        self.net.run(n * STEP)
        found = [np.array(getattr(self.group, name)) for name in ("v", "g", "h", "lastspike")]
        found += [np.array(one.count) for one in self.counts]
        for one in self.monitors:
            found += [np.array(getattr(one, name)) for name in one.record_variables]
        return found


@pytest.fixture(autouse=True)
def usual_clock():
    """Leave the default clock as it was."""
    dt = simgen.defaultclock.dt
    yield
    simgen.start_scope()
    simgen.defaultclock.dt = dt


@pytest.fixture
def launched(monkeypatch):
    """The names of what is launched: steps, and what comes at the end of a run."""
    log = []
    launch = backend._Bound.launch

    def noted(bound, calls):
        names = [call.title.partition(":")[0] for call in calls]
        log.extend(name for name in names if name)
        launch(bound, calls)

    monkeypatch.setattr(backend._Bound, "launch", noted)
    return log


@pytest.fixture(params=["forward", "reverse", "shuffled"])
def checked(monkeypatch, request):
    """Run threads and blocks of the device in this order; races raise whatever it is."""
    device = open_emulated(order=request.param, seed=3, check=True)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    yield
    set_device("auto")


def same(play, **options):
    """Play on the processor and on the device, and return what both found."""
    set_device("cpu")
    expected = play()
    set_device("cuda", emulate=True, **options)
    got = play()
    set_device("auto")
    assert len(got) == len(expected)
    for one, other in zip(got, expected):
        assert np.array_equal(one, other)
    return got


@pytest.mark.parametrize(("delays", "n_launches"), [((1, 3), 1), ((2, 0), 2), ((0, 0), 2)])
@pytest.mark.usefixtures("checked")
def test_runs_in_parts(launched, delays, n_launches):
    def play():
        model = Model(delays)
        return [array for n in (1, 2, 1, 20, 8) for array in model.run(n)]

    found = same(play)
    assert found[-2].sum() > N  # spikes
    assert any(array.any() for array in found[1::6])  # inputs that stand at the end of a run
    assert set(launched) == {f"sg_phase_{k}" for k in range(n_launches)}

    set_device("cuda", emulate=True)
    at_once = Model(delays).run(32)
    for one, other in zip(at_once, found[-len(at_once) :]):
        assert np.array_equal(one, other)


@pytest.mark.usefixtures("checked")
def test_changes_between_runs(launched):
    """Inputs, weights and delays change; zero comes among the delays and goes again."""

    def play():
        model = Model()
        found = model.run(9)
        model.group.g = "i/64.0"
        model.pathways[0].w = 0.125
        found += model.run(6)
        model.group.h[3:9] = -0.5
        model.pathways[1].delay = np.arange(4 * N) % 3 * STEP  # with spikes under way
        found += model.run(6)
        model.pathways[1].delay = 2 * STEP
        return found + model.run(1) + model.run(6)

    same(play)
    assert {"sg_phase_0", "sg_phase_1"} == set(launched)


@pytest.mark.parametrize("record", ["v", "g", ["g", "h"]])
@pytest.mark.usefixtures("checked")
def test_recorded_inputs_are_those_of_each_step(record):
    def play():
        return Model(record=record).run(30)

    assert same(play)[-1].any()


def drives(model):
    return [PoissonInput(model.group[:30], "g", 8, 2000 * simgen.Hz, 0.125)]


def generator(model):
    source = SpikeGeneratorGroup(8, np.arange(16) % 8, (np.arange(16) // 4 * 3) * STEP)
    pathway = Synapses(source, model.group, on_pre="h_post += 0.25", delay=STEP)
    pathway.connect(j="5*i")
    return [source, pathway]


def graded(model):
    """Synapses from some of the neurons that get what v was when these fired."""
    part = model.group[3:31]
    pathway = Synapses(part, model.group, on_pre="g_post += at_emission(floor(8*v_pre))/64")
    pathway.connect(i=np.arange(60) * 5 % 28, j=np.arange(60) * 7 % N)
    pathway.delay = (1 + np.arange(60) % 5) * STEP
    return [pathway]


def several(model):
    return [model.pathway("g", 2), model.pathway("g", 4)]


def seen(monitors):
    """Return what monitors of events and rates have recorded, by the order of their names."""
    found = []
    for one in monitors:
        names = ["t", *(["rate"] if isinstance(one, PopulationRateMonitor) else ["i"])]
        found += [np.array(getattr(one, name)) for name in names]
    return found


def spikes(model):
    return [SpikeMonitor(model.group), SpikeMonitor(model.group[5:33]), SpikeMonitor(model.group)]


def rates(model):
    return [PopulationRateMonitor(model.group), PopulationRateMonitor(model.group[7:])]


def spikes_and_rates(model):
    return [*spikes(model), *rates(model), PopulationRateMonitor(model.group[:1])]


def values_at_spikes(model):
    return [SpikeMonitor(model.group, variables="h")]


@pytest.mark.parametrize(
    ("more", "n_launches"),
    [
        (drives, 1),
        (generator, 1),
        (several, 1),
        (graded, 1),
        (spikes_and_rates, 1),
        (values_at_spikes, 3),
    ],
)
@pytest.mark.usefixtures("checked")
def test_other_inputs_and_monitors(launched, more, n_launches):
    def play():
        made = []

        def kept(model):
            made.extend(more(model))
            return made

        model = Model(more=kept)
        found = [array for n in (3, 20, 7) for array in model.run(n)]
        recorded = [one for one in made if isinstance(one, SpikeMonitor | PopulationRateMonitor)]
        return found + seen(recorded)

    same(play)
    assert set(launched) == {f"sg_phase_{k}" for k in range(n_launches)}


@pytest.mark.parametrize("delays", [(1, 3), (0, 2)])
@pytest.mark.usefixtures("checked")
def test_records_of_events_and_values_together(launched, delays):
    """Every record that the state update makes for others, in both texts, and in more than a warp.

    Of all elements, of some, and of a part.
    """

    def play():
        made = []

        def more(model):
            made.extend(spikes_and_rates(model))
            group, part = model.group, model.group[8:]
            lists = ((group, True), (group, [0, 31, 32, 39]), (part, [1, 25]))
            made.extend(StateMonitor(one, ["v", "h"], record=chosen) for one, chosen in lists)
            return made

        model = Model(delays, more=more)
        found = model.run(25) + model.run(5)
        traces = [one for one in made if isinstance(one, StateMonitor)]
        found += [np.array(getattr(one, name)) for one in traces for name in ("t", "v", "h")]
        return found + seen(one for one in made if not isinstance(one, StateMonitor))

    found = same(play)
    assert found[-8].size > N
    # h is read before the state update takes up what has arrived, so it is not summed apart
    assert set(launched) == {"sg_phase_0", "sg_phase_1"}


@pytest.mark.usefixtures("checked")
def test_values_that_the_state_update_records(launched):
    def play():
        model = Model(record="v", more=spikes)
        return model.run(11) + model.run(9)

    assert same(play)[-1].any()
    assert set(launched) == {"sg_phase_0"}


@pytest.mark.parametrize("listed", [[3, 1, 38], [3, 3, 38]])
@pytest.mark.usefixtures("checked")
def test_a_list_that_does_not_ascend_takes_a_launch_of_its_own(launched, listed):
    def play():
        made = []

        def more(model):
            made.append(StateMonitor(model.group, "v", record=listed))
            return made

        return [*Model(more=more).run(9), np.array(made[0].v)]

    assert same(play)[-1].any()
    assert set(launched) == {"sg_phase_0", "sg_phase_1"}


@pytest.mark.usefixtures("checked")
def test_python_code_sees_what_has_arrived():
    def play():
        seen = []

        def look(model):
            @network_operation(when="start")
            def operation():
                seen.append(np.array(model.group.g))
                model.group.h[0] = 0.5

            return [operation]

        return Model(more=look).run(15) + seen

    found = same(play)
    assert len(found) == 21
    assert found[-1].any()


@pytest.mark.usefixtures("checked")
def test_in_order_and_with_portable_functions():
    """Sums in order take a launch of their own; equal to the processor with any weights."""

    def play():
        model = Model()
        for pathway in model.pathways:
            pathway.w = "rand()"
        return model.run(30)

    same(play, deterministic=True)
