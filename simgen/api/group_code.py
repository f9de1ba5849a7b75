"""Statements that a group runs beside its equations: regularly, or at given times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from simgen.api.operations import RegularOperation
from simgen.api.run_now import run_now
from simgen.api.timed_operation import TimedOperation

if TYPE_CHECKING:
    from simgen.api.group import Group


class RunsCode:
    """The side of a group (a subgroup, synapses) that takes further code."""

    def run_regularly(
        self,
        code: str,
        dt: Any = None,
        clock: Any = None,
        when: str = "start",
        order: int = 0,
        name: str | None = None,
    ) -> RegularOperation:
        """Run statements for all elements at every step of a clock (the group's own by default).

        Parameters
        ----------
        code
            Statements.
        dt, clock
            A step width or a clock.
        when, order
            Where in the step.
        name
            A unique name.

        Raises
        ------
        EquationError, ArgumentTypeError, ModelError
            For what cannot be read, and for slots and clocks that there are not.

        """
        group = cast("Group", self)
        return RegularOperation(group, code, dt=dt, clock=clock, when=when, order=order, name=name)

    def run_now(self, code: str) -> None:
        """Run statements for all elements at once, between runs or from a network_operation.

        They are compiled and may form sums: ``S.run_now("w *= 10 / sum_over_post(w)")``. Names are
        looked up in the object's namespace, else in that of the caller.

        Parameters
        ----------
        code
            Statements.

        Raises
        ------
        EquationError, ArgumentTypeError, ModelError
            The code cannot be read, depends on the order of synapses, or there are none yet.
        NumericalError
            A variable is not a number afterwards, or a whole number does not fit.

        """
        run_now(cast("Group", self), code)

    def run_at(
        self,
        code: str,
        times: Any,
        when: str = "start",
        order: int = 0,
        name: str | None = None,
    ) -> TimedOperation:
        """Run statements for all elements at given times.

        Parameters
        ----------
        code
            Statements.
        times
            Times in any order, multiples of the group's dt; those that are over are passed by.
        when, order
            Where in the step.
        name
            A unique name.

        Raises
        ------
        EquationError, ArgumentTypeError
            The code cannot be read.
        DimensionMismatchError, ModelError
            A time is none, is negative, given twice or off the grid.

        """
        return TimedOperation(cast("Group", self), code, times, when=when, order=order, name=name)
