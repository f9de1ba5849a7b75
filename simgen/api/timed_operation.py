"""Code that runs at given times: ``group.run_at(code, times)``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import flat_values, plain_values
from simgen.api.operations import RegularOperation
from simgen.api.storage import ProgramArray
from simgen.build.facts import NetworkFacts
from simgen.build.timed import TimedCode, timed_items
from simgen.dtypes import DType
from simgen.errors import DimensionMismatchError, ModelError
from simgen.ir.expr import Array
from simgen.ir.kernel import Item
from simgen.model.description import SECOND
from simgen.units import Quantity

if TYPE_CHECKING:
    from simgen.api.group import Group

TOLERANCE = 1e-4  # of a step, as for the end of a run
NEVER = 2**62  # a step that no run reaches


class TimedOperation(RegularOperation):
    """Statements that run for all elements of a group at given times; made by ``run_at``."""

    _verb = "run_at"

    def __init__(
        self, group: Group, code: str, times: Any, *, when: str, order: int, name: str | None
    ) -> None:
        self._given = times
        self._times = np.zeros(0)
        self._steps = np.zeros(0, np.int64)
        super().__init__(group, code, dt=None, clock=None, when=when, order=order, name=name)
        self._cursor = ProgramArray(f"{self.name}.cursor", np.zeros(1, np.int64))
        self._due = ProgramArray(f"{self.name}.due", np.zeros(1, np.bool_))

    def _check(self) -> None:
        self._times = self._checked(self._given)
        self._find_steps(0.0)

    def _checked(self, times: Any) -> npt.NDArray[np.float64]:
        what = f"The times of {self.describe()}"
        given, dim = plain_values(times, what)
        if given.size and (dim != SECOND or given.dtype.kind not in "iuf"):
            raise DimensionMismatchError(f"{what} must be times, as in [1, 2]*ms, not {times!r}.")
        found = np.sort(flat_values(given, what).astype(float))
        bad = ~((found >= 0) & np.isfinite(found))
        if bad.any():
            raise ModelError(
                f"{what} must be finite and not negative, but one is {found[bad][0]} s."
            )
        return found

    def _find_steps(self, now: float) -> None:
        """Put the times on the grid of the clock; ModelError for those from now on off it."""
        dt = self.clock.dt_
        steps = np.rint(self._times / dt)
        to_come = steps >= np.rint(now / dt)
        off = to_come & (np.abs(self._times / dt - steps) > TOLERANCE)
        if off.any():
            raise ModelError(
                f"The time {self._times[off][0]} s of {self.describe()} is not a multiple of the "
                f"step width {dt} s of {self.group.describe()}."
            )
        twice = to_come[1:] & (np.diff(steps) == 0)
        if twice.any():
            time = self._times[1:][twice][0]
            raise ModelError(f"The time {time} s is given twice to {self.describe()}.")
        self._steps = np.append(steps.astype(np.int64), NEVER)

    @property
    def times(self) -> Quantity:
        """The times, ascending."""
        return Quantity(self._times.copy(), dim=SECOND)

    def _prepare(self, n_parts: int) -> None:
        now = self.clock._now
        self._find_steps(now)
        step = round(now / self.clock.dt_)
        self._cursor.data[0] = int(np.searchsorted(self._steps, step))

    def _places_of_times(self) -> tuple[Array, Array, Array]:
        return (
            Array(f"{self.name}.steps", DType.I64, f"{self.name}.n_steps"),
            Array(self._cursor.array, DType.I64, "one"),
            Array(self._due.array, DType.BOOL, "one"),
        )

    def _written(self) -> Iterable[Array]:
        yield from super()._written()
        yield from self._places_of_times()[1:]

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        return timed_items(TimedCode(self._regular_code(), *self._places_of_times()))

    def _arrays(self) -> Iterator[tuple[Array, Any]]:
        yield from super()._arrays()
        yield from zip(self._places_of_times(), (self._steps, self._cursor, self._due))

    def _parameters(self) -> dict[str, float | int]:
        return {f"{self.name}.n_steps": int(self._steps.size)}
