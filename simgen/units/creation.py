"""Functions that make arrays, for quantities: numpy asks nobody about lists and fill values."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from simgen.units.dimension import DIMENSIONLESS
from simgen.units.operands import (
    carries_dimension,
    common_dimension,
    nested_dimension,
    split,
    strip_nested,
)
from simgen.units.quantity import Quantity, from_si

_LIMITS = ("start", "stop", "step")


def array(object: Any, *args: Any, **options: Any) -> Any:
    """Return a plain array of SI values: ``array([1*mV, 2*mV])`` holds 0.001 and 0.002.

    This is how Brian's scripts leave units behind; it takes what ``numpy.array`` does.
    """
    return np.array(_si_values(object), *args, **options)


def asarray(a: Any, *args: Any, **options: Any) -> Any:
    """Return SI values as a plain array, without a copy where possible; see ``array``."""
    return np.asarray(_si_values(a), *args, **options)


def _si_values(value: Any) -> Any:
    """Return lists without the units that they hold, which must agree."""
    if isinstance(value, list | tuple) and nested_dimension(value) is not DIMENSIONLESS:
        return strip_nested(value)
    return value  # numpy takes the values of quantities


def full(shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """Return an array of that shape, all elements ``fill_value``, with its unit."""
    values, dim = split(fill_value)
    return from_si(np.full(shape, values, dtype=dtype, **options), dim)


def arange(*limits: Any, **options: Any) -> Any:
    """Return evenly spaced values from ``start`` to before ``stop``: ``arange(0*ms, 9*ms, 1*ms)``.

    Takes what ``numpy.arange`` does; all limits must have the same dimension, and a quantity needs
    a step. Rounding adds no element: a length within 1e-9 of a whole number of steps is one.
    """
    first = ("start", "stop", "step") if len(limits) > 1 or "stop" in options else ("stop",)
    given = dict(zip(first, limits))
    given.update({name: options.pop(name) for name in _LIMITS if name in options})
    if not any(carries_dimension(value) for value in given.values()):
        start, stop, step = given.get("start", 0), given["stop"], given.get("step", 1)
        return np.arange(start, stop, step, **options)
    filled = {"start": 0, "stop": 0, "step": 1.0, **given}
    parts = {name: split(filled[name]) for name in _LIMITS}
    dim = common_dimension("make a range of", list(parts.values()))
    start, stop, step = (float(parts[name][0]) for name in _LIMITS)
    steps = (stop - start) / step
    count = (
        round(steps) if abs(steps - round(steps)) < 1e-9 * max(1.0, abs(steps)) else np.ceil(steps)
    )
    return from_si(start + step * np.arange(max(0, int(count)), **options), dim)


def aware(func: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``func`` for lists that hold quantities, too: ``mean([1*mV, 3*mV])`` is 2 mV."""

    @functools.wraps(func, assigned=("__module__", "__name__", "__doc__"))
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return func(*(gathered(arg) for arg in args), **kwargs)

    for name in ("reduce", "accumulate", "outer", "at", "reduceat", "nin", "nout"):
        if hasattr(func, name):  # a ufunc
            setattr(wrapped, name, getattr(func, name))
    return wrapped


def gathered(value: Any) -> Any:
    """Return a list that holds quantities as one quantity, anything else as it is.

    A list of different shapes stays a list, as functions such as ``concatenate`` take it.
    """
    if not isinstance(value, list | tuple) or nested_dimension(value) is DIMENSIONLESS:
        return value
    items = [gathered(item) for item in value]
    shapes = {np.shape(item) for item in items}
    return Quantity(value) if len(shapes) == 1 else items
