"""What the parts of a step cost: ``run(..., profile=True)`` and the tables of it."""

from __future__ import annotations

import html
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import checked_arguments
from simgen.api.naming import Named
from simgen.errors import ArgumentTypeError, ModelError
from simgen.ir.costs import bytes_of, unit_of
from simgen.ir.kernel import Program
from simgen.model.description import SECOND
from simgen.options import Options
from simgen.targets.base import JOINED, Memory, Target, nanoseconds_of, worked_of
from simgen.units import Quantity


@dataclass(frozen=True, slots=True)
class Cost:
    """What one part of a step took in a run.

    ``seconds`` of time for ``count`` of what it works on (``unit``; empty where that is not
    counted), for which memory had to move ``n_bytes`` (0 where that is no measure).
    """

    name: str
    text: str
    seconds: float
    count: int = 0
    unit: str = ""
    n_bytes: int = 0

    def __add__(self, other: Cost) -> Cost:
        """Return the cost of both, which are of one part."""
        return replace(
            self,
            seconds=self.seconds + other.seconds,
            count=self.count + other.count,
            n_bytes=self.n_bytes + other.n_bytes,
        )

    @property
    def nanoseconds(self) -> float:
        """The time for each of what it works on, NaN where that is not counted."""
        return 1e9 * self.seconds / self.count if self.count else math.nan

    def share(self, bandwidth: float) -> float:
        """Return the part of its time that memory of so many bytes a second needs, or NaN."""
        if not self.n_bytes or not self.seconds or math.isnan(bandwidth):
            return math.nan
        return self.n_bytes / bandwidth / self.seconds


class Profile:
    """The time that each kernel of a program, and each Python operation, has taken in a run.

    Where a device runs several kernels at once, they have one time together.
    """

    def __init__(
        self, program: Program, memory: Memory, target: Target, real: np.dtype[np.floating]
    ) -> None:
        self.bandwidth = target.bandwidth
        names = [] if target.is_remote else [k.name for k in program.kernels]
        self._memory = memory
        self._kernels = {kernel.name: kernel for kernel in program.kernels}
        self._real = real
        self._python: dict[str, float] = {}
        self._before: list[Cost] = []  # of programs that this one has followed
        memory.arrays.update({nanoseconds_of(name): np.zeros(1, np.int64) for name in names})
        memory.arrays.update({worked_of(name): np.zeros(1, np.int64) for name in self._kernels})

    @classmethod
    def asked(
        cls, program: Program, memory: Memory, target: Target, options: Options
    ) -> Profile | None:
        """Return a profile if the options ask for one."""
        return cls(program, memory, target, options.real) if options.profile else None

    def clear(self) -> None:
        """Begin anew."""
        for counter in self._counters().values():
            counter[0] = 0
        for name in self._kernels:
            self._memory.arrays[worked_of(name)] = np.zeros(1, np.int64)
        self._python.clear()
        self._before = []

    def add(self, before: Profile) -> None:
        """Count the times of the program that this one follows within a run."""
        self._before = before.costs()

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

    def _cost(self, counter: str, nanoseconds: int) -> Cost:
        """Return what the kernels of a counter cost.

        Together they work on what there is most of; of equal numbers, on synaptic events.
        """
        first, *others = counter.split(JOINED)
        kernels = [self._kernels[n] for n in (first, *others) if n in self._kernels]
        worked = {kernel.name: self._worked(kernel.name) for kernel in kernels}
        units: dict[str, int] = {}
        for kernel in kernels:
            unit = unit_of(kernel)
            units[unit] = units.get(unit, 0) + worked[kernel.name]
        unit = max(units, key=lambda each: (bool(each), units[each], "synap" in each), default="")
        n_bytes = sum(worked[k.name] * bytes_of(k, self._real) for k in kernels)
        text = "; ".join(dict.fromkeys(k.comment for k in kernels if k.comment))
        more = f" and {len(others)} more" if others else ""
        count = units[unit] if unit else 0
        return Cost(first + more, text, 1e-9 * nanoseconds, count, unit, n_bytes)

    def _worked(self, kernel: str) -> int:
        self._memory.fetch(worked_of(kernel))
        return int(self._memory.arrays[worked_of(kernel)][0])

    def costs(self) -> list[Cost]:
        """Return what each part has cost, the longest first."""
        found = [self._cost(names, int(taken[0])) for names, taken in self._counters().items()]
        found += [Cost(name, "Python", seconds) for name, seconds in self._python.items()]
        total: dict[tuple[str, str], Cost] = {}
        for cost in (*self._before, *found):
            known = total.get((cost.name, cost.text))
            total[cost.name, cost.text] = cost if known is None else known + cost
        return sorted(total.values(), key=lambda cost: -cost.seconds)


class ProfilingSummary:
    """The times of a profiled run as a table; the longest come first.

    Parallel are ``names``, ``times`` (quantities), ``percentages`` (of all times), ``counts`` and
    ``units`` (what a part has worked on, and how much), ``nanoseconds`` (for each of these) and
    ``shares`` (of its time, what memory needs at least for the bytes that it must move; above 1
    where caches spare it that). NaN stands for what is not known. On several threads all is of the
    first.
    """

    def __init__(self, costs: Iterable[Cost], show: int | None, bandwidth: float) -> None:
        found = list(costs)
        total = sum(cost.seconds for cost in found)
        self._costs = found[:show]
        self.names = [cost.name for cost in self._costs]
        self.texts = [cost.text for cost in self._costs]
        self.times = [Quantity(cost.seconds, dim=SECOND) for cost in self._costs]
        self.percentages = [100 * cost.seconds / total if total else 0.0 for cost in self._costs]
        self.counts = [cost.count for cost in self._costs]
        self.units = [cost.unit for cost in self._costs]
        self.nanoseconds = [cost.nanoseconds for cost in self._costs]
        self.shares = [cost.share(bandwidth) for cost in self._costs]
        self.total_time = Quantity(total, dim=SECOND)
        self.bandwidth = bandwidth

    def _cells(self) -> list[tuple[str, str, str, str, str, str]]:
        return [
            (
                cost.name,
                f"{1e3 * cost.seconds:.3f} ms",
                f"{percentage:.1f} %",
                f"{each:.2f} ns/{cost.unit}" if cost.count else "",
                "" if math.isnan(share) else f"{100 * share:.0f} % of the limit",
                cost.text,
            )
            for cost, percentage, each, share in zip(
                self._costs, self.percentages, self.nanoseconds, self.shares
            )
        ]

    def __repr__(self) -> str:
        cells = self._cells()
        widths = [max((len(row[k]) for row in cells), default=0) for k in range(5)]
        lines = ["Profiling summary", "================="]
        for name, *numbers, text in cells:
            aligned = [number.rjust(width) for number, width in zip(numbers, widths[1:])]
            lines.append("  ".join((name.ljust(widths[0]), *aligned, text)).rstrip())
        if not all(map(math.isnan, self.shares)):
            lines.append(
                f"The limit: the bytes that memory must move, at {1e-9 * self.bandwidth:.1f} GB/s; "
                "more than 100 % comes from caches."
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = (
            "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) for cells in self._cells()
        )
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


class NetworkProfile(Named):
    """The side of a network that knows what its last profiled run cost."""

    _costs: list[Cost] | None = None
    _bandwidth = math.nan

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
        return [(cost.name, Quantity(cost.seconds, dim=SECOND)) for cost in self._profiled()]

    def _keep_costs(self, profile: Profile) -> None:
        self._costs, self._bandwidth = profile.costs(), profile.bandwidth()

    def _profiled(self) -> list[Cost]:
        if self._costs is None:
            raise ModelError(
                f"{self.describe()} has not been profiled: run it with run(..., profile=True)."
            )
        return self._costs

    @checked_arguments
    def profiling_summary(self, show: int | None = None) -> ProfilingSummary:
        """Return a table of what the last profiled run cost.

        Beside the time of each part stands what it took for each neuron, event or synapse, and the
        share of the limit: how much of that time the memory needs for the bytes that must move.

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
        chosen = None if show is None else int(show)
        return ProfilingSummary(self._profiled(), chosen, self._bandwidth)


__all__ = ["Cost", "NetworkProfile", "Profile", "ProfilingSummary"]
