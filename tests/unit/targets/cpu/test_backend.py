"""Building, binding, running, stopping, clocks and threads of the CPU target."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import simgen
from simgen.errors import InternalError
from simgen.ir.construct import binary, cast, compare, integer, real
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    IndexValue,
    Load,
    Param,
    RandomDraw,
    Step,
    Time,
)
from simgen.ir.kernel import (
    Clock,
    Once,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverSynapses,
    Recorder,
)
from simgen.ir.stmt import Accumulate, Append, Emit, Store
from simgen.options import Options
from simgen.targets.cpu.backend import CpuTarget
from simgen.targets.cpu.compile import compiler_calls
from simgen.targets.reference.backend import ReferenceTarget

pytestmark = pytest.mark.compiler


def counting(lab, n=8):
    net = lab.Net()
    net.group("exc", n)
    net.array("exc.v", np.zeros(n))
    body = Accumulate(lab.state("exc.v"), ELEMENT, "+", Param("amount", lab.REAL))
    net.memory.reals["amount"] = 0.5
    return net, lab.program(lab.kernel("count", lab.over("exc"), body))


def test_equal_programs_compile_once(lab):
    target = CpuTarget(Options(compiler_flags=("-DEQUAL_PROGRAMS",)))
    before = compiler_calls()
    first = target.build(counting(lab)[1])
    second = target.build(counting(lab)[1])
    assert compiler_calls() == before + 1
    assert first is not second
    assert first.source == second.source
    CpuTarget(Options(compiler_flags=("-DEQUAL_PROGRAMS",))).build(counting(lab)[1])
    assert compiler_calls() == before + 1


def test_values_are_bound_and_bound_again(lab):
    net, what = counting(lab)
    executable = net.bind(what)
    assert executable.run(3) == 3
    assert net.memory.arrays["exc.v"].tolist() == [1.5] * 8
    net.memory.reals["amount"] = 2.0
    fresh = net.array("exc.v", np.zeros(8))
    executable.bind(net.memory)
    executable.run(1)
    assert fresh.tolist() == [2.0] * 8
    assert net.memory.arrays["tick"][0] == 4


def test_arrays_may_be_longer_than_needed(lab):
    net, what = counting(lab)
    v = net.array("exc.v", np.zeros(100))
    net.run(what, 1)
    assert v.tolist() == [0.5] * 8 + [0.0] * 92


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m: m.arrays.pop("exc.v"), "the array 'exc.v', which is not there"),
        (lambda m: m.ints.pop("exc.n"), "the value 'exc.n'"),
        (lambda m: m.reals.pop("amount"), "the value 'amount'"),
        (lambda m: m.arrays.update({"exc.v": np.zeros(8, "f4")}), "dtype float32, not float64"),
        (lambda m: m.arrays.update({"exc.v": np.zeros(16)[::2]}), "not contiguous and writable"),
        (lambda m: m.arrays.update({"exc.v": np.zeros(7)}), "has 7 elements, not 8"),
        (
            lambda m: m.arrays.update({"tick": m.arrays["exc.v"].view("i8")[2:3]}),
            "arrays 'exc.v' and 'tick' share memory",
        ),
        (lambda m: m.ints.update({"period_main": 2}), "does not tick in every tick"),
    ],
)
def test_wrong_memory_is_refused(lab, spoil, message):
    net, what = counting(lab)
    spoil(net.memory)
    with pytest.raises(InternalError, match=message):
        net.bind(what)


def test_running_before_binding_is_refused(lab):
    with pytest.raises(InternalError, match="before it was given memory"):
        CpuTarget(Options()).build(counting(lab)[1]).run(1)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_stop_ends_the_run_after_a_tick(lab, threads):
    net, what = counting(lab)
    net = lab.Net(n_parts=threads)
    net.group("exc", 8)
    net.array("exc.v", np.zeros(8))
    net.memory.reals["amount"] = 1.0
    executable = net.bind(what, threads)
    timer = threading.Timer(0.05, executable.request_stop)
    timer.start()
    begin = time.perf_counter()
    done = executable.run(10**12)
    assert time.perf_counter() - begin < 10
    timer.join()
    assert net.memory.arrays["exc.v"].tolist() == [float(done)] * 8
    assert net.memory.arrays["tick"][0] == done
    assert executable.run(3) == 3  # a stop does not outlive its run


def test_clocks_run_when_they_are_due(lab):
    net = lab.Net()
    slow, fast = Clock("slow"), Clock("fast")
    net.memory.ints |= {"period_slow": 3, "period_fast": 2}
    net.memory.reals |= {"dt_slow": 3e-4, "dt_fast": 2e-4}
    for name in ("slow", "fast"):
        net.recorder(f"{name}.step", np.int64, 100, 1)
        net.recorder(f"{name}.t", np.float64, 100, 1)
    net.recorder("order", np.int64, 100, 2)

    def log(clock, number):
        return lab.kernel(
            clock.name,
            Once(),
            Append(Recorder(f"{clock.name}.step", lab.I64), Step()),
            Append(Recorder(f"{clock.name}.t", lab.REAL), Time()),
            Append(Recorder("order", lab.I64), integer(number)),
            clock=clock,
        )

    what = lab.program(log(slow, 1), log(fast, 2), clocks=(slow, fast))
    executable = net.bind(what)
    for ticks in (1, 4, 8, 2):  # runs may begin between the ticks of a clock
        assert executable.run(ticks) == ticks
    assert net.recorded("slow.step").tolist() == [0, 1, 2, 3, 4]
    assert net.recorded("fast.step").tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert net.recorded("slow.t").tolist() == [step * 3e-4 for step in range(5)]
    order = [k for tick in range(15) for k in (1, 2) if tick % (3, 2)[k - 1] == 0]
    assert net.recorded("order").tolist() == order


def everything(lab, n_parts, threads, ticks, target=CpuTarget):
    """A recurrent network with plasticity, noise, shared values and recording."""
    n = 61
    net = lab.Net(n_parts=n_parts)
    net.group("n", n)
    net.events("n", 6)
    net.memory.ints |= {"one": 1, "key": 77}
    net.array("n.v", np.linspace(0, 1, n))
    net.array("n.g", np.zeros(n))
    net.array("n.u", np.zeros(n))
    net.array("total", np.zeros(1))
    rng = np.random.default_rng(8)
    made = zip(*(rng.integers(0, high, 900).tolist() for high in (n, n, 6)))
    synapses = lab.add_synapses(net, list(made), "n", "n", "dense16")
    net.array("S.w", np.cos(synapses.pre * 1.7 + synapses.post))
    net.recorder("rec", np.int64, n * ticks, n)
    v, g, u = (lab.state(name) for name in ("n.v", "n.g", "n.u"))
    w, total = lab.state("S.w", length="n_S"), lab.state("total", length="one")
    events = lab.group_events("n")
    noise = RandomDraw("randn", (), lab.KEY, 0)
    this_step = OverEvents(events, integer(0), Param("n.n", lab.I64))
    decayed = binary("*", real(0.9), Load(v, ELEMENT))
    drive = binary("+", binary("*", real(0.1), Load(g, ELEMENT)), binary("*", real(0.4), noise))
    shared = binary("*", Load(total, ZERO), real(0.01))
    by_rank = binary("*", real(0.01), cast(IndexValue(POST), lab.REAL))
    kernels = (
        lab.kernel(
            "update",
            lab.over("n"),
            Store(v, ELEMENT, binary("+", decayed, drive)),
            Store(g, ELEMENT, binary("*", Load(g, ELEMENT), real(0.8))),
            Emit(events, compare(">", Load(v, ELEMENT), real(0.6))),
        ),
        lab.kernel("record", this_step, Append(Recorder("rec", lab.I64), IndexValue(ELEMENT))),
        lab.kernel(
            "deliver",
            OverFanOut(synapses.store, events, synapses.delays),
            Accumulate(g, POST, "+", Load(w, SYNAPSE)),
            Store(w, SYNAPSE, binary("+", Load(w, SYNAPSE), binary("*", real(0.1), Load(u, PRE)))),
        ),
        lab.kernel(
            "backward",
            OverFanOut(synapses.store, events, synapses.delays),
            Accumulate(u, PRE, "+", binary("*", Load(w, SYNAPSE), by_rank)),
        ),
        lab.kernel(
            "learn",
            OverFanIn(synapses.store, events, integer(1)),
            Store(w, SYNAPSE, binary("*", Load(w, SYNAPSE), real(0.99))),
            Accumulate(u, POST, "+", Load(w, SYNAPSE)),
        ),
        lab.kernel(
            "sum",
            OverSynapses(synapses.store),
            Accumulate(g, POST, "+", binary("*", real(1e-3), Load(w, SYNAPSE))),
        ),
        lab.kernel("share", lab.over("n"), Accumulate(total, ZERO, "+", Load(u, ELEMENT))),
        lab.kernel("use", lab.over("n"), Store(u, ELEMENT, shared)),
        lab.kernel("reset", this_step, Store(v, ELEMENT, real(0.0))),
    )
    done = net.bind(lab.program(*kernels), threads, target).run(ticks)
    arrays = net.memory.arrays
    weights = sorted(zip(synapses.pre, synapses.post, synapses.delay, arrays["S.w"]))
    values = [arrays[name] for name in ("n.v", "n.g", "n.u", "total")]
    return done, [*values, net.recorded("rec")], weights


@pytest.mark.parametrize(("n_parts", "threads"), [(2, 1), (2, 2), (3, 2), (4, 4), (3, 9)])
def test_the_number_of_threads_changes_no_bit(lab, n_parts, threads):
    done, expected, weights = everything(lab, 1, 1, 60)
    assert done == 60
    assert len(expected[-1]) > 200
    for _ in range(3):  # a race would not show every time
        _, found, found_weights = everything(lab, n_parts, threads, 60)
        assert all(np.array_equal(one, other) for one, other in zip(found, expected))
        assert found_weights == weights


@pytest.mark.parametrize("n_parts", [1, 3])
def test_the_reference_gives_the_same_bits(lab, n_parts):
    _, found, weights = everything(lab, n_parts, 1, 20)
    _, expected, expected_weights = everything(lab, n_parts, 1, 20, ReferenceTarget)
    assert len(expected[-1]) > 50
    assert all(np.array_equal(one, other) for one, other in zip(found, expected))
    assert weights == expected_weights


@pytest.mark.parametrize("threads", [1, 2])
def test_a_function_of_the_users_own_may_throw_and_catch(threads):
    code = "double f(double x) { try { if (x > 2) throw 1; } catch (int) { x = 7; } return x; }"
    function = simgen.Function(abs, arg_names=["x"], arg_units=[1], return_unit=1, name="f")
    function.add_implementation("cpp", code)
    simgen.set_device("cpu", threads=threads)
    try:
        group = simgen.NeuronGroup(4, "v : 1", namespace={"f": function})
        group.run_regularly("v = f(v + i)")
        simgen.Network(group).run(0.1 * simgen.ms)
    finally:
        simgen.set_device("auto")
    assert group.v[:].tolist() == [0, 1, 2, 7]
