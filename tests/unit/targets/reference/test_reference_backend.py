import threading

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.construct import integer
from simgen.ir.expr import ZERO, Step
from simgen.ir.kernel import Item, Once, Program
from simgen.ir.stmt import Accumulate, Append
from simgen.options import Options
from simgen.targets.reference import backend
from simgen.targets.reference.backend import ReferenceTarget
from simgen.targets.reference.interpreter import run_kernel


def counting(world, name="count", **kernel):
    count = world.array(name, [0], DType.I64, "one")
    return world.kernel(Once(), Accumulate(count, ZERO, "+", integer(1)), name=name, **kernel)


def test_the_tick_advances_and_every_step_is_run(world):
    executable = world.executable(counting(world))
    assert executable.run(3) == 3
    assert executable.run(2) == 2
    assert world["tick"][0] == 5
    assert world.value("count", "one") == [5]
    assert executable.source == ""


def test_a_clock_is_due_at_the_multiples_of_its_period(world):
    slow = world.clock("slow", period=3, dt=1.5)
    fast, steps = world.recorder("fast"), world.recorder("slow_steps")
    kernels = [
        world.kernel(Once(), Append(fast, Step())),
        world.kernel(Once(), Append(steps, Step()), clock=slow),
    ]
    assert world.run(*kernels, ticks=8) == 8
    assert world.recorded("fast") == list(range(8))
    assert world.recorded("slow_steps") == [0, 1, 2]


def test_kernels_run_in_the_order_of_the_schedule(world):
    log = world.recorder("log")
    kernels = [world.kernel(Once(), Append(log, integer(k)), name=f"k{k}") for k in (2, 0, 1)]
    world.run(*kernels, ticks=2)
    assert world.recorded("log") == [2, 0, 1, 2, 0, 1]


def test_a_run_ends_before_a_tick_whose_values_would_not_fit(world):
    log = world.recorder("log", capacity=7, need=2)
    kernel = world.kernel(Once(), Append(log, Step()), Append(log, Step()))
    executable = world.executable(kernel)
    assert executable.run(10) == 3
    assert world["tick"][0] == 3
    assert world.recorded("log") == [0, 0, 1, 1, 2, 2]
    world["log.used"][0] = 0
    assert executable.run(10) == 3
    assert world.recorded("log") == [3, 3, 4, 4, 5, 5]


def test_reallocated_arrays_are_used_after_binding_again(world):
    log = world.recorder("log", capacity=2, need=1)
    executable = world.executable(world.kernel(Once(), Append(log, Step())))
    assert executable.run(5) == 2
    world.memory.arrays["log.data"] = np.concatenate([world["log.data"], np.zeros(3, np.int64)])
    world.memory.ints["log.capacity"] = 5
    assert executable.run(3) == 0
    executable.bind(world.memory)
    assert executable.run(3) == 3
    assert world.recorded("log") == [0, 1, 2, 3, 4]


def test_a_stop_lets_the_tick_end_and_the_next_run_go_on(world, monkeypatch):
    kernel = counting(world)
    executable = world.executable(kernel, counting(world, "second"))
    ran = []

    def run_and_stop(*arguments):
        run_kernel(*arguments)
        ran.append(arguments)
        if len(ran) == 3:  # the first kernel of the second tick
            thread = threading.Thread(target=executable.request_stop)
            thread.start()
            thread.join()

    monkeypatch.setattr(backend, "run_kernel", run_and_stop)
    assert executable.run(10) == 2
    assert world.value("second", "one") == [2]
    assert executable.run(4) == 4
    assert world.value("second", "one") == [6]


def test_running_without_memory_is_a_fault():
    executable = ReferenceTarget(Options()).build(Program((), ()))
    with pytest.raises(InternalError, match="before it was bound"):
        executable.run(1)


def test_the_target_uses_the_precision_of_the_options(make_world):
    for real in (np.float32, np.float64):
        world = make_world(real=real)
        kernel = counting(world)
        target = ReferenceTarget(world.options)
        built = target.build(Program((Item("groups", 0, "k", kernel),), (kernel.clock,)))
        assert (target.name, built.real) == ("reference", np.dtype(real))
