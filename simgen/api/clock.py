"""Clocks: a step width that objects share, and the time as a count of steps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from simgen.api.arguments import plain_values
from simgen.api.naming import Named
from simgen.api.noted_runs import NOTED
from simgen.errors import ArgumentTypeError, DimensionMismatchError, ModelError
from simgen.ir import kernel as ir
from simgen.model.description import SECOND
from simgen.units import Quantity


def seconds(value: Any, what: str) -> float:
    """Return a finite time in seconds; anything else is refused, naming ``what`` and the value."""
    usual = type(value) is Quantity and value.dim is SECOND and value.shape == ()
    result = np.ndarray.item(value) if usual else None
    if type(result) is not float:
        result = _single_time(value, what)
    if not math.isfinite(result):
        raise ModelError(f"{what} must be a finite time, not {result} s.")
    return result


def _single_time(value: Any, what: str) -> float:
    """Return what may be a time, checked step by step."""
    number, dim = plain_values(value, what)
    if dim != SECOND:
        plain = dim.is_dimensionless and number.size == 1 and number.dtype.kind in "iuf"
        example = f"{number.item():g}*ms" if plain and number.item() > 0 else "0.1*ms"
        raise DimensionMismatchError(f"{what} must be a time, as in {example}, not {value!r}.")
    if number.ndim != 0 and number.size != 1:
        raise ModelError(f"{what} must be a single time, not {number.size} of them.")
    return float(number.reshape(()))


class Clock(Named):
    """A step width. Objects with the same clock are advanced together.

    Parameters
    ----------
    dt
        The step width, a positive time.
    name
        A name, unique in a network.

    """

    def __init__(self, dt: Any, name: str | None = None) -> None:
        super().__init__(name, "clock*")
        self.dt = dt
        self._now = 0.0  # seconds; kept by the network that ran last
        self._in_use = False  # while a network runs

    @property
    def dt(self) -> Quantity:
        """The step width as a quantity."""
        return Quantity(self._dt, dim=SECOND)

    @dt.setter
    def dt(self, value: Any) -> None:
        if getattr(self, "_in_use", False):
            raise ModelError(f"dt of {self.describe()} cannot change during a run.")
        width = seconds(value, f"dt of {self.describe()}")
        if width <= 0:
            raise ModelError(f"dt of {self.describe()} must be positive, not {width} s.")
        if NOTED.runs:
            NOTED.make(f"dt of {self.describe()} was changed")
        self._dt = width

    @property
    def dt_(self) -> float:
        """The step width in seconds."""
        return self._dt

    @property
    def t(self) -> Quantity:
        """The time of the network that this clock last ran in."""
        return Quantity(self.t_, dim=SECOND)

    @property
    def t_(self) -> float:
        """That time in seconds."""
        if NOTED.runs:
            NOTED.make("the time was read")
        return self._now

    @property
    def timestep(self) -> int:
        """The number of the present step; the first is 0."""
        return round(self.t_ / self._dt)

    @property
    def ir(self) -> ir.Clock:
        """The clock's name in programs."""
        return ir.Clock(self.name)

    def __repr__(self) -> str:
        return f"Clock(dt={self.dt!r}, name={self.name!r})"


class DefaultClock(Clock):
    """The clock of every object that names no other; 0.1 ms unless changed."""

    def __init__(self) -> None:
        super().__init__(Quantity(1e-4, dim=SECOND), "defaultclock")


defaultclock = DefaultClock()


def choose_clock(dt: Any, clock: Any, owner: str) -> Clock:
    """Return the clock that the arguments ``dt`` and ``clock`` ask for."""
    if clock is not None:
        if dt is not None:
            raise ModelError(f"{owner} takes either dt or clock, not both.")
        if not isinstance(clock, Clock):
            raise ArgumentTypeError(f"The clock of {owner} must be a Clock, not {clock!r}.")
        return clock
    return defaultclock if dt is None else Clock(dt, f"{owner.split(chr(39))[1]}_clock*")


def clocks_of(objects: Iterable[object]) -> list[Clock]:
    """Return the clocks that objects have, each once; the default clock if there are none."""
    clocks: dict[int, Clock] = {}
    for owner in objects:
        clock = getattr(owner, "clock", None)
        if isinstance(clock, Clock):
            clocks[id(clock)] = clock
    return list(clocks.values()) or [defaultclock]
