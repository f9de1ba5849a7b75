"""PopulationRateMonitor: the rate of a group over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import plain_values
from simgen.api.clock import Clock, seconds
from simgen.api.component import Component
from simgen.api.group import Group
from simgen.api.recording import Recording
from simgen.api.states import Access, States
from simgen.api.storage import ProgramArray
from simgen.build.facts import NetworkFacts
from simgen.build.monitors import RateRecording, rate_items
from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, ModelError
from simgen.ir.expr import Array
from simgen.ir.kernel import Item
from simgen.ir.stmt import Recorder
from simgen.model.description import SECOND
from simgen.units import DIMENSIONLESS, Dimension, Quantity

AnyArray = npt.NDArray[Any]


def _positive(width: float, what: str) -> float:
    if width <= 0:
        raise ModelError(f"{what} must be positive, not {width} s.")
    return width


class PopulationRateMonitor(States, Component):
    """Records the instantaneous rate of a group: spikes per neuron and step width."""

    _records_each_step = True

    def __init__(self, source: Group, name: str | None = "ratemonitor*") -> None:
        if not isinstance(source, Group):
            raise ArgumentTypeError(f"A monitor needs a group, not {source!r}.")
        super().__init__(name, "ratemonitor*", when="end", order=0)
        if "spike" not in source._description.events:
            raise ModelError(f"{source.describe()} has no threshold, so it has no rate.")
        self.source = source
        self.clock: Clock = source.clock
        self._counter = ProgramArray(f"{self.name}.counter", np.zeros(1, np.int64))
        self._steps = Recording(Recorder(f"{self.name}.t", DType.I64), SECOND, source._real)
        self._counts = Recording(
            Recorder(f"{self.name}.rate", DType.I64), DIMENSIONLESS, source._real
        )

    def _depends_on(self) -> Iterator[Component]:
        yield self.source

    @property
    def N(self) -> int:
        """The number of steps that were recorded."""
        return self._steps.used

    @property
    def t(self) -> Quantity:
        """The times of the steps."""
        return Quantity(self.t_, dim=SECOND)

    @property
    def t_(self) -> npt.NDArray[np.float64]:
        """The times of the steps in seconds."""
        return self._steps.times()

    @property
    def rate_(self) -> npt.NDArray[np.float64]:
        """The rates in hertz."""
        return self._counts.values() / (self.source._size() * self._steps.dt)

    @property
    def rate(self) -> Quantity:
        """The rates."""
        return Quantity(self.rate_, dim=DIMENSIONLESS / SECOND)

    def _step_width(self) -> float:
        if not self._steps.dt:
            raise ModelError(f"{self.describe()} has no rates before a run.")
        return self._steps.dt

    def smooth_rate(self, window: Any = "gaussian", width: Any = None) -> Quantity:
        """Return the rate convolved with a window.

        Parameters
        ----------
        window
            ``"gaussian"`` (``width`` is its standard deviation), ``"flat"`` (``width`` is its
            length, rounded to an odd number of steps), or an array of weights.
        width
            A time; not for arrays.

        """
        if isinstance(window, str):
            if width is None:
                raise ModelError("smooth_rate needs a width, as in width=1*ms.")
            steps = _positive(seconds(width, "width"), "width") / self._step_width()
            if window == "gaussian":
                reach = int(np.ceil(2 * steps))
                weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * steps**2))
            elif window == "flat":
                weights = np.ones(int(steps / 2) * 2 + 1)
            else:
                raise ModelError(f"smooth_rate knows 'gaussian' and 'flat', not {window!r}.")
        else:
            weights, _ = plain_values(window, "The window of smooth_rate()")
            if weights.dtype.kind not in "iuf":
                raise ArgumentTypeError(f"A window is an array of real numbers, not {window!r}.")
            if not abs(weights.sum()) > 0:
                raise ModelError("The weights of a window must not sum to 0.")
            if weights.ndim != 1 or weights.size % 2 == 0 or width is not None:
                raise ModelError(
                    "A window given as an array needs one dimension, an odd length and no width."
                )
        smooth = np.convolve(self.rate_, weights / weights.sum(), mode="same")
        return Quantity(smooth, dim=DIMENSIONLESS / SECOND)

    def binned_rate(self, bin_size: Any) -> tuple[Quantity, Quantity]:
        """Return bin centres and the mean rate in each bin of ``bin_size``."""
        steps = round(seconds(bin_size, "bin_size") / self._step_width())
        if steps < 1:
            raise ModelError(f"bin_size must be at least the step width, not {bin_size!r}.")
        count = self.rate_.size // steps
        rates = self.rate_[: count * steps].reshape(count, steps).mean(axis=1)
        start = self.t_[0] if self.t_.size else 0.0
        centres = start + (np.arange(count) + 0.5) * steps * self._steps.dt
        return Quantity(centres, dim=SECOND), Quantity(rates, dim=DIMENSIONLESS / SECOND)

    def _states(self) -> dict[str, Access]:
        return dict.fromkeys(("rate", "t", "N"), Access.READ_ONLY)

    def _state(self, name: str) -> tuple[AnyArray, Dimension]:
        if name == "N":
            return np.array(self._steps.used), DIMENSIONLESS
        if name == "t":
            return self.t_, SECOND
        rates = self.rate_ if self._steps.used else np.zeros(0)
        return rates, DIMENSIONLESS / SECOND

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        group = self.source._description
        recording = RateRecording(
            self.name,
            self.describe(),
            group.events["spike"],
            group,
            self.when,
            self.order,
            Array(self._counter.array, DType.I64, "one"),
            self._counts.recorder,
            self._steps.recorder,
        )
        return rate_items(recording)

    def _arrays(self) -> Iterator[tuple[Array, ProgramArray]]:
        yield Array(self._counter.array, DType.I64, "one"), self._counter

    def _recorded(self) -> Iterator[tuple[Recording, int]]:
        yield self._steps, 1
        yield self._counts, 1
