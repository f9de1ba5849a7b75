"""Deliveries in one launch with the state update, where spikes take a step at least."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.ir.construct import binary, compare, integer, real
from simgen.ir.expr import ELEMENT, POST, PRE, SYNAPSE, ZERO, Gather, Load, Param
from simgen.ir.kernel import Clock, OverEvents, OverFanOut, OverIndices, Recorder
from simgen.ir.stmt import Accumulate, Append, Emit, Store
from simgen.options import Options
from simgen.targets.cuda.backend import CudaTarget
from simgen.targets.cuda.emulate import EmulatedDevice
from simgen.targets.cuda.lower import delays_that_decide, lower_program

pytestmark = pytest.mark.compiler
ORDERS = ("forward", "reverse", "shuffled")


class Counting(EmulatedDevice):
    """An emulated device that finds races, and notes which functions are launched."""

    def __init__(self, order):
        super().__init__(order=order, seed=7, check=True)
        self.launched = []
        self.n_compiled = 0

    def compile(self, source):
        self.n_compiled += 1
        return _Noting(super().compile(source), self.launched)


class _Noting:
    def __init__(self, module, launched):
        self._module, self._launched = module, launched

    def function(self, name):
        return _Noted(self._module.function(name), name, self._launched)


class _Noted:
    def __init__(self, function, name, launched):
        self._function, self._name, self._launched = function, name, launched
        self.resident = function.resident

    def launch(self, *arguments):
        self._launched.append(self._name)
        self._function.launch(*arguments)


def network(lab, delays, n=70, real_type=np.float64):
    """Neurons that are driven by each other; all sums are exact, so that their order is no matter.

    Returns the net and the kernels: state update, delivery, reset.
    """
    net = lab.Net()
    net.real = real_type
    random = np.random.default_rng(3)
    net.group("exc", n)
    net.events("exc", max(delays) + 1)
    net.array("exc.v", random.integers(0, 4, n).astype(real_type))
    net.array("exc.g", np.zeros(n, real_type))
    triples = [
        (pre, int(post), int(random.choice(delays)))
        for pre in range(n)
        for post in random.choice(n, 6, replace=False)
    ]
    synapses = lab.add_synapses(net, triples, "exc", "exc", "dense16")
    net.array("S.w", (random.integers(1, 3, len(synapses))).astype(real_type))
    v, g = lab.state("exc.v"), lab.state("exc.g")
    w = lab.state("S.w", length="n_S")
    events = lab.group_events("exc")
    fired = OverEvents(events, integer(0), Param("exc.n", lab.I64))
    update = lab.kernel(
        "update",
        lab.over("exc"),
        Accumulate(v, ELEMENT, "+", binary("+", Load(g, ELEMENT), real(1.0))),
        Store(g, ELEMENT, real(0.0)),
        Emit(events, compare(">", Load(v, ELEMENT), real(11.0))),
    )
    out = OverFanOut(synapses.store, events, synapses.delays)
    deliver = lab.kernel("deliver", out, Accumulate(g, POST, "+", Load(w, SYNAPSE)))
    reset = lab.kernel("reset", fired, Store(v, ELEMENT, real(0.0)))
    return net, update, deliver, reset


def started(net, what, device):
    executable = CudaTarget(Options(real=np.dtype(net.real)), device).build(what)
    executable.bind(net.memory)
    return executable


def run(net, executable, ticks):
    net.memory.changed()
    assert executable.run(ticks) == ticks
    net.memory.fetch()
    return [net.memory.arrays[name].tolist() for name in ("exc.v", "exc.g", "exc.spikes.ids")]


@pytest.mark.parametrize("real_type", [np.float64, np.float32])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("delays", [(1,), (1, 2, 5), (0, 2)])
def test_a_step_is_one_launch_where_no_delay_is_zero(lab_maker, order, delays, real_type):
    device = Counting(order)
    net, *kernels = network(lab_maker("cuda"), delays, real_type=real_type)
    lab = lab_maker("cpu")
    other, *expected = network(lab, delays, real_type=real_type)
    executable = started(net, lab.program(*kernels), device)
    running = other.bind(lab.program(*expected))
    total = 0
    for ticks in (1, 6, 1, 2, 15):
        got = run(net, executable, ticks)
        running.run(ticks)
        arrays = other.memory.arrays
        assert got == [arrays[name].tolist() for name in ("exc.v", "exc.g", "exc.spikes.ids")]
        total += int(arrays["exc.spikes.counts"].sum())
    assert total > 20
    used = {*device.launched} - {"sg_begin_run"}
    assert used == {"sg_phase_0", "sg_phase_1" if 0 in delays else "sg_end_run"}
    assert device.n_compiled == 1


def test_a_delay_that_becomes_zero_takes_two_launches(lab_maker):
    device, lab = Counting("forward"), lab_maker("cuda")
    net, *kernels = network(lab, (1, 2))
    executable = started(net, lab.program(*kernels), device)
    run(net, executable, 3)
    assert "sg_phase_1" not in device.launched
    net.memory.arrays["S.delays"][0] = 0
    run(net, executable, 3)
    assert "sg_phase_1" in device.launched


def test_the_host_may_change_what_is_summed_up(lab_maker):
    """Between runs all that has arrived is where it belongs, and nothing comes again."""
    lab = lab_maker("cuda")
    net, *kernels = network(lab, (1,))
    executable = started(net, lab.program(*kernels), Counting("shuffled"))
    _, g, _ = run(net, executable, 12)
    while not any(g):
        _, g, _ = run(net, executable, 1)
    net.memory.arrays["exc.g"][:] = -1.0
    before = net.memory.arrays["exc.v"].copy()
    v, _, _ = run(net, executable, 1)
    quiet = np.array(v) != 0  # of the others, v was reset
    assert np.array_equal(np.array(v)[quiet], before[quiet])


def refused(lab):
    """Return schedules that take as many launches as without sums."""
    _, update, deliver, _ = network(lab, (1, 2))
    v, g = lab.state("exc.v"), lab.state("exc.g")
    total = lab.state("total", length="one")
    look = lab.kernel(
        "look",
        OverIndices(lab.state("seen", lab.I64, "n_seen")),
        Append(Recorder("mon", lab.REAL), Load(g, ELEMENT)),
    )
    mean = lab.kernel("mean", lab.over("exc"), Store(total, ZERO, Gather(g, integer(0))))
    scale = replace(deliver, body=(Accumulate(g, POST, "*", real(0.5)),))
    from_g = replace(deliver, name="more", body=(Accumulate(v, POST, "+", Load(g, PRE)),))
    peek = replace(update, body=(Store(v, ELEMENT, Gather(g, integer(3))), update.body[-1]))
    later = replace(deliver, clock=Clock("slow"))
    return {
        "a record": (update, deliver, look),
        "a mean": (update, deliver, mean),
        "a product": (update, scale),
        "another delivery reads": (update, deliver, from_g),
        "another element's": (peek, deliver),
        "a delivery before it is taken up": (deliver, update),
        "another clock": (update, later),
    }


@pytest.mark.parametrize(
    "case",
    [
        "a record",
        "a mean",
        "a product",
        "another delivery reads",
        "another element's",
        "a delivery before it is taken up",
        "another clock",
    ],
)
def test_what_others_use_is_not_summed_apart(cpu_lab, case):
    what = cpu_lab.program(*refused(cpu_lab)[case])
    assert delays_that_decide(what) == ()
    lowered = lower_program(what, np.dtype(np.float64), delayed=True)
    assert lowered == lower_program(what, np.dtype(np.float64))
    assert lowered.summed == ()


def test_in_order_nothing_is_summed_apart(cpu_lab):
    _, *kernels = network(cpu_lab, (1,))
    what = cpu_lab.program(*kernels)
    assert delays_that_decide(what) == ("S.delays",)
    assert delays_that_decide(what, deterministic=True) == ()


def recorded(lab, capacity):
    """Return the net and its kernels, of which the first records v of two neurons."""
    net, *kernels = network(lab, (1, 2))
    net.recorder("rec", np.float64, capacity, 2)
    net.array("chosen", np.array([2, 3], np.int64))
    net.memory.ints["chosen.n"] = 2
    value = Append(Recorder("rec", lab.REAL), Load(lab.state("exc.v"), ELEMENT))
    over = OverIndices(lab.state("chosen", lab.I64, "chosen.n"))
    return net, (lab.kernel("look", over, value), *kernels)


def test_a_run_that_stops_for_a_full_recorder_goes_on_at_its_step(lab_maker):
    device, lab = Counting("shuffled"), lab_maker("cpu")
    net, kernels = recorded(lab_maker("cuda"), 14)
    other, expected = recorded(lab, 100)
    other.bind(lab.program(*expected)).run(30)
    executable = started(net, lab.program(*kernels), device)
    left, values = 30, []
    while left:
        net.memory.changed()
        done = executable.run(left)
        assert done == min(left, 7)  # the recorder has room for these
        net.memory.fetch()
        values += net.recorded("rec").tolist()
        net.memory.arrays["rec.used"][0] = 0
        left -= done
    assert values == other.recorded("rec").tolist()
    for name in ("exc.v", "exc.g", "exc.spikes.ids"):
        assert net.memory.arrays[name].tolist() == other.memory.arrays[name].tolist()
    assert {*device.launched} == {"sg_begin_run", "sg_phase_0", "sg_phase_1", "sg_end_run"}
