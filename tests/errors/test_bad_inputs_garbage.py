"""Any argument of the public calls may be any object: a result or one of our errors answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bad_inputs import neurons, spiking, synapses, time_limit

from simgen import (
    Clock,
    Equations,
    EventMonitor,
    Hz,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    mV,
    seed,
    set_device,
    start_scope,
)
from simgen.errors import InternalError, SimgenError

GARBAGE: dict[str, Any] = {
    "none": None,
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -1,
    "fraction": 0.5,
    "nan": float("nan"),
    "inf": float("inf"),
    "huge": 2**70,
    "complex": 1j,
    "empty_text": "",
    "word": "x",
    "expression": "v + 1",
    "condition": "i > 1",
    "brackets": "((",
    "nul": "\0",
    "bytes": b"v",
    "list": [],
    "numbers": [1, 2, 3],
    "mixed": [1, "a", None],
    "ragged": [[1], [1, 2]],
    "dict": {},
    "dict_of_garbage": {1: 2, "a": None},
    "text_dict": {"a": "v = 0*volt"},
    "set": {1, 2},
    "voltage": 3 * mV,
    "time": 0.2 * ms,
    "times": [0.1, 0.2, 0.3] * ms,
    "rate": 5 * Hz,
    "matrix": np.zeros((2, 2)),
    "objects": np.array([None, 1], object),
    "texts": np.array(["a", "b"]),
    "masked": np.ma.array([1, 2], mask=[0, 1]),
    "dates": np.zeros(2, "datetime64[s]"),
    "zero_d": np.array(3),
    "function": lambda *args: None,
    "class": int,
    "module": np,
    "object": object(),
    "slice": slice(0, 2),
    "ellipsis": ...,
    "generator": (k for k in ()),
    "group": "GROUP",  # stands for a group of the row's own
}  # fmt: skip


def group_of(**arguments: Any) -> list[Any]:
    model = "dv/dt = -v/(10*ms) : volt\nx : 1\nn : integer\nb : boolean\ns : 1 (shared)"
    defaults = {"N": 3, "model": model, "threshold": "v > 1*volt", "reset": "v = 0*volt"}
    return [NeuronGroup(**{**defaults, **arguments})]


def synapses_of(**arguments: Any) -> list[Any]:
    group = spiking(n=3)
    made = Synapses(**{"source": group, "model": "w : volt", "on_pre": "v += w", **arguments})
    made.connect()
    return [group, made]


def connected(**arguments: Any) -> list[Any]:
    made = synapses(connected=False)
    made.connect(**arguments)
    return [made.source, made]


def pre_delayed(value: Any) -> list[Any]:
    made = synapses()
    made.delay = value
    return [made.source, made]


def delayed_at(index: Any) -> list[Any]:
    made = synapses()
    made.delay[index] = 1 * ms
    return [made.source, made]


def written(value: Any, name: str) -> list[Any]:
    groups = group_of()
    setattr(groups[0], name, value)
    return groups


def weighted(value: Any) -> list[Any]:
    made = synapses()
    made.w = value
    return [made.source, made]


def indexed(value: Any) -> list[Any]:
    groups = group_of()
    groups[0].x[value] = 1
    groups[0].x[value]
    return groups


def synapse_indexed(value: Any) -> list[Any]:
    made = synapses()
    made.w[value] = 1 * mV
    made.w[value]
    made[value]
    return [made.source, made]


def part(value: Any) -> list[Any]:
    group = neurons()
    return [group, StateMonitor(group[value], "v", record=True)]


def regular(**arguments: Any) -> list[Any]:
    group = neurons()
    group.run_regularly(**{"code": "v = 0*volt", **arguments})
    return [group]


def on_event(**arguments: Any) -> list[Any]:
    group = spiking(events={"e": "v > 2*volt"})
    group.run_on_event(**{"event": "e", "code": "v = 0*volt", **arguments})
    return [group]


def poisson_input(**arguments: Any) -> list[Any]:
    group = neurons()
    defaults = {"target": group, "target_var": "v", "N": 3, "rate": 1 * Hz, "weight": 1 * mV}
    return [group, PoissonInput(**{**defaults, **arguments})]


def state(**arguments: Any) -> list[Any]:
    group = neurons()
    return [
        group, StateMonitor(**{"source": group, "variables": "v", "record": True, **arguments})
    ]  # fmt: skip


def spikes(**arguments: Any) -> list[Any]:
    group = spiking()
    return [group, SpikeMonitor(**{"source": group, **arguments})]


def event_monitor(**arguments: Any) -> list[Any]:
    group = spiking()
    return [group, EventMonitor(**{"source": group, "event": "spike", **arguments})]


def rates(**arguments: Any) -> list[Any]:
    group = spiking()
    return [group, PopulationRateMonitor(**{"source": group, **arguments})]


def smoothed(**arguments: Any) -> list[Any]:
    group = spiking()
    monitor = PopulationRateMonitor(group)
    Network(group, monitor).run(1 * ms)
    monitor.smooth_rate(**{"window": "flat", "width": 0.3 * ms, **arguments})
    return []


def binned(value: Any) -> list[Any]:
    group = spiking()
    monitor = PopulationRateMonitor(group)
    Network(group, monitor).run(1 * ms)
    monitor.binned_rate(value)
    return []


def looked_up(value: Any) -> list[Any]:
    group = neurons()
    monitor = StateMonitor(group, "v", True)
    Network(group, monitor).run(0.2 * ms)
    assert monitor[value].v is not None
    return []


def generator(**arguments: Any) -> list[Any]:
    defaults = {"N": 3, "indices": [0, 1], "times": [0.1, 0.2] * ms}
    return [SpikeGeneratorGroup(**{**defaults, **arguments})]


def poisson(**arguments: Any) -> list[Any]:
    return [PoissonGroup(**{"N": 3, "rates": 10 * Hz, **arguments})]


def table(**arguments: Any) -> list[Any]:
    made = TimedArray(**{"values": [1, 2, 3], "dt": 0.1 * ms, **arguments})
    made(0.1 * ms)
    return []


def table_called(**arguments: Any) -> list[Any]:
    TimedArray([[1, 2], [3, 4]], dt=0.1 * ms)(**{"t": 0.1 * ms, "i": 0, **arguments})
    return []


def ran(**arguments: Any) -> list[Any]:
    group = neurons()
    Network(group).run(**{"duration": 0.2 * ms, "namespace": {}, **arguments})
    return []


def constant(value: Any) -> list[Any]:
    group = neurons("dv/dt = (c - v)/(10*ms) : 1")
    Network(group).run(0.2 * ms, namespace={"c": value})
    return []


def operation(**arguments: Any) -> list[Any]:
    return [neurons(), NetworkOperation(**{"function": lambda: None, **arguments})]


def added(value: Any) -> list[Any]:
    network = Network()
    network.add(value)
    network.remove(value)
    return []


def substituted(value: Any) -> list[Any]:
    return [NeuronGroup(2, Equations("dv/dt = -v/tau : 1", tau=value))]


def with_keywords(call: Callable[..., Any], *names: str) -> list[tuple[str, Callable[[Any], Any]]]:
    return [
        (f"{call.__name__}-{name}", lambda value, name=name: call(**{name: value}))
        for name in names
    ]  # fmt: skip


CALLS: list[tuple[str, Callable[[Any], Any]]] = [
    *with_keywords(
        group_of, "N", "model", "method", "threshold", "reset", "refractory", "events",
        "namespace", "dt", "clock", "order", "name",
    ),
    *with_keywords(
        synapses_of, "source", "target", "model", "on_pre", "on_post", "delay", "on_event",
        "multisynaptic_index", "namespace", "dt", "clock", "order", "method", "name",
    ),
    *with_keywords(
        connected, "condition", "i", "j", "p", "n", "skip_if_invalid", "namespace", "n_total",
        "out_degree", "in_degree",
    ),
    *with_keywords(regular, "code", "dt", "clock", "when", "order", "name"),
    *with_keywords(on_event, "event", "code", "when", "order"),
    *with_keywords(poisson_input, "target", "target_var", "N", "rate", "weight", "when", "order"),
    *with_keywords(state, "source", "variables", "record", "dt", "clock", "when", "order", "name"),
    *with_keywords(spikes, "source", "variables", "record", "when", "order", "name"),
    *with_keywords(event_monitor, "source", "event", "variables"),
    *with_keywords(rates, "source", "name"),
    *with_keywords(smoothed, "window", "width"),
    *with_keywords(generator, "N", "indices", "times", "dt", "clock", "period", "when", "order"),
    *with_keywords(poisson, "N", "rates", "dt", "clock", "order", "namespace", "name"),
    *with_keywords(table, "values", "dt", "name"),
    *with_keywords(table_called, "t", "i"),
    *with_keywords(ran, "duration", "report_period", "namespace", "check_finite"),
    *with_keywords(operation, "function", "dt", "clock", "when", "order", "name"),
    *with_keywords(set_device, "device", "dtype", "threads", "optimize", "compiler_flags"),
    *((f"written-{name}", lambda value, name=name: written(value, name)) for name in "vxnbs"),
    ("Clock", Clock),
    ("Equations", Equations),
    ("seed", seed),
    ("delay", pre_delayed),
    ("delay_index", delayed_at),
    ("weight", weighted),
    ("index", indexed),
    ("synapse_index", synapse_indexed),
    ("part", part),
    ("bin", binned),
    ("monitor_index", looked_up),
    ("constant", constant),
    ("network", added),
    ("substitution", substituted),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning:numpy")
@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_garbage_is_answered_by_our_errors(name: str, call: Callable[[Any], Any]) -> None:
    wrong: list[str] = []
    for label, value in GARBAGE.items():
        start_scope()
        set_device("reference")
        if label == "group":
            value = NeuronGroup(2, "y : 1", name="another")
        try:
            with time_limit(10.0):
                objects = call(value)
                if isinstance(objects, list) and objects:
                    Network(*objects).run(0.3 * ms, namespace={})
        except InternalError as error:
            wrong.append(f"{label}: InternalError: {error}")
        except SimgenError as error:
            if len(str(error)) < 15:
                wrong.append(f"{label}: says only {error}")
        except Exception as error:
            wrong.append(f"{label}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)
