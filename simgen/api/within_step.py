"""What Python operations may do in the middle of a step: what has run in it, and what may change.

Synapses may be made, removed and given other delays where nothing of a step has run. The program
that runs is then *superseded*: the network is compiled anew when the operation returns, and goes on
with the same step.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.clock import Clock
from simgen.api.timeline import Timeline
from simgen.errors import ModelError
from simgen.ir.kernel import Program
from simgen.ir.stmt import Emit, EmitTable, EventList
from simgen.ir.visit import flatten, may_repeat
from simgen.runtime.simulation import Simulation


class WithinStep(Timeline):
    """The side of a compiled network that knows how far the present step has got."""

    program: Program
    simulation: Simulation
    _position: int | None = None  # of the Python operation that is being called
    _called_name: str = ""  # the name of that operation
    _finite = True  # whether the run looks for values that are not
    _finishing: list[Callable[..., Any]]

    def begun(self) -> list[str]:
        """Return the names of what has run in the present step and must not run again in it.

        Empty between steps, and in Python operations that come first in a step.
        """
        if self._position is None:
            return []
        return [
            item.name
            for item in self.program.schedule[: self._position]
            if self.tick % self.axis.periods[item.kernel.clock.name] == 0
            and not may_repeat((*item.kernel.prologue, *item.kernel.body))
        ]

    def supersede(self, owner: str) -> None:
        """Let the network be compiled anew before it goes on, as ``owner`` is about to change.

        Raises
        ------
        ModelError
            This is no Python operation, or one that comes after other code of the step.
        NumericalError
            The steps so far have made values that are wrong.

        """
        if self._position is None:
            raise ModelError(
                f"{owner} cannot change while its network runs, except in a network_operation; "
                "values of variables can."
            )
        begun = self.begun()
        if begun:
            raise ModelError(
                f"{owner} cannot change in '{self._called_name}', in the middle of a step: "
                f"{', '.join(begun)} has run in it. Let the operation come first, with "
                "when='before_start' and order=-1."
            )
        if not self.simulation.superseded:
            for finish in self._finishing:
                finish()
            self.check_state(f" at t = {self.tick * self.axis.width:g} s", self._finite)
            self.simulation.superseded = True

    @abstractmethod
    def check_state(self, when: str, finite: bool = True) -> None:
        """Raise NumericalError for wrong integers and, if asked, for what is not finite."""

    def events_of_last_step(self, events: EventList, clock: Clock) -> npt.NDArray[np.int32]:
        """Return the events that were found last: in the present step, once it got so far."""
        step = self.steps_done(clock) - 1
        if self._position is not None and self.tick % self.axis.periods[clock.name] == 0:
            step += any(
                isinstance(stmt, Emit | EmitTable) and stmt.events == events
                for kernel in self.program.kernels[: self._position]
                for stmt in flatten(kernel.body)
            )
        return self._events_at(events, step)
