"""Running on an emulated device: binding, recorders, clocks, stops, and which side is newer."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.errors import InternalError
from simgen.ir.construct import binary, compare, integer, real
from simgen.ir.expr import ELEMENT, POST, SYNAPSE, IndexValue, Load, Step
from simgen.ir.kernel import Once, OverEvents, OverFanOut, OverIndices, Recorder
from simgen.ir.stmt import Accumulate, Append, Emit, Store
from simgen.options import Options
from simgen.targets.cuda import recorders
from simgen.targets.cuda.backend import CudaTarget
from simgen.targets.cuda.emulate import EmulatedDevice, open_emulated

pytestmark = pytest.mark.compiler


@pytest.fixture
def cuda(request):
    """A lab whose programs run on a device that counts what is copied."""
    return request.getfixturevalue("lab_maker")("cuda")


class Counting(EmulatedDevice):
    """An emulated device that notes the names of what goes up and comes down."""

    def __init__(self):
        super().__init__()
        self.up, self.down, self.texts, self.sizes = [], [], [], {}

    def allocate(self, n_bytes, name=""):
        self.sizes[name] = n_bytes
        return super().allocate(n_bytes, name)

    def upload(self, buffer, data, offset=0):
        self.up.append(buffer.name)
        super().upload(buffer, data, offset)

    def download(self, buffer, out, offset=0):
        self.down.append((buffer.name, out.size))
        super().download(buffer, out, offset)

    def compile(self, source):
        self.texts.append(source)
        return super().compile(source)


def growing(lab, recorder=True, capacity=100):
    """A group whose v grows by one in each step; element 2 is recorded."""
    net = lab.Net()
    net.group("exc", 40)
    net.array("exc.v", np.zeros(40))
    va = lab.state("exc.v")
    kernels = [lab.kernel("grow", lab.over("exc"), Accumulate(va, ELEMENT, "+", real(1.0)))]
    if recorder:
        net.recorder("rec", np.float64, capacity, 2)
        net.array("chosen", np.array([2, 3], np.int64))
        net.memory.ints["chosen.n"] = 2
        indices = lab.state("chosen", lab.I64, "chosen.n")
        body = Append(Recorder("rec", lab.REAL), Load(va, ELEMENT))
        kernels.append(lab.kernel("record", OverIndices(indices), body))
    return net, lab.program(*kernels)


def bound(net, what, device, **options):
    executable = CudaTarget(Options(**options), device).build(what)
    executable.bind(net.memory)
    return executable


def test_only_what_changed_is_copied(cuda):
    device, (net, what) = Counting(), growing(cuda)
    executable = bound(net, what, device)
    assert executable.run(3) == 3
    assert {"exc.v", "chosen", "rec.used"} <= set(device.up)
    assert "rec.data" not in device.up
    assert [name for name, _ in device.down] == ["control", "rec.used", "rec.data"]
    device.up.clear()
    device.down.clear()
    assert executable.run(2) == 2
    assert set(device.up) == {"control"}
    assert ("rec.data", 4) in device.down  # what was appended since
    assert net.memory.arrays["exc.v"][0] == 0  # the device is ahead
    net.memory.fetch()
    assert net.memory.arrays["exc.v"].tolist() == [5.0] * 40
    assert net.recorded("rec").tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    device.down.clear()
    net.memory.fetch()
    assert device.down == []


@pytest.mark.parametrize(("recorded", "ahead"), [(1, 3), (4, 3), (4, 9)])
def test_timed_launches_are_those_of_a_run(cuda, recorded, ahead):
    net, what = growing(cuda)
    device = open_emulated()
    device.recorded_ticks = recorded
    executable = bound(net, what, device)
    executable.run(2)
    times = executable.time_launches(5, ahead)
    assert [name.split(":")[0] for name in times] == ["sg_phase_0", "sg_phase_1"]
    assert ": record" in list(times)[1]
    assert all(seconds > 0 for seconds in times.values())
    net.memory.fetch()
    assert net.memory.arrays["exc.v"].tolist() == [7.0 + ahead] * 40
    assert len(net.recorded("rec")) == 2 * (7 + ahead)
    assert executable.run(1) == 1
    with pytest.raises(InternalError, match="ticks were made"):
        executable.time_launches(100, 0)  # the recorder has room for 50


def test_what_the_host_wrote_counts_in_the_next_run(cuda):
    net, what = growing(cuda)
    executable = bound(net, what, open_emulated())
    executable.run(2)
    net.memory.fetch()
    net.memory.arrays["exc.v"][2] = 10
    net.memory.changed()
    executable.run(1)
    net.memory.fetch()
    assert net.recorded("rec").tolist() == [1, 1, 2, 2, 11, 3]
    executable.run(1)
    with pytest.raises(InternalError, match=r"'exc.v' was not fetched"):
        net.memory.changed()


def test_a_full_recorder_stops_at_its_step_and_goes_on_with_room(cuda):
    net, what = growing(cuda, capacity=7)
    executable = bound(net, what, open_emulated())
    assert executable.run(10) == 3
    assert net.memory.arrays["tick"][0] == 3
    grown = np.zeros(40)
    grown[:7] = net.memory.arrays["rec.data"]
    net.array("rec.data", grown)
    net.memory.ints["rec.capacity"] = 40
    executable.bind(net.memory)
    assert executable.run(7) == 7
    assert net.recorded("rec").tolist() == [
        value for step in range(1, 11) for value in (step, step)
    ]


@pytest.mark.parametrize("ticks", [1, 3, 4, 5, 16, 19, 23, 100])
def test_ticks_come_from_recordings_or_one_by_one(cuda, ticks):
    """A device that records 16 ticks at once, as a GPU records many."""
    net, what = growing(cuda, capacity=400)
    device = Counting()
    device.recorded_ticks = 16
    executable = bound(net, what, device)
    assert executable.run(ticks) == ticks
    assert executable.run(2) == 2
    net.memory.fetch()
    assert net.memory.arrays["tick"][0] == ticks + 2
    assert net.memory.arrays["exc.v"].tolist() == [ticks + 2.0] * 40
    assert len(net.recorded("rec")) == 2 * (ticks + 2)


def test_recorded_launches_stay_valid_when_values_change(cuda):
    recorded = []

    class Recording(Counting):
        def capture(self, launches):
            recorded.append(1)
            return super().capture(launches)

    net, what = growing(cuda)
    executable = bound(net, what, Recording())
    executable.run(2)
    net.memory.ints["rec.capacity"] = 90
    executable.bind(net.memory)
    executable.run(2)
    assert len(recorded) == 1
    net.group("exc", 4000)  # other numbers of blocks
    net.memory.fetch()
    net.array("exc.v", np.zeros(4000))
    executable.bind(net.memory)
    executable.run(1)
    net.memory.fetch()
    assert len(recorded) == 2
    assert net.memory.arrays["exc.v"].tolist() == [1.0] * 4000


def test_the_device_keeps_a_window_of_a_recorder(cuda, monkeypatch):
    """Values are brought to the host whenever it is full, within one run."""
    monkeypatch.setattr(recorders, "LEAST_VALUES", 32)
    net, what = growing(cuda, capacity=500)
    device = Counting()
    executable = bound(net, what, device)
    assert executable.run(100) == 100
    assert net.recorded("rec").tolist() == np.repeat(np.arange(1.0, 101.0), 2).tolist()
    assert [size for name, size in device.down if name == "rec.data"] == [32] * 6 + [8]
    assert device.sizes["rec.data"] == 32 * 8
    assert executable.run(200) == 150  # the host's buffer is full, too
    assert net.memory.arrays["tick"][0] == 250
    assert net.recorded("rec")[-1] == 250


def test_programs_of_one_memory_share_the_device(cuda):
    """As the segments of a schedule that Python code interrupts."""
    net, what = growing(cuda, recorder=False)
    device = Counting()
    twice = bound(net, what, device)
    other = bound(net, cuda.program(*what.kernels, clocks=what.clocks), device)
    twice.run(1)
    other.run(1)
    net.memory.fetch()
    assert net.memory.arrays["exc.v"][0] == 2
    assert device.up.count("exc.v") == 1


def test_equal_programs_are_compiled_once(cuda):
    device = Counting()
    target = CudaTarget(Options(), device)
    target.build(growing(cuda)[1])
    assert target.build(growing(cuda)[1]).source == device.texts[0]
    assert len(device.texts) == 1


def test_it_refuses_what_it_was_not_given(cuda):
    net, what = growing(cuda)
    with pytest.raises(InternalError, match="before it was given memory"):
        CudaTarget(Options(), open_emulated()).build(what).run(1)
    net.memory.n_parts = 2
    with pytest.raises(InternalError, match="2 parts"):
        bound(net, what, open_emulated())
    net.memory.n_parts = 1
    del net.memory.ints["rec.capacity"]
    with pytest.raises(InternalError, match=r"'rec.capacity'"):
        bound(net, what, open_emulated())


def spiking(lab, n, stop=None):
    """Elements that fire where v > 0.5, and a list of all of them."""
    net = lab.Net()
    net.group("exc", n)
    net.events("exc", 3)
    net.recorder("seen", np.int64, 8 * n + 8, n)
    rng = np.random.default_rng(4)
    net.array("exc.v", rng.random(n))
    va = lab.state("exc.v")
    odd = binary("%", binary("+", Step(), IndexValue(ELEMENT)), integer(3))
    emit = lab.kernel(
        "emit",
        lab.over("exc"),
        Store(va, ELEMENT, binary("*", Load(va, ELEMENT), real(0.9))),
        Emit(lab.group_events("exc"), compare(">", Load(va, ELEMENT), real(0.5))),
    )
    fired = OverEvents(lab.group_events("exc"), integer(0), integer(n if stop is None else stop))
    body = Append(Recorder("seen", lab.I64), binary("+", IndexValue(ELEMENT), odd))
    return net, lab.program(emit, lab.kernel("see", fired, body))


@pytest.mark.parametrize("order", ["forward", "reverse", "shuffled"])
@pytest.mark.parametrize(
    ("n", "blocks"), [(1, 1), (31, 2), (33, 2), (700, 1), (5000, 3), (20011, 2)]
)
def test_event_lists_ascend_whatever_the_order_of_threads(cuda, n, blocks, order):
    device = open_emulated(order=order, seed=n, multiprocessors=blocks)
    net, what = spiking(cuda, n)
    v = net.memory.arrays["exc.v"].copy()
    executable = bound(net, what, device)
    seen = []
    for step in range(4):
        executable.run(1)
        net.memory.fetch()
        v = v * 0.9
        expected = np.flatnonzero(v > 0.5)
        assert net.fired("exc", step) == expected.tolist()
        seen += (expected + (step + expected) % 3).tolist()
        net.memory.changed()
    assert net.recorded("seen").tolist() == seen


def test_several_values_of_an_element_stand_together(cuda):
    net = cuda.Net()
    net.group("exc", 300)
    net.array("exc.v", np.arange(300.0))
    net.recorder("rec", np.float64, 1000, 600)
    net.array("chosen", np.arange(299, -1, -1))
    net.memory.ints["chosen.n"] = 300
    va, recorder = Load(cuda.state("exc.v"), ELEMENT), Recorder("rec", cuda.REAL)
    indices = OverIndices(cuda.state("chosen", cuda.I64, "chosen.n"))
    body = (Append(recorder, va), Append(recorder, binary("*", va, real(-1.0))))
    assert bound(net, cuda.program(cuda.kernel("k", indices, *body)), open_emulated()).run(1) == 1
    values = np.arange(299.0, -1, -1)
    assert net.recorded("rec").tolist() == np.column_stack((values, -values)).ravel().tolist()


def test_a_part_of_the_events_is_found_by_its_range(cuda):
    net, what = spiking(cuda, 500, stop=123)
    bound(net, what, open_emulated()).run(1)
    assert net.recorded("seen").max() < 123 + 3
    fired = np.flatnonzero(np.random.default_rng(4).random(500)[:123] * 0.9 > 0.5)
    assert len(net.recorded("seen")) == len(fired)


@pytest.mark.parametrize("order", ["forward", "reverse", "shuffled"])
@pytest.mark.parametrize("blocks", [1, 5])
@pytest.mark.parametrize("form", ["none", "dense16", "compact"])
def test_sums_in_any_order_are_those_of_the_cpu_where_they_are_exact(cuda, form, blocks, order):
    rng = np.random.default_rng(2)
    net = cuda.Net()
    net.group("pre", 60)
    net.group("post", 90)
    net.events("pre", 50)
    g = net.array("post.g", np.zeros(90))
    delays = [0] * 4000 if form == "none" else rng.integers(0, 45, 4000)  # more than a warp's lanes
    ends = zip(rng.integers(0, 60, 4000).tolist(), rng.integers(0, 90, 4000).tolist())
    triples = [(pre, post, int(delay)) for (pre, post), delay in zip(ends, delays)]
    synapses = cuda.add_synapses(net, triples, "pre", "post", form)
    w = net.array("S.w", rng.integers(0, 1024, 4000) / 64)
    spikes = sorted({(int(rng.integers(20)), int(rng.integers(60))) for _ in range(150)})
    emit = cuda.kernel("emit", Once(), net.table("pre", spikes))
    weight = Load(cuda.state("S.w", length="n_S"), SYNAPSE)
    walk = OverFanOut(synapses.store, cuda.group_events("pre"), synapses.delays)
    deliver = cuda.kernel("deliver", walk, Accumulate(cuda.state("post.g"), POST, "+", weight))
    device = open_emulated(order=order, seed=3, multiprocessors=blocks)
    bound(net, cuda.program(emit, deliver), device).run(60)
    net.memory.fetch()
    expected = np.zeros(90)
    for step, pre in spikes:
        reached = (synapses.pre == pre) & (step + synapses.delay < 60)
        np.add.at(expected, synapses.post[reached], w[reached])
    assert np.array_equal(g, expected)
    assert expected.min() > 0
