"""Clocks on one integer time axis: ticks of the common divisor of all step widths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simgen.errors import ModelError

TOLERANCE = 1e-4  # of a tick: how far a time may be off the grid (Brian's rule)
MOST_STEPS = 2**53  # beyond, times in seconds cannot be told apart
MOST_TICKS = 100_000  # per step: beyond it step widths count as incommensurate


def steps_reached(times: npt.NDArray[np.float64], dt: float) -> npt.NDArray[np.float64]:
    """Return the first step not before each of several times; times just above one are on it."""
    steps: npt.NDArray[np.float64] = np.ceil(times / dt - TOLERANCE)
    return steps


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The width of a tick in seconds, and each clock's period in ticks."""

    width: float
    periods: Mapping[str, int]

    def tick_at(self, t: float, what: str) -> int:
        """Return the tick at time ``t``, which must be a multiple of every step width."""
        for clock, period in self.periods.items():
            steps = t / (self.width * period)
            if abs(steps - round(steps)) > TOLERANCE:
                raise ModelError(
                    f"{what}: the present time {t} s is not a multiple of the step width "
                    f"{self.width * period} s of '{clock}'."
                )
        return round(t / self.width)

    def end_tick(self, t: float) -> int:
        """Return the first tick not before ``t``; times just above a tick count as on it."""
        ticks = t / self.width
        if ticks >= MOST_STEPS:
            raise ModelError(
                f"The time {t} s is more than {MOST_STEPS} steps of {self.width} s away."
            )
        nearest = round(ticks)
        return nearest if abs(ticks - nearest) <= TOLERANCE else math.ceil(ticks)


def common_axis(widths: Mapping[str, float]) -> TimeAxis:
    """Return the axis of clocks with the given step widths in seconds.

    Raises ModelError, naming both clocks, where two widths have no common divisor of a useful size.
    """
    names = sorted(widths, key=lambda name: widths[name])
    shortest = names[0]
    ratios: dict[str, Fraction] = {}
    for name in names:
        ratio = widths[name] / widths[shortest]
        exact = Fraction(ratio).limit_denominator(1000)
        if abs(float(exact) - ratio) > 1e-9 * ratio:
            _refuse(shortest, name, widths)
        ratios[name] = exact
    parts = math.lcm(*(ratio.denominator for ratio in ratios.values()))
    periods = {name: int(ratio * parts) for name, ratio in ratios.items()}
    for name, period in periods.items():
        if (period > MOST_TICKS * parts and parts > 1) or period >= MOST_STEPS:
            _refuse(shortest, name, widths)
    return TimeAxis(widths[shortest] / periods[shortest], periods)


def _refuse(first: str, second: str, widths: Mapping[str, float]) -> None:
    raise ModelError(
        f"The step widths of the clocks '{first}' ({widths[first]} s) and '{second}' "
        f"({widths[second]} s) have no common divisor; choose one as a multiple of the other."
    )
