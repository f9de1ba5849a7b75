"""Run one model on several targets and compare everything that it leaves behind, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api import network
from simgen.api.binding import CompiledNetwork
from simgen.api.clock import defaultclock
from simgen.api.device import set_device
from simgen.api.group import Group
from simgen.api.monitors import EventMonitor
from simgen.api.network import Network
from simgen.api.rate_monitor import PopulationRateMonitor
from simgen.api.state_monitor import StateMonitor
from simgen.commands.fuzz.models import Model, build
from simgen.errors import CompileError, InternalError, SimgenError
from simgen.options import Options
from simgen.targets.cuda.backend import open_device
from simgen.units import STANDARD_UNITS

Result = dict[str, npt.NDArray[Any]]

ORDER = "order"  # of the threads and blocks of an emulated device
_CUDA: Mapping[str, Any] = {"device": "cuda", "emulate": True, "deterministic": True}
REFERENCE: Mapping[str, Any] = {"device": "reference", "optimize": 0}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "reference": REFERENCE,
    "cpu unoptimised -O0": {"device": "cpu", "optimize": 0, "compiler_flags": ("-O0",)},
    "cpu unoptimised": {"device": "cpu", "optimize": 0},
    "cpu -O0": {"device": "cpu", "compiler_flags": ("-O0",)},
    "cpu": {"device": "cpu"},
    "cpu 2 threads": {"device": "cpu", "threads": 2},
    "cpu 3 threads": {"device": "cpu", "threads": 3},
    "cpu 7 threads": {"device": "cpu", "threads": 7},
    "cuda": _CUDA,
    "cuda, reverse order": {**_CUDA, ORDER: "reverse"},
    "cuda, shuffled": {**_CUDA, ORDER: "shuffled"},
    "cuda unoptimised": {**_CUDA, "optimize": 0},
}
SINGLE: Mapping[str, Mapping[str, Any]] = {
    "reference, float32": {**REFERENCE, "dtype": "float32"},
    "cpu unoptimised -O0, float32": {
        "device": "cpu",
        "optimize": 0,
        "compiler_flags": ("-O0",),
        "dtype": "float32",
    },
    "cpu, float32": {"device": "cpu", "dtype": "float32"},
    "cuda, float32": {**_CUDA, "dtype": "float32"},
}
HOISTED = "traces kept per neuron"  # the one optimisation that rounds differently


def observe(names: Mapping[str, Any]) -> Result:
    """Return all state and all records of the objects of a script, by ``object.variable``."""
    result: Result = {}
    for name, thing in names.items():
        if isinstance(thing, Group):
            for variable in thing.variables:
                result[f"{name}.{variable}"] = np.asarray(getattr(thing, f"{variable}_")[:])
            for variable in ("lastspike", "not_refractory", "lastupdate", "i", "j"):
                if thing._knows(variable):
                    result[f"{name}.{variable}"] = np.asarray(getattr(thing, variable + "_")[:])
            for pathway in getattr(thing, "_pathways", {}).values():
                result[f"{name}.{pathway.name}.delay"] = np.asarray(pathway.delay[:])
        elif isinstance(thing, EventMonitor):
            result[f"{name}.count"] = thing.count
            for variable in thing._recordings:
                result[f"{name}.{variable}"] = np.asarray(getattr(thing, f"{variable}_", None))
        elif isinstance(thing, PopulationRateMonitor):
            result[f"{name}.t"], result[f"{name}.rate"] = thing.t_, thing.rate_
        elif isinstance(thing, StateMonitor):
            result[f"{name}.t"] = thing.t_
            for variable in thing.record_variables:
                result[f"{name}.{variable}"] = np.asarray(getattr(thing, f"{variable}_"))
        elif isinstance(thing, Network):
            result[f"{name}.t"] = np.asarray(thing.t_)
    return result


def run_model(model: Model, options: Mapping[str, Any]) -> Result:
    """Run a model with options of ``set_device`` and an order; return what it leaves behind."""
    with device_of(options):
        return _run_here(model)


@contextmanager
def device_of(options: Mapping[str, Any]) -> Iterator[None]:
    """Let networks run with options of ``set_device``, and an order of the emulated device."""
    given = dict(options)
    order = given.pop(ORDER, "")
    set_device(**given)
    emulated: Any = open_device(Options(target="cuda", emulate=True)) if order else None
    try:
        if order:
            before, emulated.order = emulated.order, order
        yield
    finally:
        if order:
            emulated.order = before
        set_device("auto", dtype="float64")


def _run_here(model: Model) -> Result:
    hoisted: list[bool] = []  # per run: a change in between may end it

    def note(compiled: CompiledNetwork) -> None:
        hoisted.extend("_trace_" in kernel.name for kernel in compiled.program.kernels)

    network.on_compiled = note
    try:
        return {**observe(build(model)), HOISTED: np.array(any(hoisted))}
    finally:
        network.on_compiled = None
        defaultclock.dt = 1e-4 * STANDARD_UNITS["second"]  # the model may have changed it


def differences(first: Result, second: Result) -> list[str]:
    """Return where two results differ; all bits count, except those inside NaN."""
    found = [f"{key} is in one result only" for key in first.keys() ^ second.keys()]
    for key in first.keys() & second.keys():
        a, b = first[key], second[key]
        if a.shape != b.shape or a.dtype != b.dtype:
            found.append(f"{key}: {a.dtype}{a.shape} against {b.dtype}{b.shape}")
            continue
        unlike = ~_same(a, b)
        if unlike.any():
            place = tuple(int(index) for index in np.argwhere(unlike)[0])
            found.append(
                f"{key}{list(place)}: {a[place]!r} against {b[place]!r} "
                f"({int(unlike.sum())} of {a.size} differ)"
            )
    return sorted(found)


def _same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if a.dtype.kind != "f":
        return np.asarray(a == b)
    bits = np.dtype(f"u{a.dtype.itemsize}")
    equal = np.atleast_1d(a).view(bits) == np.atleast_1d(b).view(bits)
    return np.asarray(equal.reshape(a.shape) | (np.isnan(a) & np.isnan(b)))


def refusal(error: Exception) -> str:
    """Return the kind and the first line of an error, to compare refusals."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def compare(model: Model, variants: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """Return what differs between the variants, and the refusal if all refuse the model.

    Variants of one level of optimisation are compared with the first of that level; the levels
    with each other, unless traces were moved from synapses to neurons.
    """
    bases: dict[int, tuple[str, Result | str]] = {}
    lines: list[str] = []
    for name, options in variants.items():
        outcome: Result | str
        try:
            outcome = run_model(model, options)
        except (InternalError, CompileError):
            raise
        except SimgenError as error:
            outcome = refusal(error)
        level = options.get("optimize", 1)
        if level in bases:
            lines += unlike(bases[level], (name, outcome))
        else:
            if bases:
                lines += unlike(next(iter(bases.values())), (name, outcome), across_levels=True)
            bases[level] = (name, outcome)
    _, first = next(iter(bases.values()))
    return "\n".join(lines), first if isinstance(first, str) else ""


def unlike(
    one: tuple[str, Result | str], two: tuple[str, Result | str], *, across_levels: bool = False
) -> list[str]:
    """Return lines that say how two named outcomes differ."""
    (first, expected), (second, found) = one, two
    if isinstance(found, str) or isinstance(expected, str):
        if found == expected:
            return []
        texts = [value if isinstance(value, str) else "runs" for value in (expected, found)]
        return [f"{first}: {texts[0]}; {second}: {texts[1]}"]
    if across_levels:
        if found[HOISTED]:
            return []
        expected = {**expected, HOISTED: found[HOISTED]}
    return [f"{first} / {second}: {line}" for line in differences(expected, found)]
