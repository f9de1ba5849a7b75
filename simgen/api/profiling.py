"""What the parts of a step cost: ``run(..., profile=True)`` and the tables of it."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import checked_arguments
from simgen.api.naming import Named
from simgen.errors import ArgumentTypeError, ModelError
from simgen.ir.kernel import Program
from simgen.model.description import SECOND
from simgen.targets.base import JOINED, Memory, nanoseconds_of
from simgen.units import Quantity


class Profile:
    """The time that each kernel of a program, and each Python operation, has taken in a run.

    Where a device runs several kernels at once, they have one time together.
    """

    def __init__(self, program: Program, memory: Memory, together: bool) -> None:
        names = [] if together else [k.name for k in program.kernels]
        self._memory = memory
        self._kernels = {name: np.zeros(1, np.int64) for name in names}
        self._texts = {k.name: k.comment for k in program.kernels}
        self._python: dict[str, float] = {}
        self._before: list[tuple[str, str, float]] = []  # of programs that this one has followed
        memory.arrays.update({nanoseconds_of(name): a for name, a in self._kernels.items()})

    def clear(self) -> None:
        """Begin anew."""
        for counter in self._counters().values():
            counter[0] = 0
        self._python.clear()
        self._before = []

    def add(self, before: Profile) -> None:
        """Count the times of the program that this one follows within a run."""
        self._before = before.times()

    def timed(self, name: str, call: Callable[[], None]) -> Callable[[], None]:
        """Return a call of a Python operation that is timed."""

        def timed_call() -> None:
            begun = time.perf_counter()
            try:
                call()
            finally:
                taken = time.perf_counter() - begun
                self._python[name] = self._python.get(name, 0.0) + taken

        return timed_call

    def _counters(self) -> dict[str, npt.NDArray[Any]]:
        """Return the counters of kernels, or of what runs at once, by the names of all in it."""
        suffix = nanoseconds_of("")
        arrays = self._memory.arrays.items()
        return {n.removesuffix(suffix): a for n, a in arrays if n.endswith(suffix)}

    def _told(self, counter: str) -> tuple[str, str]:
        """Return the name of a counter and what runs in its time."""
        first, *others = counter.split(JOINED)
        texts = dict.fromkeys(self._texts.get(name, "") for name in (first, *others))
        more = f" and {len(others)} more" if others else ""
        return first + more, "; ".join(text for text in texts if text)

    def times(self) -> list[tuple[str, str, float]]:
        """Return (name, what it is, seconds), the longest first."""
        found = [(*self._told(n), 1e-9 * int(a[0])) for n, a in self._counters().items()]
        found += [(name, "Python", seconds) for name, seconds in self._python.items()]
        total: dict[tuple[str, str], float] = {}
        for name, text, seconds in (*self._before, *found):
            total[name, text] = total.get((name, text), 0.0) + seconds
        summed = [(name, text, seconds) for (name, text), seconds in total.items()]
        return sorted(summed, key=lambda entry: -entry[2])


class ProfilingSummary:
    """The times of a profiled run as a table; the longest come first.

    ``names``, ``times`` (quantities) and ``percentages`` (of all times) are parallel.
    """

    def __init__(self, entries: Iterable[tuple[str, str, float]], show: int | None) -> None:
        found = list(entries)
        total = sum(seconds for _, _, seconds in found)
        chosen = found[:show]
        self.names = [name for name, _, _ in chosen]
        self.texts = [text for _, text, _ in chosen]
        self.times = [Quantity(seconds, dim=SECOND) for _, _, seconds in chosen]
        self.percentages = [100 * seconds / total if total else 0.0 for _, _, seconds in chosen]
        self.total_time = Quantity(total, dim=SECOND)
        self._seconds = [seconds for _, _, seconds in chosen]

    def _cells(self) -> list[tuple[str, str, str, str]]:
        numbers = zip(self.names, self._seconds, self.percentages, self.texts)
        return [
            (name, f"{1e3 * seconds:.3f} ms", f"{percentage:.1f} %", text)
            for name, seconds, percentage, text in numbers
        ]

    def __repr__(self) -> str:
        cells = self._cells()
        widths = [max((len(row[k]) for row in cells), default=0) for k in range(3)]
        lines = ["Profiling summary", "================="]
        for name, taken, part, text in cells:
            line = f"{name.ljust(widths[0])}  {taken.rjust(widths[1])}  {part.rjust(widths[2])}"
            lines.append(f"{line}  {text}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = (
            "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) for cells in self._cells()
        )
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


class NetworkProfile(Named):
    """The side of a network that knows what its last profiled run cost."""

    _profile_entries: list[tuple[str, str, float]] | None = None

    @property
    def profiling_info(self) -> list[tuple[str, Quantity]]:
        """The time that each part of a step took in the last run with ``profile=True``.

        (name, time), the longest first. A name is that of the compiled kernel, which may do the
        work of several objects in one pass; ``profiling_summary`` says of which. On several threads
        it is the time of the first. The last digits are those of reading the clock, about 25 ns a
        call. On a GPU it is that of a launch, which runs several kernels at once; launches are made
        one by one in such a run, which takes longer.

        Raises
        ------
        ModelError
            There was no such run.

        """
        return [(name, Quantity(taken, dim=SECOND)) for name, _, taken in self._profiled()]

    def _profiled(self) -> list[tuple[str, str, float]]:
        if self._profile_entries is None:
            raise ModelError(
                f"{self.describe()} has not been profiled: run it with run(..., profile=True)."
            )
        return self._profile_entries

    @checked_arguments
    def profiling_summary(self, show: int | None = None) -> ProfilingSummary:
        """Return a table of what the last profiled run cost.

        Parameters
        ----------
        show
            How many of the longest to show; all by default.

        Raises
        ------
        ModelError
            There was no run with ``profile=True``.

        """
        if show is not None and (not isinstance(show, int | np.integer) or show < 1):
            raise ArgumentTypeError(f"show must be a positive number of rows, not {show!r}.")
        return ProfilingSummary(self._profiled(), None if show is None else int(show))


__all__ = ["NetworkProfile", "Profile", "ProfilingSummary"]
