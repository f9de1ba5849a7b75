"""Bad times: steps, durations, clocks, delays that do not fit them."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from bad_inputs import Bad, check_refused, neurons, run_of, spiking, synapses, table

from simgen import (
    Clock,
    Network,
    StateMonitor,
    TimedArray,
    defaultclock,
    ms,
    mV,
    network_operation,
    run,
    second,
    stop,
    us,
)
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    ModelError,
    SimgenError,
)


def default_dt(value: object) -> None:
    defaultclock.dt = value


def duration(value: object) -> None:
    run_of(neurons(), t=value)


def magic_duration(value: object) -> None:
    group = neurons()
    run(value)
    raise AssertionError(group)


def incommensurate() -> None:
    first = neurons(name="exc", dt=0.1 * ms)
    second_group = neurons(name="inh", dt=0.1 * np.sqrt(2) * ms)
    run_of(first, second_group)


def nearly_commensurate() -> None:
    run_of(neurons(name="exc", dt=0.1 * ms), neurons(name="inh", dt=0.1000001 * ms))


def far_apart() -> None:
    run_of(neurons(name="exc", dt=1e-12 * second), neurons(name="inh", dt=1e6 * second))


def changed_between_runs() -> None:
    group = neurons(dt=0.1 * ms)
    network = Network(group)
    network.run(0.5 * ms)
    group.clock.dt = 0.3 * ms
    network.run(0.9 * ms)


def run_inside_run() -> None:
    group = neurons()

    @network_operation
    def again() -> None:
        network.run(1 * ms)

    network = Network(group, again)
    network.run(1 * ms)


def magic_run_inside_run() -> None:
    group = neurons()

    @network_operation
    def again() -> None:
        inner = group
        run(1 * ms)
        raise AssertionError(inner)

    run(1 * ms)


def connect_inside_run() -> None:
    made = synapses()

    @network_operation(when="end", name="late")
    def again() -> None:
        made.connect()

    Network(made.source, made, again).run(1 * ms)


def delay_inside_run() -> None:
    made = synapses()

    @network_operation(when="end", name="late")
    def again() -> None:
        made.delay = 1 * ms

    Network(made.source, made, again).run(1 * ms)


def dt_inside_run() -> None:
    group = neurons()

    @network_operation
    def again() -> None:
        defaultclock.dt = 0.05 * ms

    Network(group, again).run(1 * ms)


def too_many_steps() -> None:
    run_of(neurons(), t=1e300 * second)


ROWS = [
    *(Bad(f"clock_dt_{label}", lambda value=value: Clock(value, name="mine"), error, ["mine", text])
      for label, value, error, text in [
          ("zero", 0 * ms, ModelError, "0.0"),
          ("negative", -0.1 * ms, ModelError, "-0.0001"),
          ("nan", float("nan") * ms, ModelError, "nan"),
          ("inf", float("inf") * ms, ModelError, "inf"),
          ("no_unit", 0.1, DimensionMismatchError, "0.1"),
          ("unit", 0.1 * mV, DimensionMismatchError, "0.1"),
          ("text", "0.1*ms", SimgenError, "0.1*ms"),
          ("none", None, SimgenError, "None"),
          ("array", [0.1, 0.2] * ms, ModelError, "2"),
          ("complex", 1j, SimgenError, "1j"),
      ]),
    *(Bad(f"default_dt_{label}", lambda value=value: default_dt(value), SimgenError,
          ["defaultclock", text])
      for label, value, text in [("zero", 0 * ms, "0.0"), ("nan", float("nan") * ms, "nan"),
                                 ("plain_zero", 0, "0"), ("text", "1*ms", "1*ms")]),
    *(Bad(f"group_dt_{label}", lambda value=value: neurons(dt=value), SimgenError, ["exc", text])
      for label, value, text in [("zero", 0 * ms, "0.0"), ("negative", -1 * ms, "-0.001"),
                                 ("no_unit", 1, "1"), ("nan", float("nan") * ms, "nan")]),
    Bad("dt_and_clock", lambda: neurons(dt=1 * ms, clock=defaultclock),
        ModelError, ["exc", "dt", "clock"]),
    Bad("clock_not_a_clock", lambda: neurons(clock=1 * ms),
        ArgumentTypeError, ["exc", "clock", "1"]),
    Bad("clock_is_a_group", lambda: neurons(clock=neurons(name="inh")),
        ArgumentTypeError, ["exc", "clock", "inh"]),
    *(Bad(f"duration_{label}", lambda value=value: duration(value), error, ["duration", text])
      for label, value, error, text in [
          ("negative", -1 * ms, ModelError, "-0.001"),
          ("nan", float("nan") * ms, ModelError, "nan"),
          ("inf", float("inf") * ms, ModelError, "inf"),
          ("no_unit", 100, DimensionMismatchError, "100"),
          ("unit", 1 * mV, DimensionMismatchError, "1"),
          ("text", "1*ms", SimgenError, "1*ms"),
          ("none", None, SimgenError, "None"),
          ("array", [1, 2] * ms, ModelError, "2"),
      ]),
    Bad("duration_of_magic_run", lambda: magic_duration(-1 * ms),
        ModelError, ["duration", "-0.001"]),
    Bad("duration_beyond_counting", too_many_steps, ModelError, ["1e+300", "steps"]),
    Bad("clocks_incommensurate", incommensurate, ModelError, ["exc_clock", "inh_clock", "0.0001"]),
    Bad("clocks_nearly_equal", nearly_commensurate, ModelError, ["exc_clock", "inh_clock"]),
    Bad("clocks_far_apart", far_apart, ModelError, ["exc_clock", "inh_clock"]),
    Bad("dt_changed_off_the_grid", changed_between_runs,
        ModelError, ["exc_clock", "0.0005", "0.0003"]),
    Bad("monitor_dt_zero", lambda: StateMonitor(neurons(), "v", True, dt=0 * ms, name="trace"),
        ModelError, ["trace", "0.0"]),
    Bad("monitor_dt_incommensurate", lambda: run_of(*(lambda g: (g, StateMonitor(
        g, "v", True, dt=0.1 * np.pi * ms, name="trace")))(neurons())),
        ModelError, ["trace_clock", "defaultclock"]),
    Bad("regular_dt_negative", lambda: neurons().run_regularly("v = 0*volt", dt=-1 * ms),
        ModelError, ["exc_run_regularly", "-0.001"]),
    Bad("operation_dt_zero", lambda: network_operation(dt=0 * ms)(lambda: None),
        ModelError, ["networkoperation", "0.0"]),
    Bad("timed_array_dt_zero", lambda: TimedArray([1, 2], dt=0 * ms, name="stim"),
        ModelError, ["stim", "0.0"]),
    Bad("run_inside_operation", run_inside_run, ModelError, ["run()", "running"]),
    Bad("magic_run_inside_operation", magic_run_inside_run, ModelError, ["run()", "running"]),
    Bad("connect_inside_step", connect_inside_run, SimgenError, ["exc_syn", "'late'", "before_st"]),
    Bad("delay_inside_step", delay_inside_run, SimgenError, ["exc_syn", "'late'", "before_st"]),
    Bad("dt_inside_operation", dt_inside_run, SimgenError, ["defaultclock", "run"]),
    Bad("report_unknown", lambda: run_of(neurons(), report="txt"), ArgumentTypeError, ["'txt'"]),
    Bad("report_period_no_unit", lambda: run_of(neurons(), report="text", report_period=3),
        DimensionMismatchError, ["report_period", "3"]),
    Bad("report_period_zero", lambda: run_of(neurons(), report="text", report_period=0 * ms),
        ModelError, ["report_period", "positive", "0.0 s"]),
    Bad("report_period_negative", lambda: run_of(neurons(), report="text", report_period=-3 * ms),
        ModelError, ["report_period", "-0.003"]),
    Bad("report_period_without_report", lambda: run_of(neurons(), report_period="often"),
        SimgenError, ["report_period", "'often'"]),
    Bad("check_finite_unknown", lambda: run_of(neurons(), check_finite="stp"),
        SimgenError, ["check_finite", "'stp'"]),
]  # fmt: skip


@table(ROWS)
def test_bad_times_are_refused(bad: Bad) -> None:
    check_refused(bad)


def test_a_duration_need_not_be_a_multiple() -> None:
    network = Network(neurons())
    network.run(0.15 * ms)
    network.run(0.15 * ms)
    assert network.t_ == pytest.approx(0.3e-3)
    network.run(0 * ms)
    assert network.t_ == pytest.approx(0.3e-3)


def test_runs_of_very_many_steps_and_of_none_are_told(caplog: pytest.LogCaptureFixture) -> None:
    network = Network(neurons(), name="net")
    with caplog.at_level(logging.WARNING, logger="simgen.network"):
        network.run(0.05 * ms)
        network.run(0.05 * ms)  # no step either: the first one went on to 0.1 ms
        assert not caplog.messages
        network.run(1e9 * second, report=lambda *told: stop())  # at once
        network.run(1e-9 * ms)
    many, none = caplog.messages
    assert "'net': a run of 1e+09 s is 10,000,000,000,000 steps of 0.0001 s" in many
    assert "'net': a run of 1e-12 s is less than 0.0001 of a step of 0.0001 s" in none


def test_clocks_with_a_common_divisor_run() -> None:
    run_of(neurons(name="exc", dt=0.1 * ms), neurons(name="inh", dt=0.25 * ms))
    run_of(spiking(name="a", dt=1 * us), neurons(name="b", dt=1 * ms))


def test_a_network_can_run_again_after_an_error_in_an_operation() -> None:
    group = neurons("dv/dt = 1*volt/ms : volt")
    fail = [True]

    @network_operation
    def operation() -> None:
        if fail.pop() if fail else False:
            raise KeyError("mine")

    network = Network(group, operation)
    with pytest.raises(KeyError, match="mine"):
        network.run(1 * ms)
    network.run(1 * ms)
    assert network.t_ >= 1e-3
