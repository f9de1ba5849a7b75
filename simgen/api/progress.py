"""Reports during a run, in Brian's form."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable
from typing import Any

from simgen.api.clock import seconds
from simgen.errors import ArgumentTypeError, ModelError, ReportError
from simgen.model.description import SECOND
from simgen.units import Quantity

Report = Callable[[float, float, float, float], None]  # elapsed, completed, start, duration


class RunClock:
    """The seconds since the first report of a run, without those spent on compiling."""

    def __init__(self, build_seconds: Callable[[], float]) -> None:
        self._build_seconds = build_seconds
        self._begin: float | None = None

    def elapsed(self) -> float:
        """Return the seconds since this was called first."""
        now = time.perf_counter() - self._build_seconds()
        if self._begin is None:
            self._begin = now
        return now - self._begin


class Progress:
    """Calls a report at the start, every period, and at the end of a run."""

    def __init__(
        self,
        reporter: tuple[Report, float],
        clock: RunClock,
        width: float,
        start: float,
        length: float,
    ) -> None:
        self._report, self._period = reporter
        self._clock = clock
        self._width = width
        self._start = start
        self._length = length
        self._next = 0.0
        self._latest: int | None = None

    def __call__(self, tick: int) -> None:
        """Report if the period has passed; the first call is before the first step."""
        elapsed = self._clock.elapsed()
        if elapsed < self._next or tick == self._latest:
            return
        done = 0.0 if self._latest is None else self._done(tick)
        self._latest = tick
        self._report(elapsed, done, self._start, self._length)
        self._next = elapsed + self._period

    def finish(self, tick: int, complete: bool) -> None:
        """Report the end, to which a run that was stopped did not come."""
        done = 1.0 if complete else self._done(tick)
        self._report(self._clock.elapsed(), done, self._start, self._length)

    def _done(self, tick: int) -> float:
        done = (tick * self._width - self._start) / self._length if self._length else 1.0
        return min(1.0, max(0.0, done))


def enclosed(
    report: Callable[[int], None] | None, before: Callable[[], None], after: Callable[[], None]
) -> Callable[[int], None] | None:
    """Return a report that does something before and after, as it may read and write anything."""
    if report is None:
        return None

    def tell(tick: int) -> None:
        before()
        report(tick)
        after()

    return tell


def make_report(
    report: Any, period: Any, start: float, length: float
) -> tuple[Report, float] | None:
    """Return the report function and its period in seconds, or None."""
    width = 10.0 if period is None else seconds(period, "report_period")
    if width <= 0:
        raise ModelError(f"report_period must be a positive time, not {width} s.")
    if report is None:
        return None
    if report in ("text", "stdout"):
        return _text_report(sys.stdout, "stdout"), width
    if report == "stderr":
        return _text_report(sys.stderr, "stderr"), width
    if not callable(report):
        raise ArgumentTypeError(
            f"report must be 'text', 'stdout', 'stderr' or a function, not {report!r}."
        )

    if not _takes_four(report):
        raise ArgumentTypeError(
            f"The report function {getattr(report, '__name__', report)!r} is called with four "
            "arguments: the elapsed time, the completed fraction, the start and the duration."
        )

    def with_units(elapsed: float, completed: float, begin: float, duration: float) -> None:
        report(
            Quantity(elapsed, dim=SECOND),
            completed,
            Quantity(begin, dim=SECOND),
            Quantity(duration, dim=SECOND),
        )

    return with_units, width


def _takes_four(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(0, 0, 0, 0)
    except TypeError:
        return False
    except ValueError:  # some built-in functions have no signature
        return True
    return True


def _text_report(stream: Any, name: str) -> Report:
    def write(elapsed: float, completed: float, start: float, duration: float) -> None:
        if completed == 0.0 and elapsed == 0.0:
            text = f"Starting simulation at t={start:g} s for a duration of {duration:g} s"
        else:
            text = (
                f"{completed * duration:g} s ({completed:.0%}) simulated in {_clock_time(elapsed)}"
            )
            if 0.0 < completed < 1.0:
                text += f", estimated {_clock_time(elapsed * (1 / completed - 1))} remaining"
        try:
            stream.write(text + "\n")
            stream.flush()
        except OSError as error:
            raise ReportError(
                f"The report of the run cannot be written to {name}: {error.strerror or error}. "
                "The network can go on from where it is; report=None writes nothing."
            ) from error

    return write


def _clock_time(width: float) -> str:
    """Return a number of seconds in two figures: ``0.39s``, ``22m 59s``, ``1h 5m`` or ``3d 2h``."""
    if width < 59.5:
        return f"{width:.2g}s" if width < 9.95 else f"{width:.0f}s"
    if round(width) < 3600:
        large, small = divmod(round(width), 60)
        return f"{large}m {small}s"
    if round(width / 60) < 1440:
        large, small = divmod(round(width / 60), 60)
        return f"{large}h {small}m"
    large, small = divmod(round(width / 3600), 24)
    return f"{large}d {small}h"
